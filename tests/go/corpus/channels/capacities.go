// A producer and a consumer, and a channel of any capacity between them.
//
//corpus:run {"args":["0"],"order":true}
//corpus:run {"args":["1"],"order":true}
//corpus:run {"args":["2"],"order":true}
//corpus:run {"args":["3"],"order":true}
//corpus:run {"args":["7"],"order":true}
//corpus:run {"args":["10"],"order":true}
//corpus:run {"args":["11"],"order":true}
//corpus:run {"args":["1000"],"order":true}
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
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
	var wg sync.WaitGroup
	for p := 0; p < 2; p++ {
		wg.Add(1)
		go func(p int) {
			for i := 0; i < 10; i++ {
				c <- p*100 + i
				log("sent ", p*100+i, " ", len(c), "/", cap(c))
			}
			wg.Done()
		}(p)
	}
	go func() {
		wg.Wait()
		close(c)
		log("closed")
	}()
	for v := range c {
		log("got ", v, " ", len(c))
	}
	show()
}
