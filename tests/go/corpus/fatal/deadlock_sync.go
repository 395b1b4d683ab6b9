// All goroutines wait for locks and the like.
//
//corpus:run {"args":["mutex"],"procs":[1]}
//corpus:run {"args":["read_write"],"procs":[1]}
//corpus:run {"args":["write_read"],"procs":[1]}
//corpus:run {"args":["write_write"],"procs":[1]}
//corpus:run {"args":["waitgroup"],"procs":[1]}
//corpus:run {"args":["cond"],"procs":[1]}
//corpus:run {"args":["once"],"procs":[1]}
package main

import (
	"os"
	"sync"
)

func main() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var once sync.Once
	switch os.Args[1] {
	case "mutex":
		mu.Lock()
		mu.Lock()
	case "read_write":
		rw.RLock()
		rw.Lock()
	case "write_read":
		rw.Lock()
		rw.RLock()
	case "write_write":
		rw.Lock()
		rw.Lock()
	case "waitgroup":
		wg.Add(1)
		wg.Wait()
	case "cond":
		mu.Lock()
		sync.NewCond(&mu).Wait()
	case "once":
		once.Do(func() { once.Do(func() {}) })
	}
}
