// Package net: TCP on loopback, deadlines, half-close, errors.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// refuses is an address where nobody listens, and nobody else can: a socket is bound to it.
func refuses() string {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		err = syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		panic(err)
	}
	sa, err := syscall.Getsockname(s)
	if err != nil {
		panic(err)
	}
	return fmt.Sprint("127.0.0.1:", sa.(*syscall.SockaddrInet4).Port)
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	addr := l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s := bufio.NewScanner(c)
				for s.Scan() {
					fmt.Fprintf(c, "echo %s\n", s.Text())
				}
				fmt.Fprintf(c, "bye\n")
			}()
		}
	}()
	var wg sync.WaitGroup
	results := make([]string, 20)
	for i := range results {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c, err := net.Dial("tcp", addr)
			if err != nil {
				results[i] = err.Error()
				return
			}
			for k := 0; k < 3; k++ {
				fmt.Fprintf(c, "%d.%d\n", i, k)
			}
			c.(*net.TCPConn).CloseWrite()
			all, err := io.ReadAll(c)
			results[i] = fmt.Sprintf("%q %v", all, err)
			c.Close()
		}(i)
	}
	wg.Wait()
	for _, r := range results {
		fmt.Println(r)
	}
	c, _ := net.Dial("tcp", addr)
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	var ne net.Error
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout(), strings.HasSuffix(err.Error(), "i/o timeout"))
	c.SetReadDeadline(time.Time{})
	go func() { time.Sleep(5 * time.Millisecond); c.Close() }()
	_, err = c.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, net.ErrClosed), strings.HasSuffix(err.Error(), "use of closed network connection"))
	_, err = c.Write([]byte("x"))
	fmt.Println(errors.Is(err, net.ErrClosed))
	l.Close()
	_, err = l.Accept()
	fmt.Println(errors.Is(err, net.ErrClosed))
	closed := refuses()
	_, err = net.Dial("tcp", closed)
	fmt.Println(strings.ReplaceAll(fmt.Sprint(err), closed, "ADDR"))
	_, err = net.Dial("nonet", "x")
	fmt.Println(err)
	fmt.Println(net.SplitHostPort("[::1]:80"))
	fmt.Println(net.ParseIP("1.2.3.4"), net.ParseIP("::1"), net.ParseIP("x"), net.JoinHostPort("::1", "80"))
	_, n, _ := net.ParseCIDR("10.1.2.3/8")
	fmt.Println(n, n.Contains(net.ParseIP("10.9.9.9")), n.Contains(net.ParseIP("11.0.0.1")))
}
