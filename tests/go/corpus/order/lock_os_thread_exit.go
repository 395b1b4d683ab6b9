// A goroutine that ends while it is locked takes its thread with it; the others do not notice.
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
	c := make(chan int)
	for i := 0; i < 5; i++ {
		go func(i int) {
			runtime.LockOSThread()
			log("locked ", i)
			c <- i
			log("ends ", i)
		}(i)
	}
	for i := 0; i < 5; i++ {
		log("got ", <-c)
	}
	runtime.Gosched()
	show()
}
