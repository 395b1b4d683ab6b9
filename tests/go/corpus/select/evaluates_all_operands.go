// All channels and values of a select are evaluated, in order, whichever case is taken.
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

func ch(name string, c chan int) chan int {
	log("channel ", name)
	return c
}

func val(v int) int {
	log("value ", v)
	return v
}

func main() {
	full, ready := make(chan int), make(chan int, 1)
	ready <- 7
	xs := map[string]int{}
	select {
	case ch("a", full) <- val(1):
	case xs[fmt.Sprint("key", val(9))] = <-ch("b", ready):
		log("took b")
	case ch("c", nil) <- val(2):
	}
	log(xs)
	show()
}
