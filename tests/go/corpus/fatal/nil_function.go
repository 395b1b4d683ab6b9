// Calling a nil function is a nil dereference; a go statement with one ends the program.
//
//corpus:run {"args":["call"],"procs":[1]}
//corpus:run {"args":["defer"],"procs":[1]}
//corpus:run {"args":["go"],"procs":[1]}
//corpus:run {"args":["recover"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

func main() {
	var f func()
	switch os.Args[1] {
	case "call":
		f()
	case "defer":
		defer f()
		fmt.Println("body")
	case "go":
		go f()
		fmt.Println("never")
	case "recover":
		defer func() { fmt.Println(recover()) }()
		f()
	}
}
