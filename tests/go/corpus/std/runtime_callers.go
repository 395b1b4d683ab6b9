// runtime.Caller, Callers, FuncForPC, Stack: who calls.
package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

//go:noinline
func where() string {
	_, file, line, ok := runtime.Caller(1)
	return fmt.Sprint(filepath.Base(file), ":", line, " ", ok)
}

type T struct{}

//go:noinline
func (T) method() string { return where() }

//go:noinline
func outer() []string { return inner() }

//go:noinline
func inner() []string {
	pcs := make([]uintptr, 20)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	var names []string
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "main.") {
			names = append(names, fmt.Sprint(f.Function, ":", f.Line))
		}
		if !more {
			return names
		}
	}
}

func main() {
	fmt.Println(where())
	fmt.Println(T{}.method())
	fmt.Println(outer())
	pc, _, _, ok := runtime.Caller(0)
	fmt.Println(runtime.FuncForPC(pc).Name(), ok)
	_, _, _, ok = runtime.Caller(1000)
	fmt.Println(ok)
	buf := make([]byte, 4096)
	s := string(buf[:runtime.Stack(buf, false)])
	fmt.Println(strings.SplitN(s, "\n", 2)[0], strings.Contains(s, "main.main("))
	fmt.Println(runtime.GOOS, runtime.GOARCH, runtime.NumGoroutine(), runtime.NumCPU() > 0, runtime.Version() != "")
}
