// A sort that starts a goroutine for each half.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"sync"
)

func qsort(a []int, wg *sync.WaitGroup) {
	defer wg.Done()
	if len(a) < 2 {
		return
	}
	p, i := a[len(a)/2], 0
	a[len(a)/2], a[len(a)-1] = a[len(a)-1], a[len(a)/2]
	for j := range a[:len(a)-1] {
		if a[j] < p {
			a[i], a[j] = a[j], a[i]
			i++
		}
	}
	a[i], a[len(a)-1] = a[len(a)-1], a[i]
	wg.Add(2)
	go qsort(a[:i], wg)
	go qsort(a[i+1:], wg)
}

func main() {
	a := make([]int, 20000)
	x := uint32(1)
	for i := range a {
		x = x*1664525 + 1013904223
		a[i] = int(x >> 8)
	}
	var wg sync.WaitGroup
	wg.Add(1)
	go qsort(a, &wg)
	wg.Wait()
	for i := 1; i < len(a); i++ {
		if a[i-1] > a[i] {
			fmt.Println("not sorted at", i)
			return
		}
	}
	fmt.Println("sorted", len(a))
}
