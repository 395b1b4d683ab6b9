// Timeouts of a loop that works: a watchdog that is reset.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"time"
)

func main() {
	work := make(chan int)
	go func() {
		for i := 0; i < 20; i++ {
			work <- i
		}
	}()
	watchdog := time.NewTimer(time.Hour)
	n := 0
	for {
		select {
		case <-work:
			n++
			if !watchdog.Stop() {
				fmt.Println("was not running")
			}
			d := time.Hour
			if n == 20 {
				d = 10 * time.Millisecond
			}
			watchdog.Reset(d)
			continue
		case <-watchdog.C:
			fmt.Println("no work any more after", n)
		}
		break
	}
}
