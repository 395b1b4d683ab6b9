// A write beyond the limit of files' sizes fails; the signal that comes with it is dropped (bug_signal_xfsz).
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func main() {
	lim := syscall.Rlimit{Cur: 4096, Max: 4096}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lim); err != nil {
		fmt.Println(err)
		return
	}
	f, err := os.CreateTemp("", "x")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	n, err := f.Write(make([]byte, 10000))
	fmt.Println(n, errors.Is(err, syscall.EFBIG))
}
