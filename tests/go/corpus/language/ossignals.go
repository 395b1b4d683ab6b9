// Signals as package os/signal delivers them.
package main

//corpus:run {}
//corpus:run {"args": ["pipe"]}
//corpus:run {"args": ["term"]}

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func send(s syscall.Signal) { syscall.Kill(syscall.Getpid(), s) }

func get(name string, c chan os.Signal) { fmt.Println(name, <-c) }

func main() {
	c := make(chan os.Signal, 10)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGHUP)
	send(syscall.SIGUSR1)
	get("one", c)
	send(syscall.SIGHUP)
	get("two", c)

	d := make(chan os.Signal, 10)
	signal.Notify(d, syscall.SIGUSR1)
	send(syscall.SIGUSR1)
	get("both", c)
	get("both", d)
	signal.Stop(c)
	send(syscall.SIGUSR1)
	get("the other", d)
	fmt.Println("stopped", len(c))

	signal.Ignore(syscall.SIGHUP)
	fmt.Println("ignored", signal.Ignored(syscall.SIGHUP), signal.Ignored(syscall.SIGUSR1))
	send(syscall.SIGHUP)
	signal.Notify(c, syscall.SIGHUP)
	fmt.Println("ignored", signal.Ignored(syscall.SIGHUP))
	send(syscall.SIGHUP)
	get("again", c)

	// What asks for preemption does not reach those who ask for everything else.
	all := make(chan os.Signal, 10)
	signal.Notify(all)
	signal.Reset(syscall.SIGURG)
	send(syscall.SIGWINCH)
	for s := range all {
		if s != syscall.SIGURG {
			fmt.Println("all", s)
			break
		}
	}
	signal.Stop(all)

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	send(syscall.SIGTERM)
	<-ctx.Done()
	fmt.Println("context", ctx.Err() == context.Canceled)
	cancel()

	// A pipe without a reader: an error elsewhere, a signal only on standard output.
	r, w, _ := os.Pipe()
	r.Close()
	_, err := w.Write([]byte("x"))
	fmt.Println(err)
	p := make(chan os.Signal, 1)
	signal.Notify(p, syscall.SIGPIPE)
	syscall.Dup2(int(w.Fd()), 2)
	os.Stderr.Write([]byte("x"))
	get("pipe", p)
	signal.Stop(p)

	// Sleeping, not lost.
	go func() {
		time.Sleep(10 * time.Millisecond)
		send(syscall.SIGUSR1)
	}()
	get("later", d)
	if len(os.Args) > 1 {
		signal.Reset()
		switch os.Args[1] {
		case "pipe":
			os.Stderr.Write([]byte("x"))
		case "term":
			send(syscall.SIGTERM)
			time.Sleep(time.Minute)
		}
		fmt.Println("not reached")
	}
}
