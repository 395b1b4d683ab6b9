// Faults as panics, wherever they happen.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"unsafe"
)

type Big struct {
	pad [1 << 10]byte
	n   int
}

type I interface{ M() int }

type T struct{ n int }

func (t *T) M() int { return t.n }

func try(name string, f func()) {
	defer func() {
		r := recover()
		_, isRuntime := r.(runtime.Error)
		var addr interface{ Addr() uintptr }
		err, _ := r.(error)
		fmt.Println(name+":", r, isRuntime, errors.As(err, &addr))
	}()
	f()
}

var (
	zero int
	nilT *T
	nilB *Big
	nilF func()
	nilI I
	nilM map[string]int
	sink interface{}
	null *[4]string
)

//go:noinline
func div(a, b int) int { return a / b }

//go:noinline
func mod(a, b int32) int32 { return a % b }

// A page that cannot be read.
func page() unsafe.Pointer {
	b, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	return unsafe.Pointer(&b[:1:1][0])
}

func badString(p unsafe.Pointer, n int) (s string) {
	h := (*[2]uintptr)(unsafe.Pointer(&s))
	h[0], h[1] = uintptr(p), uintptr(n)
	return
}

func main() {
	try("read", func() { sink = nilT.n })
	try("write", func() { nilT.n = 1 })
	try("field", func() { nilB.n++ })
	try("method", func() { nilT.M() })
	try("interface", func() { nilI.M() })
	try("function", func() { nilF() })
	try("deferred", func() { defer nilF() })
	try("array", func() { sink = null[2] })
	try("copy", func() { var a [4]string; a = *null; sink = a })
	try("range", func() {
		for _, s := range null {
			sink = s
		}
	})
	try("map", func() { nilM["a"] = 1 })
	try("divide", func() { div(1, zero) })
	try("modulo", func() { mod(1, int32(zero)) })
	try("least by minus one", func() { fmt.Println(div(-1<<63, -1+zero), mod(-1<<31, int32(-1+zero))) })

	// In the runtime, called by Go.
	m := map[string]int{"key": 1}
	debug.SetPanicOnFault(true)
	p := page()
	try("protected", func() { sink = *(*int)(p) })
	try("concatenation", func() { sink = badString(p, 100) + "x" })
	try("conversion", func() { sink = []byte(badString(p, 100)) })
	try("comparison", func() { sink = badString(p, 3) == "abc" })
	try("map key", func() { sink = m[badString(p, 3)] })
	try("map assignment", func() { m[badString(p, 3)] = 2 })
	try("append", func() { sink = append([]byte{}, badString(p, 100)...) })
	// Whatever it was in the middle of is still whole.
	m["other"] = 2
	fmt.Println(len(m), m["key"], m["other"])
	for i := 0; i < 1000; i++ {
		func() {
			defer func() { recover() }()
			m[badString(p, 3)]++
		}()
	}
	fmt.Println(len(m), strings.Repeat("x", 3))
	done := make(chan bool)
	for i := 0; i < 4; i++ {
		go func() {
			defer close(done)
			try("goroutine", func() { sink = nilT.n })
		}()
		<-done
		done = make(chan bool)
	}
	if len(os.Args) > 1 {
		debug.SetPanicOnFault(false)
		sink = *(*int)(p)
	}
}
