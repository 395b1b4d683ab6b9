// What a go statement can start: functions, closures, methods, method values, interface methods, builtins wrapped.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

type T struct{ n int }

func (t T) val(s string)  { log("val ", t.n, s) }
func (t *T) ptr(s string) { log("ptr ", t.n, s) }

type I interface{ val(string) }

func plain(a int, b string, c float64, d []int, e map[string]int) { log(a, b, c, d, e) }

func main() {
	t := T{1}
	f := t.val
	var i I = T{2}
	go plain(1, "two", 3.5, []int{4}, map[string]int{"five": 5})
	go t.val(" a")
	go t.ptr(" b")
	go f(" c")
	go i.val(" d")
	go T.val(t, " e")
	go (*T).ptr(&t, " f")
	go func(xs ...int) { log(len(xs), xs) }(1, 2, 3)
	go close(make(chan int))
	go println()
	t.n = 7
	runtime.Gosched()
	show()
}
