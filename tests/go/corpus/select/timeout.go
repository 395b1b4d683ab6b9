// A select with time.After gives up after a while.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"time"
)

func main() {
	c := make(chan int)
	select {
	case v := <-c:
		fmt.Println("got", v)
	case <-time.After(5 * time.Millisecond):
		fmt.Println("timeout")
	}
	go func() { c <- 1 }()
	select {
	case v := <-c:
		fmt.Println("got", v)
	case <-time.After(time.Hour):
		fmt.Println("timeout")
	}
	start := time.Now()
	select {
	case <-time.After(time.Hour):
	case <-time.After(3 * time.Millisecond):
	}
	fmt.Println(time.Since(start) >= 3*time.Millisecond)
}
