// Channels of timers with each value of GODEBUG's asynctimerchan: whether what a timer has sent
// before it was stopped or set again can still be received.
//
//corpus:run {"name": "0", "env": {"GODEBUG": "asynctimerchan=0"}}
//corpus:run {"name": "1", "env": {"GODEBUG": "asynctimerchan=1"}}
//corpus:run {"name": "2", "env": {"GODEBUG": "asynctimerchan=2"}}
package main

import (
	"fmt"
	"time"
)

// due waits until a timer of a millisecond is due, and where that can be seen, until it has sent.
func due(c <-chan time.Time) {
	time.Sleep(5 * time.Millisecond)
	for cap(c) == 1 && len(c) == 0 {
		time.Sleep(time.Millisecond)
	}
}

func received(c <-chan time.Time) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func main() {
	t := time.NewTimer(time.Millisecond)
	due(t.C)
	fmt.Println("a timer:", len(t.C), cap(t.C))
	fmt.Println("stopped:", t.Stop(), received(t.C))

	t.Reset(time.Millisecond)
	due(t.C)
	fmt.Println("set again:", t.Reset(time.Hour), received(t.C))
	fmt.Println("running:", t.Stop(), received(t.C))

	k := time.NewTicker(time.Millisecond)
	due(k.C)
	k.Stop()
	fmt.Println("a ticker:", cap(k.C), received(k.C))

	a := time.After(time.Millisecond)
	due(a)
	fmt.Println("after:", len(a), cap(a), received(a))
}
