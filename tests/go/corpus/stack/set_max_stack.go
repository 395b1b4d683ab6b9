// debug.SetMaxStack: the old limit is returned; beyond the new one a stack overflows, below it does not.
//
//corpus:run {"messages": true, "procs": [1, 8]}
package main

import (
	"fmt"
	"runtime/debug"
)

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func deep(n int) int {
	var a [100]int
	set(a[:], n)
	if n == 0 {
		return 0
	}
	return deep(n-1) + get(a[:], n) - n + 1
}

func main() {
	fmt.Println("the limit was", debug.SetMaxStack(64<<20))
	fmt.Println("now", debug.SetMaxStack(8<<20))
	fmt.Println("some 3 MB:", deep(3000))
	done := make(chan bool)
	go func() {
		defer close(done)
		defer fmt.Println("never: it is no panic")
		defer func() { recover() }()
		fmt.Println(deep(1000000))
	}()
	<-done
}
