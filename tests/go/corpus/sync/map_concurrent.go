// sync.Map under load.
//
//corpus:run {"procs":[1,2,8]}
package main

import (
	"fmt"
	"sync"
)

func main() {
	var m sync.Map
	var wg sync.WaitGroup
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for j := 0; j < 200; j++ {
				m.Store((i+1)*1000+j, j)
				m.LoadOrStore(j, i)
				if j%2 == 0 {
					m.Delete((i+1)*1000 + j)
				}
				m.Load(j / 2)
			}
		}(i)
	}
	wg.Wait()
	n, sum := 0, 0
	m.Range(func(k, v interface{}) bool {
		n++
		if k.(int) >= 1000 {
			sum += v.(int)
		}
		return true
	})
	fmt.Println(n, sum)
	v, ok := m.LoadAndDelete(5)
	_, ok2 := m.Load(5)
	fmt.Println(v.(int) < 20, ok, ok2)
}
