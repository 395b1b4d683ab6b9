// Panics out of blocking operations leave locks and channels as they should be.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
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
	c, d := make(chan int), make(chan int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := 0; i < 3; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			defer func() { log(i, " ", recover()) }()
			mu.Lock()
			defer mu.Unlock()
			select {
			case c <- i:
			case <-d:
				log(i, " got d")
			}
		}(i)
	}
	runtime.Gosched()
	close(c)
	wg.Wait()
	mu.Lock()
	log("unlocked")
	show()
}
