// Ten thousand goroutines sleep for different times; none wakes before its time.
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
	var early int64
	for i := 0; i < 10000; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			d := time.Duration(i%50) * time.Millisecond
			start := time.Now()
			time.Sleep(d)
			if time.Since(start) < d {
				atomic.AddInt64(&early, 1)
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(early)
}
