// Package variables are initialised by their dependencies, then init functions run in order.
package main

import "fmt"

var a = f("a", b, c)
var b = f("b", d)
var c = f("c")
var d = f("d")
var m = map[string]int{"x": a}

func f(name string, deps ...int) int {
	n := 1
	for _, d := range deps {
		n += d
	}
	fmt.Println("init", name, n)
	return n
}

func init() { fmt.Println("first init", m) }
func init() { fmt.Println("second init"); a = 50 }

func main() { fmt.Println("main", a, b, c, d) }
