// runtime.GOMAXPROCS stops the world; goroutines in queues are still there afterwards, the caller goes on first.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	log(runtime.GOMAXPROCS(0))
	for i := 0; i < 5; i++ {
		go log("a", i)
	}
	log(runtime.GOMAXPROCS(1))
	log("same")
	runtime.Gosched()
	log(runtime.GOMAXPROCS(-1), runtime.GOMAXPROCS(1))
	for i := 0; i < 300; i++ {
		go log("b", i)
	}
	runtime.GOMAXPROCS(1)
	runtime.Gosched()
	show()
}
