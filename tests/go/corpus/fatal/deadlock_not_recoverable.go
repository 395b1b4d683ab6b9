// A deadlock is not a panic: deferred calls do not run.
//
//corpus:run {"procs":[1]}
package main

import "fmt"

func main() {
	defer fmt.Println("deferred")
	defer func() { fmt.Println(recover()) }()
	<-make(chan int)
}
