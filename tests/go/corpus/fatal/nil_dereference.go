// Reading and writing through nil pointers of all sorts.
//
//corpus:run {"args":["read"],"procs":[1]}
//corpus:run {"args":["write"],"procs":[1]}
//corpus:run {"args":["field"],"procs":[1]}
//corpus:run {"args":["array"],"procs":[1]}
//corpus:run {"args":["map"],"procs":[1]}
//corpus:run {"args":["goroutine"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

type T struct{ a, b, c int }

//go:noinline
func get() (*T, *int, *[10]int, map[string]int) { return nil, nil, nil, nil }

func main() {
	t, p, a, m := get()
	defer fmt.Println("deferred")
	switch os.Args[1] {
	case "read":
		fmt.Println(*p)
	case "write":
		*p = 1
	case "field":
		fmt.Println(t.c)
	case "array":
		fmt.Println(len(a))
		fmt.Println(a[3])
	case "map":
		fmt.Println(m["a"], len(m))
		delete(m, "a")
		m["a"] = 1
	case "goroutine":
		go func() { t.b++ }()
		select {}
	}
}
