// A goroutine that yields comes back after all of the local queue: the global queue is looked at when the local
// one is empty.
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
	for i := 0; i < 5; i++ {
		go func(i int) {
			log("a", i)
			go func() {
				log("b", i)
				go log("c", i)
			}()
		}(i)
	}
	log("main 1")
	runtime.Gosched()
	log("main 2")
	runtime.Gosched()
	log("main 3")
	show()
}
