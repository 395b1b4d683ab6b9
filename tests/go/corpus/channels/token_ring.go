// A token goes around a ring of goroutines.
//
//corpus:run {"order":true}
package main

import "fmt"

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	const n = 7
	first := make(chan int)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int)
		go func(i int, in, out chan int) {
			for t := range in {
				log(i, " has ", t)
				out <- t + 1
			}
			close(out)
		}(i, in, out)
		in = out
	}
	t := 0
	for round := 0; round < 3; round++ {
		first <- t
		t = <-in
		log("round ", t)
	}
	close(first)
	_, ok := <-in
	log(ok)
	show()
}
