// One select can send and receive; both sides of an exchange may be selects.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
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
	a, b := make(chan int), make(chan int)
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for i := 0; i < 4; i++ {
			select {
			case a <- i:
				log("left sent ", i)
			case v := <-b:
				log("left got ", v)
			}
		}
	}()
	go func() {
		defer wg.Done()
		for i := 10; i < 14; i++ {
			select {
			case v := <-a:
				log("right got ", v)
			case b <- i:
				log("right sent ", i)
			}
		}
	}()
	wg.Wait()
	// Both directions are possible each time, and select takes one at random: only the number is certain.
	sent, got := 0, 0
	for _, e := range events {
		switch {
		case e[:6] == "left s" || e[:7] == "right s":
			sent++
		default:
			got++
		}
	}
	fmt.Println(sent, got)
}
