// Goroutines that go up and down their stacks all the time, and never stop by themselves, while others want to run: they are preempted at any
// instruction, also near the end of a segment.
//
//corpus:run {"procs": [1, 2, 8]}
//corpus:run {"name": "freed", "procs": [1, 2, 8], "env": {"GORTSPLIT": "free"}}
//corpus:run {"name": "tight", "procs": [1, 2, 8], "env": {"GORTSPLIT": "tight"}}
package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

var stop, running int32

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func sum(a, b, c, d, e, f, g, h int, x float64, n int) (int, float64) {
	var pad [40]int
	set(pad[:], n)
	if n == 0 {
		return a + b + c + d + e + f + g + h, x
	}
	r, y := sum(b, c, d, e, f, g, h, a, x+1, n-1)
	return r + get(pad[:], n) - n, y
}

func main() {
	done := make(chan int)
	for i := 0; i < 6; i++ {
		depth := 1 + i*i*40
		go func() {
			rounds := 0
			for atomic.LoadInt32(&stop) == 0 {
				s, x := sum(1, 2, 3, 4, 5, 6, 7, 8, 0.5, depth)
				if s != 36 || x != float64(depth)+0.5 {
					panic(fmt.Sprint(depth, s, x))
				}
				if rounds++; rounds == 1 {
					atomic.AddInt32(&running, 1)
				}
			}
			done <- 1
		}()
	}
	// Only runs if the others are interrupted.
	for i := 0; i < 30 || atomic.LoadInt32(&running) < 6; i++ {
		time.Sleep(5 * time.Millisecond)
	}
	atomic.StoreInt32(&stop, 1)
	n := 0
	for i := 0; i < 6; i++ {
		n += <-done
	}
	fmt.Println(n)
}
