// recover works in the deferred function itself, and nowhere else.
package main

import "fmt"

func helper() interface{} { return recover() }

type T struct{}

func (T) method()   { fmt.Println("method", recover()) }
func (*T) pointer() { fmt.Println("pointer", recover()) }

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "not recovered:", r)
		} else {
			fmt.Println(name, "recovered")
		}
	}()
	f()
}

func main() {
	fmt.Println("without a panic", recover())
	try("closure", func() {
		defer func() { fmt.Println(recover()) }()
		panic(1)
	})
	try("helper", func() {
		defer func() { fmt.Println(helper()) }()
		panic(2)
	})
	try("deferred helper", func() {
		defer helper()
		panic(3)
	})
	try("nested closure", func() {
		defer func() {
			func() { fmt.Println(recover()) }()
		}()
		panic(4)
	})
	try("nested defer", func() {
		defer func() {
			defer func() { fmt.Println(recover()) }()
		}()
		panic(5)
	})
	try("recover itself", func() {
		defer recover()
		panic(6)
	})
	try("method", func() {
		defer T{}.method()
		panic(7)
	})
	try("pointer method", func() {
		defer new(T).pointer()
		panic(8)
	})
	try("twice", func() {
		defer func() { fmt.Println(recover(), recover()) }()
		panic(9)
	})
	try("in a loop", func() {
		for i := 0; i < 3; i++ {
			defer func(i int) { fmt.Println(i, recover()) }(i)
		}
		panic(10)
	})
}
