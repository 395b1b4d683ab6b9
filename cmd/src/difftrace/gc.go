// Added to the programs of gort diff --trace on real Go: a trace from here on, read when a buffer
// is full and at the end. No import that starts goroutines.
package main

import (
	"runtime"
	"syscall"
	_ "unsafe"
)

type zzGortHook struct {
	F            func()
	RunOnFailure bool
}

//go:linkname zzGortAdd internal/runtime/exithook.Add
func zzGortAdd(h zzGortHook)

func init() {
	name, ok := syscall.Getenv("GORT_TRACE")
	if !ok {
		return
	}
	fd, err := syscall.Open(name, syscall.O_CREAT|syscall.O_TRUNC|syscall.O_WRONLY|syscall.O_CLOEXEC, 0o644)
	if err != nil || runtime.StartTrace() != nil {
		return
	}
	done := make(chan bool)
	go func() {
		for b := runtime.ReadTrace(); b != nil; b = runtime.ReadTrace() {
			for len(b) > 0 {
				n, err := syscall.Write(fd, b)
				if err != nil {
					break
				}
				b = b[n:]
			}
		}
		done <- true
	}()
	zzGortAdd(zzGortHook{func() { runtime.StopTrace(); <-done }, true})
}
