// Two numbers change under one mutex; their sum never does.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	var mu sync.Mutex
	var wg sync.WaitGroup
	a, b, bad := 1000, 0, 0
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 400; k++ {
				if k%10 == 0 {
					for !mu.TryLock() {
						runtime.Gosched()
					}
				} else {
					mu.Lock()
				}
				a -= i
				if k%50 == 0 {
					runtime.Gosched()
				}
				b += i
				if a+b != 1000 {
					bad++
				}
				mu.Unlock()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(a+b, bad)
}
