// Functions of package runtime that libgo's other packages have the bodies of, in gofmt's order of imports (bug_pprof_numgoroutine).
package main

import (
	"fmt"
	"runtime"
	"runtime/pprof"
	"testing"
)

func main() {
	c := make(chan int)
	go func() { <-c }()
	runtime.Gosched()
	fmt.Println(runtime.NumGoroutine(), pprof.Lookup("goroutine") != nil, runtime.SetMutexProfileFraction(-1))
	var pcs [4]uintptr
	fmt.Println(runtime.Callers(0, pcs[:]) > 0, testing.AllocsPerRun(1, func() {}))
}
