// What channels refuse.
//
//corpus:run {"args":["close_nil"],"procs":[1]}
//corpus:run {"args":["close_closed"],"procs":[1]}
//corpus:run {"args":["send"],"procs":[1]}
//corpus:run {"args":["send_waiting"],"procs":[1]}
//corpus:run {"args":["select_send"],"procs":[1]}
//corpus:run {"args":["make_negative"],"procs":[1]}
//corpus:run {"args":["make_huge"],"procs":[1]}
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	c := make(chan int)
	n := len(os.Args)
	switch os.Args[1] {
	case "close_nil":
		c = nil
		close(c)
	case "close_closed":
		close(c)
		close(c)
	case "send":
		close(c)
		c <- 1
	case "send_waiting":
		go func() { c <- 1 }()
		runtime.Gosched()
		close(c)
		select {}
	case "select_send":
		close(c)
		select {
		case c <- 1:
		default:
		}
	case "make_negative":
		fmt.Println(make(chan int, 1-n))
	case "make_huge":
		fmt.Println(make(chan [1000]int, n<<55))
	}
}
