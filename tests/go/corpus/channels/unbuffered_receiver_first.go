// An unbuffered channel, the receiver waits already: the value goes straight to it.
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
	c := make(chan string)
	for i := 0; i < 3; i++ {
		go func(i int) {
			log(i, " receives")
			for s := range c {
				log(i, " got ", s)
			}
			log(i, " ends")
		}(i)
	}
	runtime.Gosched()
	for i := 0; i < 7; i++ {
		log("send ", i)
		c <- fmt.Sprint("v", i)
	}
	close(c)
	runtime.Gosched()
	show()
}
