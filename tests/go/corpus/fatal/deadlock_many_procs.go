// A deadlock is found with several processors as well, after all work is done.
//
//corpus:run {"procs":[2,4,8],"messages":true}
package main

import (
	"fmt"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	n := 0
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			n++
			mu.Unlock()
		}()
	}
	wg.Wait()
	fmt.Println(n)
	for i := 0; i < 10; i++ {
		go func() { mu.Lock() }()
	}
	wg.Add(1)
	wg.Wait()
}
