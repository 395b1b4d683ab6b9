// Requests that carry the channel for their answer.
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

type request struct {
	n      int
	answer chan int
}

func main() {
	reqs := make(chan request)
	go func() {
		for r := range reqs {
			log("serve ", r.n)
			r.answer <- r.n * r.n
		}
		log("server ends")
	}()
	done := make(chan bool)
	for i := 0; i < 4; i++ {
		go func(i int) {
			a := make(chan int)
			reqs <- request{i, a}
			log(i, " squared is ", <-a)
			done <- true
		}(i)
	}
	for i := 0; i < 4; i++ {
		<-done
	}
	close(reqs)
	c := make(chan chan chan string, 1)
	d := make(chan chan string, 1)
	e := make(chan string, 1)
	e <- "deep"
	d <- e
	c <- d
	log(<-<-<-c)
	show()
}
