// Goroutines locked to threads, some of which end with their threads.
//
//corpus:run {"procs":[1,2,4]}
package main

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	moved := 0
	for i := 0; i < 60; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			runtime.LockOSThread()
			tid := syscall.Gettid()
			for k := 0; k < 20; k++ {
				runtime.Gosched()
				if syscall.Gettid() != tid {
					mu.Lock()
					moved++
					mu.Unlock()
				}
			}
			if i%2 == 0 {
				runtime.UnlockOSThread()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(moved)
}
