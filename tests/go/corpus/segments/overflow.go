// Recursion without end: the limit of a stack, and how it is reported.
//
//corpus:run {"messages": true, "procs": [1, 8]}
package main

import "fmt"

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func endless(n int) int {
	var a [2000]int
	set(a[:], n)
	return endless(n+1) + get(a[:], n)
}

func main() {
	fmt.Println("before")
	fmt.Println(endless(0))
}
