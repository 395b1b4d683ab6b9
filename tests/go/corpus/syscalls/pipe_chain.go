// A chain of goroutines that hand a byte on through pipes, in blocking system calls.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"syscall"
)

func main() {
	const n = 20
	var first [2]int
	syscall.Pipe(first[:])
	in := first[0]
	for i := 0; i < n; i++ {
		var p [2]int
		syscall.Pipe(p[:])
		go func(in, out int) {
			b := make([]byte, 1)
			for {
				k, err := syscall.Read(in, b)
				if err == syscall.EINTR {
					continue
				}
				if k <= 0 {
					syscall.Close(out)
					return
				}
				b[0]++
				syscall.Write(out, b)
			}
		}(in, p[1])
		in = p[0]
	}
	b := make([]byte, 1)
	for round := byte(0); round < 10; round++ {
		syscall.Write(first[1], []byte{round})
		syscall.Read(in, b)
		fmt.Println(round, b[0])
	}
	syscall.Close(first[1])
	k, _ := syscall.Read(in, b)
	fmt.Println("end", k)
}
