// Programs with a fault in their scheduling, and the same without it: what `gort trace --advice` is tried on.
// Usage: advice PROGRAM FILE; the trace goes to FILE.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/trace"
	"sync"
	"syscall"
	"time"
)

var sink int

// burn computes, and calls nothing: without signals nobody can stop it.
func burn(d time.Duration) {
	for start := time.Now(); time.Since(start) < d; {
		for i := 0; i < 1000; i++ {
			sink += i
		}
	}
}

// spin computes without a call for about as long as rounds takes.
func spin(rounds int) (x int) {
	for i := 0; i < rounds; i++ {
		x += i ^ x
	}
	return
}

// perMs is how many rounds of spin take a millisecond.
func perMs() int {
	best := time.Hour
	for i := 0; i < 5; i++ {
		start := time.Now()
		sink = spin(1_000_000)
		best = min(best, time.Since(start))
	}
	return int(1_000_000 * int64(time.Millisecond) / int64(best))
}

func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			f(i)
		}()
	}
	wg.Wait()
}

func compute(n int) {
	each(n, func(int) { burn(80 * time.Millisecond) })
}

// locked has two goroutines that take turns on threads of their own.
func locked(lock func()) {
	a, b := make(chan int), make(chan int)
	go func() {
		lock()
		for range a {
			b <- 1
		}
	}()
	lock()
	for i := 0; i < 1000; i++ {
		burn(20 * time.Microsecond)
		a <- 1
		<-b
	}
	close(a)
}

// waits has a goroutine on a thread of low priority, which others keep from a processor.
func waits(nice int) {
	done, c := make(chan bool), make(chan int)
	go func() {
		runtime.LockOSThread()
		syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), nice)
		for range c {
		}
		close(done)
	}()
	for i := 0; i < 2; i++ {
		go func() {
			for {
				select {
				case <-done:
					return
				default:
					burn(time.Millisecond)
				}
			}
		}()
	}
	for i := 0; i < 60; i++ {
		c <- i
		burn(time.Millisecond)
	}
	close(c)
	<-done
}

// hog runs for 60 ms at a time beside one that has something to do every millisecond.
func hog(rounds int, pause func()) {
	done := make(chan bool)
	go func() {
		for i := 0; i < 8; i++ {
			sink = spin(60 * rounds)
			runtime.Gosched()
		}
		close(done)
	}()
	for {
		select {
		case <-done:
			return
		default:
			pause()
		}
	}
}

func locks(own bool) {
	var one sync.Mutex
	each(8, func(int) {
		mu := &one
		if own {
			mu = new(sync.Mutex)
		}
		for i := 0; i < 25; i++ {
			mu.Lock()
			time.Sleep(time.Millisecond)
			mu.Unlock()
		}
	})
}

func calls(busy bool) {
	done := make(chan bool)
	if busy {
		go func() {
			for {
				select {
				case <-done:
					return
				default:
					burn(3 * time.Millisecond)
				}
			}
		}()
	}
	for i := 0; i < 40; i++ {
		ts := syscall.NsecToTimespec(int64(5 * time.Millisecond))
		syscall.Nanosleep(&ts, nil)
	}
	close(done)
}

// turns has two goroutines of which the one that wakes the other goes on for a moment.
func turns(after time.Duration) {
	a, b := make(chan int), make(chan int)
	go func() {
		for range a {
			burn(20 * time.Microsecond)
			b <- 1
			burn(after)
		}
		close(b)
	}()
	for i := 0; i < 1000; i++ {
		a <- 1
		burn(after)
		<-b
		burn(20 * time.Microsecond)
	}
	close(a)
	for range b {
	}
}

// chain begins goroutine after goroutine, each at the tail of the P's own queue.
func chain(n int, done chan bool) {
	burn(4 * time.Millisecond)
	if n == 0 {
		close(done)
		return
	}
	go chain(n-1, done)
	go func() {}()
}

func starve(n int) {
	done := make(chan bool)
	go chain(n, done)
	go chain(n, make(chan bool))
	for {
		select {
		case <-done:
			return
		default:
			runtime.Gosched() // to the global queue, which is looked at once in 61 slices
		}
	}
}

func answer() int {
	time.Sleep(5 * time.Millisecond)
	return 1
}

func ask(room int) {
	c := make(chan int, room)
	go func() { c <- answer() }()
	select {
	case <-c:
	case <-time.After(time.Millisecond):
	}
}

func pool() {
	jobs, done := make(chan int), make(chan bool)
	for i := 0; i < 40; i++ {
		go func() {
			for range jobs {
				answer()
				done <- true
			}
		}()
	}
	for i := 0; i < 20; i++ {
		jobs <- i
		<-done
	}
}

// stops has the whole process stopped for 60 ms of each 100, as a quota does.
func stops(times int) {
	script := `for i in $(seq $1); do kill -STOP $0; sleep 0.06; kill -CONT $0; sleep 0.04; done`
	cmd := exec.Command("sh", "-c", script, fmt.Sprint(os.Getpid()), fmt.Sprint(times))
	cmd.Start()
	done := make(chan bool)
	for i := 0; i < 2; i++ {
		go func() {
			for {
				select {
				case <-done:
					return
				default:
					burn(5 * time.Millisecond)
				}
			}
		}()
	}
	if times == 0 {
		time.Sleep(300 * time.Millisecond)
	}
	cmd.Wait()
	close(done)
}

func main() {
	rounds := perMs()
	one := func(f func()) func() { return func() { runtime.GOMAXPROCS(1); f() } }
	ps := func(n int, f func()) func() { return func() { runtime.GOMAXPROCS(n); f() } }
	programs := map[string]func(){
		"few":         one(func() { compute(4) }),
		"enough":      ps(4, func() { compute(4) }),
		"locked":      ps(4, func() { locked(runtime.LockOSThread) }),
		"unlocked":    ps(4, func() { locked(func() {}) }),
		"waits":       ps(4, func() { waits(19) }),
		"hog":         one(func() { hog(rounds, runtime.Gosched) }),
		"sleeper":     one(func() { hog(rounds, func() { time.Sleep(time.Millisecond) }) }),
		"convoy":      ps(4, func() { locks(false) }),
		"own-locks":   ps(4, func() { locks(true) }),
		"calls":       one(func() { calls(true) }),
		"quiet-calls": one(func() { calls(false) }),
		"turns":       ps(4, func() { turns(10 * time.Microsecond) }),
		"stays":       one(func() { turns(10 * time.Microsecond) }),
		"starve":      one(func() { starve(100) }),
		"fair":        one(func() { each(20, func(int) { burn(50 * time.Millisecond) }) }),
		"leak": ps(2, func() {
			each(1, func(int) {
				for i := 0; i < 30; i++ {
					ask(0)
				}
				time.Sleep(30 * time.Millisecond)
			})
		}),
		"no-leak": ps(2, func() {
			each(1, func(int) {
				for i := 0; i < 30; i++ {
					ask(1)
				}
				time.Sleep(30 * time.Millisecond)
			})
		}),
		"pool":        ps(2, pool),
		"stopped":     ps(2, func() { stops(6) }),
		"not-stopped": ps(2, func() { stops(0) }),
	}
	program := programs[os.Args[1]]
	f, err := os.Create(os.Args[2])
	if program == nil || err != nil {
		fmt.Fprintln(os.Stderr, "no such program, or no file:", err)
		os.Exit(2)
	}
	trace.Start(f)
	program()
	trace.Stop()
}
