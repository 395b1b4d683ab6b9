// Found by random programs: goroutines that wait for a RWMutex have reasons of their own (Go 1.20).
package main

import (
	"runtime"
	"sync"
)

func main() {
	var read, written sync.RWMutex
	read.RLock()
	written.Lock()
	go read.Lock()
	go written.RLock()
	go written.Lock()
	runtime.Gosched()
	go read.RLock()
	read.Lock()
}
