// Goroutines that come out of runnext share a tick: ping-pong through a channel does not advance it.
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
	a, b := make(chan int), make(chan int)
	go func() {
		for i := range a {
			b <- i
		}
	}()
	for i := 0; i < 500; i++ {
		a <- i
		<-b
	}
	for i := 0; i < 150; i++ {
		go log(i)
	}
	for i := 0; i < 3; i++ {
		runtime.Gosched()
		log("main")
	}
	show()
}
