// The overflow of a queue whose owner has moved: goroutines start others from the middle.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"sync"
)

func main() {
	var events []int
	var wg sync.WaitGroup
	start := func(from, n int, f func(i int)) {
		wg.Add(n)
		for i := from; i < from+n; i++ {
			go func(i int) {
				events = append(events, i)
				if f != nil {
					f(i)
				}
				wg.Done()
			}(i)
		}
	}
	start(0, 150, func(i int) {
		if i%50 == 0 {
			start(1000*(i+1), 150, func(j int) {
				if j%77 == 0 {
					start(1000*j, 20, nil)
				}
			})
		}
	})
	wg.Wait()
	for i := 0; i < len(events); {
		j := i + 1
		for j < len(events) && events[j] == events[j-1]+1 {
			j++
		}
		fmt.Println(events[i], events[j-1])
		i = j
	}
}
