// The benchmark workloads on Go: the twin of bench/src/main.rs, line for line where the languages
// allow.
package main

import (
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: bench ID[.wN]")
		os.Exit(2)
	}
	id := os.Args[1]
	name, workers := id, 2
	if i := strings.LastIndex(id, ".w"); i >= 0 {
		if n, err := strconv.Atoi(id[i+2:]); err == nil {
			name, workers = id[:i], n
		}
	}
	f := workloads[name]
	if f == nil {
		os.Exit(64)
	}
	runtime.GOMAXPROCS(workers)
	f(id)
}

var workloads map[string]func(string)

func init() {
	workloads = map[string]func(string){
		"switch": func(id string) {
			// Nothing in Go switches with less.
			per(5, 10_000_000, pull)(id)
			per(5, 10_000_000, pull)(id + ".pull")
		},
		"yield1":          per(5, 2_000_000, yield1),
		"yield1000":       per(5, 1_000_000, yield1000),
		"spawn_join":      per(5, 200_000, spawnJoin),
		"spawn_batch":     per(5, 100_000, spawnBatch),
		"pingpong":        per(5, 200_000, pingpong),
		"pingpong_rdv":    per(5, 200_000, pingpong),
		"chan_buf":        chanBuf,
		"chan_mpmc":       per(5, 1_000_000, chanMpmc),
		"ring":            ring,
		"sieve":           perMs(3, 1, sieve),
		"select":          per(5, 400_000, select4),
		"mutex":           per(5, 800_000, func() { contend(100_000, false) }),
		"mutex_hold":      per(5, 200_000, func() { contend(25_000, true) }),
		"steal_fib":       perMs(5, 20, stealFib),
		"steal_imbal":     per(5, 200_000, stealImbal),
		"timers":          func(id string) { timers(id, 100_000) },
		"timers30k":       func(id string) { timers(id, 30_000) },
		"timer_startstop": per(5, 500_000, timerStartstop),
		"timer_reset":     timerReset,
		"spawn_cold":      spawnCold,
		"mem.10k":         func(id string) { mem(id, 10_000) },
		"mem.100k":        func(id string) { mem(id, 100_000) },
		"mem.1m":          func(id string) { mem(id, 1_000_000) },
		"echo_self":       echoSelf,
		"echo_ext":        func(string) { echoExt() },
		"echo_held":       func(string) { echoExt() },
		"syscall":         syscall_,
	}
}

func metric(name string, value float64, unit, better string) {
	fmt.Printf("%s\t%.3f\t%s\t%s\n", name, value, unit, better)
}

func reps(n int) int {
	if v, err := strconv.Atoi(os.Getenv("BENCH_REPS")); err == nil {
		return v
	}
	return n
}

func median(t []float64) float64 {
	sort.Float64s(t)
	return t[len(t)/2]
}

// repeat returns the median seconds of n counted repetitions after one that is not.
func repeat(n int, f func() time.Duration) float64 {
	f()
	var t []float64
	for i := 0; i < reps(n); i++ {
		t = append(t, f().Seconds())
	}
	return median(t)
}

func timed(f func()) time.Duration {
	t := time.Now()
	f()
	return time.Since(t)
}

func per(reps, n int, f func()) func(string) {
	return func(id string) {
		metric(id, repeat(reps, func() time.Duration { return timed(f) })*1e9/float64(n), "ns", "lower")
	}
}

func perMs(reps, n int, f func()) func(string) {
	return func(id string) {
		metric(id, repeat(reps, func() time.Duration { return timed(f) })*1e3/float64(n), "ms", "lower")
	}
}

func check(ok bool) {
	if !ok {
		panic("wrong result")
	}
}

func xorshift(x uint64) uint64 {
	x ^= x << 13
	x ^= x >> 7
	x ^= x << 17
	return x
}

var sink atomic.Uint64

func pull() {
	next, stop := iter.Pull(func(yield func(uint64) bool) {
		for n := uint64(0); yield(n); n++ {
		}
	})
	var last uint64
	for i := 0; i < 5_000_000; i++ {
		last, _ = next()
	}
	check(last == 4_999_999)
	stop()
}

