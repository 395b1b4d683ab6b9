// A value goes around a ring of ten thousand goroutines, three times.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import "fmt"

func main() {
	const n = 10000
	first := make(chan int)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	v := 0
	for round := 0; round < 3; round++ {
		first <- v
		v = <-in
	}
	close(first)
	_, ok := <-in
	fmt.Println(v, ok)
}
