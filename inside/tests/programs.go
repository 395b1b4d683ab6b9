// What the test builds twice: by unchanged Go, and with the port inside.
package main

import (
	"fmt"
	"runtime"
	"sort"
	"sync"
	"time"
)

type num interface{ ~int | ~float64 }

func sum[T num](xs ...T) (s T) {
	for _, x := range xs {
		s += x
	}
	return
}

func round(n int) int {
	c := make(chan int)
	var wg sync.WaitGroup
	for i := range 3000 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if i%100 == 0 {
				time.Sleep(time.Microsecond)
			}
			c <- sum(i, n)
			runtime.Gosched()
		}()
	}
	go func() { wg.Wait(); close(c) }()
	var xs []int
	for x := range c {
		xs = append(xs, x)
	}
	runtime.GC()
	sort.Ints(xs)
	return sum(xs...)
}

func locked() int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a, b := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		for x := range a {
			b <- x + 1
		}
		close(b)
	}()
	x := 0
	for range 200 {
		a <- x
		x = <-b
	}
	close(a)
	<-b
	return x
}

func spin() int {
	stop := make(chan int)
	n := 0
	go func() {
		for {
			n++ // never yields by itself
		}
	}()
	time.AfterFunc(time.Millisecond, func() { close(stop) })
	<-stop
	return 1
}

func main() {
	for n := range 5 {
		fmt.Println(n, round(n))
	}
	fmt.Println(locked(), spin(), sum(1.5, 2.5))
	old := runtime.GOMAXPROCS(3)
	fmt.Println(round(7))
	runtime.GOMAXPROCS(old)
	fmt.Println(round(8))
	defer fmt.Println("deferred")
	var m map[string]int
	m["x"] = 1
}
