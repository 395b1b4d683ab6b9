// A cyclic barrier: nobody is a round ahead.
//
//corpus:run {"procs":[1,2,8]}
package main

import (
	"fmt"
	"sync"
)

type barrier struct {
	mu    sync.Mutex
	cond  *sync.Cond
	n     int
	count int
	round int
}

func (b *barrier) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	round := b.round
	if b.count++; b.count == b.n {
		b.count = 0
		b.round++
		b.cond.Broadcast()
		return
	}
	for b.round == round {
		b.cond.Wait()
	}
}

func main() {
	const n, rounds = 20, 50
	b := &barrier{n: n}
	b.cond = sync.NewCond(&b.mu)
	var wg sync.WaitGroup
	var at [n]int
	bad := make([]int, n)
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for r := 0; r < rounds; r++ {
				at[i] = r
				b.wait()
				for _, x := range at {
					if x != r {
						bad[i]++
					}
				}
				b.wait()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(at[0], bad)
}
