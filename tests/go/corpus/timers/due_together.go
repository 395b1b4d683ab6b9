// Timers that are due when somebody looks fire in the order of their times; each function is
// started as a goroutine, so the last one is runnext and runs first.
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
	// The times count from when each timer is made: if the machine stood still for as long as one step
	// between the first and the last, then again, with longer steps. No timer fires before main
	// blocks, as there is one P.
	for unit := 100 * time.Microsecond; ; unit *= 2 {
		begin := time.Now()
		var timers []*time.Timer
		for _, i := range []int{3, 1, 5, 2, 4} {
			i := i
			timers = append(timers, time.AfterFunc(time.Duration(i)*unit, func() {
				log(i)
				done <- true
			}))
		}
		if time.Since(begin) < unit {
			for time.Since(begin) < 7*unit {
			}
			break
		}
		for _, t := range timers {
			t.Stop()
		}
	}
	for i := 0; i < 5; i++ {
		<-done
	}
	show()
}
