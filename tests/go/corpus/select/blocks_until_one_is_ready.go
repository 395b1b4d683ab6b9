// A select without default parks on all its channels; what comes first wakes it, and it leaves the others' queues.
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
	a, b, c := make(chan int), make(chan string), make(chan bool, 1)
	c <- true
	for i := 0; i < 4; i++ {
		go func(i int) {
			for n := 0; n < 2; n++ {
				select {
				case v := <-a:
					log(i, " a ", v)
				case v, ok := <-b:
					log(i, " b ", v, " ", ok)
				case c <- false:
					log(i, " c")
				}
			}
		}(i)
	}
	runtime.Gosched()
	a <- 1
	log("sent 1")
	b <- "x"
	log("sent x")
	log(<-c)
	a <- 2
	runtime.Gosched()
	log(<-c)
	close(b)
	log("closed")
	runtime.Gosched()
	show()
}