func yield1() {
	for i := 0; i < 2_000_000; i++ {
		runtime.Gosched()
	}
}

func yield1000() {
	var wg sync.WaitGroup
	wg.Add(1000)
	for i := 0; i < 1000; i++ {
		go func() {
			for k := 0; k < 1000; k++ {
				runtime.Gosched()
			}
			wg.Done()
		}()
	}
	wg.Wait()
}

func spawnJoin() {
	var wg sync.WaitGroup
	for i := 0; i < 200_000; i++ {
		wg.Add(1)
		go func() { wg.Done() }()
		wg.Wait()
	}
}

func spawnBatch() {
	var n atomic.Uint64
	var wg sync.WaitGroup
	wg.Add(100_000)
	for i := 0; i < 100_000; i++ {
		go func() {
			n.Add(1)
			wg.Done()
		}()
	}
	wg.Wait()
	check(n.Load() == 100_000)
}

func pingpong() {
	a, b := make(chan uint64), make(chan uint64)
	go func() {
		for i := 0; i < 200_000; i++ {
			b <- <-a
		}
	}()
	for i := uint64(0); i < 200_000; i++ {
		a <- i
		check(<-b == i)
	}
}

func chanBuf(id string) {
	const n = 2_000_000
	c := make(chan uint64, 128)
	t := repeat(5, func() time.Duration {
		return timed(func() {
			go func() {
				for i := uint64(0); i < n; i++ {
					c <- i
				}
			}()
			var sum uint64
			for i := 0; i < n; i++ {
				sum += <-c
			}
			check(sum == n*(n-1)/2)
		})
	})
	metric(id, t*1e9/n, "ns", "lower")
}

func chanMpmc() {
	c := make(chan uint64, 128)
	var prod, cons sync.WaitGroup
	var sum atomic.Uint64
	for p := uint64(0); p < 4; p++ {
		prod.Add(1)
		cons.Add(1)
		go func() {
			for i := uint64(0); i < 250_000; i++ {
				c <- p*250_000 + i
			}
			prod.Done()
		}()
		go func() {
			var s uint64
			for v := range c {
				s += v
			}
			sum.Add(s)
			cons.Done()
		}()
	}
	prod.Wait()
	close(c)
	cons.Wait()
	check(sum.Load() == 1_000_000*999_999/2)
}

func ring(id string) {
	const laps = 500
	t := repeat(5, func() time.Duration {
		cs := make([]chan uint64, 1000)
		for i := range cs {
			cs[i] = make(chan uint64)
		}
		for i := 1; i < 1000; i++ {
			from, to := cs[i-1], cs[i]
			go func() {
				for k := 0; k < laps; k++ {
					to <- <-from + 1
				}
			}()
		}
		return timed(func() {
			var token uint64
			for k := 0; k < laps; k++ {
				cs[0] <- token
				token = <-cs[999] + 1
			}
			check(token == 500_000)
		})
	})
	metric(id, t*1e9/500_000, "ns", "lower")
}

func sieve() {
	const last = 17389
	var wg sync.WaitGroup
	c := make(chan uint64)
	wg.Add(1)
	tx := c
	go func() {
		for i := uint64(2); i <= last; i++ {
			tx <- i
		}
		wg.Done()
	}()
	var p uint64
	for k := 0; k < 2000; k++ {
		p = <-c
		if k == 1999 {
			break
		}
		next := make(chan uint64)
		rx, p := c, p
		wg.Add(1)
		go func() {
			for {
				v := <-rx
				if v%p != 0 {
					next <- v
				}
				if v == last {
					break
				}
			}
			wg.Done()
		}()
		c = next
	}
	check(p == last)
	wg.Wait()
}

func select4() {
	var cs [4]chan uint64
	for i := range cs {
		c := make(chan uint64)
		cs[i] = c
		go func() {
			for i := uint64(0); i < 100_000; i++ {
				c <- i
			}
		}()
	}
	a, b, c, d := cs[0], cs[1], cs[2], cs[3]
	var sum uint64
	for i := 0; i < 400_000; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case v := <-c:
			sum += v
		case v := <-d:
			sum += v
		}
	}
	check(sum == 4*(100_000*99_999/2))
}

