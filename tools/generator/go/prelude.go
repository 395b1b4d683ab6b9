// What the generated programs are made of. At GOMAXPROCS=1 the order of all events is determined:
// nothing here depends on the order of maps, on which of several ready cases select takes, or on
// how long something takes, as long as no goroutine runs for 10 ms on end.
package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

var (
	buf    = make([]byte, 0, 1<<20)
	events int
	live   sync.WaitGroup
)

func itoa(n int) string {
	if n < 0 {
		return "-" + itoa(-n)
	}
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// log is the event log. It is printed at the end: printing takes longer than what is to be
// observed.
func log(g, what string) {
	events++
	buf = append(append(append(append(buf, g...), ' '), what...), '\n')
}

func logn(g, what string, n int) { log(g, what+" "+itoa(n)) }

func flush() {
	print(string(buf))
	buf = buf[:0]
}

// align brings the scheduler's count of time slices, every 61st of which looks at the global queue
// first, to the same remainder always. At main.main it is either of two: if the monitor's first
// look comes while main has not parked yet, main is preempted.
func align() {
	for i := 0; i < 2; i++ { // if the first begins with the 61st, it ends differently
		stop := false
		var next func()
		next = func() { // always comes from the tail of the local queue, so main has to wait for the 61st
			if !stop {
				go next()
				go func() {}()
			}
		}
		go next()
		runtime.Gosched()
		stop = true
		for k := 0; k < 5; k++ {
			runtime.Gosched()
		}
	}
}

// quiet lets the others run until nothing happens any more.
func quiet(g string) {
	for idle := 0; idle < 150; idle++ {
		before := events
		runtime.Gosched()
		if events != before {
			idle = 0
		}
	}
}

// spawn starts a goroutine that says when it ends, however it ends.
func spawn(g string, n int, f func(g string)) {
	g += "." + itoa(n)
	live.Add(1)
	go func() {
		defer live.Done()
		defer log(g, "ends")
		f(g)
	}()
}

// together runs some functions in goroutines, and waits for them.
func together(g string, fs ...func(g string)) {
	var wg sync.WaitGroup
	wg.Add(len(fs))
	for i, f := range fs {
		go func(g string, f func(g string)) {
			f(g)
			wg.Done()
		}(g+"."+itoa(i), f)
	}
	wg.Wait()
}

func repeat(g string, n int, f func()) {
	for i := 0; i < n; i++ {
		f()
	}
}

// caught ends a panic, as a deferred call.
func caught(g string) {
	switch r := recover().(type) {
	case nil:
	case error:
		log(g, "recovers from "+r.Error())
	case string:
		log(g, "recovers from "+r)
	case int:
		logn(g, "recovers from", r)
	default:
		log(g, "recovers")
	}
}

func try(g string, f func()) {
	defer caught(g)
	f()
}

func deferred(g string, f, later func()) {
	defer later()
	log(g, "defers")
	f()
}

func throw(g string, v int) {
	log(g, "panics")
	panic(v)
}

func exit(g string) {
	log(g, "exits")
	runtime.Goexit()
}

func yield(g string, n int) {
	for i := 0; i < n; i++ {
		logn(g, "yields", i)
		runtime.Gosched()
	}
}

func locked(g string, f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	log(g, "is locked")
	f()
}

func count(g string) { logn(g, "counts", runtime.NumGoroutine()) }

func forever(g string) {
	log(g, "blocks")
	select {}
}

// A ch is a channel that knows how many goroutines may be at it.
type ch struct {
	c                  chan int
	name               string
	senders, receivers int
	closed             bool
}

func newch(name string, n int) *ch { return &ch{c: make(chan int, n), name: name} }

func (c *ch) send(g string, v int) {
	defer caught(g)
	c.senders++
	defer func() { c.senders-- }()
	c.c <- v
	log(g, c.name+" sent "+itoa(v))
}

func (c *ch) got(g string, v int, ok bool) {
	if ok {
		log(g, c.name+" got "+itoa(v))
	} else {
		log(g, c.name+" is closed")
	}
}

func (c *ch) recv(g string) {
	c.receivers++
	v, ok := <-c.c
	c.receivers--
	c.got(g, v, ok)
}

func (c *ch) trysend(g string, v int) bool {
	defer caught(g)
	select {
	case c.c <- v:
		log(g, c.name+" took "+itoa(v))
		return true
	default:
		log(g, c.name+" is full")
		return false
	}
}

func (c *ch) tryrecv(g string) bool {
	select {
	case v, ok := <-c.c:
		c.got(g, v, ok)
		return true
	default:
		log(g, c.name+" is empty")
		return false
	}
}

func (c *ch) drain(g string) {
	c.receivers++
	for v := range c.c {
		c.got(g, v, true)
	}
	c.receivers--
	log(g, c.name+" is drained")
}

func (c *ch) close(g string) {
	defer caught(g)
	log(g, c.name+" closes")
	close(c.c)
	c.closed = true
}

// An op is a case of select: to send v, or to receive if v < 0.
type op struct {
	c *ch
	v int
}

func (o op) send() bool { return o.v >= 0 }

// ready says whether the case may be ready: it is not, if this says no.
func (o op) ready() bool {
	if o.send() {
		return o.c.closed || len(o.c.c) < cap(o.c.c) || o.c.receivers > 0
	}
	return o.c.closed || len(o.c.c) > 0 || o.c.senders > 0
}

func (o op) count(n int) {
	if o.send() {
		o.c.senders += n
	} else {
		o.c.receivers += n
	}
}

// sel is a select statement of up to three cases with different channels, with or without default.
// If more than one may be ready, it tries one after the other first, as select's own choice is
// random.
func sel(g string, block int, ops ...op) {
	defer caught(g)
	var r, s [3]chan int
	var v [3]int
	n := 0
	for i, o := range ops {
		if o.ready() {
			n++
		}
		if o.send() {
			s[i], v[i] = o.c.c, o.v
		} else {
			r[i] = o.c.c
		}
	}
	if n > 1 {
		for _, o := range ops {
			if o.send() && o.c.trysend(g, o.v) || !o.send() && o.c.tryrecv(g) {
				return
			}
		}
	}
	for _, o := range ops {
		o.count(1)
		defer o.count(-1)
	}
	got, ok, i := 0, false, -1
	if block > 0 {
		select {
		case got, ok = <-r[0]:
			i = 0
		case s[0] <- v[0]:
			i = 0
		case got, ok = <-r[1]:
			i = 1
		case s[1] <- v[1]:
			i = 1
		case got, ok = <-r[2]:
			i = 2
		case s[2] <- v[2]:
			i = 2
		}
	} else {
		select {
		case got, ok = <-r[0]:
			i = 0
		case s[0] <- v[0]:
			i = 0
		case got, ok = <-r[1]:
			i = 1
		case s[1] <- v[1]:
			i = 1
		case got, ok = <-r[2]:
			i = 2
		case s[2] <- v[2]:
			i = 2
		default:
		}
	}
	switch {
	case i < 0:
		log(g, "selects nothing")
	case ops[i].send():
		log(g, "selects "+ops[i].c.name+" to send "+itoa(v[i]))
	default:
		log(g, "selects")
		ops[i].c.got(g, got, ok)
	}
}

type mu struct {
	sync.Mutex
	name string
}

func (m *mu) leave(g string) {
	log(g, m.name+" is left")
	m.Unlock()
}

func (m *mu) with(g string, f func()) {
	log(g, m.name+" is wanted")
	m.Lock()
	defer m.leave(g)
	log(g, m.name+" is held")
	f()
}

func (m *mu) trylock(g string, f func()) {
	if !m.TryLock() {
		log(g, m.name+" is busy")
		return
	}
	defer m.leave(g)
	f()
}

type rw struct {
	sync.RWMutex
	name string
}

func (m *rw) read(g string, f func()) {
	log(g, m.name+" is wanted to read")
	m.RLock()
	defer m.RUnlock()
	log(g, m.name+" is read")
	f()
}

func (m *rw) write(g string, f func()) {
	log(g, m.name+" is wanted to write")
	m.Lock()
	defer m.Unlock()
	log(g, m.name+" is written")
	f()
}

type cond struct {
	sync.Cond
	name string
}

func newcond(name string) *cond { return &cond{sync.Cond{L: new(sync.Mutex)}, name} }

func (c *cond) wait(g string) {
	c.L.Lock()
	log(g, c.name+" waits")
	c.Wait()
	log(g, c.name+" is woken")
	c.L.Unlock()
}

func (c *cond) signal(g string) {
	log(g, c.name+" signals")
	c.Signal()
}

func (c *cond) broadcast(g string) {
	log(g, c.name+" broadcasts")
	c.Broadcast()
}

type once struct {
	sync.Once
	name string
}

func (o *once) do(g string, f func()) {
	o.Do(func() {
		log(g, o.name+" does it")
		f()
	})
	log(g, o.name+" is done")
}

// A latch is a wait group that counts down only as far as it can.
type latch struct {
	sync.WaitGroup
	name string
	n    int
}

func newlatch(name string, n int) *latch {
	l := &latch{name: name, n: n}
	l.Add(n)
	return l
}

func (l *latch) done(g string) {
	if l.n > 0 {
		l.n--
		logn(g, l.name+" counts", l.n)
		l.Done()
	}
}

func (l *latch) wait(g string) {
	log(g, l.name+" awaited")
	l.Wait()
	log(g, l.name+" is over")
}

// The patterns: each ends by itself, when all that it has started has ended.

// fan starts n goroutines; every kth yields once.
func fan(g string, n, k int) {
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			logn(g, "is", i)
			if k > 0 && i%k == 0 {
				runtime.Gosched()
				logn(g, "is back", i)
			}
			wg.Done()
		}(i)
	}
	wg.Wait()
	log(g, "joined")
}

