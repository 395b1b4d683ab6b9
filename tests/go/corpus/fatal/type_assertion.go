// Type assertions that fail.
//
//corpus:run {"args":["concrete"],"procs":[1]}
//corpus:run {"args":["nil"],"procs":[1]}
//corpus:run {"args":["missing_method"],"procs":[1]}
//corpus:run {"args":["nil_interface"],"procs":[1]}
//corpus:run {"args":["pointer"],"procs":[1]}
//corpus:run {"args":["error"],"procs":[1]}
package main

import (
	"errors"
	"fmt"
	"os"
)

type I interface{ M() }
type J interface {
	M()
	N(int) string
}
type T struct{}

func (T) M() {}

type E struct{}

func (*E) Error() string { return "E" }

func main() {
	var x interface{} = "text"
	var none interface{}
	var i I = T{}
	var err error = errors.New("an error")
	switch os.Args[1] {
	case "concrete":
		fmt.Println(x.(int))
	case "nil":
		fmt.Println(none.(int))
	case "missing_method":
		fmt.Println(i.(J))
	case "nil_interface":
		fmt.Println(none.(I))
	case "pointer":
		fmt.Println(i.(*T2))
	case "error":
		fmt.Println(err.(*E))
	}
}

type T2 struct{ T }
