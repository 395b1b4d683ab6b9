// Pairs of goroutines that select between sending to and receiving from each other.
//
//corpus:run {"procs":[1,2,8]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
)

func main() {
	const pairs, rounds = 50, 400
	var wg sync.WaitGroup
	var balance, total int64
	for p := 0; p < pairs; p++ {
		a, b := make(chan int64), make(chan int64)
		play := func(out, in chan int64) {
			defer wg.Done()
			for i := int64(0); i < rounds; i++ {
				select {
				case out <- i:
					atomic.AddInt64(&balance, i)
					atomic.AddInt64(&total, 1)
				case v := <-in:
					atomic.AddInt64(&balance, -v)
					atomic.AddInt64(&total, 1)
				}
			}
		}
		wg.Add(2)
		go play(a, b)
		go play(b, a)
	}
	wg.Wait()
	fmt.Println(balance, total)
}
