// Goroutines in a process whose memory is locked (bug_mlockall): since Linux 6.13 the kernel refuses guard regions there, and dead stacks
// cannot be given back. What the kernel says of the lock itself depends on the limits.
package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

func main() {
	if err := syscall.Mlockall(syscall.MCL_CURRENT | syscall.MCL_FUTURE); err != nil {
		os.Stderr.WriteString("not locked: " + err.Error() + "\n")
	}
	var wg sync.WaitGroup
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func() { wg.Done() }()
	}
	wg.Wait()
	fmt.Println("ok")
}
