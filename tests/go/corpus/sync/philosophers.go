// Five philosophers who take the lower fork first never starve.
//
//corpus:run {"procs":[1,2,4]}
package main

import (
	"fmt"
	"runtime"
	"sync"
)

func main() {
	const n, meals = 5, 200
	var forks [n]sync.Mutex
	var wg sync.WaitGroup
	var eaten [n]int
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			a, b := i, (i+1)%n
			if a > b {
				a, b = b, a
			}
			for k := 0; k < meals; k++ {
				forks[a].Lock()
				runtime.Gosched()
				forks[b].Lock()
				eaten[i]++
				forks[b].Unlock()
				forks[a].Unlock()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(eaten)
}