// tree starts goroutines that start goroutines.
func tree(g string, width, depth int) {
	var wg sync.WaitGroup
	var node func(g string, depth int)
	node = func(g string, depth int) {
		log(g, "grows")
		for i := 0; depth > 0 && i < width; i++ {
			wg.Add(1)
			go node(g+itoa(i), depth-1)
		}
		wg.Done()
	}
	wg.Add(1)
	node(g+" ", depth)
	wg.Wait()
}

// pipeline sends n numbers through stages, each behind a channel of one of the capacities.
func pipeline(g string, n, stages int, caps ...int) {
	in := make(chan int, caps[0])
	first := in
	for s := 0; s < stages; s++ {
		out := make(chan int, caps[(s+1)%len(caps)])
		go func(s int, in, out chan int) {
			for v := range in {
				logn(g, "stage "+itoa(s)+" has", v)
				out <- v + 1
			}
			close(out)
		}(s, in, out)
		in = out
	}
	go func() {
		for i := 0; i < n; i++ {
			first <- i * 100
		}
		close(first)
	}()
	for v := range in {
		logn(g, "pipeline yields", v)
	}
}

// workers hands n jobs to w workers, who yield so many times for each.
func workers(g string, n, w, jobcap, outcap, yields int) {
	jobs, out := make(chan int, jobcap), make(chan int, outcap)
	var wg sync.WaitGroup
	wg.Add(w)
	for i := 0; i < w; i++ {
		go func(i int) {
			for j := range jobs {
				logn(g, "worker "+itoa(i)+" has", j)
				for y := 0; y < yields; y++ {
					runtime.Gosched()
				}
				out <- j * j
			}
			wg.Done()
		}(i)
	}
	go func() {
		for i := 0; i < n; i++ {
			jobs <- i
		}
		close(jobs)
		wg.Wait()
		close(out)
	}()
	for v := range out {
		logn(g, "result", v)
	}
}

