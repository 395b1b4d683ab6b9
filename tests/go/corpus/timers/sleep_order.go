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

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	c := make(chan bool)
	for _, ms := range []int{30, 10, 50, 20, 40} {
		go func(ms int) {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			log(ms)
			c <- true
		}(ms)
	}
	for i := 0; i < 5; i++ {
		<-c
	}
	time.Sleep(0)
	time.Sleep(-time.Second)
	show()
}
