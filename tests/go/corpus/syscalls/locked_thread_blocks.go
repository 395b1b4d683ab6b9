// A goroutine locked to its thread blocks in the kernel.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"runtime"
	"syscall"
)

func main() {
	var p [2]int
	syscall.Pipe(p[:])
	c := make(chan bool)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tid := syscall.Gettid()
		b := make([]byte, 1)
		for i := 0; i < 3; i++ {
			syscall.Read(p[0], b)
			c <- syscall.Gettid() == tid
		}
	}()
	for i := 0; i < 3; i++ {
		runtime.Gosched()
		syscall.Write(p[1], []byte{1})
		fmt.Println(<-c)
	}
}
