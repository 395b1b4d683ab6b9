// Every 61st time the scheduler looks at the global queue before the local one: where the yielding goroutine stands among
// the others tells when.
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
	var wg sync.WaitGroup
	for i := 0; i < 250; i++ {
		wg.Add(1)
		go func(i int) {
			if i == 249 {
				for k := 0; k < 6; k++ {
					log("global ", k)
					runtime.Gosched()
				}
			}
			log(i)
			wg.Done()
		}(i)
	}
	wg.Wait()
	show()
}
