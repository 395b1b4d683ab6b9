// The usual loop: work, a tick and a quit channel.
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
	work, quit, done := make(chan int), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case w := <-work:
				log("work ", w)
			case <-quit:
				log("quit")
				return
			}
		}
	}()
	for i := 0; i < 5; i++ {
		work <- i
	}
	close(quit)
	<-done
	show()
}
