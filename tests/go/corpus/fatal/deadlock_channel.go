// All goroutines wait on channels: the report says for what.
//
//corpus:run {"args":["receive"],"procs":[1]}
//corpus:run {"args":["send"],"procs":[1]}
//corpus:run {"args":["send_full"],"procs":[1]}
//corpus:run {"args":["range"],"procs":[1]}
//corpus:run {"args":["nil_receive"],"procs":[1]}
//corpus:run {"args":["nil_send"],"procs":[1]}
package main

import "os"

func main() {
	c := make(chan int)
	var none chan int
	switch os.Args[1] {
	case "receive":
		<-c
	case "send":
		c <- 1
	case "send_full":
		d := make(chan int, 2)
		for {
			d <- 1
		}
	case "range":
		for range c {
		}
	case "nil_receive":
		<-none
	case "nil_send":
		none <- 1
	}
}
