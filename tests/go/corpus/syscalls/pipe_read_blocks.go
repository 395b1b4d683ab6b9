// With one processor a goroutine that blocks in read(2) does not keep the others from running.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"syscall"
)

func main() {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		fmt.Println(err)
		return
	}
	c := make(chan string)
	go func() {
		b := make([]byte, 100)
		for {
			n, err := syscall.Read(p[0], b)
			if n <= 0 {
				c <- fmt.Sprint("end ", n, " ", err)
				return
			}
			c <- string(b[:n])
		}
	}()
	for i := 0; i < 5; i++ {
		msg := fmt.Sprint("message ", i)
		syscall.Write(p[1], []byte(msg))
		fmt.Println(<-c)
	}
	syscall.Close(p[1])
	fmt.Println(<-c)
}
