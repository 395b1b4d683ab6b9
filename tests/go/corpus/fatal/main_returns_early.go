// When main returns the program ends, whatever the other goroutines are doing.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"time"
)

func main() {
	c := make(chan bool)
	for i := 0; i < 10; i++ {
		go func() {
			defer fmt.Println("never")
			c <- true
			time.Sleep(time.Hour)
		}()
	}
	go func() {
		for {
		}
	}()
	for i := 0; i < 10; i++ {
		<-c
	}
	defer fmt.Println("main's deferred call")
	fmt.Println("main ends")
}
