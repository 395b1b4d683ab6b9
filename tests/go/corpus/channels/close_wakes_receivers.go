// close wakes all receivers; each gets the zero value.
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
	c := make(chan string)
	for i := 0; i < 6; i++ {
		go func(i int) {
			v, ok := <-c
			log(i, " ", v == "", " ", ok)
		}(i)
	}
	runtime.Gosched()
	close(c)
	log("closed")
	runtime.Gosched()
	show()
}
