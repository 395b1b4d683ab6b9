// A pipeline whose first stage is told to stop. The same file runs on real Go and on gort:
//
//	gort run examples/go/pipeline.go
//	gort diff examples/go/pipeline.go
package main

import (
	"context"
	"fmt"
	"sync"
)

// numbers sends 1, 2, 3, ... until it is told to stop.
func numbers(ctx context.Context) <-chan int {
	c := make(chan int)
	go func() {
		defer close(c)
		for n := 1; ; n++ {
			select {
			case c <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// squares squares what it receives.
func squares(in <-chan int) <-chan int {
	c := make(chan int)
	go func() {
		defer close(c)
		for n := range in {
			c <- n * n
		}
	}()
	return c
}

func main() {
	ctx, stop := context.WithCancel(context.Background())
	in := numbers(ctx)
	sum := 0
	var mu sync.Mutex
	var workers sync.WaitGroup
	for i := 0; i < 3; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range squares(in) {
				mu.Lock()
				if n <= 100*100 {
					sum += n
				} else {
					stop()
				}
				mu.Unlock()
			}
		}()
	}
	workers.Wait()
	fmt.Println("the squares up to 100 add up to", sum)
}
