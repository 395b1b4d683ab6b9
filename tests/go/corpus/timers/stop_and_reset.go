// Stop and Reset tell whether the timer was still to fire; a stopped or reset timer never delivers an old value.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"time"
)

func main() {
	t := time.NewTimer(time.Hour)
	fmt.Println(t.Stop(), t.Stop(), t.Reset(time.Hour), t.Reset(time.Millisecond))
	<-t.C
	fmt.Println(t.Stop(), t.Reset(time.Millisecond))
	time.Sleep(20 * time.Millisecond)
	fmt.Println("fired, not received:", t.Stop())
	select {
	case <-t.C:
		fmt.Println("old value")
	default:
		fmt.Println("nothing")
	}
	t.Reset(time.Millisecond)
	time.Sleep(20 * time.Millisecond)
	fmt.Println(t.Reset(time.Hour))
	select {
	case <-t.C:
		fmt.Println("old value")
	default:
		fmt.Println("nothing")
	}
	n := 0
	ran := make(chan bool)
	f := time.AfterFunc(time.Hour, func() { n++; ran <- true })
	fmt.Println(f.Stop(), f.Reset(time.Millisecond), f.C == nil)
	<-ran
	fmt.Println(n, f.Stop())
	func() {
		defer func() { fmt.Println(recover()) }()
		new(time.Timer).Stop()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		time.NewTicker(0)
	}()
}
