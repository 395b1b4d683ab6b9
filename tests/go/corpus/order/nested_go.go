// A tree of go statements: each node starts three.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"sync"
)

var events []string

func log(a ...interface{}) { events = append(events, fmt.Sprint(a...)) }

func show() {
	for _, e := range events {
		fmt.Println(e)
	}
}

var wg sync.WaitGroup

func node(name string, depth int) {
	defer wg.Done()
	log(name)
	if depth == 0 {
		return
	}
	for _, c := range []string{"a", "b", "c"} {
		wg.Add(1)
		go node(name+c, depth-1)
	}
	log(name, " done")
}

func main() {
	wg.Add(1)
	node("", 4)
	wg.Wait()
	show()
}
