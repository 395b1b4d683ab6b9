// An unbuffered channel, the sender parks first: who goes on when.
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
	c := make(chan int)
	go func() {
		for i := 0; i < 5; i++ {
			log("send ", i)
			c <- i
			log("sent ", i)
		}
		close(c)
		log("closed")
	}()
	for {
		log("receive")
		v, ok := <-c
		log("received ", v, " ", ok)
		if !ok {
			break
		}
	}
	show()
}
