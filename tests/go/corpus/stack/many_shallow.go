// Ten thousand goroutines that are all a little deep at the same time.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"sync"
)

func down(n int, ready *sync.WaitGroup, c chan bool) int {
	if n == 0 {
		ready.Done()
		<-c
		return 0
	}
	return down(n-1, ready, c) + 1
}

func main() {
	const n = 10000
	var ready, wg sync.WaitGroup
	c := make(chan bool)
	var mu sync.Mutex
	sum := 0
	ready.Add(n)
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			defer wg.Done()
			k := down(30, &ready, c)
			mu.Lock()
			sum += k
			mu.Unlock()
		}()
	}
	ready.Wait()
	close(c)
	wg.Wait()
	fmt.Println(sum)
}
