// A hundred thousand goroutines are all blocked at once: in a receive, in a send, in a select, for a mutex, for a WaitGroup. Then all go on, none is lost
// and none goes twice.
//
//corpus:run {"procs":[1,2,8]}
package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

const n = 20000 // of each kind

func main() {
	var (
		receive       = make(chan int)
		send          = make(chan int)
		first, second = make(chan int), make(chan int)
		mutex         sync.Mutex
		gate, ended   sync.WaitGroup
		arrived       int32
		received      int64
		selected      [2]int32
		locked, gone  int
		released      int32
	)
	start := func(f func(i int)) {
		ended.Add(n)
		for i := 0; i < n; i++ {
			go func(i int) {
				atomic.AddInt32(&arrived, 1)
				f(i)
				ended.Done()
			}(i)
		}
	}
	gate.Add(1)
	mutex.Lock()
	start(func(int) { atomic.AddInt64(&received, int64(<-receive)) })
	start(func(i int) { send <- i })
	start(func(int) {
		select {
		case <-first:
			atomic.AddInt32(&selected[0], 1)
		case second <- 1:
			atomic.AddInt32(&selected[1], 1)
		}
	})
	start(func(int) {
		mutex.Lock()
		locked++
		mutex.Unlock()
	})
	start(func(int) {
		gate.Wait()
		atomic.AddInt32(&released, 1)
	})
	for atomic.LoadInt32(&arrived) < 5*n {
		runtime.Gosched()
	}
	fmt.Println("goroutines", runtime.NumGoroutine())

	for i := 0; i < n; i++ {
		receive <- i
	}
	for i := 0; i < n; i++ {
		gone += <-send
	}
	for i := 0; i < n/2; i++ {
		first <- i
		<-second
	}
	fmt.Println("nobody has passed the mutex or the WaitGroup:", locked, atomic.LoadInt32(&released))
	mutex.Unlock()
	gate.Done()
	ended.Wait()
	fmt.Println("received", received, "sent", gone, "selected", selected, "locked", locked, "released", released)
	for runtime.NumGoroutine() > 1 {
		runtime.Gosched()
	}
	fmt.Println("none is left")
}
