// A wait group used thousands of times over.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

func main() {
	var wg sync.WaitGroup
	var n int64
	for round := int64(1); round <= 3000; round++ {
		wg.Add(5)
		for i := 0; i < 5; i++ {
			go func() {
				atomic.AddInt64(&n, 1)
				wg.Done()
			}()
		}
		wg.Wait()
		if got := atomic.LoadInt64(&n); got != 5*round {
			fmt.Println("round", round, got)
			return
		}
	}
	fmt.Println(n)
}
