// Order: programs whose order of events at GOMAXPROCS=1 is exact. Each case logs events and prints them when it
// is over; the same cases in Rust are in tests/tests/order.rs, and both must print the same.
//
// Only packages that start no goroutine of their own are imported (not os, not fmt), so that queues and ticks at
// main.main are the bare runtime's.
package main

import (
	"iter"
	"runtime"
	"sync"
	"syscall"
	"time"
)

var events []string

func log(s string) { events = append(events, s) }

func itoa(n int) string {
	if n < 0 {
		return "-" + itoa(-n)
	}
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// spawn starts n goroutines that log their number, and waits for them.
func spawn(n int) {
	var wg sync.WaitGroup
	wg.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			log(itoa(i))
			wg.Done()
		}()
	}
	wg.Wait()
}

func yieldUntilIdle() {
	for i := 0; i < 200; i++ {
		runtime.Gosched()
	}
}

var cases = map[string]func(){
	"runnext_then_fifo": func() { spawn(10) },
	"fill_255":          func() { spawn(255) },
	"fill_256":          func() { spawn(256) },
	"overflow_257":      func() { spawn(257) },
	"overflow_258":      func() { spawn(258) },
	"overflow_600":      func() { spawn(600) },
	"overflow_2000":     func() { spawn(2000) },
	"nested_go": func() {
		var wg sync.WaitGroup
		var node func(name string, depth int)
		node = func(name string, depth int) {
			log(name)
			if depth > 0 {
				for _, c := range []string{"a", "b", "c"} {
					wg.Add(1)
					go func() { node(name+c, depth-1); wg.Done() }()
				}
			}
		}
		node("", 3)
		wg.Wait()
	},
	"gosched_two": func() {
		var wg sync.WaitGroup
		for _, name := range []string{"a", "b", "c"} {
			wg.Add(1)
			go func() {
				for i := 0; i < 5; i++ {
					log(name + itoa(i))
					runtime.Gosched()
				}
				wg.Done()
			}()
		}
		wg.Wait()
	},
	"gosched_main_global": func() {
		for i := 0; i < 5; i++ {
			go func() { log("g" + itoa(i)) }()
		}
		log("main")
		runtime.Gosched()
		log("main again")
		yieldUntilIdle()
	},
	"tick_61": func() {
		// The one that runs first yields to the global queue; where it comes back shows the 61st tick.
		var wg sync.WaitGroup
		for i := 0; i < 250; i++ {
			wg.Add(1)
			go func() {
				if i == 249 {
					for k := 0; k < 4; k++ {
						log("global " + itoa(k))
						runtime.Gosched()
					}
				}
				log(itoa(i))
				wg.Done()
			}()
		}
		wg.Wait()
	},
	"unbuffered": func() {
		c := make(chan int)
		go func() {
			for i := 0; i < 6; i++ {
				log("send " + itoa(i))
				c <- i
				log("sent " + itoa(i))
			}
			close(c)
		}()
		for v := range c {
			log("got " + itoa(v))
		}
	},
	"buffered_1":  func() { buffered(1) },
	"buffered_3":  func() { buffered(3) },
	"buffered_10": func() { buffered(10) },
	"close_wakes_receivers": func() {
		c := make(chan int)
		var wg sync.WaitGroup
		for i := 0; i < 8; i++ {
			wg.Add(1)
			go func() {
				_, ok := <-c
				if !ok {
					log("woken " + itoa(i))
				}
				wg.Done()
			}()
		}
		yieldUntilIdle()
		log("close")
		close(c)
		log("closed")
		wg.Wait()
	},
	"senders_fifo": func() {
		c := make(chan int)
		for i := 0; i < 6; i++ {
			go func() { c <- i; log("sent " + itoa(i)) }()
		}
		yieldUntilIdle()
		for i := 0; i < 6; i++ {
			log("got " + itoa(<-c))
		}
		yieldUntilIdle()
	},
	"senders_full_buffer": func() {
		c := make(chan int, 2)
		for i := 0; i < 6; i++ {
			go func() { c <- i; log("sent " + itoa(i)) }()
		}
		yieldUntilIdle()
		for i := 0; i < 6; i++ {
			log("got " + itoa(<-c))
		}
		yieldUntilIdle()
	},
	"waitgroup_waiters": func() {
		var wg, all sync.WaitGroup
		wg.Add(1)
		for i := 0; i < 6; i++ {
			all.Add(1)
			go func() { wg.Wait(); log("waiter " + itoa(i)); all.Done() }()
		}
		yieldUntilIdle()
		wg.Done()
		log("done")
		all.Wait()
	},
	"mutex_queue": func() {
		var mu sync.Mutex
		var wg sync.WaitGroup
		mu.Lock()
		for i := 0; i < 6; i++ {
			wg.Add(1)
			go func() {
				mu.Lock()
				log("locked " + itoa(i))
				mu.Unlock()
				wg.Done()
			}()
		}
		yieldUntilIdle()
		log("unlock")
		mu.Unlock()
		log("unlocked")
		wg.Wait()
	},
	"mutex_yield_inside": func() {
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := 0; i < 4; i++ {
			wg.Add(1)
			go func() {
				for k := 0; k < 3; k++ {
					mu.Lock()
					log(itoa(i) + " in")
					runtime.Gosched()
					log(itoa(i) + " out")
					mu.Unlock()
				}
				wg.Done()
			}()
		}
		wg.Wait()
	},
	"rwmutex": func() {
		var mu sync.RWMutex
		var wg sync.WaitGroup
		mu.Lock()
		for i := 0; i < 3; i++ {
			wg.Add(1)
			go func() { mu.RLock(); log("r" + itoa(i)); runtime.Gosched(); mu.RUnlock(); wg.Done() }()
		}
		for i := 0; i < 3; i++ {
			wg.Add(1)
			go func() { mu.Lock(); log("w" + itoa(i)); runtime.Gosched(); mu.Unlock(); wg.Done() }()
		}
		for i := 3; i < 6; i++ {
			wg.Add(1)
			go func() { mu.RLock(); log("r" + itoa(i)); runtime.Gosched(); mu.RUnlock(); wg.Done() }()
		}
		yieldUntilIdle()
		log("unlock")
		mu.Unlock()
		wg.Wait()
	},
	"cond_signal": func() {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		n := 0
		for i := 0; i < 5; i++ {
			go func() {
				mu.Lock()
				n++
				c.Wait()
				log("woken " + itoa(i))
				n--
				mu.Unlock()
			}()
		}
		yieldUntilIdle()
		for i := 0; i < 5; i++ {
			log("signal")
			c.Signal()
			yieldUntilIdle()
		}
		log(itoa(n))
	},
	"cond_broadcast": func() {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		for i := 0; i < 5; i++ {
			go func() { mu.Lock(); c.Wait(); log("woken " + itoa(i)); mu.Unlock() }()
		}
		yieldUntilIdle()
		log("broadcast")
		c.Broadcast()
		yieldUntilIdle()
	},
	"once": func() {
		var once sync.Once
		var wg sync.WaitGroup
		for i := 0; i < 5; i++ {
			wg.Add(1)
			go func() {
				once.Do(func() { log("first " + itoa(i)); runtime.Gosched(); log("first done") })
				log("after " + itoa(i))
				wg.Done()
			}()
		}
		wg.Wait()
	},
	"sleep_order": func() {
		ms := []int{30, 10, 20, 50, 40}
		for _, i := range oneByOne([]int{1, 2, 0, 4, 3}, func(i int, unit time.Duration, woken chan int) {
			go func() {
				time.Sleep(time.Duration(ms[i]) * unit)
				woken <- i
			}()
		}) {
			log(itoa(i) + " after " + itoa(ms[i]))
		}
	},
	"timers_fire_in_order": func() {
		ms := []int{12, 3, 9, 6, 15}
		for _, i := range oneByOne([]int{1, 3, 2, 0, 4}, func(i int, unit time.Duration, fired chan int) {
			time.AfterFunc(time.Duration(ms[i])*unit, func() { fired <- i })
		}) {
			log("timer " + itoa(i))
		}
	},
	"timer_stop_reset": func() {
		t := time.NewTimer(time.Hour)
		if t.Stop() {
			log("stopped an active timer")
		}
		if !t.Stop() {
			log("it was stopped already")
		}
		if !t.Reset(time.Millisecond) {
			log("reset a stopped timer")
		}
		<-t.C
		log("fired")
		if !t.Reset(time.Millisecond) {
			log("reset a fired timer")
		}
		time.Sleep(5 * time.Millisecond)
		log(itoa(len(t.C)) + " " + itoa(cap(t.C)))
		if t.Stop() {
			log("nobody has received it: stop takes it back")
		}
		select {
		case <-t.C:
			log("stale value")
		default:
			log("nothing there")
		}
	},
	"ticker_drops_ticks": func() {
		t := time.NewTicker(2 * time.Millisecond)
		time.Sleep(11 * time.Millisecond)
		<-t.C
		log("one tick was waiting")
		t.Stop()
		select {
		case <-t.C:
			log("more")
		default:
			log("no more")
		}
	},
	"select_blocks": func() {
		a, b, c := make(chan int), make(chan int), make(chan int, 1)
		var wg sync.WaitGroup
		wg.Add(1)
		go func() {
			for i := 0; i < 3; i++ {
				select {
				case v := <-a:
					log("a " + itoa(v))
				case v := <-b:
					log("b " + itoa(v))
				}
			}
			select {
			case c <- 7:
				log("c taken")
			case <-a:
				log("never")
			}
			wg.Done()
		}()
		yieldUntilIdle()
		b <- 1
		log("b sent")
		yieldUntilIdle()
		a <- 2
		log("a sent")
		b <- 3
		log("b sent")
		log("c " + itoa(<-c))
		wg.Wait()
	},
	"select_default": func() {
		c := make(chan int, 1)
		for i := 0; i < 3; i++ {
			select {
			case c <- i:
				log("sent " + itoa(i))
			default:
				log("full " + itoa(i))
			}
		}
		for i := 0; i < 2; i++ {
			select {
			case v := <-c:
				log("got " + itoa(v))
			default:
				log("empty")
			}
		}
		close(c)
		select {
		case _, ok := <-c:
			if !ok {
				log("closed")
			}
		default:
			log("never")
		}
	},
	"select_close_wakes": func() {
		a, b := make(chan int), make(chan int)
		var wg sync.WaitGroup
		for i := 0; i < 4; i++ {
			wg.Add(1)
			go func() {
				select {
				case <-a:
					log("a wakes " + itoa(i))
				case <-b:
					log("b wakes " + itoa(i))
				}
				wg.Done()
			}()
		}
		yieldUntilIdle()
		close(b)
		wg.Wait()
	},
	"goexit_runs_defers": func() {
		var wg sync.WaitGroup
		wg.Add(2)
		go func() {
			defer wg.Done()
			defer log("deferred")
			func() {
				defer log("inner")
				runtime.Goexit()
			}()
			log("never")
		}()
		go func() { log("other"); wg.Done() }()
		wg.Wait()
	},
	"lock_os_thread": func() {
		var wg sync.WaitGroup
		for i := 0; i < 3; i++ {
			wg.Add(1)
			go func() {
				if i == 1 {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
				}
				for k := 0; k < 3; k++ {
					log(itoa(i) + "." + itoa(k))
					runtime.Gosched()
				}
				wg.Done()
			}()
		}
		wg.Wait()
	},
	"gomaxprocs_up_down": func() {
		log("was " + itoa(runtime.GOMAXPROCS(4)))
		log("was " + itoa(runtime.GOMAXPROCS(0)))
		log("was " + itoa(runtime.GOMAXPROCS(1)))
		log("was " + itoa(runtime.GOMAXPROCS(-5)))
		spawn(5)
	},
	"iter_pull": func() {
		next, stop := iter.Pull(func(yield func(int) bool) {
			log("start")
			for i := 0; ; i++ {
				if !yield(i) {
					log("stopped")
					return
				}
				log("resumed")
			}
		})
		for i := 0; i < 3; i++ {
			v, _ := next()
			log(itoa(v))
		}
		stop()
		if _, ok := next(); !ok {
			log("over")
		}
	},
	"num_goroutine": func() {
		log(itoa(runtime.NumGoroutine()))
		c := make(chan int)
		for i := 0; i < 3; i++ {
			go func() { <-c }()
		}
		log(itoa(runtime.NumGoroutine()))
		yieldUntilIdle()
		close(c)
		yieldUntilIdle()
		log(itoa(runtime.NumGoroutine()))
	},
	"sieve_20": func() {
		c := make(chan int)
		first := c
		go func() {
			for i := 2; ; i++ {
				first <- i
			}
		}()
		for i := 0; i < 20; i++ {
			p := <-c
			log(itoa(p))
			n := make(chan int)
			in := c
			go func() {
				for {
					if v := <-in; v%p != 0 {
						n <- v
					} else {
						log(itoa(p) + " drops " + itoa(v))
					}
				}
			}()
			c = n
		}
	},
	"producers_consumers": func() {
		c := make(chan int, 2)
		var prod, cons sync.WaitGroup
		for i := 0; i < 3; i++ {
			prod.Add(1)
			go func() {
				for k := 0; k < 4; k++ {
					c <- 10*i + k
					log("sent " + itoa(10*i+k))
				}
				prod.Done()
			}()
		}
		for i := 0; i < 2; i++ {
			cons.Add(1)
			go func() {
				for v := range c {
					log("consumer " + itoa(i) + " got " + itoa(v))
				}
				cons.Done()
			}()
		}
		prod.Wait()
		close(c)
		cons.Wait()
	},
}

func buffered(n int) {
	c := make(chan int, n)
	done := make(chan bool)
	go func() {
		for v := range c {
			log("got " + itoa(v))
		}
		log("closed")
		done <- true
	}()
	for i := 0; i < 12; i++ {
		c <- i
		log("sent " + itoa(i))
	}
	close(c)
	<-done
}

// oneByOne starts five things whose times differ by some units of a millisecond, and sees in which order they come. Two
// that are due at once, as the machine stood still, run the last one first: then again, with units twice as long.
func oneByOne(want []int, start func(i int, unit time.Duration, c chan int)) []int {
	for unit := time.Millisecond; ; unit *= 2 {
		c := make(chan int, len(want))
		for i := range want {
			start(i, unit, c)
		}
		right := true
		for _, w := range want {
			right = <-c == w && right
		}
		if right {
			return want
		}
	}
}

func main() {
	name, _ := syscall.Getenv("ORDER")
	if name == "" {
		for k := range cases {
			println(k)
		}
		return
	}
	cases[name]()
	for _, e := range events {
		println(e)
	}
}
