// A bounded queue of a mutex and two condition variables.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"sync"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

type queue struct {
	mu                sync.Mutex
	notFull, notEmpty *sync.Cond
	items             []int
	size              int
}

func (q *queue) put(v int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == q.size {
		log("full")
		q.notFull.Wait()
	}
	q.items = append(q.items, v)
	q.notEmpty.Signal()
}

func (q *queue) get() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		log("empty")
		q.notEmpty.Wait()
	}
	v := q.items[0]
	q.items = q.items[1:]
	q.notFull.Signal()
	return v
}

func main() {
	q := &queue{size: 3}
	q.notFull, q.notEmpty = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	var wg sync.WaitGroup
	for p := 0; p < 2; p++ {
		wg.Add(2)
		go func(p int) {
			for i := 0; i < 8; i++ {
				q.put(10*p + i)
				log("put ", 10*p+i)
			}
			wg.Done()
		}(p)
		go func(p int) {
			for i := 0; i < 8; i++ {
				log(p, " got ", q.get())
			}
			wg.Done()
		}(p)
	}
	wg.Wait()
	show()
}
