// The names of functions: literals in literals, methods, `func init`, the initialisation of
// variables, method values and method expressions, as `FuncForPC`, `Callers` and a traceback show
// them.
package main

import (
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

//go:noinline
func where(tag string) {
	pcs := make([]uintptr, 20)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var names []string
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		names = append(names, f.Function)
	}
	pc, _, _, _ := runtime.Caller(1)
	fmt.Printf("%s: %s: %s\n", tag, runtime.FuncForPC(pc).Name(), strings.Join(names, " < "))
}

// stack shows the names in a traceback; the state and the number of a goroutine, arguments and
// places are left out.
//
//go:noinline
func stack(tag string) {
	fmt.Println(tag)
	for i, line := range strings.Split(string(debug.Stack()), "\n") {
		switch {
		case i == 0 || line == "" || line[0] == '\t':
		case strings.HasPrefix(line, "created by"):
			fmt.Println(" ", line[:strings.Index(line, " in goroutine")])
		default:
			fmt.Println(" ", line[:strings.LastIndex(line, "(")])
		}
	}
}

type T struct{ n int }

//go:noinline
func (t *T) Ptr() {
	where("Ptr")
	func() {
		where("in Ptr")
		func() { where("deeper"); func() { where("deepest") }() }()
		func() { where("beside") }()
	}()
	func() { where("second in Ptr") }()
}

//go:noinline
func (t T) Val() {
	where("Val")
	func() { where("in Val"); func() { where("deeper in Val") }() }()
}

type E struct{ T }
type P struct{ *T }

var value = func() string {
	where("variable")
	func() { where("in variable") }()
	stack("traceback of a variable")
	return "x"
}()

var later = func() { where("later"); func() { where("in later") }() }

var many = map[string]func(){
	"a": func() { where("a") },
	"b": func() { where("b") },
}

// Types that look like literals.
type fn func(func()) func(int) (func(), error)

var none []func()
var some = []func() func(){func() func() { return func() { where("returned") } }}

func init() {
	where("init")
	func() { where("in init"); func() { where("deeper in init") }() }()
}

func init() {
	where("second init")
	func() {
		where("in second init")
		stack("traceback in init")
	}()
}

func started(wg *sync.WaitGroup, tag string) {
	defer wg.Done()
	where(tag)
}

func deferred(tag string) { where(tag) }

//go:noinline
func defers() {
	defer deferred("deferred with arguments")
	defer func() { where("deferred literal"); defer deferred("deferred in a literal") }()
	defer func(s string) { where(s) }("deferred literal with arguments")
	var t T
	defer t.Val()
	f := t.Ptr
	f()
	g := T.Val
	g(t)
	h := (&E{}).Ptr
	h()
}

func name(f interface{}) {
	fmt.Println(runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name())
}

//go:noinline
func (t *T) panics() {
	defer func() { recover() }()
	func() {
		defer func() {
			func() {
				stack("traceback in a panic")
			}()
		}()
		panic("for the test")
	}()
}

func main() {
	var wg sync.WaitGroup
	run := func(f func()) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f()
		}()
		wg.Wait()
	}
	wg.Add(1)
	go started(&wg, "go with arguments")
	wg.Wait()
	wg.Add(1)
	go func(s string) {
		defer wg.Done()
		where(s)
		func() { where("in go") }()
	}("literal with arguments")
	wg.Wait()
	run(func() { where("run"); func() { where("in run") }() })
	run(defers)
	later()
	many["a"]()
	many["b"]()
	some[0]()()
	for i := 0; i < 2; i++ {
		func() { where("loop"); func() { where("in loop") }() }()
	}

	t := &T{}
	name(t.Ptr)
	name(t.Val)
	name((*T).Ptr)
	name(T.Val)
	e := E{}
	name(e.Ptr)
	name(e.Val)
	name(E.Val)
	name((*E).Ptr)
	p := P{t}
	name(p.Ptr)
	name(P.Ptr)
	name(wg.Done)
	name(main)
	name(strings.ToUpper)

	run(t.panics)
	run(func() { t.panics() })
	var once sync.Once
	once.Do(func() { stack("traceback through a library") })
}
