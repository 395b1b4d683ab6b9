// Values that cannot be map keys or compared, found at run time.
//
//corpus:run {"args":["key"],"procs":[1]}
//corpus:run {"args":["struct_key"],"procs":[1]}
//corpus:run {"args":["compare"],"procs":[1]}
//corpus:run {"args":["compare_struct"],"procs":[1]}
//corpus:run {"args":["delete"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

type S struct {
	a int
	b interface{}
}

func main() {
	m := map[interface{}]int{1: 1}
	var x, y interface{} = []int{1}, []int{1}
	f := func() {}
	switch os.Args[1] {
	case "key":
		m[x] = 1
	case "struct_key":
		m[S{1, map[string]int{}}] = 1
	case "compare":
		fmt.Println(x == y)
	case "compare_struct":
		fmt.Println(S{1, f} == S{2, f}, interface{}(S{1, f}) == interface{}(S{1, f}))
	case "delete":
		delete(m, x)
	}
}
