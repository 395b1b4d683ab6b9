// Who waits for a mutex gets it in order, unless somebody who runs takes it first.
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
	var mu sync.Mutex
	var wg sync.WaitGroup
	mu.Lock()
	for i := 0; i < 6; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			log("wants ", i)
			mu.Lock()
			log("has ", i)
			if i%2 == 0 {
				runtime.Gosched()
			}
			mu.Unlock()
			log("gave ", i)
		}(i)
	}
	runtime.Gosched()
	log("unlock")
	mu.Unlock()
	wg.Wait()
	show()
}
