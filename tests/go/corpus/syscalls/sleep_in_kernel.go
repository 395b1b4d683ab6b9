// nanosleep(2) blocks its thread only: the others count on.
//
//corpus:run {"procs":[1]}
package main

import (
	"fmt"
	"runtime"
	"syscall"
)

func main() {
	done := make(chan bool)
	go func() {
		ts := syscall.Timespec{Nsec: 30000000}
		for {
			var left syscall.Timespec
			if err := syscall.Nanosleep(&ts, &left); err != syscall.EINTR {
				break
			}
			ts = left
		}
		close(done)
	}()
	n := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			n++
			runtime.Gosched()
		}
	}
	fmt.Println(n > 1000)
}