func contend(rounds uint64, hold bool) {
	var mu sync.Mutex
	var counter uint64
	var wg sync.WaitGroup
	wg.Add(8)
	for i := 0; i < 8; i++ {
		go func() {
			for k := uint64(0); k < rounds; k++ {
				mu.Lock()
				counter++
				if hold {
					runtime.Gosched()
				}
				mu.Unlock()
			}
			wg.Done()
		}()
	}
	wg.Wait()
	check(counter == 8*rounds)
}

func plainFib(n uint64) uint64 {
	if n < 2 {
		return n
	}
	return plainFib(n-1) + plainFib(n-2)
}

func fib(n uint64) uint64 {
	if n < 12 {
		return plainFib(n)
	}
	var r [2]uint64
	var wg sync.WaitGroup
	wg.Add(2)
	for i := 0; i < 2; i++ {
		go func() {
			r[i] = fib(n - 1 - uint64(i))
			wg.Done()
		}()
	}
	wg.Wait()
	return r[0] + r[1]
}

func stealFib() {
	for i := 0; i < 20; i++ {
		check(fib(27) == 196_418)
	}
}

func stealImbal() {
	var wg sync.WaitGroup
	wg.Add(200_000)
	go func() {
		for i := uint64(0); i < 200_000; i++ {
			go func() {
				x := i + 1
				for k := 0; k < 200; k++ {
					x = xorshift(x)
				}
				if x == 0 {
					sink.Add(1)
				}
				wg.Done()
			}()
		}
	}()
	wg.Wait()
}

func cpuSeconds() float64 {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	s := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return s(r.Utime) + s(r.Stime)
}

func timers(id string, n int) {
	var total, cpu, late []float64
	for rep := 0; rep <= reps(3); rep++ {
		var wg sync.WaitGroup
		var lateness atomic.Uint64
		wg.Add(n)
		t, c := time.Now(), cpuSeconds()
		for i := 0; i < n; i++ {
			go func() {
				d := time.Duration(1000+xorshift(uint64(i+1)*0x9E3779B97F4A7C15)%49_001) * time.Microsecond
				before := time.Now()
				time.Sleep(d)
				lateness.Add(uint64(max(0, time.Since(before)-d)))
				wg.Done()
			}()
		}
		wg.Wait()
		if rep > 0 {
			total = append(total, time.Since(t).Seconds()*1e3)
			cpu = append(cpu, cpuSeconds()-c)
			late = append(late, float64(lateness.Load())/1e3/float64(n))
		}
	}
	metric(id+".total", median(total), "ms", "lower")
	metric(id+".cpu", median(cpu), "s", "lower")
	metric(id+".late", median(late), "us", "lower")
}

func timerStartstop() {
	for i := 0; i < 500_000; i++ {
		check(time.NewTimer(time.Hour).Stop())
	}
}

func timerReset(id string) {
	timer := time.NewTimer(time.Hour)
	t := repeat(5, func() time.Duration {
		return timed(func() {
			for i := 0; i < 500_000; i++ {
				check(timer.Reset(time.Hour))
			}
		})
	})
	metric(id, t*1e9/500_000, "ns", "lower")
}

func memory() (rss, pte float64) {
	b, _ := os.ReadFile("/proc/self/status")
	kib := func(key string) float64 {
		for _, l := range strings.Split(string(b), "\n") {
			if f := strings.Fields(l); len(f) > 1 && f[0] == key {
				v, _ := strconv.ParseFloat(f[1], 64)
				return v
			}
		}
		return 0
	}
	return kib("VmRSS:") * 1024, kib("VmPTE:") * 1024
}

