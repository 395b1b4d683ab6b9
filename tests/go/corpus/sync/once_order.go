// Once runs its function once; the others wait until it is done, even if it panics.
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
	var once sync.Once
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			log("calls ", i)
			once.Do(func() {
				log("runs in ", i)
				runtime.Gosched()
				log("has run")
			})
			log("returns ", i)
		}(i)
	}
	wg.Wait()
	var bad sync.Once
	for i := 0; i < 2; i++ {
		func() {
			defer func() { log("recovered ", recover()) }()
			bad.Do(func() { panic("once") })
			log("no panic")
		}()
	}
	show()
}
