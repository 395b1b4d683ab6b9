// Many selects over the same channels lose and invent nothing.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"sync"
)

func main() {
	const n, each = 32, 1000
	var chans [4]chan int
	for i := range chans {
		chans[i] = make(chan int, i)
	}
	quit := make(chan bool)
	var sw, rw sync.WaitGroup
	var mu sync.Mutex
	sent, got := 0, 0
	for i := 0; i < n; i++ {
		sw.Add(1)
		rw.Add(1)
		go func(i int) {
			defer sw.Done()
			sum := 0
			for k := 0; k < each; k++ {
				v := i*each + k
				select {
				case chans[0] <- v:
				case chans[1] <- v:
				case chans[2] <- v:
				case chans[3] <- v:
				}
				sum += v
			}
			mu.Lock()
			sent += sum
			mu.Unlock()
		}(i)
		go func() {
			defer rw.Done()
			sum := 0
			for done := false; !done; {
				select {
				case v := <-chans[0]:
					sum += v
				case v := <-chans[1]:
					sum += v
				case v := <-chans[2]:
					sum += v
				case v := <-chans[3]:
					sum += v
				case <-quit:
					done = true
				}
			}
			mu.Lock()
			got += sum
			mu.Unlock()
		}()
	}
	sw.Wait()
	close(quit)
	rw.Wait()
	for _, c := range chans {
		for len(c) > 0 {
			got += <-c
		}
	}
	fmt.Println(sent == got, sent)
}
