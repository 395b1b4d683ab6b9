// The goroutine that was started last is in runnext and runs first, the others in the order in which they were started.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"sync"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	var wg sync.WaitGroup
	for i := 0; i < 10; i++ {
		wg.Add(1)
		go func(i int) {
			log(i)
			wg.Done()
		}(i)
	}
	log("main waits")
	wg.Wait()
	log("main")
	show()
}
