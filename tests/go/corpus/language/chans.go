// Channels and select.
//
//corpus:run {"procs":[0,1,4]}
package main

import (
	"fmt"
	"runtime"
	"sort"
	"sync"
	"time"
)

func sieve(n int) (out []int) {
	ch := make(chan int)
	go func(ch chan int) {
		for i := 2; ; i++ {
			ch <- i
		}
	}(ch)
	for i := 0; i < n; i++ {
		p := <-ch
		out = append(out, p)
		next := make(chan int)
		go func(in, out chan int) {
			for {
				if i := <-in; i%p != 0 {
					out <- i
				}
			}
		}(ch, next)
		ch = next
	}
	return
}

func ring(n, rounds int) int {
	first := make(chan int)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	v := 0
	for i := 0; i < rounds; i++ {
		first <- v
		v = <-in
	}
	close(first)
	_, ok := <-in
	if ok {
		return -1
	}
	return v
}

type msg struct {
	id   int
	text string
	big  [50]int
}

func main() {
	fmt.Println(sieve(30))
	fmt.Println(ring(10000, 3))

	c := make(chan msg, 3)
	go func() {
		for i := 0; i < 10; i++ {
			m := msg{id: i, text: fmt.Sprint("m", i)}
			m.big[49] = i
			c <- m
		}
		close(c)
	}()
	for m := range c {
		fmt.Print(m.id, m.text, m.big[49], " ")
	}
	m, ok := <-c
	fmt.Println(m.id, m.text == "", ok, len(c), cap(c))

	// Fan in through select, with a timeout that does not come.
	a, b, done := make(chan int), make(chan string), make(chan struct{})
	go func() {
		for i := 0; i < 500; i++ {
			a <- i
		}
		done <- struct{}{}
	}()
	go func() {
		for i := 0; i < 500; i++ {
			b <- "x"
		}
		done <- struct{}{}
	}()
	sum, n, ends := 0, 0, 0
	timeout := time.After(time.Minute)
	for ends < 2 {
		select {
		case v := <-a:
			sum += v
		case s := <-b:
			n += len(s)
		case <-done:
			ends++
		case <-timeout:
			fmt.Println("timeout")
			return
		}
	}
	fmt.Println(sum, n)

	// Send and receive in one select, both ways at once.
	x := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	sent, got := 0, 0
	for g := 0; g < 8; g++ {
		wg.Add(1)
		go func(g int) {
			defer wg.Done()
			for i := 0; i < 200; i++ {
				if g%2 == 0 {
					select {
					case x <- i:
						mu.Lock()
						sent++
						mu.Unlock()
					}
				} else {
					select {
					case <-x:
						mu.Lock()
						got++
						mu.Unlock()
					}
				}
			}
		}(g)
	}
	wg.Wait()
	fmt.Println(sent, got)

	var nilc chan int
	select {
	case <-nilc:
		fmt.Println("impossible")
	case nilc <- 1:
		fmt.Println("impossible")
	default:
		fmt.Println("default")
	}
	full := make(chan int, 1)
	full <- 1
	select {
	case full <- 2:
		fmt.Println("impossible")
	default:
		fmt.Println("full")
	}
	select {
	case v, ok := <-full:
		fmt.Println(v, ok)
	default:
	}
	close(full)
	v, ok := <-full
	fmt.Println(v, ok)

	// Fairness of select.
	p, q := make(chan int, 1000), make(chan int, 1000)
	for i := 0; i < 1000; i++ {
		p <- 1
		q <- 1
	}
	np := 0
	for i := 0; i < 1000; i++ {
		select {
		case <-p:
			np++
		case <-q:
		}
	}
	fmt.Println("fair:", np > 300 && np < 700)

	// Workers.
	jobs, results := make(chan int, 100), make(chan int, 100)
	for w := 0; w < 4; w++ {
		go func() {
			for j := range jobs {
				results <- j * j
				runtime.Gosched()
			}
		}()
	}
	for i := 0; i < 50; i++ {
		jobs <- i
	}
	close(jobs)
	var rs []int
	for i := 0; i < 50; i++ {
		rs = append(rs, <-results)
	}
	sort.Ints(rs)
	fmt.Println(rs[0], rs[49], len(rs))

	// Close wakes all.
	start := make(chan struct{})
	var up sync.WaitGroup
	cnt := make(chan int, 100)
	for i := 0; i < 100; i++ {
		up.Add(1)
		go func() {
			up.Done()
			<-start
			cnt <- 1
		}()
	}
	up.Wait()
	close(start)
	t := 0
	for i := 0; i < 100; i++ {
		t += <-cnt
	}
	fmt.Println(t)

	var ro <-chan int = jobs
	_, ok = <-ro
	fmt.Println(ok)
	cc := make(chan chan int, 1)
	ci := make(chan int, 1)
	cc <- ci
	(<-cc) <- 5
	fmt.Println(<-ci)
	zero := make(chan struct{}, 5)
	for i := 0; i < 5; i++ {
		zero <- struct{}{}
	}
	fmt.Println(len(zero))
}
