// Fatal: programs that end badly, or well, and what they say. FATAL names the case; the same cases in Rust are in
// tests/tests/fatal.rs. Messages, goroutine headers (numbers, states, their order), creators' numbers and the exit
// status must agree; frames and addresses are left out of the comparison.
//
// Only packages that start no goroutine of their own are imported (not os, not fmt), so that goroutines have the bare
// runtime's numbers.
package main

import (
	"iter"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

//go:linkname setMaxThreads runtime/debug.setMaxThreads
func setMaxThreads(n int) int

type failure struct{ msg string }

func (f failure) Error() string { return f.msg }

type point struct{ x, y int }

// settle lets all others run until they block.
func settle() {
	for i := 0; i < 50; i++ {
		runtime.Gosched()
	}
}

func quit() {
	syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(syscall.Gettid()), uintptr(syscall.SIGQUIT))
}

//go:noinline
func forever(n int) int {
	var frame [64]int
	frame[n%64] = n
	return forever(n+1) + frame[n%63]
}

// leaveRoom limits memory to what is in use, field of /proc/self/statm, and so much more.
func leaveRoom(what, field int, more uint64) {
	var b [200]byte
	fd, _ := syscall.Open("/proc/self/statm", syscall.O_RDONLY, 0)
	n, _ := syscall.Read(fd, b[:])
	var pages [8]uint64
	i := 0
	for _, c := range b[:n] {
		if c >= '0' && c <= '9' {
			pages[i] = pages[i]*10 + uint64(c-'0')
		} else {
			i++
		}
	}
	var l syscall.Rlimit
	syscall.Getrlimit(what, &l)
	l.Cur = pages[field]*4096 + more
	syscall.Setrlimit(what, &l)
}

func block() { select {} }

func zoo() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	cond := sync.NewCond(new(sync.Mutex))
	c := make(chan int)
	var none chan int
	mu.Lock()
	rw.RLock()
	wg.Add(1)
	go func() { <-c }()
	go func() { make(chan int) <- 1 }()
	go func() { <-none }()
	go func() { none <- 1 }()
	go func() {
		select {
		case <-c:
		case none <- 1:
		}
	}()
	go func() { select {} }()
	go func() { mu.Lock() }()
	go func() { rw.Lock() }()
	settle()
	go func() { rw.RLock() }()
	go func() { wg.Wait() }()
	go func() { cond.L.Lock(); cond.Wait() }()
	go func() {
		go func() { <-c }()
		<-c
	}()
	settle()
}

