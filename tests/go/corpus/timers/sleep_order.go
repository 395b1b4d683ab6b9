// Sleepers wake in the order of their times, not of their starts.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"time"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func inOrder() bool {
	for i, e := range events {
		if e != fmt.Sprint((i+1)*10) {
			return false
		}
	}
	return true
}

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	c := make(chan bool)
	// Two that are due at once, as the machine stood still, may wake in any order: then again, with longer times.
	for unit := time.Millisecond; ; unit *= 2 {
		events = nil
		for _, t := range []int{30, 10, 50, 20, 40} {
			go func(t int) {
				start := time.Now()
				time.Sleep(time.Duration(t) * unit)
				if time.Since(start) < time.Duration(t)*unit {
					panic("early")
				}
				log(t)
				c <- true
			}(t)
		}
		for i := 0; i < 5; i++ {
			<-c
		}
		if inOrder() {
			break
		}
	}
	time.Sleep(0)
	time.Sleep(-time.Second)
	show()
}
