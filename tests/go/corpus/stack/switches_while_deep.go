// Goroutines that are switched in the middle of a deep recursion.
//
//corpus:run {"procs":[1,2,4]}
package main

import (
	"fmt"
	"runtime"
)

func walk(n int, c chan int) int {
	if n == 0 {
		c <- 0
		return 0
	}
	if n%1000 == 0 {
		runtime.Gosched()
		c <- n
	}
	return walk(n-1, c) + 1
}

func main() {
	const g, depth = 10, 20000
	c := make(chan int)
	done := make(chan int)
	for i := 0; i < g; i++ {
		go func() { done <- walk(depth, c) }()
	}
	sum := 0
	for i := 0; i < g*(depth/1000+1); i++ {
		sum += <-c
	}
	total := 0
	for i := 0; i < g; i++ {
		total += <-done
	}
	fmt.Println(sum, total)
}
