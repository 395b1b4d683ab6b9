// A goroutine that runs takes the mutex again before the one that it has woken can.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	var mu sync.Mutex
	c := make(chan bool)
	mu.Lock()
	go func() {
		for i := 0; i < 3; i++ {
			mu.Lock()
			log("waiter has it ", i)
			mu.Unlock()
		}
		close(c)
	}()
	runtime.Gosched()
	for i := 0; i < 5; i++ {
		mu.Unlock()
		mu.Lock()
		log("main has it again ", i)
	}
	mu.Unlock()
	<-c
	log(mu.TryLock(), mu.TryLock())
	mu.Unlock()
	show()
}
