// The workload `startup` on Go: the twin of bench/src/bin/hello.rs.
package main

import "os"

func main() {
	c := make(chan string)
	go func() { c <- "hello, world\n" }()
	os.Stdout.WriteString(<-c)
}
