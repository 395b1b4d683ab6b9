// What is in the buffer of a closed channel is still received, then zero values for ever.
//
//corpus:run {"order":true}
package main

import "fmt"

func main() {
	c := make(chan int, 4)
	for i := 1; i <= 4; i++ {
		c <- i * i
	}
	close(c)
	fmt.Println(len(c), cap(c))
	for i := 0; i < 7; i++ {
		v, ok := <-c
		fmt.Println(v, ok, len(c))
	}
	for v := range c {
		fmt.Println("never", v)
	}
}
