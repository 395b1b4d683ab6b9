// TCP, UDP, Unix sockets, deadlines and HTTP on the loopback interface.
//
//corpus:run {"procs":[0,1]}
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
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
					fmt.Fprintln(c, strings.ToUpper(s.Text()))
				}
			}()
		}
	}()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var got []string
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				fmt.Println(err)
				return
			}
			defer c.Close()
			r := bufio.NewReader(c)
			for k := 0; k < 10; k++ {
				fmt.Fprintf(c, "msg %d %d\n", i, k)
				s, _ := r.ReadString('\n')
				mu.Lock()
				got = append(got, strings.TrimSpace(s))
				mu.Unlock()
			}
		}(i)
	}
	wg.Wait()
	sort.Strings(got)
	fmt.Println(len(got), got[0], got[499])

	c, _ := net.Dial("tcp", l.Addr().String())
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	var ne net.Error
	fmt.Println(errors.As(err, &ne) && ne.Timeout(), errors.Is(err, os.ErrDeadlineExceeded))
	done := make(chan error)
	c.SetReadDeadline(time.Time{})
	go func() { _, err := c.Read(make([]byte, 1)); done <- err }()
	time.Sleep(5 * time.Millisecond)
	c.Close()
	err = <-done
	fmt.Println(errors.Is(err, net.ErrClosed))
	l.Close()
	_, err = net.Dial("tcp", refuses())
	fmt.Println(strings.HasSuffix(err.Error(), "connection refused"))

	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	v, _ := net.Dial("udp", u.LocalAddr().String())
	v.Write([]byte("datagram"))
	b := make([]byte, 100)
	n, _, err := u.ReadFrom(b)
	fmt.Println(string(b[:n]), err)

	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s %s", r.Method, r.URL.Query().Get("q"))
	})
	mux.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	hl, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(hl, mux)
	base := "http://" + hl.Addr().String()
	results := make([]string, 50)
	for i := range results {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			resp, err := http.Get(fmt.Sprint(base, "/hello?q=", i))
			if err != nil {
				results[i] = err.Error()
				return
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			results[i] = fmt.Sprint(resp.StatusCode, " ", string(body))
		}(i)
	}
	wg.Wait()
	fmt.Println(results[0], results[49])
	resp, err := http.Get(base + "/none")
	fmt.Println(resp.StatusCode, err)
	_, err = http.Get(base + "/panic")
	fmt.Println(err != nil)
	resp, err = http.Post(base+"/hello", "text/plain", strings.NewReader("x"))
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
}
