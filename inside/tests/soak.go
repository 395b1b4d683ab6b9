// Everything at once for as many seconds as the first argument says: HTTP, channels, timers, locks,
// signals, system calls, threads, new values of GOMAXPROCS, collections. Each kind of work must go
// on: if one has not within half a minute, a wake-up was lost.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type kind struct {
	name  string
	count atomic.Int64
}

var (
	kinds []*kind
	stop  atomic.Bool
	wg    sync.WaitGroup
)

// Does `work` again and again on n goroutines.
func again(name string, n int, work func()) {
	k := &kind{name: name}
	kinds = append(kinds, k)
	for range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for !stop.Load() {
				work()
				k.count.Add(1)
			}
		}()
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

type tree[T any] struct {
	Left, Right *tree[T]
	Value       T
}

func plant[T any](depth int, v T) *tree[T] {
	if depth == 0 {
		return nil
	}
	return &tree[T]{plant(depth-1, v), plant(depth-1, v), v}
}

func (t *tree[T]) size() int {
	if t == nil {
		return 0
	}
	return 1 + t.Left.size() + t.Right.size()
}

func deep(n int) int {
	var room [64]int
	room[n%64] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + room[n%64] - n + 1
}

func main() {
	seconds, err := strconv.Atoi(os.Args[1])
	must(err)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		must(json.NewEncoder(w).Encode(plant(4, r.URL.Path)))
	})}
	go srv.Serve(l)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: time.Minute}
	again("http", 8, func() {
		r, err := client.Get("http://" + l.Addr().String() + "/" + strconv.Itoa(rand.IntN(1000)))
		must(err)
		var t tree[string]
		must(json.NewDecoder(r.Body).Decode(&t))
		r.Body.Close()
		if t.size() != 15 {
			panic(t.size())
		}
	})
	again("new connections", 1, func() {
		c, err := net.Dial("tcp", l.Addr().String())
		must(err)
		must(c.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(c, "GET /x HTTP/1.0\r\n\r\n")
		must(err)
		_, err = io.Copy(io.Discard, c)
		must(err)
		c.Close()
	})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	again("signals", 1, func() {
		must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		<-signals
		time.Sleep(time.Millisecond)
	})
	again("channels", 2, func() {
		c, sum := make(chan int, rand.IntN(3)), make(chan int)
		for range 10 {
			go func() {
				s := 0
				for x := range c {
					s += x
				}
				sum <- s
			}()
		}
		for i := range 1000 {
			c <- i
		}
		close(c)
		s := 0
		for range 10 {
			s += <-sum
		}
		if s != 499500 {
			panic(s)
		}
	})
	again("timers", 4, func() {
		t := time.NewTimer(time.Duration(rand.IntN(2000)) * time.Microsecond)
		select {
		case <-t.C:
		case <-time.After(time.Millisecond):
			t.Stop()
		}
	})
	var mu sync.RWMutex
	m := map[int]int{}
	again("locks", 4, func() {
		if rand.IntN(4) == 0 {
			mu.Lock()
			m[rand.IntN(100)]++
			mu.Unlock()
		} else {
			mu.RLock()
			_ = m[rand.IntN(100)]
			mu.RUnlock()
		}
	})
	again("pipes", 2, func() {
		r, w, err := os.Pipe()
		must(err)
		go func() { w.Write([]byte("hello")); w.Close() }()
		b, err := io.ReadAll(r)
		must(err)
		r.Close()
		if string(b) != "hello" {
			panic(string(b))
		}
	})
	again("threads", 1, func() {
		done := make(chan int)
		go func() {
			runtime.LockOSThread() // ends with it
			ts := syscall.Timespec{Nsec: 200_000}
			syscall.Nanosleep(&ts, nil)
			done <- 1
		}()
		<-done
		time.Sleep(time.Millisecond)
	})
	again("loops", 1, func() {
		for end := time.Now().Add(15 * time.Millisecond); time.Now().Before(end); {
			for i := range 100_000 {
				_ = i
			}
		}
		time.Sleep(5 * time.Millisecond)
	})
	again("stacks", 1, func() {
		c := make(chan int)
		go func() { c <- deep(1 + rand.IntN(3000)) }()
		if <-c < 1 {
			panic("deep")
		}
	})
	again("trees", 1, func() {
		if n := plant(12, 1.5).size(); n != 4095 {
			panic(n)
		}
		time.Sleep(time.Millisecond)
	})
	again("GOMAXPROCS", 1, func() {
		runtime.GOMAXPROCS(1 + rand.IntN(8))
		time.Sleep(20 * time.Millisecond)
	})

	last := make([]int64, len(kinds))
	since := make([]time.Time, len(kinds))
	begin := time.Now()
	for i := range since {
		since[i] = begin
	}
	for time.Since(begin) < time.Duration(seconds)*time.Second {
		time.Sleep(100 * time.Millisecond)
		for i, k := range kinds {
			if n := k.count.Load(); n != last[i] {
				last[i], since[i] = n, time.Now()
			} else if time.Since(since[i]) > 30*time.Second {
				panic(k.name + ": no progress")
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	for _, k := range kinds {
		fmt.Print(k.name, " ", k.count.Load(), ", ")
	}
	fmt.Println("collections", s.NumGC)
}
