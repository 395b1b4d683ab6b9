// Two goroutines that wake each other all the time share one time slice: a third one gets its turn.
//
//corpus:run {"procs":[1]}
package main

import (
	"fmt"
	"sync/atomic"
)

func main() {
	a, b := make(chan int), make(chan int)
	var stop int32
	done := make(chan bool)
	go func() {
		for v := range a {
			b <- v
		}
		close(done)
	}()
	go func() { atomic.StoreInt32(&stop, 1) }()
	n := 0
	for atomic.LoadInt32(&stop) == 0 {
		a <- n
		n = <-b + 1
	}
	close(a)
	<-done
	fmt.Println(n > 0)
}
