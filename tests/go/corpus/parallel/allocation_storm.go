// All processors allocate and hand what they have made to others.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import (
	"fmt"
	"strings"
	"sync"
)

type list struct {
	next *list
	s    string
	m    map[int]string
}

func main() {
	var wg sync.WaitGroup
	c := make(chan *list, 10)
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 100; k++ {
				var l *list
				for n := 0; n < 10; n++ {
					l = &list{l, strings.Repeat(string(rune('a'+i)), n), map[int]string{n: fmt.Sprint(k)}}
				}
				c <- l
			}
		}(i)
	}
	go func() { wg.Wait(); close(c) }()
	sum, maps := 0, 0
	for l := range c {
		for ; l != nil; l = l.next {
			sum += len(l.s)
			maps += len(l.m)
		}
	}
	fmt.Println(sum, maps)
}
