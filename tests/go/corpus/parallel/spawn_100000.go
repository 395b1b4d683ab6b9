// A hundred thousand goroutines, in batches: each runs once.
//
//corpus:run {"procs":[2,4,8]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

func main() {
	const n, batch = 100000, 5000
	ran := make([]int32, n)
	for from := 0; from < n; from += batch {
		var wg sync.WaitGroup
		wg.Add(batch)
		for i := from; i < from+batch; i++ {
			go func(i int) {
				atomic.AddInt32(&ran[i], 1)
				wg.Done()
			}(i)
		}
		wg.Wait()
	}
	bad := 0
	for _, r := range ran {
		if r != 1 {
			bad++
		}
	}
	fmt.Println(n, bad)
}
