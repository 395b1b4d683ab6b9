// While somebody is in a system call the others may wait for him.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"sync"
	"syscall"
)

func main() {
	var p [2]int
	syscall.Pipe(p[:])
	var wg sync.WaitGroup
	wg.Add(1)
	cmd, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "sleep 0.05; echo x"}, &syscall.ProcAttr{Files: []uintptr{0, uintptr(p[1]), 2}, Env: []string{"PATH=/usr/bin:/bin"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	syscall.Close(p[1])
	go func() {
		defer wg.Done()
		b := make([]byte, 10)
		n, _ := syscall.Read(p[0], b)
		fmt.Printf("%q\n", b[:n])
		var ws syscall.WaitStatus
		syscall.Wait4(cmd, &ws, 0, nil)
		fmt.Println(ws.Exited(), ws.ExitStatus())
	}()
	wg.Wait()
}
