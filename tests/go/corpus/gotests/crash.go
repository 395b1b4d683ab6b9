// How programs end: the ideas of Go's crash_test.go that need compiled Go (docs/go-tests.md).
//
//corpus:run {"args":["faults_are_recovered"],"procs":[1,4]}
//corpus:run {"args":["wrapped"],"procs":[1]}
//corpus:run {"args":["recovered_then_second"],"procs":[1]}
//corpus:run {"args":["second_recovered"],"procs":[1]}
//corpus:run {"args":["second_after_recover"],"procs":[1]}
//corpus:run {"args":["second_in_the_middle"],"procs":[1]}
//corpus:run {"args":["runtime_errors"],"procs":[1]}
//corpus:run {"args":["goexit_in_panic"],"procs":[1]}
//corpus:run {"args":["panic_after_goexit"],"procs":[1]}
//corpus:run {"args":["recovered_inside_after_goexit"],"procs":[1]}
//corpus:run {"args":["recovered_outside_after_goexit"],"procs":[1]}
//corpus:run {"args":["recovered_in_loop_after_goexit"],"procs":[1]}
//corpus:run {"args":["three_levels"],"procs":[1]}
//corpus:run {"args":["text_yields"],"procs":[1]}
//corpus:run {"args":["text_writes"],"procs":[1]}
//corpus:run {"args":["text_panics"],"procs":[1],"messages":true}
//corpus:run {"args":["text_panics_in_text"],"procs":[1],"messages":true}
//corpus:run {"args":["texts_panic_in_a_circle"],"procs":[1],"messages":true}
//corpus:run {"args":["stringer_panics"],"procs":[1],"messages":true}
//corpus:run {"args":["lines"],"procs":[1]}
//corpus:run {"args":["unsafe_slice"],"procs":[1]}
//corpus:run {"args":["breakpoint"],"procs":[1],"messages":true}
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"
)

// frame gives its caller's deferred calls a large frame below them.
func frame(f func()) {
	var b [8192]byte
	func(b [8192]byte) {
		f()
		if b[99] != 0 {
			panic("never")
		}
	}(b)
}

func show() { fmt.Println("recovered:", recover()) }

// fault reads where there is nothing, and survives it.
func fault(where string) {
	defer func() {
		r := recover()
		_, ok := r.(runtime.Error)
		fmt.Println(where, ok, r)
	}()
	var p *int
	fmt.Println("never", *p)
}

func onItsOwnThread(where string) {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		fault(where)
		done <- true
	}()
	<-done
}

func isRuntimeError(name string, f func()) {
	defer func() {
		r := recover()
		_, ok := r.(runtime.Error)
		fmt.Println(name, ok, r)
	}()
	f()
}

type yields struct{}

func (yields) Error() string {
	for i := 0; i < 10; i++ {
		runtime.Gosched()
	}
	return "yields"
}

type writes struct{}

func (writes) Error() string {
	fmt.Println("one")
	fmt.Println("two")
	return "three"
}

type panics struct{}

func (panics) Error() string { panic("first line\nsecond line") }

type panicsWithError struct{}

func (panicsWithError) Error() string { panic(panics{}) }

type there struct{}

func (there) Error() string { panic(back{}) }

type back struct{}

func (back) Error() string { panic(there{}) }

type stringer struct{}

func (stringer) String() string { panic("first line\nsecond line") }

func outer() {
	defer func() { panic("outer's") }()
	inner()
}

func inner() {
	defer func() { panic("inner's") }()
	panic("first")
}

func one() { two() }

func two() {
	defer func() {}()
	three()
}

func three() {
	defer func() {}()
	defer show()
	defer func() {
		show2(recover())
		panic("second")
	}()
	panic("first")
}

func show2(r interface{}) { fmt.Println("recovered:", r) }

func main() {
	switch os.Args[1] {
	case "faults_are_recovered":
		runtime.LockOSThread()
		fault("main")
		onItsOwnThread("a thread")
		onItsOwnThread("another thread")
		fault("main again")
	case "wrapped":
		func() {
			defer show()
			frame(func() {
				defer func() { panic("wrapped: " + recover().(string)) }()
				panic("inside")
			})
		}()
		panic("again")
	case "recovered_then_second":
		func() {
			defer show()
			frame(func() {
				defer func() { panic("second") }()
				defer show()
				panic("first")
			})
		}()
		panic("third")
	case "second_recovered":
		defer func() {
			defer func() { recover() }()
			panic("second")
		}()
		panic("first")
	case "second_after_recover":
		defer func() {
			recover()
			panic("second")
		}()
		panic("first")
	case "second_in_the_middle":
		one()
		panic("third")
	case "runtime_errors":
		isRuntimeError("nil map", func() {
			var m map[uint64]bool
			m[1234] = true
		})
		isRuntimeError("closed twice", func() {
			c := make(chan struct{})
			close(c)
			close(c)
		})
		isRuntimeError("send on closed", func() {
			c := make(chan struct{})
			close(c)
			c <- struct{}{}
		})
		isRuntimeError("index", func() {
			s := make([]int, len(os.Args))
			fmt.Println(s[len(os.Args)])
		})
		isRuntimeError("make", func() {
			n := -1
			_ = make(chan bool, n)
		})
		isRuntimeError("close nil", func() { close((chan bool)(nil)) })
	case "goexit_in_panic":
		go func() {
			defer runtime.Goexit()
			panic("gone")
		}()
		runtime.Goexit()
	case "panic_after_goexit":
		defer func() { panic("late") }()
		runtime.Goexit()
	case "recovered_inside_after_goexit":
		defer func() {
			defer show()
			panic("late")
		}()
		runtime.Goexit()
	case "recovered_outside_after_goexit":
		defer show()
		defer func() { panic("late") }()
		runtime.Goexit()
	case "recovered_in_loop_after_goexit":
		for i := 0; i < 2; i++ {
			defer func() {}()
		}
		defer show()
		defer func() { panic("late") }()
		runtime.Goexit()
	case "three_levels":
		outer()
	case "text_yields":
		panic(yields{})
	case "text_writes":
		panic(writes{})
	case "text_panics":
		panic(panics{})
	case "text_panics_in_text":
		panic(panicsWithError{})
	case "texts_panic_in_a_circle":
		panic(there{})
	case "stringer_panics":
		panic(stringer{})
	case "lines":
		panic(strings.Join([]string{"one", "two"}, "\n"))
	case "unsafe_slice":
		var p *struct{}
		fmt.Println(unsafe.Slice(p, 0) == nil)
		fmt.Println(len(unsafe.Slice(p, len(os.Args))))
	case "breakpoint":
		runtime.Breakpoint()
	}
}
