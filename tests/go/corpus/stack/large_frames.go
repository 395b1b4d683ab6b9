// Functions with frames of many kilobytes.
//
//corpus:run {"procs":[1,2]}
package main

import "fmt"

//go:noinline
func big(n int) (s int) {
	var a [8192]int
	for i := range a {
		a[i] = n + i
	}
	if n > 0 {
		s = big(n - 1)
	}
	for _, v := range a {
		s += v
	}
	return s
}

func main() {
	c := make(chan int)
	for i := 0; i < 6; i++ {
		go func(i int) { c <- big(i * 5) }(i)
	}
	sum := 0
	for i := 0; i < 6; i++ {
		sum += <-c
	}
	fmt.Println(sum)
}
