// The ids of goroutines as runtime.Stack prints them: package os has started the goroutine of finalizers, the rest follow in
// the order of their go statements, and the ids of the dead are not used again.
//
//corpus:run {"order":true}
package main

import (
	"bytes"
	"fmt"
	"runtime"
)

func id() string {
	b := make([]byte, 64)
	return string(bytes.Fields(b[:runtime.Stack(b, false)])[1])
}

func main() {
	fmt.Println("main", id())
	c := make(chan string)
	for round := 0; round < 3; round++ {
		for i := 0; i < 20; i++ {
			go func(i int) { c <- fmt.Sprint(i, " ", id()) }(i)
		}
		for i := 0; i < 20; i++ {
			fmt.Println(round, <-c)
		}
	}
}
