// Senders that wait are served in the order in which they came; a buffer is refilled by the first of them.
//
//corpus:run {"args":["0"],"order":true}
//corpus:run {"args":["2"],"order":true}
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	c := make(chan int, n)
	for i := 0; i < 8; i++ {
		go func(i int) {
			log("send ", i)
			c <- i
			log("sent ", i)
		}(i)
	}
	runtime.Gosched()
	for i := 0; i < 8; i++ {
		log("got ", <-c, ", ", len(c), " left")
		if i%3 == 2 {
			runtime.Gosched()
		}
	}
	runtime.Gosched()
	show()
}
