// Selects and plain receivers wait in one queue, in order.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	a, b := make(chan int), make(chan int)
	for i := 0; i < 9; i++ {
		go func(i int) {
			switch i % 3 {
			case 0:
				log(i, " a ", <-a)
			case 1:
				select {
				case v := <-a:
					log(i, " select a ", v)
				case v := <-b:
					log(i, " select b ", v)
				}
			case 2:
				log(i, " b ", <-b)
			}
		}(i)
	}
	runtime.Gosched()
	for i := 0; i < 9; i++ {
		select {
		case a <- i:
			log("to a ", i)
		default:
			b <- i
			log("to b ", i)
		}
		if i%4 == 3 {
			runtime.Gosched()
		}
	}
	runtime.Gosched()
	show()
}
