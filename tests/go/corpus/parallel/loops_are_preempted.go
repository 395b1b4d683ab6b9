// Loops that call nothing do not keep the others from running, however many there are.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

func main() {
	var stop, ended int32
	for i := 0; i < 4; i++ {
		go func() {
			n := 0
			for atomic.LoadInt32(&stop) == 0 {
				n++
			}
			atomic.AddInt32(&ended, 1)
		}()
	}
	c := make(chan int)
	go func() {
		for i := 0; i < 5; i++ {
			time.Sleep(time.Millisecond)
			c <- i
		}
		close(c)
	}()
	for v := range c {
		fmt.Println(v)
	}
	atomic.StoreInt32(&stop, 1)
	for atomic.LoadInt32(&ended) != 4 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("all ended")
}
