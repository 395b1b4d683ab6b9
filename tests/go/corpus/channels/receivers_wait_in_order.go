// Receivers that wait are served in the order in which they came.
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
	c := make(chan int, 3)
	for i := 0; i < 8; i++ {
		go func(i int) {
			log("wait ", i)
			log(i, " got ", <-c)
		}(i)
	}
	runtime.Gosched()
	for i := 0; i < 8; i++ {
		c <- i
		log("sent ", i, ", ", len(c), " in the buffer")
		if i == 4 {
			runtime.Gosched()
		}
	}
	runtime.Gosched()
	show()
}
