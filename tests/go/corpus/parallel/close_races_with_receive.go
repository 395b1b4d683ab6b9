// Closing while others receive: nobody misses it.
//
//corpus:run {"procs":[2,4,8]}
package main

import (
	"fmt"
	"sync"
)

func main() {
	total := 0
	for round := 0; round < 300; round++ {
		c := make(chan int, round%3)
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := 0; i < 10; i++ {
			wg.Add(1)
			go func() {
				defer wg.Done()
				n := 0
				for v := range c {
					n += v
				}
				mu.Lock()
				total += n
				mu.Unlock()
			}()
		}
		for i := 1; i <= 20; i++ {
			c <- i
		}
		close(c)
		wg.Wait()
	}
	fmt.Println(total)
}
