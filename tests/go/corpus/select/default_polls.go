// A select with a default never parks.
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
	c := make(chan int, 2)
	try := func(v int) {
		select {
		case c <- v:
			log("sent ", v)
		default:
			log("full ", v)
		}
	}
	try(1)
	try(2)
	try(3)
	go func() {
		for i := 0; i < 3; i++ {
			select {
			case v, ok := <-c:
				log("got ", v, " ", ok)
			default:
				log("empty")
			}
		}
		close(c)
	}()
	runtime.Gosched()
	select {
	case v, ok := <-c:
		log(v, " ", ok)
	default:
		log("not closed")
	}
	u := make(chan int)
	select {
	case u <- 1:
		log("nobody receives")
	case v := <-u:
		log("nobody sends", v)
	default:
		log("nobody there")
	}
	show()
}
