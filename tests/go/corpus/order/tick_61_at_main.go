// The phase of the scheduler's tick when main begins: main yields into the global queue while 200 goroutines are in the
// local one.
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
	for i := 0; i < 200; i++ {
		go log(i)
	}
	for i := 0; i < 4; i++ {
		runtime.Gosched()
		log("main")
	}
	show()
}
