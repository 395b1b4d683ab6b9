// Closures share variables; method values bind receivers; embedding promotes; interfaces hold copies.
package main

import "fmt"

type Animal interface{ Sound() string }
type Base struct{ name string }

func (b Base) Name() string     { return b.name }
func (b *Base) Rename(s string) { b.name = s }

type Dog struct {
	Base
	age int
}

func (d Dog) Sound() string { return d.name + " barks" }

type Loud struct{ Animal }

func (l Loud) Sound() string { return l.Animal.Sound() + "!" }

func counter() (func() int, func()) {
	n := 0
	return func() int { n++; return n }, func() { n = 100 }
}

type F func(int) F

func main() {
	next, set := counter()
	next()
	set()
	fmt.Println(next(), next())
	d := Dog{Base{"Rex"}, 3}
	bound := d.Sound
	var a Animal = d
	d.Rename("Max")
	fmt.Println(bound(), a.Sound(), d.Sound(), d.Name(), Loud{Loud{d}}.Sound())
	expr := (*Base).Rename
	expr(&d.Base, "Tom")
	fmt.Println(d.name, Dog.Sound(d))
	var fib func(int) int
	fib = func(n int) int {
		if n < 2 {
			return n
		}
		return fib(n-1) + fib(n-2)
	}
	fmt.Println(fib(20))
	var fs []func() int
	for i := 0; i < 3; i++ {
		j := i * i
		fs = append(fs, func() int { j++; return j })
	}
	for _, f := range fs {
		fmt.Print(f(), f(), " ")
	}
	var f F
	sum := 0
	f = func(n int) F { sum += n; return f }
	f(1)(2)(3)
	fmt.Println(sum)
	x := a.(Dog)
	x.age = 9
	fmt.Println(a.(Dog).age, x.age, a == Animal(Dog{Base{"Rex"}, 3}))
}
