// runtime.Callers and runtime.Caller in deferred functions: the runtime's own calls between a deferred function and the one that panics
// count, whatever it was that panicked.
package main

import (
	"fmt"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"unsafe"
)

// What two compilers name differently.
var plain = strings.NewReplacer(
	"(*", "", ")", "",
	"panicdottypeE", "panicdottype",
	"runtime.typeAssert", "runtime.assertitab",
	"runtime.panicmakeslicelen", "runtime.checkMakeSlice",
)

func show(what string) {
	pcs := make([]uintptr, 50)
	pcs = pcs[:runtime.Callers(2, pcs)]
	fmt.Print(what, ":")
	frames := runtime.CallersFrames(pcs)
	n := 0
	for more := true; more; n++ {
		var f runtime.Frame
		f, more = frames.Next()
		fmt.Print(" ", plain.Replace(f.Function))
		if _, file, line, ok := runtime.Caller(n + 1); !ok || file != f.File || line != f.Line {
			fmt.Print(", but Caller says ", file, line, ok)
		}
	}
	fmt.Println()
	if _, _, _, ok := runtime.Caller(n + 1); ok {
		fmt.Println("Caller has more")
	}
}

func deferred(what string) {
	defer func() { show(what + ", nested") }()
	show(what)
	recover()
}

type thing struct{ x int }

func (t *thing) method() { show("a method") }

var (
	none    *thing
	ints    []int
	zero    int
	text    interface{} = "text"
	c       chan int
	strs    map[string]int
	nowhere = uintptr(0x123450)
)

//go:noinline
func explicit() {
	defer deferred("panic")
	panic(1)
}

//go:noinline
func nilPointer() {
	defer deferred("a nil pointer")
	none.x = 3
}

//go:noinline
func nilFunction() {
	defer deferred("a nil function")
	var f func()
	f()
}

//go:noinline
func fault() {
	defer deferred("a fault")
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	zero = *(*int)(*(*unsafe.Pointer)(unsafe.Pointer(&nowhere)))
}

//go:noinline
func index() {
	defer deferred("an index")
	ints[zero] = 3
}

//go:noinline
func slice() {
	defer deferred("a slice")
	ints = ints[5:zero]
}

//go:noinline
func conversion() {
	defer deferred("a slice as an array")
	fmt.Println(*(*[3]int)(ints))
}

//go:noinline
func divide() {
	defer deferred("a division")
	zero = 3 / zero
}

//go:noinline
func shift() {
	defer deferred("a shift")
	zero = 1 << (zero - 1)
}

//go:noinline
func assertion() {
	defer deferred("an assertion")
	zero = text.(int)
}

//go:noinline
func assertMethods() {
	defer deferred("an assertion of methods")
	fmt.Println(text.(fmt.Stringer))
}

//go:noinline
func compare() {
	defer deferred("a comparison")
	var a, b interface{} = ints, ints
	fmt.Println(a == b)
}

//go:noinline
func hash() {
	defer deferred("a hash")
	m := map[interface{}]int{}
	m[ints] = 1
}

//go:noinline
func nilMap() {
	defer deferred("a nil map")
	strs["a"] = 3
}

//go:noinline
func closeNil() {
	defer deferred("close of a nil channel")
	close(c)
}

func closed() chan int {
	c := make(chan int)
	close(c)
	return c
}

//go:noinline
func closeTwice() {
	defer deferred("close of a closed channel")
	close(closed())
}

//go:noinline
func sendClosed() {
	defer deferred("a send")
	closed() <- 1
}

//go:noinline
func selectClosed() {
	defer deferred("a select")
	select {
	case closed() <- 1:
	case <-c:
	}
}

//go:noinline
func selectDefault() {
	defer deferred("a select with a default")
	select {
	case closed() <- 1:
	default:
	}
}

//go:noinline
func makeChannel() {
	defer deferred("a channel's size")
	c = make(chan int, zero-1)
}

//go:noinline
func makeSlice() {
	defer deferred("a slice's size")
	ints = make([]int, zero-1)
}

//go:noinline
func waitGroup() {
	defer deferred("a WaitGroup")
	var w sync.WaitGroup
	w.Add(-1)
}

//go:noinline
func overtaken() {
	defer deferred("a second panic")
	defer func() { panic(2) }()
	panic(1)
}

//go:noinline
func goexit(done chan bool) {
	defer close(done)
	defer deferred("Goexit")
	runtime.Goexit()
}

//go:noinline
func returns() {
	defer deferred("a return")
}

//go:noinline
func loop() {
	for i := 0; i < 2; i++ {
		defer deferred("a return, from a loop")
	}
}

//go:noinline
func method() {
	defer none.method()
}

//go:noinline
func reflected() {
	reflect.ValueOf(deferred).Call([]reflect.Value{reflect.ValueOf("reflect")})
}

func main() {
	for _, f := range []func(){
		explicit, nilPointer, nilFunction, fault, index, slice, conversion, divide, shift, assertion, assertMethods, compare, hash, nilMap,
		closeNil, closeTwice, sendClosed, selectClosed, selectDefault, makeChannel, makeSlice, waitGroup, overtaken, returns, loop, method,
		reflected,
	} {
		f()
	}
	done := make(chan bool)
	go goexit(done)
	<-done
}