var cases = map[string]func(){
	"deadlock_recv":     func() { <-make(chan int) },
	"deadlock_send":     func() { make(chan int) <- 1 },
	"deadlock_buffered": func() { c := make(chan int, 1); c <- 1; c <- 2 },
	"deadlock_range": func() {
		for range make(chan int) {
		}
	},
	"deadlock_nil_recv": func() { var c chan int; <-c },
	"deadlock_nil_send": func() { var c chan int; c <- 1 },
	"deadlock_select": func() {
		select {
		case <-make(chan int):
		case make(chan int) <- 1:
		}
	},
	"deadlock_select_one": func() {
		select {
		case <-make(chan int):
		}
	},
	"deadlock_select_none": func() { select {} },
	"deadlock_select_nil": func() {
		var a, b chan int
		select {
		case <-a:
		case <-b:
		}
	},
	"deadlock_mutex": func() { var m sync.Mutex; m.Lock(); m.Lock() },
	"deadlock_rw_write_read": func() {
		var m sync.RWMutex
		m.Lock()
		m.RLock()
	},
	"deadlock_rw_read_write": func() {
		var m sync.RWMutex
		m.RLock()
		m.Lock()
	},
	"deadlock_rw_write_write": func() {
		var m sync.RWMutex
		m.Lock()
		m.Lock()
	},
	"deadlock_waitgroup": func() { var wg sync.WaitGroup; wg.Add(1); wg.Wait() },
	"deadlock_cond":      func() { c := sync.NewCond(new(sync.Mutex)); c.L.Lock(); c.Wait() },
	"deadlock_once":      func() { var o sync.Once; o.Do(func() { o.Do(func() {}) }) },
	"deadlock_zoo":       func() { zoo(); select {} },
	"deadlock_after_sleep": func() {
		time.Sleep(time.Millisecond)
		<-make(chan int)
	},
	"deadlock_stopped_timer": func() {
		t := time.NewTimer(time.Hour)
		t.Stop()
		<-t.C
	},
	"deadlock_locked": func() {
		runtime.LockOSThread()
		go func() {
			runtime.LockOSThread()
			select {}
		}()
		<-make(chan int)
	},
	"deadlock_after_others_end": func() {
		for i := 0; i < 3; i++ {
			go func() {}()
		}
		settle()
		go func() { select {} }()
		<-make(chan int)
	},
	"deadlock_not_recoverable": func() {
		defer func() { recover(); println("not reached") }()
		<-make(chan int)
	},

	"goexit_main_alone": func() { runtime.Goexit() },
	"goexit_main_others_block": func() {
		go func() { select {} }()
		go func() { <-make(chan int) }()
		runtime.Goexit()
	},
	"goexit_main_others_end": func() {
		defer println("main's deferred call")
		go func() { println("the other ends") }()
		runtime.Goexit()
	},
	"goexit_goroutine": func() {
		c := make(chan int)
		go func() {
			defer close(c)
			defer println("deferred")
			runtime.Goexit()
		}()
		<-c
		println("main goes on")
	},
	"goexit_recover": func() {
		c := make(chan int)
		go func() {
			defer close(c)
			func() {
				defer func() { println(recover() == nil) }()
				runtime.Goexit()
			}()
			println("not reached")
		}()
		<-c
	},
	"goexit_exits_elsewhere": func() {
		go func() { settle(); println("bye"); syscall.Exit(4) }()
		runtime.Goexit()
	},

	"panic_string":    func() { panic("a string") },
	"panic_empty":     func() { panic("") },
	"panic_multiline": func() { panic("one\ntwo\n\ngoroutine 7 [running]:\nthree") },
	"panic_error":     func() { panic(failure{"it failed"}) },
	"panic_int":       func() { panic(42) },
	"panic_negative":  func() { panic(-7) },
	"panic_uint8":     func() { panic(uint8(200)) },
	"panic_int64":     func() { panic(int64(-1 << 63)) },
	"panic_uint64":    func() { panic(uint64(1<<64 - 1)) },
	"panic_bool":      func() { panic(true) },
	"panic_float64":   func() { panic(1.5) },
	"panic_float32":   func() { panic(float32(-0.1)) },
	"panic_inf":       func() { z := 0.0; panic(1 / z) },
	"panic_struct":    func() { panic(point{1, 2}) },
	"panic_goroutine": func() {
		go func() { panic("in a goroutine") }()
		select {}
	},
	"panic_grandchild": func() {
		go func() {
			go func() { panic("in a grandchild") }()
			select {}
		}()
		select {}
	},
	"panic_runs_defers": func() {
		defer println("outer")
		func() {
			defer println("inner")
			panic("after the deferred calls")
		}()
	},
	"panic_in_defer": func() {
		defer func() { panic("second") }()
		panic("first")
	},
	"panic_recovered": func() {
		func() {
			defer func() { println("recovered:", recover().(string)) }()
			panic("x")
		}()
		println("goes on")
	},
	"panic_recovered_then_deadlock": func() {
		func() {
			defer func() { recover() }()
			panic("x")
		}()
		<-make(chan int)
	},
	"panic_again": func() {
		defer func() { panic(recover()) }()
		panic("x")
	},
	"panic_twice_recovered": func() {
		func() {
			defer func() { println(recover().(string)) }()
			func() {
				defer func() { println(recover().(string)) }()
				panic("one")
			}()
			panic("two")
		}()
		panic("three")
	},
	"panic_recovered_inside_defer": func() {
		defer func() {
			func() {
				defer func() { recover() }()
				panic("inner")
			}()
		}()
		panic("outer")
	},
	"panic_parks_in_defer": func() {
		c := make(chan int)
		defer func() {
			go func() { c <- 1 }()
			println(<-c)
		}()
		panic("after parking")
	},
	"panic_others": func() {
		zoo()
		panic("with an audience")
	},
	"panic_locked": func() {
		runtime.LockOSThread()
		panic("locked")
	},
	"panic_waiter_unaware": func() {
		go func() {
			defer println("not reached: others run no deferred calls")
			select {}
		}()
		settle()
		panic("x")
	},
	"panic_runnable": func() {
		go func() { println("not reached") }()
		panic("before the others run")
	},

	"send_closed": func() { c := make(chan int, 1); close(c); c <- 1 },
	"send_closed_try": func() {
		c := make(chan int, 1)
		close(c)
		select {
		case c <- 1:
		default:
		}
	},
	"send_closed_select": func() {
		c := make(chan int, 1)
		close(c)
		select {
		case c <- 1:
		case <-make(chan int):
		}
	},
	"send_closed_parked": func() {
		c := make(chan int)
		go func() { settle(); close(c) }()
		c <- 1
	},
	"select_closed_parked": func() {
		c := make(chan int)
		go func() { settle(); close(c) }()
		select {
		case c <- 1:
		case <-make(chan int):
		}
	},
	"send_closed_recovered": func() {
		c := make(chan int)
		close(c)
		func() {
			defer func() { println(recover().(error).Error()) }()
			c <- 1
		}()
	},
	"close_nil":         func() { var c chan int; close(c) },
	"close_closed":      func() { c := make(chan int); close(c); close(c) },
	"makechan_negative": func() { n := -1; _ = make(chan int, n) },
	"makechan_huge":     func() { n := 1 << 62; _ = make(chan int, n) },

	"waitgroup_negative": func() { var wg sync.WaitGroup; wg.Done() },
	"waitgroup_reuse": func() {
		var wg sync.WaitGroup
		wg.Add(1)
		go wg.Wait()
		settle()
		wg.Done()
		wg.Add(1)
		settle()
	},
	"unlock_mutex": func() { var m sync.Mutex; m.Lock(); m.Unlock(); m.Unlock() },
	"unlock_rw":    func() { var m sync.RWMutex; m.Lock(); m.Unlock(); m.Unlock() },
	"runlock_rw":   func() { var m sync.RWMutex; m.RLock(); m.RUnlock(); m.RUnlock() },
	"unlock_not_recoverable": func() {
		defer func() { recover(); println("not reached") }()
		var m sync.Mutex
		m.Lock()
		m.Unlock()
		m.Unlock()
	},
	"unlock_in_goroutine": func() {
		go func() { select {} }()
		go func() {
			var m sync.Mutex
			m.Lock()
			m.Unlock()
			m.Unlock()
		}()
		select {}
	},

	"nil_deref": func() { var p *int; println(*p) },
	"nil_deref_goroutine": func() {
		go func() { var p *int; println(*p) }()
		select {}
	},
	"stack_overflow": func() { println(forever(0)) },
	"stack_overflow_goroutine": func() {
		go func() { select {} }()
		settle()
		go func() { println(forever(0)) }()
		select {}
	},
	"threads": func() {
		setMaxThreads(8)
		var p [2]int
		syscall.Pipe(p[:])
		for i := 0; i < 20; i++ {
			go func() {
				var b [1]byte
				syscall.Read(p[0], b[:])
			}()
		}
		for {
			time.Sleep(time.Millisecond)
		}
	},

	// For tests/tests/faults.rs: each value wakes the thread that the main goroutine is locked to.
	"wakes": func() {
		c := make(chan int)
		go func() {
			for {
				c <- 1
			}
		}()
		runtime.LockOSThread()
		for {
			<-c
		}
	},
	"memory_reserved": func() {
		leaveRoom(syscall.RLIMIT_AS, 0, 32<<20)
		for {
			go block()
		}
	},
	"memory_mapped": func() {
		leaveRoom(syscall.RLIMIT_DATA, 5, 2<<20)
		for {
			go block()
		}
	},

	"timer_panic": func() {
		time.AfterFunc(time.Millisecond, func() { panic("tick") })
		select {}
	},
	"timer_blocks": func() {
		done := make(chan int)
		time.AfterFunc(time.Millisecond, func() { go close(done); <-make(chan int) })
		<-done
		select {}
	},
	"pull_panic": func() {
		next, _ := iter.Pull(func(yield func(int) bool) { yield(1); panic("in seq") })
		next()
		next()
	},
	"pull_panic_stop": func() {
		next, stop := iter.Pull(func(yield func(int) bool) { yield(1); panic("in seq") })
		next()
		stop()
	},
	"pull_deadlock": func() {
		next, _ := iter.Pull(func(yield func(int) bool) { yield(1); <-make(chan int) })
		next()
		next()
	},
	"pull_waits": func() {
		next, _ := iter.Pull(func(yield func(int) bool) { yield(1) })
		next()
		<-make(chan int)
	},

	"exit_0":   func() { println("zero"); syscall.Exit(0) },
	"exit_3":   func() { defer println("not reached"); syscall.Exit(3) },
	"exit_255": func() { go func() { syscall.Exit(255) }(); select {} },
	"main_returns": func() {
		go func() {
			for {
				runtime.Gosched()
			}
		}()
		go func() { defer println("not reached"); select {} }()
		settle()
		println("main returns")
	},
	"sigquit": func() { quit(); select {} },
	"sigquit_zoo": func() {
		zoo()
		quit()
		select {}
	},
	"ids": func() {
		c := make(chan int)
		for i := 0; i < 20; i++ {
			go func() { <-c }()
		}
		settle()
		close(c)
		settle()
		for i := 0; i < 3; i++ {
			go func() { select {} }()
		}
		select {}
	},
}

var _ = unsafe.Pointer(nil)

func main() {
	name, _ := syscall.Getenv("FATAL")
	f := cases[name]
	if f == nil {
		for k := range cases {
			println(k)
		}
		return
	}
	f()
}
