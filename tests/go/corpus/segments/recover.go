// Panics that are recovered many frames further up, Goexit and faults at depth: on gort they unwind from segment to segment, and
// what runs afterwards must find its own segment's end.
//
//corpus:run {"procs": [1, 2, 8]}
//corpus:run {"name": "freed", "env": {"GORTSPLIT": "free"}}
//corpus:run {"name": "tight", "args": ["2000"], "env": {"GORTSPLIT": "tight"}}
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
)

var nilptr *int

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func down(n int, f func()) int {
	var pad [6]int
	set(pad[:], n)
	if n == 0 {
		f()
		return 0
	}
	return down(n-1, f) + 1 + get(pad[:], n) - n
}

func try(n int, f func()) (r interface{}, depth int) {
	defer func() {
		r = recover()
		// Deep again, from here.
		depth = down(n/2, func() {})
	}()
	return nil, down(n, f)
}

// Every level recovers and panics again.
func relay(n int) {
	defer func() {
		if r := recover(); r != nil && n > 0 {
			panic(r.(int) + 1)
		} else if r != nil {
			fmt.Println("relayed", r)
		}
	}()
	if n == 300 {
		panic(0)
	}
	relay(n + 1)
}

// A deferred call that is itself deep panics, while another panic is under way.
func nested(n int) (r interface{}) {
	defer func() { r = recover() }()
	defer func() {
		down(n/3, func() { panic("second") })
	}()
	down(n, func() { panic("first") })
	return nil
}

func cause(err interface{}) interface{} {
	if e, ok := err.(runtime.Error); ok {
		return e.Error()
	}
	return err
}

func main() {
	n := 100000
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	z := 0
	for _, f := range []func(){
		func() { panic("string") },
		func() { panic(errors.New("error")) },
		func() { *nilptr = 1 },
		func() { z = 1 / z },
		func() { _ = make([]int, 3)[n] },
		func() { var m map[string]int; m["x"] = 1 },
		func() { var i interface{} = "s"; z = i.(int) },
		func() { close(chan int(nil)) },
		func() {},
	} {
		r, depth := try(n, f)
		fmt.Println(cause(r), depth)
	}
	for i := 0; i < 50; i++ {
		if r, d := try(n/10, func() { panic(i) }); r != i || d != n/20 {
			fmt.Println("wrong", r, d)
		}
	}
	relay(0)
	fmt.Println(nested(n))
	// Goexit overtakes a panic at depth; deferred calls of all levels run.
	done, count := make(chan bool), 0
	go func() {
		defer close(done)
		down(n/10, func() {
			defer func() { count += down(n/10, func() {}) }()
			defer runtime.Goexit()
			panic("overtaken")
		})
	}()
	<-done
	fmt.Println(count)
}
