// Panics during panics: the report shows the chain and which were recovered.
//
//corpus:run {"args":["deferred"],"procs":[1]}
//corpus:run {"args":["repanic"],"procs":[1]}
//corpus:run {"args":["repanic_twice"],"procs":[1]}
//corpus:run {"args":["three"],"procs":[1]}
//corpus:run {"args":["recovered_inside"],"procs":[1]}
//corpus:run {"args":["other_value"],"procs":[1]}
//corpus:run {"args":["runtime"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

func main() {
	switch os.Args[1] {
	case "deferred":
		defer func() { panic("second") }()
		panic("first")
	case "repanic":
		defer func() { panic(recover()) }()
		panic("again")
	case "repanic_twice":
		defer func() { panic(recover()) }()
		defer func() { panic(recover()) }()
		panic("again")
	case "three":
		defer func() { panic("third") }()
		defer func() { panic("second") }()
		panic("first")
	case "recovered_inside":
		defer func() {
			func() {
				defer func() { fmt.Println("inner", recover()) }()
				panic("inside")
			}()
		}()
		panic("outside")
	case "other_value":
		defer func() {
			r := recover()
			panic(fmt.Errorf("wrapped: %v", r))
		}()
		panic("cause")
	case "runtime":
		defer func() {
			var m map[int]int
			m[1] = 1
		}()
		var p *int
		*p = 1
	}
}
