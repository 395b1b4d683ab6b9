// Deferred calls, panics and deep stacks: the ideas of Go's stack_test.go that need compiled Go (docs/go-tests.md). There a stack moves
// when it grows, and everything that points into it must follow; on gort it gets a segment more, and everything must still be where it was.
//
//corpus:run {"args":["defer_points_into_the_stack"],"procs":[1,4]}
//corpus:run {"args":["at_each_depth_goexit"],"procs":[1,4]}
//corpus:run {"args":["at_each_depth_panic"],"procs":[1,4]}
//corpus:run {"args":["fault_in_a_leaf"],"procs":[1,4]}
//corpus:run {"args":["panics_that_use_the_stack"],"procs":[1,4]}
//corpus:run {"args":["recovered_far_above"],"procs":[1,4]}
//corpus:run {"args":["defers_in_loops_and_without"],"procs":[1,4]}
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// deep calls f under n frames of a kilobyte.
func deep(n int, f func()) {
	var b [1024]byte
	if n == 0 {
		f()
		return
	}
	deep(n-1+int(b[99]), f)
}

func set(p *int, v int) { *p = v }

type large [4096]byte

// setLarge has an argument of a page, so that it needs a new stack in many places.
func setLarge(p *int, v int, l large) { *p = v + int(l[99]) }

// walk looks at all frames of the stack.
func walk() {
	pc := make([]uintptr, 10000)
	if runtime.Callers(0, pc) == 0 {
		panic("no frames")
	}
}

func atDepth(c chan int, i int, end func()) {
	var y int
	defer func() {
		recover()
		c <- y
	}()
	defer setLarge(&y, 42, large{})
	deep(i, end)
}

//go:noinline
func leaf() { *(*int)(nil) = 0 }

type tree struct{ l, r *tree }

func grow(d int) *tree {
	if d == 0 {
		return new(tree)
	}
	return &tree{grow(d - 1), grow(d - 1)}
}

// defers has deferred calls of both kinds, in each of its frames.
func defers(n int, sum *int) {
	if n == 0 {
		walk()
		return
	}
	defer set(sum, *sum+1)
	for i := 0; i < 2; i++ {
		defer func() {
			*sum += n
			if n%50 == 0 {
				walk()
			}
		}()
	}
	defers(n-1, sum)
}

func main() {
	switch os.Args[1] {
	case "defer_points_into_the_stack":
		func() {
			var y int
			defer func() { fmt.Println(y) }()
			defer set(&y, 42)
			deep(500, walk)
		}()
	case "at_each_depth_goexit", "at_each_depth_panic":
		end := runtime.Goexit
		if os.Args[1] == "at_each_depth_panic" {
			end = func() { panic(1) }
		}
		for i := 0; i < 100; i++ {
			c := make(chan int, 1)
			go atDepth(c, i, end)
			if n := <-c; n != 42 {
				fmt.Println(i, n)
			}
		}
		fmt.Println("done")
	case "fault_in_a_leaf":
		func() {
			defer func() {
				fmt.Println(recover())
				walk()
			}()
			leaf()
		}()
	case "panics_that_use_the_stack":
		func() {
			defer func() {
				fmt.Println(recover())
				walk()
				deep(100, func() {
					defer func() {
						fmt.Println(recover())
						walk()
						deep(200, func() {
							defer func() {
								fmt.Println(recover())
								walk()
							}()
							panic(3)
						})
					}()
					panic(2)
				})
			}()
			panic(1)
		}()
	case "recovered_far_above":
		func() {
			defer walk()
			defer func() { fmt.Println(recover()) }()
			deep(100, func() {
				t := grow(14)
				time.Sleep(time.Millisecond)
				panic(fmt.Sprint("far below ", t != nil))
			})
		}()
	case "defers_in_loops_and_without":
		sum := 0
		defers(200, &sum)
		fmt.Println(sum)
	}
}
