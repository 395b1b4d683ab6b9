// What a channel, a mutex, a wait group or a condition variable wakes becomes runnext as well, and runs before those
// that were started earlier.
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
	var (
		c    = make(chan int)
		mu   sync.Mutex
		wg   sync.WaitGroup
		l    sync.Mutex
		cond = sync.NewCond(&l)
		end  sync.WaitGroup
	)
	mu.Lock()
	wg.Add(1)
	waiters := []func(){
		func() { <-c; log("channel") },
		func() { mu.Lock(); log("mutex"); mu.Unlock() },
		func() { wg.Wait(); log("wait group") },
		func() { l.Lock(); cond.Wait(); log("cond"); l.Unlock() },
	}
	end.Add(len(waiters))
	for _, w := range waiters {
		go func(f func()) { f(); end.Done() }(w)
	}
	runtime.Gosched()
	wakers := []func(){func() { c <- 1 }, mu.Unlock, wg.Done, cond.Signal}
	for i, wake := range wakers {
		for j := 0; j < 3; j++ {
			go log("other ", i, " ", j)
		}
		wake()
		log("woken ", i)
		runtime.Gosched()
		runtime.Gosched()
	}
	end.Wait()
	show()
}
