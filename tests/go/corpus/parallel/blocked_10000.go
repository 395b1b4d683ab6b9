// Ten thousand goroutines wait on one channel; close wakes all.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	const n = 10000
	c := make(chan int)
	var started, ended sync.WaitGroup
	started.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			started.Done()
			<-c
			ended.Done()
		}()
	}
	started.Wait()
	fmt.Println(runtime.NumGoroutine() == n+1)
	close(c)
	ended.Wait()
	fmt.Println("all woken")
}
