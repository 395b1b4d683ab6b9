// The prime sieve: a chain of goroutines that grows, one for each prime.
//
//corpus:run {"order":true}
package main

import "fmt"

func main() {
	c := make(chan int)
	go func() {
		for i := 2; ; i++ {
			c <- i
		}
	}()
	for i := 0; i < 60; i++ {
		p := <-c
		fmt.Print(p, " ")
		next := make(chan int)
		go func(in <-chan int, out chan<- int) {
			for v := range in {
				if v%p != 0 {
					out <- v
				}
			}
		}(c, next)
		c = next
	}
	fmt.Println()
}
