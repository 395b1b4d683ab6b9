// Timers that are started, stopped and reset from all sides: each fires at most once per start, and those that were not stopped
// do.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	var wg sync.WaitGroup
	var fired, stopped, total int64
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 30; k++ {
				var w sync.WaitGroup
				w.Add(1)
				atomic.AddInt64(&total, 1)
				t := time.AfterFunc(time.Duration((i+k)%3)*time.Millisecond, func() {
					atomic.AddInt64(&fired, 1)
					w.Done()
				})
				if k%2 == 0 && t.Stop() {
					atomic.AddInt64(&stopped, 1)
					w.Done()
				}
				w.Wait()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(fired+stopped == total, total)
}
