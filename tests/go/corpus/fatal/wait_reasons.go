// The state of each goroutine in the report of a panic, with GOTRACEBACK=all.
//
//corpus:run {"procs":[1],"env":{"GOTRACEBACK":"all"}}
package main

import (
	"os"
	"runtime"
	"sync"
	"time"
)

func main() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	cond := sync.NewCond(&sync.Mutex{})
	mu.Lock()
	rw.Lock()
	wg.Add(1)
	r, _, _ := os.Pipe()
	go time.Sleep(time.Hour)
	go func() { <-time.After(time.Hour) }()
	go func() { <-make(chan int) }()
	go func() { make(chan int) <- 1 }()
	go mu.Lock()
	go rw.RLock()
	go rw.Lock()
	go wg.Wait()
	go func() { cond.L.Lock(); cond.Wait() }()
	go func() { r.Read(make([]byte, 1)) }()
	go func() { select {} }()
	for i := 0; i < 20; i++ {
		runtime.Gosched()
	}
	go println("never runs")
	panic("look")
}
