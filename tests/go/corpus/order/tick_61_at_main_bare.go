// The same in a program that imports nothing but runtime.
//
//corpus:run {"order":true}
package main

import "runtime"

var events [300]int
var n int

func log(i int) {
	events[n] = i
	n++
}

func main() {
	for i := 0; i < 200; i++ {
		go log(i)
	}
	for i := 0; i < 4; i++ {
		runtime.Gosched()
		log(-1)
	}
	for _, e := range events[:n] {
		println(e)
	}
}
