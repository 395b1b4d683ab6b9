// The files and lines of frames of package runtime that a program sees when it recovers, `Callers`
// itself included.
package main

import (
	"fmt"
	"runtime"
	"strings"
)

var zero, big = 0, 100
var nilmap map[string]int
var s = make([]int, 3)

func try(name string, f func()) {
	defer func() {
		recover()
		var pcs [30]uintptr
		fr := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
		for {
			f, more := fr.Next()
			if strings.HasPrefix(f.Function, "runtime.") {
				fmt.Println(name, f.Function, f.File[strings.LastIndex(f.File, "/src/")+1:], f.Line)
			}
			if !more {
				break
			}
		}
	}()
	f()
}

func main() {
	try("index", func() { s[big] = 1 })
	try("slice", func() { _ = s[big:] })
	try("slice2", func() { _ = s[:big] })
	try("slice3", func() { _ = s[2:zero:3] })
	try("conversion", func() { _ = (*[50]int)(s) })
	try("division", func() { zero = 1 / zero })
	zero = 0
	try("shift", func() { big = 1 << (zero - 1) })
	try("nil map", func() { nilmap["a"] = 1 })
	try("closed", func() { c := make(chan int); close(c); close(c) })
	try("send", func() { c := make(chan int); close(c); c <- 1 })
	try("nil", func() { var p *int; *p = 1 })
	try("makechan", func() { _ = make(chan int, zero-1) })
	try("hash", func() { m := map[interface{}]int{}; m[s] = 1 })
	try("compare", func() { var a interface{} = s; fmt.Println(a == a) })
	try("panic", func() { panic(1) })
}
