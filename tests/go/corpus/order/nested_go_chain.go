// A chain of go statements runs to its end before the others: each link is runnext.
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

func chain(name string, n int) {
	log(name, n)
	if n > 0 {
		go chain(name, n-1)
	}
}

func main() {
	go chain("a", 5)
	go chain("b", 5)
	go chain("c", 5)
	for i := 0; i < 10; i++ {
		runtime.Gosched()
		log("main")
	}
	show()
}
