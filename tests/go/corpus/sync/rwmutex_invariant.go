// Never a writer with anybody else.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

func main() {
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var readers, writers, bad, sum int64
	for i := 0; i < 40; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for j := 0; j < 500; j++ {
				if i%4 == 0 {
					rw.Lock()
					if atomic.AddInt64(&writers, 1) != 1 || atomic.LoadInt64(&readers) != 0 {
						atomic.AddInt64(&bad, 1)
					}
					sum++
					atomic.AddInt64(&writers, -1)
					rw.Unlock()
				} else {
					rw.RLock()
					atomic.AddInt64(&readers, 1)
					if atomic.LoadInt64(&writers) != 0 {
						atomic.AddInt64(&bad, 1)
					}
					atomic.AddInt64(&readers, -1)
					rw.RUnlock()
				}
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(sum, bad)
}
