// Signal wakes who has waited for longest, Broadcast all.
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
	cond := sync.NewCond(&mu)
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			mu.Lock()
			log("waits ", i)
			cond.Wait()
			log("woken ", i)
			if i == 2 {
				cond.Wait()
				log("woken again ", i)
			}
			mu.Unlock()
		}(i)
	}
	runtime.Gosched()
	for i := 0; i < 3; i++ {
		cond.Signal()
		log("signal")
	}
	runtime.Gosched()
	cond.Broadcast()
	log("broadcast")
	wg.Wait()
	cond.Signal()
	cond.Broadcast()
	show()
}
