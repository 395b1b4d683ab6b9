// Ends as the variable END says, with goroutines in several states.
package main

import (
	"sync"
	"syscall"
	"time"
)

type thing struct{ name string }

func main() {
	var mu sync.Mutex
	var rw sync.RWMutex
	c := make(chan int)
	mu.Lock()
	go mu.Lock()
	rw.RLock()
	go rw.Lock()
	for i := 0; i < 3; i++ {
		go func() { c <- 1 }()
	}
	go func() {
		select {
		case <-c:
		case <-make(chan int):
		}
		select {}
	}()
	time.Sleep(time.Millisecond)
	go rw.RLock()
	end, _ := syscall.Getenv("END")
	switch end {
	case "deadlock":
		<-(chan int)(nil)
	case "panic":
		panic("on purpose")
	case "error":
		var t *thing
		println(t.name)
	case "nested":
		defer func() { panic(recover().(string) + " and again") }()
		panic("once")
	}
}
