// Gosched puts a goroutine behind all others, through the global queue.
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
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Add(1)
		go func(name string) {
			for i := 0; i < 5; i++ {
				log(name, i)
				runtime.Gosched()
			}
			wg.Done()
		}(name)
	}
	wg.Wait()
	show()
}
