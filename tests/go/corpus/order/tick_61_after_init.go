// Goroutines that package initialisation has started move the phase.
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

var ready = make(chan bool)

var first = func() bool {
	go func() { ready <- true }()
	return <-ready
}()

func init() {
	for i := 0; i < 7; i++ {
		go func(i int) { log("init ", i); ready <- true }(i)
	}
	for i := 0; i < 7; i++ {
		<-ready
	}
}

func main() {
	for i := 0; i < 150; i++ {
		go log(i)
	}
	for i := 0; i < 3; i++ {
		runtime.Gosched()
		log("main")
	}
	show()
}
