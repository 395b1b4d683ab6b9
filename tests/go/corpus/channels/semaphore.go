// A buffered channel as a semaphore of three.
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
	sem := make(chan struct{}, 3)
	var wg sync.WaitGroup
	inside, most := 0, 0
	for i := 0; i < 10; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			sem <- struct{}{}
			inside++
			if inside > most {
				most = inside
			}
			log("enter ", i, " ", inside)
			runtime.Gosched()
			inside--
			<-sem
			log("leave ", i)
		}(i)
	}
	wg.Wait()
	log("at most ", most)
	show()
}
