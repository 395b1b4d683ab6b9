// Loops without calls are preempted: with one processor this ends all the same.
package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

var stop int32

func spin(n int) (s float64) {
	x := float64(n)
	for i := 0; atomic.LoadInt32(&stop) == 0; i++ {
		s += x * float64(i&7)
	}
	return s
}

func main() {
	fmt.Println(runtime.GOMAXPROCS(1<<33+3) > 0, runtime.GOMAXPROCS(0)) // cut down to 32 bits
	runtime.GOMAXPROCS(1)
	done := make(chan bool)
	for i := 0; i < 3; i++ {
		go func(i int) { done <- spin(i) >= 0 }(i)
	}
	time.Sleep(50 * time.Millisecond)
	n := 0
	for i := 0; i < 100; i++ {
		runtime.Gosched()
		n++
	}
	atomic.StoreInt32(&stop, 1)
	for i := 0; i < 3; i++ {
		fmt.Println(<-done)
	}
	fmt.Println(n)
}
