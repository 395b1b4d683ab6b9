// Jobs for three workers, results in the order in which they are done.
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
	jobs, results := make(chan int, 4), make(chan string, 2)
	var wg sync.WaitGroup
	for w := 0; w < 3; w++ {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			for j := range jobs {
				for k := 0; k < j%3; k++ {
					runtime.Gosched()
				}
				results <- fmt.Sprint("worker ", w, " job ", j)
			}
		}(w)
	}
	go func() {
		for j := 0; j < 15; j++ {
			jobs <- j
		}
		close(jobs)
		wg.Wait()
		close(results)
	}()
	for r := range results {
		log(r)
	}
	show()
}
