// Readers share; a waiting writer holds up new readers; its unlock lets all of them in.
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
	var rw sync.RWMutex
	var wg sync.WaitGroup
	start := func(name string, f func()) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			log(name, " wants")
			f()
			log(name, " done")
		}()
	}
	read := func() {
		rw.RLock()
		log("  reads")
		runtime.Gosched()
		rw.RUnlock()
	}
	write := func() {
		rw.Lock()
		log("  writes")
		runtime.Gosched()
		rw.Unlock()
	}
	rw.RLock()
	start("r1", read)
	start("w1", write)
	start("r2", read)
	start("w2", write)
	start("r3", read)
	runtime.Gosched()
	log("main unlocks")
	rw.RUnlock()
	wg.Wait()
	rw.Lock()
	start("r4", read)
	start("r5", read)
	start("w3", write)
	runtime.Gosched()
	log("main unlocks")
	rw.Unlock()
	wg.Wait()
	log(rw.TryRLock(), rw.TryRLock(), rw.TryLock())
	rw.RUnlock()
	rw.RUnlock()
	log(rw.TryLock(), rw.TryRLock())
	show()
}
