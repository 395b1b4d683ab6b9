// A nil channel never communicates: in a select its case is switched off.
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
	var a, b chan int = make(chan int), make(chan int)
	go func() {
		for i := 0; i < 3; i++ {
			a <- i
		}
		close(a)
	}()
	go func() {
		for i := 10; i < 13; i++ {
			b <- i
		}
		close(b)
	}()
	for a != nil || b != nil {
		select {
		case v, ok := <-a:
			if !ok {
				log("a closed")
				a = nil
			} else if b == nil || v >= 0 {
				events = append(events, fmt.Sprint("a ", v))
			}
		case v, ok := <-b:
			if !ok {
				log("b closed")
				b = nil
			} else {
				log("b ", v)
			}
		}
	}
	// Which of two ready cases select takes is random: only the order within each is certain.
	for _, which := range []string{"a", "b"} {
		for _, e := range events {
			if e[:1] == which {
				fmt.Println(e)
			}
		}
	}
	var none chan int
	select {
	case none <- 1:
	case <-none:
	default:
		fmt.Println("default", len(none), cap(none))
	}
}
