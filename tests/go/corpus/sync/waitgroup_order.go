// The last Done wakes all waiters.
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
	var wg, end sync.WaitGroup
	wg.Add(3)
	for i := 0; i < 5; i++ {
		end.Add(1)
		go func(i int) {
			defer end.Done()
			log("waits ", i)
			wg.Wait()
			log("goes on ", i)
		}(i)
	}
	runtime.Gosched()
	for i := 0; i < 3; i++ {
		log("done")
		wg.Done()
		runtime.Gosched()
	}
	end.Wait()
	// A group can be used again.
	for round := 0; round < 3; round++ {
		wg.Add(2)
		go func(r int) { log("a ", r); wg.Done() }(round)
		go func(r int) { log("b ", r); wg.Done() }(round)
		wg.Wait()
		log("round ", round)
	}
	show()
}
