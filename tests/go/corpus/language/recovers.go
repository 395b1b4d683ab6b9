// Where recover counts, and where it does not.
package main

import (
	"fmt"
	"reflect"
	"runtime"
)

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "left", r)
		} else {
			fmt.Println(name, "done")
		}
	}()
	f()
}

func catch() {
	if r := recover(); r != nil {
		fmt.Println("  caught", r)
	} else {
		fmt.Println("  nothing to catch")
	}
}

//go:noinline
func indirect() { catch() }

type S struct{ n int }

func (s S) Catch()    { catch2(s.n); fmt.Println("  S.Catch", recover()) }
func (s *S) Pointer() { fmt.Println("  S.Pointer", s.n, recover()) }
func catch2(n int)    { fmt.Println("  one too deep", n, recover()) }

type Small int

func (s Small) Catch() { fmt.Println("  Small.Catch", int(s), recover()) }

type Embeds struct {
	pad [3]int
	S
}
type EmbedsPointer struct{ *S }
type Catcher interface{ Catch() }
type EmbedsInterface struct {
	pad int
	Catcher
}

func made(args []reflect.Value) []reflect.Value {
	fmt.Println("  made", len(args), recover())
	return nil
}

func madeIndirect(args []reflect.Value) []reflect.Value {
	indirect()
	return nil
}

func main() {
	try("function", func() { defer catch(); panic(1) })
	try("indirect", func() { defer indirect(); panic(2) })
	try("closure", func() { defer func() { catch() }(); panic(3) })
	try("closure itself", func() { defer func() { fmt.Println(" ", recover()) }(); panic(4) })
	try("builtin", func() { defer recover(); panic(5) })
	try("builtin deeper", func() { defer func() { recover() }(); panic(6) })
	try("method", func() { defer S{7}.Catch(); panic(7) })
	try("pointer method", func() { defer (&S{8}).Pointer(); panic(8) })
	try("method value", func() { f := S{9}.Catch; defer f(); panic(9) })
	try("pointer method value", func() { f := (&S{10}).Pointer; defer f(); panic(10) })
	try("method expression", func() { defer S.Catch(S{11}); panic(11) })
	try("method expression of pointer", func() { defer (*S).Catch(&S{12}); panic(12) })
	try("interface method", func() { var c Catcher = S{13}; defer c.Catch(); panic(13) })
	try("interface method value", func() { var c Catcher = S{14}; f := c.Catch; defer f(); panic(14) })
	try("small in interface", func() { var c Catcher = Small(15); defer c.Catch(); panic(15) })
	try("pointer in interface", func() { var c Catcher = &S{16}; defer c.Catch(); panic(16) })
	try("promoted", func() { defer Embeds{S: S{17}}.Catch(); panic(17) })
	try("promoted in interface", func() { var c Catcher = Embeds{S: S{18}}; defer c.Catch(); panic(18) })
	try("promoted by pointer", func() { var c Catcher = EmbedsPointer{&S{19}}; defer c.Catch(); panic(19) })
	try("promoted from interface", func() { var c Catcher = EmbedsInterface{0, S{20}}; defer c.Catch(); panic(20) })
	try("value of that", func() { var c Catcher = EmbedsInterface{0, Small(21)}; f := c.Catch; defer f(); panic(21) })
	made := reflect.MakeFunc(reflect.TypeOf((func(int, string))(nil)), made).Interface().(func(int, string))
	try("made by reflect", func() { defer made(1, "x"); panic(22) })
	try("made, in a closure", func() { defer func() { made(1, "x") }(); panic(23) })
	deep := reflect.MakeFunc(reflect.TypeOf((func())(nil)), madeIndirect).Interface().(func())
	try("made, indirect", func() { defer deep(); panic(24) })
	try("method value by reflect", func() {
		f := reflect.ValueOf(S{25}).Method(0).Interface().(func())
		defer f()
		panic(25)
	})
	try("called by reflect", func() { defer reflect.ValueOf(catch).Call(nil); panic(26) })
	try("called by reflect in a closure", func() { defer func() { reflect.ValueOf(catch).Call(nil) }(); panic(27) })
	try("panic in a made function", func() {
		f := reflect.MakeFunc(reflect.TypeOf((func() int)(nil)), func([]reflect.Value) []reflect.Value { panic(28) })
		f.Call(nil)
	})
	try("recovers inside of a call", func() {
		f := reflect.ValueOf(func() (r interface{}) {
			defer func() { r = recover() }()
			panic(29)
		})
		fmt.Println(" ", f.Call(nil)[0].Interface())
	})
	try("again", func() {
		defer catch()
		defer func() {
			defer catch()
			panic(30)
		}()
		panic(31)
	})
	try("nil dereference", func() {
		defer func() { _, ok := recover().(runtime.Error); fmt.Println(" ", ok) }()
		var p *S
		p.n++
	})
}
