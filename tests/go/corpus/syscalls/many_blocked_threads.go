// Fifty goroutines block in read(2) at once, each on a thread of its own.
//
//corpus:run {"procs":[1,2]}
package main

import (
	"fmt"
	"sync"
	"syscall"
)

func main() {
	const n = 50
	var pipes [n][2]int
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := range pipes {
		if err := syscall.Pipe(pipes[i][:]); err != nil {
			fmt.Println(err)
			return
		}
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			b := make([]byte, 1)
			syscall.Read(pipes[i][0], b)
			mu.Lock()
			sum += int(b[0])
			mu.Unlock()
		}(i)
	}
	for i := n - 1; i >= 0; i-- {
		syscall.Write(pipes[i][1], []byte{byte(i)})
	}
	wg.Wait()
	fmt.Println(sum)
}
