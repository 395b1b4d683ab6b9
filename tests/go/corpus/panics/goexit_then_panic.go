// A panic in a deferred call of a Goexit that nobody recovers.
//
//corpus:run {"procs":[1]}
package main

import "runtime"

func main() {
	go func() {
		defer func() { panic("while exiting") }()
		runtime.Goexit()
	}()
	select {}
}
