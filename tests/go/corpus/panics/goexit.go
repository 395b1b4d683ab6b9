// Goexit runs deferred calls, is not a panic, and cannot be recovered.
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

func run(name string, f func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer log(name, " deferred first")
		f()
		log(name, " returns")
	}()
	<-done
}

func deep(n int) {
	defer log("deep ", n)
	if n == 0 {
		runtime.Goexit()
	}
	deep(n - 1)
}

func main() {
	run("plain", func() { runtime.Goexit() })
	run("recover", func() {
		defer func() { log("recovered ", recover()) }()
		runtime.Goexit()
	})
	run("deep", func() { deep(3) })
	run("in defer", func() {
		defer func() {
			defer log("inner deferred")
			runtime.Goexit()
		}()
	})
	run("panic then goexit", func() {
		defer func() {
			log("goexit while panicking")
			runtime.Goexit()
		}()
		panic("lost")
	})
	run("goexit then panic", func() {
		defer func() { log("recovered ", recover()) }()
		defer func() { panic("in a deferred call") }()
		runtime.Goexit()
	})
	run("goexit twice", func() {
		defer func() { runtime.Goexit() }()
		runtime.Goexit()
	})
	run("return", func() {})
	show()
}
