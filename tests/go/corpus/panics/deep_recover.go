// A panic passes many frames, with deferred calls in some of them.
//
//corpus:run {"procs":[1,2]}
package main

import "fmt"

var deferred int

func down(n int) int {
	if n%10 == 0 {
		defer func() { deferred++ }()
	}
	if n == 0 {
		panic(fmt.Sprint("bottom after ", deferred))
	}
	return down(n-1) + 1
}

func try(n int) (s interface{}) {
	defer func() { s = recover() }()
	return down(n)
}

func main() {
	fmt.Println(try(100), deferred)
	fmt.Println(try(3000), deferred)
	done := make(chan interface{})
	for i := 0; i < 20; i++ {
		go func(i int) {
			defer func() { done <- recover() }()
			func() {
				defer func() { panic(fmt.Sprint(recover(), " again")) }()
				panic("once")
			}()
		}(i)
	}
	for i := 0; i < 20; i++ {
		if v := <-done; v != "once again" {
			fmt.Println(v)
		}
	}
	fmt.Println("done")
}
