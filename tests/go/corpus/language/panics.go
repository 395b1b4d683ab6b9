// Panics of every kind, recovered; nested, repeated, overtaken; Goexit.
//
//corpus:run {"procs":[0,1]}
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
)

type T struct {
	a   int
	p   *T
	big [1000]int
}

func (t T) Value() int   { return t.a }
func (t *T) Method() int { return t.a }
func (t *T) Rec()        { fmt.Println("method recovered:", recover()) }

type I interface{ M() }
type J interface {
	M()
	N()
}
type impl struct{}

func (impl) M() {}

type MyErr struct{ code int }

func (e MyErr) Error() string { return fmt.Sprint("code ", e.code) }

func try(name string, f func()) {
	defer func() {
		r := recover()
		_, isRt := r.(runtime.Error)
		fmt.Printf("%s: %v (%v, %T)\n", name, r, isRt, r)
	}()
	f()
	fmt.Println(name, "returned")
}

var zero, five, minus = 0, 5, -1

func nested() (s string) {
	defer func() { s = fmt.Sprint(s, " outer:", recover()) }()
	defer func() {
		defer func() { s = fmt.Sprint("inner:", recover()) }()
		panic("second")
	}()
	panic("first")
}

func replaced() (s string) {
	defer func() { s = fmt.Sprint("got:", recover()) }()
	defer func() { panic("new") }()
	panic("old")
}

func rethrow() (s string) {
	defer func() { s = fmt.Sprint("again:", recover()) }()
	defer func() {
		r := recover()
		panic(fmt.Sprint(r, "+"))
	}()
	panic("x")
}

func notDirect() (s string) {
	defer func() { s = fmt.Sprint("direct:", recover()) }()
	defer func() {
		func() { s = fmt.Sprint(recover()) }()
	}()
	panic("p")
}

func deepRec(n int) int {
	defer func() {
		if n == 50 {
			recover()
		}
	}()
	if n == 100 {
		panic("deep")
	}
	return deepRec(n+1) + 1
}

func loopDefers() (n int) {
	for i := 0; i < 100; i++ {
		defer func(k int) {
			if r := recover(); r != nil {
				n += 1000
			}
			n += k
		}(i)
	}
	panic(1)
}

func results() (a int, b string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("wrapped: %v", r)
		}
	}()
	a, b = 7, "seven"
	panic(MyErr{3})
}

func main() {
	var nilT *T
	var nilMap map[string]int
	var nilFunc func()
	var nilI I
	var e interface{} = "str"
	s := []int{1, 2, 3}
	arr := [3]int{}
	str := "abc"
	var ch chan int
	try("nil field", func() { fmt.Println(nilT.a) })
	try("nil far field", func() { fmt.Println(nilT.big[500]) })
	try("nil store", func() { nilT.a = 1 })
	try("nil method", func() { nilT.Method() })
	try("nil value method", func() { nilT.Value() })
	try("nil func", func() { nilFunc() })
	try("nil iface", func() { nilI.M() })
	try("nil map", func() { nilMap["a"] = 1 })
	try("nil map read", func() { fmt.Println(nilMap["a"], len(nilMap)) })
	try("divide", func() { fmt.Println(five / zero) })
	try("modulo", func() { fmt.Println(five % zero) })
	try("index", func() { fmt.Println(s[five]) })
	try("index neg", func() { fmt.Println(s[minus]) })
	try("array", func() { fmt.Println(arr[five]) })
	try("string", func() { fmt.Println(str[five]) })
	try("slice hi", func() { fmt.Println(s[:five]) })
	try("slice lo", func() { fmt.Println(s[five:]) })
	try("slice lo hi", func() { fmt.Println(s[3:zero]) })
	try("slice neg", func() { fmt.Println(s[minus:]) })
	try("slice str", func() { fmt.Println(str[2:five]) })
	try("slice3", func() { fmt.Println(s[0:1:five]) })
	try("slice3 b", func() { fmt.Println(s[0 : 3 : zero+1]) })
	try("slice3 c", func() { fmt.Println(s[3 : zero+1 : 3]) })
	try("to array", func() { fmt.Println(*(*[4]int)(s)) })
	try("assert", func() { fmt.Println(e.(int)) })
	try("assert iface", func() { fmt.Println(e.(I)) })
	try("assert nil", func() { fmt.Println(nilI.(J)) })
	try("assert method", func() { fmt.Println(I(impl{}).(J)) })
	try("assert type", func() { fmt.Println(I(impl{}).(*T2)) })
	try("make len", func() { _ = make([]int, minus) })
	try("make cap", func() { _ = make([]int, 5, five-1) })
	try("make chan", func() { _ = make(chan int, minus) })
	try("close nil", func() { close(ch) })
	try("close twice", func() { c := make(chan int); close(c); close(c) })
	try("send closed", func() { c := make(chan int, 1); close(c); c <- 1 })
	try("shift", func() { fmt.Println(1 << minus) })
	try("hash", func() { m := map[interface{}]int{}; m[[]int{1}] = 2 })
	try("compare", func() { var a, b interface{} = []int{1}, []int{1}; fmt.Println(a == b) })
	try("compare struct", func() {
		var a, b interface{} = struct{ f func() }{}, struct{ f func() }{}
		fmt.Println(a == b)
	})
	try("error", func() { panic(errors.New("custom")) })
	try("value", func() { panic(MyErr{7}) })
	try("wrapped", func() { panic(fmt.Errorf("w: %w", os.ErrNotExist)) })
	try("goroutine select send", func() {
		c := make(chan int)
		close(c)
		d := make(chan int)
		select {
		case c <- 1:
		case <-d:
		}
	})
	try("repeat", func() { strings.Repeat("x", minus) })
	fmt.Println(nested())
	fmt.Println(replaced())
	fmt.Println(rethrow())
	fmt.Println(notDirect())
	fmt.Println(deepRec(0))
	fmt.Println(loopDefers())
	fmt.Println(results())
	func() {
		defer func() { fmt.Println("after nil:", recover()) }()
		defer func() { recover() }()
		panic("gone")
	}()
	func() {
		t := &T{}
		defer t.Rec()
		panic("to method")
	}()

	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer fmt.Println("goexit deferred")
		func() {
			defer func() { fmt.Println("goexit recover:", recover()) }()
			runtime.Goexit()
		}()
		fmt.Println("not reached")
	}()
	wg.Wait()
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer func() {
			func() {
				defer func() { fmt.Println("inside goexit:", recover()) }()
				panic("during goexit")
			}()
			fmt.Println("goes on")
		}()
		runtime.Goexit()
	}()
	wg.Wait()
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer func() { fmt.Println("last:", recover()) }()
		defer func() { panic("overtakes goexit") }()
		runtime.Goexit()
	}()
	wg.Wait()
}

type T2 struct{}

func (*T2) M() {}
