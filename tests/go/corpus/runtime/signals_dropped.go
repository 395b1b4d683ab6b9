// Signals that Go's runtime catches and drops unless os/signal asks for them do not end a program, neither before the first Notify nor after Stop
// (std_signals_dropped). What a program inherits as ignored: SIGHUP and SIGINT stay so, the others do not.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

func main() {
	if len(os.Args) > 2 {
		n, _ := strconv.Atoi(os.Args[1])
		s := syscall.Signal(n)
		if os.Args[2] == "stopped" {
			c := make(chan os.Signal, 1)
			signal.Notify(c, s)
			signal.Stop(c)
		}
		// A signal for this thread has been taken when the call returns.
		runtime.LockOSThread()
		_, _, e := syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(syscall.Gettid()), uintptr(n))
		if e != 0 {
			fmt.Println(e)
		}
		if signal.Ignored(s) {
			os.Exit(17)
		}
		return
	}
	for _, mode := range []string{"fresh", "stopped", "ignored"} {
		fmt.Print(mode, ":")
		for s := 1; s <= 64; s++ {
			switch syscall.Signal(s) {
			case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT, syscall.SIGCHLD, 32, 33:
				continue
			}
			if mode == "ignored" {
				signal.Ignore(syscall.Signal(s))
			}
			c := exec.Command(os.Args[0], strconv.Itoa(s), mode)
			if out, err := c.Output(); err == nil && len(out) == 0 {
				continue
			}
			switch w := c.ProcessState.Sys().(syscall.WaitStatus); {
			case w.Signaled():
				fmt.Printf(" %d(signal %d)", s, int(w.Signal()))
			default:
				fmt.Printf(" %d(status %d)", s, w.ExitStatus())
			}
		}
		fmt.Println()
	}
}
