// A local queue has 256 places and runnext; what does not fit goes to the global queue with half of the others.
//
//corpus:run {"args":["255"],"order":true}
//corpus:run {"args":["256"],"order":true}
//corpus:run {"args":["257"],"order":true}
//corpus:run {"args":["258"],"order":true}
//corpus:run {"args":["300"],"order":true}
//corpus:run {"args":["386"],"order":true}
//corpus:run {"args":["387"],"order":true}
//corpus:run {"args":["512"],"order":true}
//corpus:run {"args":["1000"],"order":true}
//corpus:run {"args":["5000"],"order":true}
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	var events []int
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			events = append(events, i)
			wg.Done()
		}(i)
	}
	wg.Wait()
	// Runs of consecutive numbers.
	for i := 0; i < n; {
		j := i + 1
		for j < n && events[j] == events[j-1]+1 {
			j++
		}
		fmt.Println(events[i], events[j-1])
		i = j
	}
}
