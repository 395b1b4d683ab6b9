// The arguments of a go statement and of a defer are evaluated at once, in the goroutine that says so.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func arg(s string) string {
	log("evaluates ", s)
	return s
}

func main() {
	func() {
		defer log("deferred ", arg("a"))
		go log("started ", arg("b"))
		defer log("deferred ", arg("c"))
		log("body")
	}()
	runtime.Gosched()
	show()
}
