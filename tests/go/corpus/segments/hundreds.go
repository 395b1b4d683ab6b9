// A stack of about 300 MB, with one word in each frame of a kilobyte to be found again; twice, from goroutines whose stacks start small.
package main

import "fmt"

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func deep(n int) int {
	var a [128]int
	set(a[:], n)
	if n == 0 {
		return 0
	}
	r := deep(n-1) + 1
	if get(a[:], n) != n {
		panic("frame changed")
	}
	return r
}

func main() {
	c := make(chan int)
	for i := 0; i < 2; i++ {
		go func() { c <- deep(280000) }()
		fmt.Println(<-c)
	}
}
