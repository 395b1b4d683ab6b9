// Timers that nobody can wait for any more do not keep a program alive; a sleep or a function does.
//
//corpus:run {"args":["stopped"],"procs":[1]}
//corpus:run {"args":["unwatched"],"procs":[1]}
//corpus:run {"args":["ticker"],"procs":[1]}
//corpus:run {"args":["function"],"procs":[1]}
//corpus:run {"args":["sleep"],"procs":[1]}
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	switch os.Args[1] {
	case "stopped":
		t := time.NewTimer(time.Hour)
		fmt.Println(t.Stop())
		<-t.C
	case "unwatched":
		time.NewTimer(time.Hour)
		time.After(time.Hour)
		select {}
	case "ticker":
		time.NewTicker(time.Millisecond)
		<-make(chan int)
	case "function":
		time.AfterFunc(5*time.Millisecond, func() { fmt.Println("fires") })
		<-make(chan int)
	case "sleep":
		go func() {
			time.Sleep(5 * time.Millisecond)
			fmt.Println("slept")
		}()
		<-make(chan int)
	}
}
