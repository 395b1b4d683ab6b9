// Whatever the capacity, each value that is sent is received once, and each sender's values in order.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"sync"
)

func run(capacity int) {
	const senders, receivers, each = 16, 16, 2000
	c := make(chan [2]int, capacity)
	var sw, rw sync.WaitGroup
	for s := 0; s < senders; s++ {
		sw.Add(1)
		go func(s int) {
			defer sw.Done()
			for i := 0; i < each; i++ {
				c <- [2]int{s, i}
			}
		}(s)
	}
	var mu sync.Mutex
	seen := make([]int, senders*each)
	disorder := 0
	for r := 0; r < receivers; r++ {
		rw.Add(1)
		go func() {
			defer rw.Done()
			var last [senders]int
			for i := range last {
				last[i] = -1
			}
			var own []int
			bad := 0
			for v := range c {
				if v[1] <= last[v[0]] {
					bad++
				}
				last[v[0]] = v[1]
				own = append(own, v[0]*each+v[1])
			}
			mu.Lock()
			defer mu.Unlock()
			disorder += bad
			for _, k := range own {
				seen[k]++
			}
		}()
	}
	sw.Wait()
	close(c)
	rw.Wait()
	wrong := 0
	for _, n := range seen {
		if n != 1 {
			wrong++
		}
	}
	fmt.Println(capacity, wrong, disorder)
}

func main() {
	for _, n := range []int{0, 1, 7, 128} {
		run(n)
	}
}
