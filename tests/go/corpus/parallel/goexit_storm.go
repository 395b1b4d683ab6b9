// Many goroutines end by Goexit or a recovered panic, deep down.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

var deferred int64

func down(n int, end func()) {
	defer atomic.AddInt64(&deferred, 1)
	if n == 0 {
		end()
		return
	}
	down(n-1, end)
}

func main() {
	var wg sync.WaitGroup
	var recovered int64
	for i := 0; i < 3000; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			switch i % 3 {
			case 0:
				down(9, runtime.Goexit)
			case 1:
				defer func() {
					if recover() == i {
						atomic.AddInt64(&recovered, 1)
					}
				}()
				down(9, func() { panic(i) })
			case 2:
				down(9, func() {})
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(deferred, recovered)
}
