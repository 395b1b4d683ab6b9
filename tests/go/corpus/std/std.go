// A tour of the standard library; ends with status 3.
//
//corpus:run {"args":["a","-b"],"env":{"GOPROG":"value"}}
package main

import (
	"bufio"
	"container/heap"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type IntHeap []int

func (h IntHeap) Len() int            { return len(h) }
func (h IntHeap) Less(i, j int) bool  { return h[i] < h[j] }
func (h IntHeap) Swap(i, j int)       { h[i], h[j] = h[j], h[i] }
func (h *IntHeap) Push(x interface{}) { *h = append(*h, x.(int)) }
func (h *IntHeap) Pop() interface{}   { o := *h; n := len(o); x := o[n-1]; *h = o[:n-1]; return x }

type P struct {
	Name string `json:"name"`
	Age  int    `json:"age,omitempty"`
	Tags []string
	M    map[string]float64
}

func (p P) Hello(a int, s string, f float64) (string, error) {
	return fmt.Sprint(p.Name, a, s, f), errors.New("e")
}

func main() {
	fmt.Println("hello", 1, 2.5, []int{1, 2}, map[string]int{"b": 2, "a": 1}, P{Name: "x"}, &P{Name: "y"})
	fmt.Printf("%v %+v %#v %T %q %x %8.3f|%-5d|%05d\n", P{Name: "x"}, P{}, P{}, P{}, "hi", "hi", 3.14159, 42, 42)
	b, err := json.Marshal(P{"a", 3, []string{"x"}, map[string]float64{"z": 1.5}})
	fmt.Println(string(b), err)
	var p P
	fmt.Println(json.Unmarshal([]byte(`{"name":"q","age":7,"Tags":["1","2"],"M":{"k":2}}`), &p), p)
	fmt.Println(json.Unmarshal([]byte(`{"name":5}`), &p))
	h := &IntHeap{5, 2, 8}
	heap.Init(h)
	heap.Push(h, 3)
	for h.Len() > 0 {
		fmt.Print(heap.Pop(h), " ")
	}
	fmt.Println()
	l := list.New()
	l.PushBack(4)
	l.PushFront(1)
	for e := l.Front(); e != nil; e = e.Next() {
		fmt.Print(e.Value, " ")
	}
	fmt.Println()
	re := regexp.MustCompile(`(\w+)@(\w+)\.com`)
	fmt.Println(re.FindStringSubmatch("bob@example.com"), re.ReplaceAllString("a@b.com", "$2:$1"))
	var wg sync.WaitGroup
	var mu sync.Mutex
	var n int64
	t := 0
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 100; k++ {
				atomic.AddInt64(&n, 1)
				mu.Lock()
				t += i
				mu.Unlock()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(n, t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println(ctx.Err())
	case <-time.After(time.Hour):
		fmt.Println("late")
	}
	s := time.Now()
	time.Sleep(10 * time.Millisecond)
	d := time.Since(s)
	fmt.Println(d > 10*time.Millisecond)
	tk := time.NewTicker(5 * time.Millisecond)
	for i := 0; i < 3; i++ {
		<-tk.C
	}
	tk.Stop()
	fired := make(chan bool)
	time.AfterFunc(time.Millisecond, func() { fired <- true })
	<-fired
	x := []string{"c", "a", "b"}
	sort.Strings(x)
	fmt.Println(strings.Join(x, ","), strings.Repeat("ab", 3), strings.Fields(" a b  c "))
	fmt.Println(strconv.Atoi("12x"))
	r := bufio.NewReader(strings.NewReader("l1\nl2\n"))
	for {
		ln, err := r.ReadString('\n')
		if err == io.EOF {
			break
		}
		fmt.Print(ln)
	}
	v := reflect.ValueOf(P{Name: "rf"}).MethodByName("Hello").Call([]reflect.Value{reflect.ValueOf(3), reflect.ValueOf("s"), reflect.ValueOf(2.5)})
	fmt.Println(v[0], v[1])
	swap := func(in []reflect.Value) []reflect.Value { return []reflect.Value{in[1], in[0]} }
	var sw func(int, string) (string, int)
	reflect.ValueOf(&sw).Elem().Set(reflect.MakeFunc(reflect.TypeOf(sw), swap))
	fmt.Println(sw(5, "five"))
	log.SetFlags(log.Lshortfile)
	log.SetOutput(os.Stdout)
	log.Println("logged")
	rand.Seed(1)
	a := rand.Intn(100)
	rand.Seed(1)
	fmt.Println(a == rand.Intn(100))
	_, err = os.Open("/nonexistent")
	fmt.Println(err, errors.Is(err, os.ErrNotExist))
	dir, err := os.MkdirTemp("", "goprog")
	fmt.Println(err)
	file := dir + "/w.txt"
	fmt.Println(os.WriteFile(file, []byte("data"), 0644))
	rb, err := os.ReadFile(file)
	fmt.Println(string(rb), err)
	ents, _ := os.ReadDir(dir)
	for _, e := range ents {
		fmt.Println(e.Name(), e.IsDir())
	}
	fmt.Println(os.RemoveAll(dir))
	fmt.Fprintln(os.Stderr, "to stderr", os.Args[1:], os.Getenv("GOPROG"))
	var once sync.Once
	for i := 0; i < 3; i++ {
		once.Do(func() { fmt.Println("once") })
	}
	pool := sync.Pool{New: func() interface{} { return 7 }}
	fmt.Println(pool.Get())
	var e2 error = fmt.Errorf("wrap: %w", io.EOF)
	fmt.Println(errors.Unwrap(e2) == io.EOF, errors.Is(e2, io.EOF))
	func() {
		defer func() { fmt.Println("rec:", recover()) }()
		var m map[interface{}]int = map[interface{}]int{}
		m[[]int{1}] = 2
	}()
	fmt.Fprint(os.Stdout, "exit\n")
	os.Exit(3)
}
