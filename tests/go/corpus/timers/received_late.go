// What a timer's channel delivers is when the timer was due, not when it is received.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"time"
)

func main() {
	start := time.Now()
	t := time.NewTimer(time.Millisecond)
	time.Sleep(500 * time.Millisecond)
	due := (<-t.C).Sub(start)
	fmt.Println(due >= time.Millisecond, due < 400*time.Millisecond)
}
