// A waiter that has waited for more than a millisecond makes the mutex starving: it is handed over.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
	"sync"
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
	var mu sync.Mutex
	var wg sync.WaitGroup
	mu.Lock()
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			mu.Lock()
			log("waiter ", i)
			mu.Unlock()
		}(i)
	}
	runtime.Gosched()
	time.Sleep(5 * time.Millisecond)
	mu.Unlock()
	// The woken waiter finds it locked, and has waited for too long.
	mu.Lock()
	log("main again")
	runtime.Gosched()
	mu.Unlock()
	mu.Lock()
	log("main after the waiters")
	mu.Unlock()
	wg.Wait()
	show()
}
