// The function of AfterFunc runs in a goroutine of its own, and may block.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"sync"
	"time"
)

func main() {
	c := make(chan int)
	var wg sync.WaitGroup
	for i := 0; i < 10; i++ {
		wg.Add(1)
		i := i
		time.AfterFunc(time.Millisecond, func() {
			defer wg.Done()
			c <- i
		})
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-c
	}
	wg.Wait()
	fmt.Println(sum)
	var t *time.Timer
	n := 0
	done := make(chan bool)
	ready := make(chan bool)
	t = time.AfterFunc(time.Millisecond, func() {
		<-ready
		if n++; n == 3 {
			close(done)
			return
		}
		t.Reset(time.Millisecond)
	})
	close(ready)
	<-done
	fmt.Println(n)
}
