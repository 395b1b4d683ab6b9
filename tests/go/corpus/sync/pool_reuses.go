// A pool gives back what was put into it, or makes something new.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"sync"
)

type buf struct{ n int }

func main() {
	made := 0
	p := sync.Pool{New: func() interface{} { made++; return &buf{made} }}
	a := p.Get().(*buf)
	fmt.Println(a.n, made)
	p.Put(a)
	fmt.Println(p.Get().(*buf).n, made)
	for i := 100; i < 105; i++ {
		p.Put(&buf{i})
	}
	seen := map[int]bool{}
	for i := 0; i < 5; i++ {
		seen[p.Get().(*buf).n] = true
	}
	fmt.Println(len(seen), seen[100], seen[104], made)
	fmt.Println(p.Get().(*buf).n)
	var none sync.Pool
	fmt.Println(none.Get())
}
