// Goroutines with deep stacks, whose scan takes the collector a while, are woken all the time: he
// who wakes one has to wait for the end of its scan.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Waits below n frames, again and again; the result is how often it was woken.
func deep(n int, c chan int) int {
	if n > 0 {
		return deep(n-1, c)
	}
	woken := 0
	for range c {
		woken++
	}
	return woken
}

func main() {
	const sleepers = 4
	var stop atomic.Bool
	var sleep, wake sync.WaitGroup
	var sent, got atomic.Int64
	for range sleepers {
		c := make(chan int)
		sleep.Add(1)
		go func() {
			defer sleep.Done()
			got.Add(int64(deep(20_000, c)))
		}()
		wake.Add(1)
		go func() {
			defer wake.Done()
			for !stop.Load() {
				c <- 1
				sent.Add(1)
			}
			close(c)
		}()
	}
	for range 10 {
		runtime.GC()
	}
	stop.Store(true)
	wake.Wait()
	sleep.Wait()
	if sent.Load() != got.Load() {
		panic("a message was lost")
	}
	fmt.Println("scanned")
}
