// Goroutines that a close wakes overflow the queue as well.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	const n = 600
	var events []int
	var wg sync.WaitGroup
	c := make(chan int)
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			<-c
			events = append(events, i)
			wg.Done()
		}(i)
	}
	for i := 0; i < 10; i++ {
		runtime.Gosched()
	}
	close(c)
	wg.Wait()
	for i := 0; i < n; {
		j := i + 1
		for j < n && events[j] == events[j-1]+1 {
			j++
		}
		fmt.Println(events[i], events[j-1])
		i = j
	}
}