// pairs lets n pairs of goroutines pass a number to and fro.
func pairs(g string, n, rounds, capacity int) {
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		a, b := make(chan int, capacity), make(chan int, capacity)
		go func(i int) {
			for r := 0; r < rounds; r++ {
				a <- r
				logn(g, itoa(i)+" pong", <-b)
			}
			close(a)
			wg.Done()
		}(i)
		go func(i int) {
			for v := range a {
				logn(g, itoa(i)+" ping", v)
				b <- v
			}
		}(i)
	}
	wg.Wait()
}

// ring passes a token round n goroutines.
func ring(g string, n, rounds, capacity int) {
	first := make(chan int, capacity)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int, capacity)
		go func(i int, in, out chan int) {
			for v := range in {
				logn(g, itoa(i)+" passes", v)
				out <- v + 1
			}
			close(out)
		}(i, in, out)
		in = out
	}
	for r := 0; r < rounds; r++ {
		first <- r * 1000
		logn(g, "round", <-in)
	}
	close(first)
	<-in
}

// broadcast wakes n receivers by closing their channel; if wide, they wait in a select.
func broadcast(g string, n int, wide int) {
	c, never := make(chan int), make(chan int)
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			if wide > 0 {
				select {
				case <-c:
				case <-never:
				}
			} else {
				<-c
			}
			logn(g, "woken", i)
			wg.Done()
		}(i)
	}
	quiet(g)
	log(g, "closes")
	close(c)
	wg.Wait()
}

