// GOMAXPROCS changes again and again while goroutines work.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	c := make(chan int, 8)
	sum := 0
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 200; k++ {
				c <- k
				runtime.Gosched()
			}
		}(i)
	}
	done := make(chan bool)
	go func() {
		for v := range c {
			sum += v
		}
		close(done)
	}()
	for i := 0; i < 60; i++ {
		runtime.GOMAXPROCS(i%8 + 1)
		runtime.Gosched()
	}
	wg.Wait()
	close(c)
	<-done
	fmt.Println(sum, runtime.GOMAXPROCS(3))
	fmt.Println(runtime.GOMAXPROCS(0))
}
