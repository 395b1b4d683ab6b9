// What the execution tracer is tried on: events of most kinds. The trace goes to the file that the first argument names.
package main

import (
	"context"
	"iter"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

func pull(n int) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	})
	defer stop()
	for {
		if _, ok := next(); !ok {
			return
		}
	}
}

func main() {
	f, _ := os.Create(os.Args[1])
	trace.Start(f)
	ctx, task := trace.NewTask(context.Background(), "job")
	c := make(chan int)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			trace.WithRegion(ctx, "region", func() {
				for range 5 {
					c <- i
					runtime.Gosched()
				}
			})
		}()
	}
	for range 15 {
		trace.Log(ctx, "got", "\"quoted\" é")
		<-c
	}
	wg.Wait()
	pull(3)
	time.Sleep(time.Millisecond)
	if len(os.Args) > 2 {
		runtime.GC() // its workers make tens of thousands of events on a busy machine
	}
	runtime.GOMAXPROCS(3)
	os.ReadFile("/proc/self/status")
	task.End()
	trace.Stop()
	f.Close()
}
