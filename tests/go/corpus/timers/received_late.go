// What a timer's channel delivers is when the timer was due, not when it is received.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"time"
)

func main() {
	// Again if the machine stood still between two readings of the clock; the time of receipt is late each time.
	for late := true; late; {
		start := time.Now()
		t := time.NewTimer(time.Millisecond)
		time.Sleep(500 * time.Millisecond)
		due := (<-t.C).Sub(start)
		if due < time.Millisecond {
			panic("early")
		}
		late = due >= 400*time.Millisecond
	}
	fmt.Println(true, true)
}
