// Records a trace of itself into the file that the first argument names, and another one with package testing into the second.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/trace"
	"sync"
	"testing"
)

func main() {
	f, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := trace.Start(f); err != nil {
		panic(err)
	}
	fmt.Println(trace.IsEnabled(), trace.Start(f))
	ctx, task := trace.NewTask(context.Background(), "job")
	var wg sync.WaitGroup
	c := make(chan int)
	for i := 0; i < 3; i++ {
		i := i
		wg.Add(1)
		go func() {
			defer wg.Done()
			trace.WithRegion(ctx, "region", func() { c <- i })
		}()
	}
	for i := 0; i < 3; i++ {
		trace.Logf(ctx, "got", "%q", <-c)
	}
	wg.Wait()
	task.End()
	trace.Stop()
	fmt.Println(trace.IsEnabled(), f.Close())

	os.Args = []string{"x", "-test.trace=" + os.Args[2]}
	testing.Main(func(pat, str string) (bool, error) { return true, nil }, []testing.InternalTest{
		{Name: "TestLog", F: func(t *testing.T) { trace.Log(context.Background(), "in", "a test") }},
	}, nil, nil)
}
