// The texts of all errors of the runtime that can be recovered, and that they are runtime.Error.
package main

import (
	"fmt"
	"runtime"
)

func try(name string, f func()) {
	defer func() {
		r := recover()
		_, is := r.(runtime.Error)
		_, err := r.(error)
		fmt.Println(name+":", r, is, err)
	}()
	f()
}

type T struct{ x int }
type I interface{ M() }

var sink int

//go:noinline
func id(n int) int { return n }

func main() {
	s, str := []int{1, 2, 3}, "text"
	arr := [3]int{}
	big, neg := id(10), id(-1)
	var p *T
	var m map[string]int
	var e interface{} = 1
	var i I
	var c chan int
	try("index", func() { _ = s[big] })
	try("index negative", func() { _ = s[neg] })
	try("index empty", func() { _ = s[:0][id(0)] })
	try("index uint8", func() { _ = s[uint8(big)] })
	try("index uint64", func() { _ = s[uint64(1<<63)+uint64(big)] })
	try("index int8", func() { _ = s[int8(neg)] })
	try("index array", func() { _ = arr[big] })
	try("index string", func() { _ = str[big] })
	try("slice :n", func() { _ = s[:big] })
	try("slice n:", func() { _ = s[big:] })
	try("slice i:j", func() { _ = s[id(3):id(2)] })
	try("slice negative high", func() { _ = s[:neg] })
	try("slice negative low", func() { _ = s[neg:] })
	try("slice string high", func() { _ = str[:big] })
	try("slice string low", func() { _ = str[big:] })
	try("slice string i:j", func() { _ = str[id(3):id(2)] })
	try("slice array", func() { _ = arr[:big] })
	try("slice3 max", func() { _ = s[0:1:big] })
	try("slice3 high", func() { _ = s[0:big:id(3)] })
	try("slice3 low", func() { _ = s[id(3):id(2):id(3)] })
	try("slice3 negative", func() { _ = s[neg:id(2):id(3)] })
	try("slice3 negative max", func() { _ = s[0:1:neg] })
	try("convert", func() { _ = (*[5]int)(s) })
	try("divide", func() { _ = big / id(0) })
	try("modulo", func() { _ = big % id(0) })
	try("shift", func() { _ = big << neg })
	try("nil read", func() { sink = p.x })
	try("nil write", func() { p.x = 1 })
	try("nil map", func() { m["a"] = 1 })
	try("nil method", func() { i.M() })
	try("nil func", func() { var f func(); f() })
	try("assert", func() { _ = e.(string) })
	try("assert nil", func() { e = nil; _ = e.(string) })
	try("assert method", func() { e = T{}; _ = e.(I) })
	try("assert nil method", func() { e = nil; _ = e.(I) })
	try("unhashable", func() { _ = map[interface{}]int{}[s] })
	try("unhashable assign", func() { map[interface{}]int{}[m] = 1 })
	try("uncomparable", func() { e = s; _ = e == e })
	try("uncomparable func", func() { e = func() {}; _ = e == e })
	try("makeslice len", func() { _ = make([]int, neg) })
	try("makeslice cap", func() { _ = make([]int, 0, neg) })
	try("makeslice huge", func() { _ = make([]T, id(1)<<62) })
	try("makechan", func() { _ = make(chan int, neg) })
	try("makemap", func() { fmt.Println(len(make(map[int]int, neg))) })
	try("close nil", func() { close(c) })
	try("close twice", func() { d := make(chan int); close(d); close(d) })
	try("send closed", func() { d := make(chan int); close(d); d <- 1 })
	try("nothing", func() {})
	try("panic nil", func() { panic(nil) })
}
