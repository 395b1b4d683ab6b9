// Ten thousand goroutines call one Once.
//
//corpus:run {"procs":[2,4,8]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

func main() {
	var once sync.Once
	var wg sync.WaitGroup
	var runs, early int64
	done := false
	start := make(chan bool)
	for i := 0; i < 10000; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-start
			once.Do(func() {
				atomic.AddInt64(&runs, 1)
				done = true
			})
			if !done {
				atomic.AddInt64(&early, 1)
			}
		}()
	}
	close(start)
	wg.Wait()
	fmt.Println(runs, early)
}
