// Deep recursion with everything that a call can pass: on gort each kind crosses from one segment of the stack to the next,
// with GORTSPLIT=tight at every call.
//
//corpus:run {"procs": [1, 2, 8]}
//corpus:run {"name": "freed", "procs": [1, 2, 8], "env": {"GORTSPLIT": "free"}}
//corpus:run {"name": "tight", "procs": [1, 2, 8], "args": ["3000"], "env": {"GORTSPLIT": "tight"}}
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

type big struct {
	a [7]int
	s string
}

// Not to be seen through by the compilers: what they know of a frame they leave out.
//
//go:noinline
func set(a []int, n int) { a[n%len(a)] = n }

//go:noinline
func get(a []int, n int) int { return a[n%len(a)] }

//go:noinline
func plain(n int) int {
	var pad [10]int
	set(pad[:], n)
	if n == 0 {
		return 0
	}
	r := plain(n-1) + 1
	return r + get(pad[:], n) - n
}

// Registers, stack arguments, a structure and a slice by value, a result in memory.
//
//go:noinline
func args(a, b, c, d, e, f, g, h int, s []int, v big, i interface{}, n int) (big, []int, int) {
	if a+b+c+d+e+f+g+h != 36+8*n || len(s) != 3 || s[1] != n || v.a[6] != -n || i.(int) != n {
		panic(fmt.Sprint("wrong arguments at ", n))
	}
	if n == 0 {
		return v, s, 1
	}
	w := v
	w.a[6]++
	w.s = "w"
	r, t, k := args(h-8, a, b, c, d, e, f, g, []int{0, n - 1, 2}, w, n-1, n-1)
	r.a[0]++
	return r, t, k + 1
}

//go:noinline
func floats(a, b, c, d, e, f, g, h, i, j float64, x float32, n int) (float64, float32) {
	if n == 0 {
		return a + b + c + d + e + f + g + h + i + j, x
	}
	r, y := floats(b, c, d, e, f, g, h, i, j, a, x, n-1)
	return r + 0.5, y + 1
}

//go:noinline
func complexes(c complex128, n int) complex128 {
	if n == 0 {
		return c
	}
	return complexes(c*1i, n-1) + 1
}

func closures(n int) func() int {
	m := n
	if n == 0 {
		return func() int { return m }
	}
	var f func(k int) int
	f = func(k int) int {
		if k == 0 {
			return m
		}
		return f(k-1) + 1
	}
	g := closures(n - 1)
	return func() int { return g() + f(1) - f(0) }
}

type shape interface{ area(n int) int }
type square struct{ s int }
type wide struct{ a, b, c, d int }

func (q *square) area(n int) int {
	if n == 0 {
		return q.s
	}
	var s shape = wide{q.s, 1, 1, 1}
	return s.area(n - 1)
}
func (w wide) area(n int) int {
	if n == 0 {
		return w.a * w.b
	}
	var s shape = &square{w.a + 1}
	return s.area(n - 1)
}

//go:noinline
func variadic(n int, x ...int) int {
	if n == 0 {
		return len(x)
	}
	x = append(append([]int(nil), x...), n, n, n)
	m := variadic(n-1, x[:1+n%3]...)
	return m + 1
}

//go:noinline
func defers(n int, sum *int) (r int) {
	defer func() { *sum += n; r++ }()
	if n == 0 {
		return 0
	}
	return defers(n-1, sum)
}

//go:noinline
func large(n int) int {
	var a [3000]int
	set(a[:], n)
	if n == 0 {
		return 0
	}
	r := large(n - 1)
	return r + get(a[:], n)
}

//go:noinline
func text(n int) string {
	if n == 0 {
		return ""
	}
	s := text(n - 1)
	if len(s) > 100 {
		s = ""
	}
	return s + strconv.Itoa(n%10)
}

//go:noinline
func talk(c chan int, n int) int {
	var pad [20]int
	set(pad[:], n)
	if n == 0 {
		return 0
	}
	c <- n
	v := <-c
	r := talk(c, n-1) + v
	if get(pad[:], n) != n {
		panic("frame changed")
	}
	return r
}

//go:noinline
func listen(c chan int, n int) int {
	if n == 0 {
		return 0
	}
	select {
	case v := <-c:
		c <- 2 * v
	}
	return listen(c, n-1) + 1
}

//go:noinline
func exits(n int, sum *int) {
	defer func() { *sum += plain(20) - 19 }()
	if n == 0 {
		runtime.Goexit()
	}
	exits(n-1, sum)
}

func all(d int) string {
	var out strings.Builder
	fmt.Fprintln(&out, plain(d))
	r, s, k := args(d+1, d+2, d+3, d+4, d+5, d+6, d+7, d+8, []int{0, d, 2}, big{a: [7]int{6: -d}}, d, d)
	fmt.Fprintln(&out, r, s, k)
	fmt.Fprintln(&out, fmt.Sprint(floats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0.5, d)), complexes(1+2i, d))
	fmt.Fprintln(&out, closures(d)(), (&square{3}).area(d), variadic(d), large(d/50))
	sum := 0
	fmt.Fprintln(&out, defers(d, &sum), sum, text(d))
	c, done := make(chan int), make(chan int)
	go func() { done <- listen(c, d/10) }()
	fmt.Fprintln(&out, talk(c, d/10), <-done)
	sum = 0
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		exits(d/10, &sum)
	}()
	wg.Wait()
	fmt.Fprintln(&out, sum)
	return out.String()
}

func main() {
	d := 20000
	if len(os.Args) > 1 {
		d, _ = strconv.Atoi(os.Args[1])
	}
	want := all(d)
	fmt.Print(want)
	// Many at the same time.
	var wg sync.WaitGroup
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got := all(d); got != want {
				panic("another goroutine: " + got)
			}
		}()
	}
	wg.Wait()
	fmt.Println("done")
}
