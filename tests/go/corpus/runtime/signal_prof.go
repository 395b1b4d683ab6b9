// Notify for all signals leaves SIGPROF to the runtime, which drops it without a profile; after Reset SIGALRM is dropped (bug_signal_prof).
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	c := make(chan os.Signal, 100)
	signal.Notify(c, syscall.SIGPROF, syscall.SIGALRM)
	syscall.Kill(os.Getpid(), syscall.SIGPROF)
	syscall.Kill(os.Getpid(), syscall.SIGALRM)
	fmt.Println("first:", <-c)
	signal.Notify(c)
	syscall.Kill(os.Getpid(), syscall.SIGPROF)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	for s := range c {
		if s == syscall.SIGPROF {
			fmt.Println("delivered")
		}
		if s == syscall.SIGUSR1 {
			break
		}
	}
	signal.Reset()
	syscall.Kill(os.Getpid(), syscall.SIGALRM)
	syscall.Kill(os.Getpid(), syscall.SIGPROF)
	fmt.Println("still here")
}
