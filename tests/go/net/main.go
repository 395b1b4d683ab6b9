// The misuse of tests/tests/net.rs, errors_like_go: prints what each error is, the errno or the text.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

func say(name string, err error) {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		fmt.Printf("%s: errno %d\n", name, int(errno))
		return
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	fmt.Printf("%s: %v\n", name, err)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func tcp() (net.Listener, *net.TCPConn, *net.TCPConn) {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	c := must(net.Dial("tcp", l.Addr().String()))
	return l, c.(*net.TCPConn), must(l.Accept()).(*net.TCPConn)
}

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
	b := make([]byte, 1)
	past := time.Now().Add(-time.Second)
	read := func(name string, r interface{ Read([]byte) (int, error) }) {
		_, err := r.Read(b)
		say(name, err)
	}
	write := func(name string, w interface{ Write([]byte) (int, error) }) {
		_, err := w.Write(b)
		say(name, err)
	}

	l, c, s := tcp()
	addr := l.Addr().String()
	c.SetDeadline(past)
	read("read past deadline", c)
	write("write past deadline", c)
	c.SetDeadline(time.Time{})
	c.CloseWrite()
	write("write after shutdown", c)
	c.Close()
	read("read closed", c)
	write("write closed", c)
	say("close closed", c.Close())
	say("deadline closed", c.SetDeadline(time.Time{}))
	say("shutdown closed", c.CloseRead())
	s.Close()
	_, err := net.Listen("tcp", addr)
	say("bind taken", err)
	l.(*net.TCPListener).SetDeadline(past)
	_, err = l.Accept()
	say("accept past deadline", err)
	l.Close()
	_, err = l.Accept()
	say("accept closed", err)
	_, err = net.Dial("tcp", refuses())
	say("connect refused", err)
	_, c, s = tcp()
	c.Write([]byte("unread"))
	s.SetLinger(0)
	s.Close()
	read("read reset", c)
	write("write reset", c)
	r, w, _ := os.Pipe()
	r.SetDeadline(past)
	read("pipe past deadline", r)
	r.Close()
	// os.File answers for itself here; the poller's text is one level below.
	_, err = r.Read(b)
	if errors.Is(err, os.ErrClosed) {
		err = errors.New("use of closed file")
	}
	say("pipe closed", err)
	write("pipe without reader", w)
	f := must(os.Open("/proc/self/exe"))
	say("file deadline", f.SetDeadline(past))
	write("file write", f)
	f.Close()
	_, err = f.Read(b)
	if errors.Is(err, os.ErrClosed) {
		err = errors.New("use of closed file")
	}
	say("file closed", err)
	_, err = net.Dial("unix", "/nonexistent/socket")
	say("unix missing", err)
	u := must(net.ListenPacket("udp", "127.0.0.1:0"))
	_, err = u.WriteTo(make([]byte, 70_000), u.LocalAddr())
	say("packet too long", err)
	to := u.LocalAddr()
	u.Close()
	_, err = u.WriteTo(b, to)
	say("packet closed", err)
}
