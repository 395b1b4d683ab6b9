// Recursion far beyond any first stack: main and goroutines, several times.
//
//corpus:run {"procs":[1,4]}
package main

import "fmt"

//go:noinline
func sum(n int) int {
	if n == 0 {
		return 0
	}
	return sum(n-1) + n
}

//go:noinline
func wide(n int, a [40]int) int {
	a[n%40] = n
	if n == 0 {
		return a[0]
	}
	return wide(n-1, a) + a[n%40]
}

func main() {
	fmt.Println(sum(1000000))
	fmt.Println(wide(50000, [40]int{}))
	c := make(chan int)
	for i := 1; i <= 8; i++ {
		go func(i int) { c <- sum(20000 * i) }(i)
	}
	total := 0
	for i := 0; i < 8; i++ {
		total += <-c
	}
	fmt.Println(total)
}
