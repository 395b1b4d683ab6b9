// close wakes all senders; each panics.
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
	c := make(chan int, 1)
	c <- 0
	for i := 0; i < 5; i++ {
		go func(i int) {
			defer func() { log(i, " ", recover()) }()
			c <- i
		}(i)
	}
	runtime.Gosched()
	close(c)
	log("closed")
	runtime.Gosched()
	v, ok := <-c
	log(v, ok)
	v, ok = <-c
	log(v, ok)
	show()
}