// senders lets n senders wait at a channel, and receives or closes.
func senders(g string, n, received int) {
	c := make(chan int)
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			defer wg.Done()
			defer caught(g + " " + itoa(i))
			c <- i
			logn(g, "sent", i)
		}(i)
	}
	quiet(g)
	for i := 0; i < received && i < n; i++ {
		logn(g, "received", <-c)
	}
	close(c)
	wg.Wait()
}

// contend lets n goroutines take a mutex so many times, yielding with it and without.
func contend(g string, n, times, inside, outside int) {
	var m sync.Mutex
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			for t := 0; t < times; t++ {
				m.Lock()
				logn(g, itoa(i)+" locks", t)
				for y := 0; y < inside; y++ {
					runtime.Gosched()
				}
				m.Unlock()
				for y := 0; y < outside; y++ {
					runtime.Gosched()
				}
			}
			wg.Done()
		}(i)
	}
	wg.Wait()
}

// readers lets n goroutines read and, every kth, write.
func readers(g string, n, k, times int) {
	var m sync.RWMutex
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			for t := 0; t < times; t++ {
				if i%k == 0 {
					m.Lock()
					logn(g, itoa(i)+" writes", t)
					runtime.Gosched()
					m.Unlock()
				} else {
					m.RLock()
					logn(g, itoa(i)+" reads", t)
					runtime.Gosched()
					m.RUnlock()
				}
			}
			wg.Done()
		}(i)
	}
	wg.Wait()
}

// signals wakes n waiters of a condition: so many one by one, the rest at once.
func signals(g string, n, single int) {
	var m sync.Mutex
	c := sync.NewCond(&m)
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			m.Lock()
			c.Wait()
			logn(g, "woken", i)
			m.Unlock()
			wg.Done()
		}(i)
	}
	quiet(g)
	for i := 0; i < single; i++ {
		logn(g, "signals", i)
		c.Signal()
		if i%2 == 1 {
			runtime.Gosched()
		}
	}
	log(g, "broadcasts")
	c.Broadcast()
	wg.Wait()
}

// gates lets n goroutines wait for one wait group.
func gates(g string, n int) {
	var gate, wg sync.WaitGroup
	gate.Add(1)
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			gate.Wait()
			logn(g, "passes", i)
			wg.Done()
		}(i)
	}
	quiet(g)
	gate.Done()
	wg.Wait()
}

