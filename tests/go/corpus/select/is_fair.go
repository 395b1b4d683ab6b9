// Of several ready cases select takes one at random, all about as often.
//
//corpus:run {"procs":[1,2]}
package main

import "fmt"

func main() {
	const n = 4000
	a, b, c, d := make(chan int, n), make(chan int, n), make(chan int, n), make(chan int, n)
	for i := 0; i < n; i++ {
		a <- i
		b <- i
	}
	var count [4]int
	for i := 0; i < n; i++ {
		select {
		case <-a:
			count[0]++
		case <-b:
			count[1]++
		case c <- i:
			count[2]++
		case d <- i:
			count[3]++
		}
	}
	for _, k := range count {
		// 1000 are expected; the standard deviation is 27.
		fmt.Println(k > 800 && k < 1200)
	}
}
