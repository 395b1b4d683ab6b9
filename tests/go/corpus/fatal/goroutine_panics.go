// A panic in any goroutine ends the program; the others' deferred calls do not run.
//
//corpus:run {"procs":[1]}
package main

import "fmt"

func main() {
	defer fmt.Println("main's deferred call does not run")
	c := make(chan int)
	go func() {
		defer fmt.Println("deferred in the goroutine")
		go func() {
			defer fmt.Println("deferred in its child")
			panic(fmt.Sprint("child of ", 2))
		}()
		c <- 1
	}()
	<-c
	select {}
}
