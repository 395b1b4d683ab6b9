// reflect.Select with as many cases as it takes, and a select statement of a few.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"reflect"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

func main() {
	const n = 100
	var cases []reflect.SelectCase
	chans := make([]chan int, n)
	for i := range chans {
		chans[i] = make(chan int)
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(chans[i])})
	}
	go func() {
		for i := 0; i < n; i += 9 {
			log("send ", i)
			chans[i] <- i * i
		}
		close(chans[50])
	}()
	for {
		i, v, ok := reflect.Select(cases)
		log("case ", i, " ", v.Int(), " ", ok)
		if !ok {
			break
		}
	}
	cases = append(cases[:3], reflect.SelectCase{Dir: reflect.SelectDefault})
	i, _, ok := reflect.Select(cases)
	log("default ", i, " ", ok)
	show()
}
