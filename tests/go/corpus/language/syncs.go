// sync, sync/atomic, context and time.
//
//corpus:run {"procs":[0,1,4]}
package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	var n, total int64
	shared := map[int]int{}
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 100; k++ {
				atomic.AddInt64(&n, 1)
				mu.Lock()
				total += int64(i)
				mu.Unlock()
				if k%10 == 0 {
					rw.Lock()
					shared[i]++
					rw.Unlock()
				} else {
					rw.RLock()
					_ = shared[i]
					rw.RUnlock()
				}
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(n, total, len(shared), shared[7], mu.TryLock())
	mu.Unlock()

	cond := sync.NewCond(&mu)
	ready, woken := 0, 0
	for i := 0; i < 10; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			for ready == 0 {
				cond.Wait()
			}
			woken++
			mu.Unlock()
		}()
	}
	time.Sleep(time.Millisecond)
	mu.Lock()
	ready = 1
	cond.Broadcast()
	mu.Unlock()
	wg.Wait()
	fmt.Println(woken)

	var once sync.Once
	for i := 0; i < 5; i++ {
		once.Do(func() { fmt.Println("once") })
	}
	var m sync.Map
	for i := 0; i < 100; i++ {
		m.Store(i, i*i)
	}
	v, ok := m.Load(9)
	_, loaded := m.LoadOrStore(200, 1)
	cnt := 0
	m.Range(func(k, v interface{}) bool { cnt++; return true })
	fmt.Println(v, ok, loaded, cnt)
	pool := sync.Pool{New: func() interface{} { return new(int) }}
	p := pool.Get().(*int)
	*p = 5
	pool.Put(p)
	var av atomic.Value
	av.Store([]int{1, 2})
	fmt.Println(av.Load(), *pool.Get().(*int) >= 0)
	var flag int32
	var first, second bool = atomic.CompareAndSwapInt32(&flag, 0, 1), atomic.CompareAndSwapInt32(&flag, 0, 1)
	fmt.Println(first, second, atomic.SwapInt32(&flag, 9), flag)

	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), "k", "v"))
	go func() { time.Sleep(time.Millisecond); cancel() }()
	<-ctx.Done()
	fmt.Println(ctx.Err(), ctx.Value("k"), errors.Is(ctx.Err(), context.Canceled))
	ctx, cancel = context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err())

	start := time.Now()
	time.Sleep(20 * time.Millisecond)
	d := time.Since(start)
	fmt.Println(d >= 20*time.Millisecond)
	t := time.NewTimer(time.Hour)
	fmt.Println(t.Stop(), t.Stop(), t.Reset(time.Millisecond))
	<-t.C
	fired := make(chan int)
	time.AfterFunc(time.Millisecond, func() { fired <- 1 })
	fmt.Println(<-fired)
	tick := time.NewTicker(2 * time.Millisecond)
	for i := 0; i < 5; i++ {
		<-tick.C
	}
	tick.Stop()
	u := time.Date(2024, 2, 29, 12, 30, 45, 0, time.UTC)
	fmt.Println(u.Format(time.RFC3339), u.Weekday(), u.AddDate(1, 0, 0).Format("2006-01-02"), u.Unix(), time.Duration(3723*time.Second))
	many := make(chan bool)
	for i := 0; i < 2000; i++ {
		go func(i int) { time.Sleep(time.Duration(i%10) * time.Millisecond); many <- true }(i)
	}
	for i := 0; i < 2000; i++ {
		<-many
	}
	fmt.Println("all awake")
}
