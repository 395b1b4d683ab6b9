// A goroutine that is readied takes runnext; the one that was there goes to the end of the queue.
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
	for i := 0; i < 4; i++ {
		go func(i int) {
			log("start ", i)
			for j := 0; j < 3; j++ {
				go func(j int) { log("child ", i, " ", j) }(j)
			}
			log("end ", i)
		}(i)
	}
	for i := 0; i < 20; i++ {
		runtime.Gosched()
		log("main ", i)
	}
	show()
}
