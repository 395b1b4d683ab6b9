// A panic value whose own methods panic.
//
//corpus:run {"args":["error_string"],"procs":[1],"messages":true}
//corpus:run {"args":["error_nil"],"procs":[1],"messages":true}
//corpus:run {"args":["stringer"],"procs":[1],"messages":true}
package main

import "os"

type E struct{ p *int }

func (e E) Error() string {
	if e.p == nil {
		panic("no text")
	}
	return "never"
}

type F struct{ p *int }

func (f F) Error() string { return string(rune(*f.p)) }

type S struct{}

func (S) String() string { panic(S{}) }

func main() {
	switch os.Args[1] {
	case "error_string":
		panic(E{})
	case "error_nil":
		panic(F{})
	case "stringer":
		panic(S{})
	}
}
