// Every kind of waiting at once, each goroutine with its reason and its creator.
//
//corpus:run {"procs":[1]}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	var mu sync.Mutex
	var rw, rw2 sync.RWMutex
	var wg sync.WaitGroup
	var none chan int
	c := make(chan int)
	cond := sync.NewCond(&sync.Mutex{})
	mu.Lock()
	rw.Lock()
	rw2.RLock()
	wg.Add(1)
	go func() { <-c }()
	go func() { make(chan int) <- 1 }()
	go func() { <-none }()
	go func() { none <- 1 }()
	go func() { select {} }()
	go func() {
		select {
		case <-c:
		case none <- 1:
		}
	}()
	go mu.Lock()
	go rw.Lock()
	go rw.RLock()
	go rw2.Lock()
	go wg.Wait()
	go func() {
		cond.L.Lock()
		cond.Wait()
	}()
	go func() {
		go func() {
			go func() { <-c }()
			<-c
		}()
		runtime.Gosched()
	}()
	go func() {
		runtime.LockOSThread()
		<-c
	}()
	for i := 0; i < 20; i++ {
		runtime.Gosched()
	}
	fmt.Println(runtime.NumGoroutine())
	wg.Wait()
}
