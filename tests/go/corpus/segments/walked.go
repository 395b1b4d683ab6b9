// A stack that is looked at from inside and from outside, with frames large enough for several segments on gort.
//
//corpus:run {"procs": [1, 2, 8]}
//corpus:run {"name": "tight", "env": {"GORTSPLIT": "tight"}}
package main

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
)

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func deep(n int, f func() int) int {
	var a [300]int
	set(a[:], n)
	if n == 0 {
		return f()
	}
	return deep(n-1, f) + get(a[:], n) - n
}

func main() {
	fmt.Println(deep(80, func() int {
		pcs := make([]uintptr, 200)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
		n := 0
		for {
			f, more := frames.Next()
			if f.Function == "main.deep" {
				n++
			}
			if !more {
				return n
			}
		}
	}))
	stack := func(all bool) int {
		buf := make([]byte, 1<<20)
		return bytes.Count(buf[:runtime.Stack(buf, all)], []byte("main.deep("))
	}
	fmt.Println(deep(80, func() int { return stack(false) }))
	var wg sync.WaitGroup
	c := make(chan int)
	wg.Add(10)
	for i := 0; i < 10; i++ {
		go deep(70, func() int { wg.Done(); return <-c })
	}
	wg.Wait()
	// They are parked, or about to be.
	for i := 0; i < 100; i++ {
		runtime.Gosched()
	}
	n := stack(true)
	for n < 710 {
		runtime.Gosched()
		n = stack(true)
	}
	fmt.Println(n)
}
