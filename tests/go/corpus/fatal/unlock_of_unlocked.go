// Unlocking what is not locked ends the program; nothing can recover from it.
//
//corpus:run {"args":["mutex"],"procs":[1]}
//corpus:run {"args":["mutex_twice"],"procs":[1]}
//corpus:run {"args":["rw_unlock"],"procs":[1]}
//corpus:run {"args":["rw_runlock"],"procs":[1]}
//corpus:run {"args":["rw_runlock_locked"],"procs":[1]}
package main

import (
	"fmt"
	"os"
	"sync"
)

func main() {
	defer fmt.Println("deferred")
	defer func() { fmt.Println(recover()) }()
	var mu sync.Mutex
	var rw sync.RWMutex
	switch os.Args[1] {
	case "mutex":
		mu.Unlock()
	case "mutex_twice":
		mu.Lock()
		mu.Unlock()
		mu.Unlock()
	case "rw_unlock":
		rw.Unlock()
	case "rw_runlock":
		rw.RUnlock()
	case "rw_runlock_locked":
		rw.Lock()
		rw.RUnlock()
	}
}
