// Ends by a panic that nobody recovers: texts of values, chains, other goroutines' deferred calls.
//
//corpus:run {"args":["string"],"procs":[1]}
//corpus:run {"args":["int"],"procs":[1]}
//corpus:run {"args":["float"],"procs":[1]}
//corpus:run {"args":["bool"],"procs":[1]}
//corpus:run {"args":["named"],"procs":[1]}
//corpus:run {"args":["namedstring"],"procs":[1]}
//corpus:run {"args":["error"],"procs":[1]}
//corpus:run {"args":["errorsnew"],"procs":[1]}
//corpus:run {"args":["stringer"],"procs":[1]}
//corpus:run {"args":["complex"],"procs":[1]}
//corpus:run {"args":["nil"],"procs":[1]}
//corpus:run {"name":"nil_as_it_was","args":["nil"],"procs":[1],"env":{"GODEBUG":"panicnil=1"}}
//corpus:run {"args":["runtime"],"procs":[1]}
//corpus:run {"args":["index"],"procs":[1]}
//corpus:run {"args":["nilptr"],"procs":[1]}
//corpus:run {"args":["again"],"procs":[1]}
//corpus:run {"args":["chain"],"procs":[1]}
//corpus:run {"args":["rune"],"procs":[1]}
//corpus:run {"args":["goroutine"],"procs":[1]}
//corpus:run {"args":["deadlock"],"procs":[1]}
//corpus:run {"args":["deadlock2"],"procs":[1]}
//corpus:run {"args":["exit"],"procs":[1]}
//corpus:run {"args":["divide"],"procs":[1]}
//corpus:run {"args":["typeassert"],"procs":[1]}
//corpus:run {"args":["mapwrite"],"procs":[1]}
//corpus:run {"args":["errorpanics"],"procs":[1],"messages":true}
//corpus:run {"args":["errorpanicstype"],"procs":[1],"messages":true}
package main

import (
	"errors"
	"fmt"
	"os"
)

type E struct{ n int }

func (e *E) Error() string { return fmt.Sprintf("E number %d\nsecond line", e.n) }

type S string
type N int
type St struct{ a int }

func (s St) String() string { return "stringer" }

type Bad struct{ v interface{} }

func (b Bad) Error() string { panic(b.v) }

var m map[string]int

func main() {
	which := ""
	if len(os.Args) > 1 {
		which = os.Args[1]
	}
	fmt.Println("case", which)
	defer fmt.Println("deferred in main")
	switch which {
	case "string":
		panic("a string")
	case "int":
		panic(42)
	case "float":
		panic(1.5)
	case "bool":
		panic(true)
	case "named":
		panic(N(7))
	case "namedstring":
		panic(S("txt"))
	case "error":
		panic(&E{3})
	case "errorpanics":
		panic(Bad{"no text"})
	case "errorpanicstype":
		panic(Bad{&E{1}})
	case "errorsnew":
		panic(errors.New("plain"))
	case "stringer":
		panic(St{1})
	case "complex":
		panic(complex(1, -2))
	case "nil":
		panic(nil)
	case "runtime":
		m["x"] = 1
	case "index":
		s := []int{1}
		fmt.Println(s[len(os.Args)+3])
	case "nilptr":
		var e *E
		fmt.Println(e.n)
	case "again":
		defer func() {
			r := recover()
			panic(fmt.Sprint("again ", r))
		}()
		panic("once")
	case "chain":
		defer func() { panic("second") }()
		panic("first")
	case "rune":
		panic('x')
	case "goroutine":
		go func() { panic("in goroutine") }()
		select {}
	case "deadlock":
		ch := make(chan int)
		<-ch
	case "deadlock2":
		go func() { select {} }()
		var c chan int
		c <- 1
	case "exit":
		os.Exit(7)
	case "divide":
		fmt.Println(10 / (len(os.Args) - 2))
	case "typeassert":
		var x interface{} = "s"
		fmt.Println(x.(int))
	case "mapwrite":
		panic(fmt.Errorf("wrapped: %w", os.ErrPermission))
	}
	fmt.Println("end of main")
}
