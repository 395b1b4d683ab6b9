// Package context: values, cancellation, deadlines, what waits for them.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

type key string

func main() {
	root := context.Background()
	fmt.Println(root, context.TODO())
	v := context.WithValue(root, key("k"), 1)
	fmt.Println(v.Value(key("k")), v.Value(key("none")), v.Err())
	ctx, cancel := context.WithCancel(v)
	child, cancelChild := context.WithCancel(ctx)
	grand := context.WithValue(child, key("g"), 2)
	var wg sync.WaitGroup
	n := make(chan string, 10)
	for i := 0; i < 5; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-grand.Done()
			n <- grand.Err().Error()
		}()
	}
	fmt.Println(grand.Value(key("k")), grand.Err())
	cancel()
	wg.Wait()
	fmt.Println(len(n), <-n, child.Err(), errors.Is(ctx.Err(), context.Canceled))
	cancelChild()
	cancel()
	d, cancelD := context.WithTimeout(root, 5*time.Millisecond)
	defer cancelD()
	_, has := d.Deadline()
	<-d.Done()
	fmt.Println(has, d.Err(), errors.Is(d.Err(), context.DeadlineExceeded), d.Err() == context.DeadlineExceeded)
	far, cancelFar := context.WithDeadline(root, time.Now().Add(time.Hour))
	near, cancelNear := context.WithTimeout(far, 2*time.Hour)
	a, _ := far.Deadline()
	b, _ := near.Deadline()
	fmt.Println(a.Equal(b))
	cancelFar()
	<-near.Done()
	fmt.Println(near.Err())
	cancelNear()
	past, cancelPast := context.WithDeadline(root, time.Now().Add(-time.Second))
	fmt.Println(past.Err())
	cancelPast()
}