// spawnCold has one goroutine make 5,000 that wait, in a process that had none: the processor time
// of its thread.
func spawnCold(id string) {
	gate := make(chan struct{})
	cpu := func() float64 {
		var t syscall.Timespec
		const threadCputime = 3
		to := uintptr(unsafe.Pointer(&t))
		_, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCputime, to, 0)
		check(e == 0)
		return float64(t.Sec)*1e9 + float64(t.Nsec)
	}
	runtime.LockOSThread()
	start := cpu()
	for i := 0; i < 5000; i++ {
		go func() { <-gate }()
	}
	metric(id, (cpu()-start)/5000, "ns", "lower")
}

func mem(id string, n int) {
	runtime.GC()
	rss0, pte0 := memory()
	var started atomic.Uint64
	gate := make(chan struct{})
	for i := 0; i < n; i++ {
		go func() {
			started.Add(1)
			<-gate
		}()
	}
	for started.Load() < uint64(n) {
		runtime.Gosched()
	}
	time.Sleep(300 * time.Millisecond)
	rss, pte := memory()
	metric(id+".rss", (rss-rss0)/float64(n), "B/task", "lower")
	metric(id+".pte", (pte-pte0)/float64(n), "B/task", "lower")
}

// echoServer serves each connection: reads up to 64 bytes and writes them back.
func echoServer(l net.Listener) {
	for {
		conn, err := l.Accept()
		check(err == nil)
		go func() {
			b := make([]byte, 64)
			for {
				n, err := conn.Read(b)
				if err != nil {
					break
				}
				if _, err := conn.Write(b[:n]); err != nil {
					break
				}
			}
			conn.Close()
		}()
	}
}

func echoSelf(id string) {
	const clients = 64
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil)
	go echoServer(l)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []uint32
	begin := time.Now().Add(300 * time.Millisecond)
	end := begin.Add(1500 * time.Millisecond)
	for i := 0; i < clients; i++ {
		wg.Add(1)
		go func() {
			c, err := net.Dial("tcp", l.Addr().String())
			check(err == nil)
			var out, b [64]byte
			for k := range out {
				out[k] = byte(i)
			}
			list := make([]uint32, 0, 1<<16)
			t := time.Now()
			for t.Before(end) {
				_, err := c.Write(out[:])
				check(err == nil)
				_, err = io.ReadFull(c, b[:])
				check(err == nil && b == out)
				now := time.Now()
				if !t.Before(begin) && !now.After(end) {
					list = append(list, uint32(now.Sub(t)))
				}
				t = now
			}
			mu.Lock()
			all = append(all, list...)
			mu.Unlock()
			wg.Done()
		}()
	}
	wg.Wait()
	slices.Sort(all)
	metric(id+".rps", float64(len(all))/1.5, "req/s", "higher")
	metric(id+".p99", float64(all[len(all)*99/100])/1e3, "us", "lower")
}

// echoExt is the server alone; the client is bench/c/echoclient.c.
func echoExt() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil)
	fmt.Printf("PORT %d\n", l.Addr().(*net.TCPAddr).Port)
	echoServer(l)
}

func syscall_(id string) {
	var chunks, reads atomic.Uint64
	for seed := uint64(1); seed <= 2; seed++ {
		go func() {
			x := seed
			for {
				for i := 0; i < 10_000; i++ {
					x = xorshift(x)
				}
				if x == 0 {
					sink.Add(1)
				}
				chunks.Add(1)
				runtime.Gosched()
			}
		}()
	}
	rate := func(d time.Duration) (float64, float64) {
		t, c, r := time.Now(), chunks.Load(), reads.Load()
		time.Sleep(d)
		s := time.Since(t).Seconds()
		return float64(chunks.Load()-c) / s, float64(reads.Load()-r) / s
	}
	time.Sleep(200 * time.Millisecond)
	alone, _ := rate(500 * time.Millisecond)
	for i := 0; i < 8; i++ {
		go func() {
			b := make([]byte, 1)
			for {
				if n, _ := syscall.Read(0, b); n != 1 {
					return
				}
				reads.Add(1)
			}
		}()
	}
	time.Sleep(400 * time.Millisecond)
	with, r := rate(time.Second)
	metric(id+".kept", 100*with/alone, "%", "higher")
	metric(id+".reads", r, "reads/s", "higher")
}
