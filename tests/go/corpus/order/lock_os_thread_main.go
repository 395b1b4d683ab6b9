// main locked to the main thread exchanges values with goroutines of other threads.
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

func init() { runtime.LockOSThread() }

func main() {
	c := make(chan int)
	d := make(chan int, 2)
	go func() {
		for i := 0; i < 5; i++ {
			log("send ", i)
			c <- i
		}
		close(c)
	}()
	go func() {
		runtime.LockOSThread()
		for i := 0; i < 5; i++ {
			log("fill ", i)
			d <- i
		}
		close(d)
	}()
	for v := range c {
		log("got ", v)
	}
	for v := range d {
		log("got ", v, " of d")
	}
	runtime.UnlockOSThread()
	show()
}
