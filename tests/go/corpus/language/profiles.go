// Packages that ask the runtime about itself: runtime/pprof, runtime/metrics, runtime/trace, testing.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"testing"
)

//go:noinline
func waits(c chan int, ready chan bool) {
	ready <- true
	<-c
}

func goroutines() {
	c, ready := make(chan int), make(chan bool)
	go waits(c, ready)
	pprof.Do(context.Background(), pprof.Labels("who", "me"), func(ctx context.Context) {
		v, ok := pprof.Label(ctx, "who")
		fmt.Println("label", v, ok)
		go waits(c, ready)
	})
	<-ready
	<-ready
	runtime.Gosched()
	p := pprof.Lookup("goroutine")
	fmt.Println("goroutines", p.Count())
	var text bytes.Buffer
	for {
		text.Reset()
		if err := p.WriteTo(&text, 1); err != nil {
			fmt.Println(err)
		}
		if strings.Count(text.String(), "main.waits") >= 2 {
			break
		}
		runtime.Gosched()
	}
	fmt.Println("profile", strings.HasPrefix(text.String(), "goroutine profile: total 3\n"), strings.Contains(text.String(), "main.goroutines"))
	text.Reset()
	fmt.Println("binary", p.WriteTo(&text, 0), text.Len() > 100)
	text.Reset()
	fmt.Println("stacks", p.WriteTo(&text, 2), strings.Contains(text.String(), "goroutine 1 [running]:\n"))
	var few [1]runtime.StackRecord
	n, ok := runtime.GoroutineProfile(few[:])
	fmt.Println("few", n, ok)
	many := make([]runtime.StackRecord, 10)
	n, ok = runtime.GoroutineProfile(many)
	found := 0
	for _, r := range many[:n] {
		fs := runtime.CallersFrames(r.Stack())
		for {
			f, more := fs.Next()
			if f.Function == "main.waits" {
				found++
			}
			if !more {
				break
			}
		}
	}
	fmt.Println("many", n, ok, found)
	close(c)
}

func samples() {
	s := []metrics.Sample{{Name: "/sched/goroutines:goroutines"}, {Name: "/sched/latencies:seconds"}, {Name: "/no/such:thing"},
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(s)
	fmt.Println("goroutines", s[0].Value.Kind() == metrics.KindUint64, s[0].Value.Uint64() >= 1)
	h := s[1].Value.Float64Histogram()
	fmt.Println("latencies", len(h.Buckets) == len(h.Counts)+1)
	fmt.Println("none", s[2].Value.Kind() == metrics.KindBad)
	fmt.Println("memory", s[3].Value.Uint64() > 0, s[4].Value.Uint64() > s[3].Value.Uint64()/2)
}

var sink *int

func tests() {
	fmt.Println("allocations", testing.AllocsPerRun(100, func() { sink = new(int) }), testing.AllocsPerRun(100, func() {}))
	r := testing.Benchmark(func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			sink = new(int)
		}
	})
	fmt.Println("benchmark", r.N > 0, r.T > 0)
}

// runTests ends the program, as a test binary's main function would.
func runTests() {
	os.Args = os.Args[:1]
	testing.Main(func(pat, str string) (bool, error) { return true, nil }, []testing.InternalTest{
		{Name: "TestPasses", F: func(t *testing.T) { t.Log("fine") }},
		{Name: "TestParallel", F: func(t *testing.T) {
			for _, name := range []string{"a", "b"} {
				t.Run(name, func(t *testing.T) { t.Parallel() })
			}
		}},
		{Name: "TestSkips", F: func(t *testing.T) { t.Skip("no reason") }},
		{Name: "TestCleans", F: func(t *testing.T) {
			t.Cleanup(func() { fmt.Println("cleaned") })
			defer fmt.Println("exited")
			if len(os.Args) == 1 {
				t.SkipNow()
			}
		}},
	}, nil, nil)
}

func main() {
	goroutines()
	samples()
	tests()
	for _, name := range []string{"goroutine", "threadcreate", "heap", "allocs", "block", "mutex"} {
		fmt.Println(name, pprof.Lookup(name) != nil)
	}
	runTests()
}
