// Deleting and inserting while a map is iterated: what is deleted does not come, what was there comes once.
package main

import (
	"fmt"
	"math"
)

func main() {
	m := map[int]int{}
	for i := 0; i < 1000; i++ {
		m[i] = i
	}
	seen := map[int]int{}
	deletedSeen := 0
	deleted := map[int]bool{}
	for k := range m {
		if deleted[k] {
			deletedSeen++
		}
		seen[k]++
		if k < 1000 {
			d := (k * 7) % 1000
			if seen[d] == 0 {
				delete(m, d)
				deleted[d] = true
			}
			m[k+5000] = 1
		}
	}
	twice, missing := 0, 0
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	for i := 0; i < 1000; i++ {
		if seen[i] == 0 && !deleted[i] {
			missing++
		}
	}
	fmt.Println(deletedSeen, twice, missing)
	for k := range m {
		delete(m, k)
	}
	fmt.Println(len(m))
	nan := map[float64]int{math.NaN(): 1}
	nan[math.NaN()] = 2
	nan[0] = 3
	nan[math.Copysign(0, -1)]++
	_, ok := nan[math.NaN()]
	fmt.Println(len(nan), ok, nan[0])
	orders := map[string]bool{}
	small := map[int]bool{0: true, 1: true, 2: true, 3: true}
	for i := 0; i < 200; i++ {
		s := ""
		for k := range small {
			s += fmt.Sprint(k)
		}
		orders[s] = true
	}
	fmt.Println(len(orders) > 1)
}
