// Package runtime as programs use it.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

func base(f string) string { return f[strings.LastIndex(f, "/")+1:] }

//go:noinline
func where(skip int) string {
	pc, file, line, ok := runtime.Caller(skip)
	if !ok {
		return "nowhere"
	}
	f := runtime.FuncForPC(pc)
	file2, line2 := f.FileLine(pc - 1)
	return fmt.Sprint(f.Name(), " ", base(file), ":", line, " ", file2 == file && line2 == line)
}

type T struct{}

//go:noinline
func (T) method() string { return where(1) }

//go:noinline
func frames() (names []string) {
	pc := make([]uintptr, 16)
	n := runtime.Callers(1, pc)
	fs := runtime.CallersFrames(pc[:n])
	for {
		f, more := fs.Next()
		names = append(names, fmt.Sprint(f.Function, ":", f.Line))
		if f.Function == "main.main" || !more {
			return
		}
	}
}

//go:noinline
func outer() []string { return func() []string { return frames() }() }

func goexits() {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		defer func() { fmt.Println("recovered", recover()) }()
		defer fmt.Println("deferred")
		runtime.Goexit()
		fmt.Println("not reached")
	}()
	wg.Wait()
}

func locks() {
	runtime.LockOSThread()
	c := make(chan int)
	go func() { c <- 1 }()
	fmt.Println("locked", <-c)
	runtime.UnlockOSThread()
	done := make(chan bool)
	go func() {
		// The thread ends with it.
		runtime.LockOSThread()
		done <- true
	}()
	<-done
}

var sink []byte

func memory() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < 1000; i++ {
		sink = make([]byte, 1000)
	}
	runtime.ReadMemStats(&after)
	fmt.Println("mallocs", after.Mallocs-before.Mallocs >= 1000, after.Mallocs-before.Mallocs < 1100)
	bytes := after.TotalAlloc - before.TotalAlloc
	fmt.Println("bytes", bytes >= 1000000, bytes < 1200000)
	fmt.Println("in use", after.HeapAlloc > 0, after.HeapSys >= after.HeapAlloc, after.Sys >= after.HeapSys)
	p := new([100]int)
	runtime.SetFinalizer(p, func(*[100]int) {})
	runtime.SetFinalizer(p, nil)
	runtime.GC()
	debug.FreeOSMemory()
	runtime.KeepAlive(p)
}

func settings() {
	fmt.Println("gc percent", debug.SetGCPercent(50), debug.SetGCPercent(-1), debug.SetGCPercent(100))
	old := debug.SetMaxStack(1 << 20)
	fmt.Println("max stack", old, debug.SetMaxStack(old))
	threads := debug.SetMaxThreads(5000)
	fmt.Println("max threads", threads, debug.SetMaxThreads(threads))
	fmt.Println("panic on fault", debug.SetPanicOnFault(true), debug.SetPanicOnFault(false))
	var st debug.GCStats
	debug.ReadGCStats(&st)
	fmt.Println("stats", len(st.Pause) == len(st.PauseEnd))
	debug.SetTraceback("all")
	n := runtime.GOMAXPROCS(3)
	fmt.Println("procs", n > 0, runtime.GOMAXPROCS(0), runtime.GOMAXPROCS(n), runtime.GOMAXPROCS(0) == n)
	fmt.Println("names", runtime.GOOS, runtime.GOARCH, strings.HasPrefix(runtime.Version(), "go1."), runtime.NumCPU() > 0)
}

//go:noinline
func dumps() {
	s := string(debug.Stack())
	fmt.Println("stack", strings.HasPrefix(s, "goroutine 1 [running]:\n"), strings.Contains(s, "main.dumps("), strings.Contains(s, "main.main("))
	block := make(chan int)
	started := make(chan bool)
	go func() {
		started <- true
		<-block
	}()
	<-started
	buf := make([]byte, 1<<16)
	for {
		all := string(buf[:runtime.Stack(buf, true)])
		if strings.Contains(all, "[chan receive]") {
			fmt.Println("others", strings.Contains(all, "main.dumps.func1"), strings.Contains(all, "created by main.dumps"))
			break
		}
		runtime.Gosched()
	}
	small := make([]byte, 9)
	fmt.Println("cut", runtime.Stack(small, false), string(small))
	close(block)
}

func main() {
	fmt.Println(where(0))
	fmt.Println(where(1))
	fmt.Println(T{}.method())
	fmt.Println(where(1000))
	for _, n := range outer() {
		fmt.Println(n)
	}
	f := T.method
	fmt.Println(f(T{}))
	var nowhere *runtime.Func
	fmt.Println(runtime.FuncForPC(1) == nil, nowhere.Name() == "")

	fmt.Println("goroutines", runtime.NumGoroutine())
	c := make(chan int)
	for i := 0; i < 10; i++ {
		go func() { <-c }()
	}
	fmt.Println("goroutines", runtime.NumGoroutine())
	close(c)
	for runtime.NumGoroutine() > 1 {
		time.Sleep(time.Millisecond)
	}
	goexits()
	locks()
	memory()
	settings()
	dumps()
	fmt.Fprintln(os.Stderr, "end")
}
