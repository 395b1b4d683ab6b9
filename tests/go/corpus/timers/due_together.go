// Timers that are due when somebody looks fire in the order of their times; each function is started as a goroutine, so the
// last one is runnext and runs first.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"time"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	done := make(chan bool, 10)
	for _, i := range []int{3, 1, 5, 2, 4} {
		i := i
		time.AfterFunc(time.Duration(i)*100*time.Microsecond, func() {
			log(i)
			done <- true
		})
	}
	for start := time.Now(); time.Since(start) < 2*time.Millisecond; {
	}
	for i := 0; i < 5; i++ {
		<-done
	}
	show()
}
