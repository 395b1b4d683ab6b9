// Elements of all sizes travel through channels: none, one byte, pointers, large arrays, interfaces.
//
//corpus:run {"procs":[1,4]}
package main

import "fmt"

type big [1000]int

func exchange(n int) {
	z := make(chan struct{}, n)
	y := make(chan byte, n)
	p := make(chan *int, n)
	b := make(chan big, n)
	i := make(chan interface{}, n)
	f := make(chan func() string, n)
	go func() {
		z <- struct{}{}
		y <- 'x'
		v := 42
		p <- &v
		var a big
		for k := range a {
			a[k] = k
		}
		b <- a
		i <- fmt.Sprint("iface")
		i <- 3.5
		i <- nil
		f <- func() string { return fmt.Sprint("closure ", v) }
	}()
	fmt.Println(<-z, <-y, *<-p)
	sum := 0
	for _, v := range <-b {
		sum += v
	}
	fmt.Println(sum, <-i, <-i, <-i, (<-f)())
}

func main() {
	exchange(0)
	exchange(1)
	exchange(5)
}
