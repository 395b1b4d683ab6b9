// The same without package fmt, whose initialisation starts a goroutine.
//
//corpus:run {"order":true}
package main

import "runtime"

func id() string {
	var b [64]byte
	s := string(b[:runtime.Stack(b[:], false)])
	for i := len("goroutine "); ; i++ {
		if s[i] == ' ' {
			return s[len("goroutine "):i]
		}
	}
}

func main() {
	println("main", id())
	c := make(chan string)
	for i := 0; i < 10; i++ {
		go func() { c <- id() }()
	}
	for i := 0; i < 10; i++ {
		println(<-c)
	}
}
