// A ticker drops the ticks that nobody takes; Reset and Stop.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"time"
)

func main() {
	k := time.NewTicker(5 * time.Millisecond)
	last := time.Now()
	for i := 0; i < 5; i++ {
		now := <-k.C
		fmt.Println(i, now.After(last))
		last = now
	}
	time.Sleep(40 * time.Millisecond)
	waiting, start := 0, time.Now()
	for more := true; more; {
		select {
		case <-k.C:
			waiting++
		default:
			more = false
		}
	}
	// One, and those that have come since.
	fmt.Println("waiting", waiting > 0 && waiting <= 2+int(time.Since(start)/(5*time.Millisecond)))
	k.Reset(time.Hour)
	select {
	case <-k.C:
		fmt.Println("tick of an hour?")
	case <-time.After(20 * time.Millisecond):
		fmt.Println("none")
	}
	k.Stop()
	k.Reset(time.Millisecond)
	<-k.C
	k.Stop()
	time.Sleep(10 * time.Millisecond)
	select {
	case <-k.C:
		fmt.Println("after stop")
	default:
		fmt.Println("stopped")
	}
}
