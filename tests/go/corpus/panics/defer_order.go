// Deferred calls run last in, first out, each with the arguments of its time, also while panicking.
package main

import "fmt"

func f(depth int) {
	for i := 0; i < 3; i++ {
		defer fmt.Println("depth", depth, "loop", i)
	}
	if depth == 3 {
		panic("bottom")
	}
	x := depth
	defer func() { fmt.Println("closure sees", x) }()
	defer fmt.Println("argument was", x)
	x *= 10
	f(depth + 1)
	fmt.Println("never")
}

func conditional(n int) {
	if n > 1 {
		defer fmt.Println("more than one")
	}
	for ; n > 0; n-- {
		defer func(n int) {
			if n == 2 {
				fmt.Println("recovered", recover())
			}
			fmt.Println("deferred", n)
		}(n)
	}
	panic("conditional")
}

func main() {
	conditional(3)
	defer func() { fmt.Println("main", recover()) }()
	f(0)
}
