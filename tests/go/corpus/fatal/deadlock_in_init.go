// Package initialisation that waits for ever.
//
//corpus:run {"procs":[1]}
package main

var c = make(chan int)

func init() {
	println("init")
	<-c
}

func main() { println("never") }
