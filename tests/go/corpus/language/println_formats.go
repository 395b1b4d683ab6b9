// The builtins print and println: how they write values of all kinds, to standard error.
package main

type N int

func main() {
	print("a", 1, "b", true, 'c', "\n")
	println("a", 1, "b", true, 'c')
	println(0.0, 1.0, -1.5, 1e100, 1e-100, 3.14159265358979, float32(0.1))
	var zero float64
	println(1/zero, -1/zero, zero/zero)
	println(1+2i, complex64(-1i))
	println(int8(-128), uint8(255), int64(-1<<63), uint64(1<<64-1), uintptr(7), N(5))
	println(nil == nil_(), "tab\tnew\nline \x00 ä")
	println()
	print()
	println("", "")
	var p *int
	var f func()
	var m map[int]int
	var c chan int
	println(p, f == nil, m, c)
	var e interface{}
	var s []int
	println(e, s)
}

func nil_() interface{} { return nil }