// choose lets consumers select among channels that one producer feeds.
func choose(g string, n, consumers int) {
	var c [3]chan int
	for i := range c {
		c[i] = make(chan int)
	}
	done := make(chan bool)
	for k := 0; k < consumers; k++ {
		go func(k int) {
			for left := 3; left > 0; {
				select {
				case v, ok := <-c[0]:
					logn(g, itoa(k)+" first", v)
					if !ok {
						left = 0
					}
				case v := <-c[1]:
					logn(g, itoa(k)+" second", v)
				case v := <-c[2]:
					logn(g, itoa(k)+" third", v)
				}
			}
			done <- true
		}(k)
	}
	for i := 1; i <= n; i++ {
		c[i*i%3] <- i
		logn(g, "chose", i)
	}
	close(c[0])
	for k := 0; k < consumers; k++ {
		<-done
	}
}

// threads lets n goroutines that are locked to threads take turns.
func threads(g string, n, rounds int) {
	c := make([]chan int, n+1)
	for i := range c {
		c[i] = make(chan int)
	}
	for i := 0; i < n; i++ {
		go func(i int) {
			runtime.LockOSThread()
			for v := range c[i] {
				logn(g, itoa(i)+" locked has", v)
				c[i+1] <- v + 1
			}
			close(c[i+1])
		}(i)
	}
	for r := 0; r < rounds; r++ {
		c[0] <- 100 * r
		logn(g, "threads gave", <-c[n])
	}
	close(c[0])
	<-c[n]
}

// exits lets n goroutines leave by Goexit, with deferred calls that yield.
func exits(g string, n int) {
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func(i int) {
			defer wg.Done()
			defer func() {
				logn(g, "leaves", i)
				runtime.Gosched()
				logn(g, "has left", i)
			}()
			defer caught(g)
			if i%3 == 0 {
				panic(i)
			}
			runtime.Goexit()
		}(i)
	}
	wg.Wait()
}

// timers lets timers expire all at once: they run in the order of their times. Each number below
// 100 is a time; what the timer does goes round.
func timers(g string, at ...int) {
	var wg sync.WaitGroup
	wg.Add(len(at))
	base := time.Now()
	due := func(i int) time.Duration {
		return time.Until(base.Add(300*time.Microsecond + time.Duration(at[i])*15*time.Microsecond))
	}
	asleep := 0
	woken := func(how string, i int) {
		logn(g, how, at[i])
		wg.Done()
	}
	for i := range at {
		switch i % 4 {
		case 0, 1:
			go func(i int) {
				asleep++
				time.Sleep(due(i))
				woken("woke", i)
			}(i)
		case 2:
			asleep++
			time.AfterFunc(due(i), func(i int) func() { return func() { woken("called", i) } }(i))
		case 3:
			go func(i int) {
				asleep++
				t := time.NewTimer(due(i))
				<-t.C
				woken("ticked", i)
			}(i)
		}
	}
	stopped := time.AfterFunc(time.Hour, func() { log(g, "never") })
	for asleep < len(at) {
		runtime.Gosched()
	}
	for i := 0; i < 3; i++ {
		runtime.Gosched() // the last one, too, is asleep now
	}
	for time.Since(base) < 1850*time.Microsecond {
	}
	log(g, "all are due")
	if stopped.Stop() {
		log(g, "stopped")
	}
	wg.Wait()
}

// procs changes their number and back, while nobody else can run.
func procs(g string, n int) {
	logn(g, "procs", runtime.GOMAXPROCS(n))
	logn(g, "procs", runtime.GOMAXPROCS(1))
}

// The ends of programs.

func finish(g string, how int) {
	flush()
	switch how {
	case 1:
		live.Wait() // a deadlock, if one is blocked
	case 2:
		runtime.Goexit()
	case 3:
		panic("the end")
	case 4:
		syscall.Exit(7)
	case 5:
		go func() { throw(g, 42) }()
		forever(g)
	}
}
