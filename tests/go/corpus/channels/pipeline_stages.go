// Stages with buffers of different sizes: how far each runs ahead.
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

func stage(name string, in <-chan int, size int, f func(int) int) <-chan int {
	out := make(chan int, size)
	go func() {
		defer close(out)
		for v := range in {
			log(name, " takes ", v)
			out <- f(v)
			log(name, " gave ", f(v))
		}
	}()
	return out
}

func main() {
	src := make(chan int, 2)
	go func() {
		for i := 1; i <= 8; i++ {
			src <- i
		}
		close(src)
	}()
	a := stage("double", src, 0, func(v int) int { return 2 * v })
	b := stage("square", a, 3, func(v int) int { return v * v })
	c := stage("negate", b, 1, func(v int) int { return -v })
	for v := range c {
		log("sink ", v)
	}
	show()
}
