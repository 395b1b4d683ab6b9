// Below "[originating from goroutine N]:" are the frames that the creator had (std_ancestors).
package main

//corpus:run {"env": {"GODEBUG": "tracebackancestors=5"}}

import (
	"fmt"
	"runtime"
	"strings"
)

func leaf(c chan bool) { <-c }

//go:noinline
func outer(c, ready chan bool) {
	go func() {
		ready <- true
		leaf(c)
	}()
	<-c
}

func main() {
	c, ready := make(chan bool), make(chan bool)
	go outer(c, ready)
	<-ready
	buf := make([]byte, 1<<16)
	text := string(buf[:runtime.Stack(buf, true)])
	ancestor := -1
	for _, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "goroutine "):
			ancestor = -1
		case strings.HasPrefix(line, "[originating"):
			ancestor++
			fmt.Println("ancestor", ancestor)
		case ancestor >= 0 && strings.HasPrefix(line, "main.") || strings.HasPrefix(line, "created by"):
			if i := strings.Index(line, "("); i >= 0 {
				line = line[:i]
			}
			if i := strings.Index(line, " in goroutine"); i >= 0 {
				line = line[:i]
			}
			fmt.Println(line)
		}
	}
}
