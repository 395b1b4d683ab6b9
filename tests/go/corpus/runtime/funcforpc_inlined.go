// The function at a pc of Caller and of Callers, also where calls were inlined (bug_funcforpc_inlined); methods with their receivers; names of
// init functions.
package main

import (
	"fmt"
	"runtime"
	"strings"
)

type logger struct{}

func (l logger) info(s string) {
	pc, _, _, _ := runtime.Caller(1)
	fmt.Println(runtime.FuncForPC(pc).Name(), s)
}

type svc struct{ l logger }

func (s *svc) Start() { s.l.info("start") }
func (s svc) stop()   { s.l.info("stop") }
func helper(l logger) { l.info("helper") }

func where() string {
	pc, file, line, _ := runtime.Caller(1)
	f := runtime.FuncForPC(pc)
	file2, line2 := f.FileLine(pc)
	return fmt.Sprint(f.Name(), " ", base(file), ":", line, file == file2 && line == line2)
}

func base(file string) string { return file[strings.LastIndex(file, "/")+1:] }

var a = where()
var b = func() string { return where() }()
var f = func() string { return func() string { return where() }() }

func init() { fmt.Println("init a", where()) }
func init() {
	fmt.Println("init b", where())
	func() { fmt.Println(where()) }()
}

type T struct{ n int }

func (T) val() string  { return where() }
func (*T) ptr() string { return where() }
func (t *T) Ptr() int  { frames(2); return t.n }
func (t T) Val() int   { frames(2); return t.n }
func deferred() (s string) {
	defer func() { s = where() }()
	return ""
}

type I interface{ val() string }

func show(f runtime.Frame) {
	fmt.Println(" ", f.Function, base(f.File), f.Line, f.Entry != 0, f.Func == nil || f.Func.Name() == f.Function)
}

func frames(skip int) {
	var pcs [20]uintptr
	n := runtime.Callers(skip, pcs[:])
	fr := runtime.CallersFrames(pcs[:n])
	for {
		f, more := fr.Next()
		show(f)
		if !more {
			break
		}
	}
	for _, pc := range pcs[:n] {
		f := runtime.FuncForPC(pc - 1)
		file, line := f.FileLine(pc - 1)
		fmt.Println("  -", f.Name(), base(file), line)
	}
	// As loggers do it: one pc.
	for i := 0; i < 4; i++ {
		n := runtime.Callers(skip+i, pcs[:1])
		f, more := runtime.CallersFrames(pcs[:n]).Next()
		fmt.Println("  1:", f.Function, f.Line, more)
	}
}

func l3() { frames(2) }
func l2() { l3() }
func l1() { l2() }

func down(n int) {
	if n == 0 {
		l3()
		return
	}
	down(n - 1)
}

func main() {
	s := &svc{}
	s.Start()
	s.stop()
	helper(s.l)
	fmt.Println(a)
	fmt.Println(b)
	fmt.Println(f())
	t := &T{}
	fmt.Println(t.val(), t.ptr(), T.val(*t), (*T).ptr(t), deferred())
	var i I = T{}
	fmt.Println(i.val())
	i = t
	fmt.Println(i.val())
	m := t.val
	fmt.Println(m())
	l1()
	t.Ptr()
	t.Val()
	down(3)
	done := make(chan bool)
	go func() { frames(1); close(done) }()
	<-done
}
