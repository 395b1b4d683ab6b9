// Package net: UDP and Unix sockets, net.Pipe.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

func main() {
	a, _ := net.ListenPacket("udp", "127.0.0.1:0")
	b, _ := net.ListenPacket("udp", "127.0.0.1:0")
	fmt.Println(a.WriteTo([]byte("datagram"), b.LocalAddr()))
	buf := make([]byte, 4)
	n, from, err := b.ReadFrom(buf)
	fmt.Println(n, string(buf[:n]), from.String() == a.LocalAddr().String(), err)
	b.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, _, err = b.ReadFrom(buf)
	fmt.Println(err.(net.Error).Timeout())
	c, _ := net.Dial("udp", b.LocalAddr().String())
	c.Write([]byte("x"))
	c.Write(nil)
	b.SetReadDeadline(time.Time{})
	n, _, _ = b.ReadFrom(buf)
	m, _, _ := b.ReadFrom(buf)
	fmt.Println(n, m)
	dir, _ := os.MkdirTemp("", "corpus")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sock")
	l, err := net.Listen("unix", path)
	fmt.Println(err, l.Addr().Network())
	done := make(chan string)
	go func() {
		s, _ := l.Accept()
		all, err := io.ReadAll(s)
		done <- fmt.Sprint(string(all), err)
	}()
	u, err := net.Dial("unix", path)
	fmt.Println(err)
	u.Write([]byte("unix"))
	u.Close()
	fmt.Println(<-done)
	l.Close()
	_, err = os.Stat(path)
	fmt.Println(os.IsNotExist(err))
	p, q := net.Pipe()
	go func() { p.Write([]byte("pipe")); p.Close() }()
	all, err := io.ReadAll(q)
	fmt.Println(string(all), err)
}
