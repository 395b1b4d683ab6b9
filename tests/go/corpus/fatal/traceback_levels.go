// What GOTRACEBACK leaves of a report.
//
//corpus:run {"name":"none","procs":[1],"env":{"GOTRACEBACK":"none"}}
//corpus:run {"name":"single","procs":[1],"env":{"GOTRACEBACK":"single"}}
//corpus:run {"name":"all","procs":[1],"env":{"GOTRACEBACK":"all"}}
//corpus:run {"name":"0","procs":[1],"env":{"GOTRACEBACK":"0"}}
//corpus:run {"name":"1","procs":[1],"env":{"GOTRACEBACK":"1"}}
package main

import "runtime"

func main() {
	for i := 0; i < 3; i++ {
		go func() { <-make(chan int) }()
	}
	runtime.Gosched()
	panic("level")
}
