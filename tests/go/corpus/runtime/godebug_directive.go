//go:debug asynctimerchan=1
//go:debug panicnil=1

// Settings of GODEBUG that the program is built with; those of the environment win (bug_gomod_godebug; tests/tests/gomodule.rs has go.mod).
package main

//corpus:run {"name": "own"}
//corpus:run {"name": "environment", "env": {"GODEBUG": "panicnil=0"}}

import (
	"fmt"
	"os"
	"time"
)

func main() {
	t := time.NewTimer(1)
	for len(t.C) == 0 {
	}
	stopped := t.Stop()
	stale := false
	select {
	case <-t.C:
		stale = true
	default:
	}
	fmt.Println(stopped, stale, os.Getenv("GODEBUG"))
	defer func() {
		fmt.Println(recover())
		os.Setenv("GODEBUG", "panicnil=1")
		defer func() {
			fmt.Println(recover())
			os.Unsetenv("GODEBUG")
			defer func() { fmt.Println(recover()) }()
			panic(nil)
		}()
		panic(nil)
	}()
	panic(nil)
}
