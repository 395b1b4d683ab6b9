// len and cap of a timer's channel are 0, whatever is in it: also with a value that a select has left there, and by reflect. Sends, receives,
// ranges and selects on it are what they always were.
package main

import (
	"fmt"
	"reflect"
	"time"
)

func show(what string, c <-chan time.Time) {
	v := reflect.ValueOf(c)
	fmt.Println(what, len(c), cap(c), v.Len(), v.Cap())
}

func main() {
	t := time.NewTimer(time.Millisecond)
	show("new", t.C)
	time.Sleep(5 * time.Millisecond)
	show("due", t.C)

	// A select that looks at the channel and takes another case, until it has seen the value.
	other := make(chan int, 1)
	took := 0
	for i := 0; i < 100; i++ {
		t.Reset(time.Microsecond)
		time.Sleep(50 * time.Microsecond)
		other <- i
		select {
		case <-t.C:
			<-other
		case <-other:
			took++
		}
		if len(t.C) != 0 || cap(t.C) != 0 {
			panic("a buffer is seen")
		}
	}
	fmt.Println(took > 0)

	tick := time.NewTicker(time.Millisecond)
	show("ticker", tick.C)
	n := 0
	for range tick.C {
		if n++; n == 3 {
			break
		}
	}
	tick.Stop()
	show("stopped", tick.C)

	// All ways to receive.
	after := func() <-chan time.Time { return time.After(time.Millisecond) }
	<-after()
	_, ok := <-after()
	fmt.Println(ok)
	_, ok = reflect.ValueOf(after()).Recv()
	fmt.Println(ok)
	i, _, ok := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(make(chan int))},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(after())},
	})
	fmt.Println(i, ok)
	for c := after(); ; {
		select {
		case _, ok := <-c:
			fmt.Println("received", ok)
		default:
			time.Sleep(time.Millisecond)
			continue
		}
		break
	}
	select {
	case <-after():
	case <-make(chan int):
	}

	// Compared and kept as other channels are.
	m := map[<-chan time.Time]int{t.C: 1}
	fmt.Println(m[t.C], t.C == t.C, interface{}(t.C) == interface{}(tick.C))
}
