// A goroutine that sleeps again and again while its timers fire.
//
//corpus:run {"procs":[1,2,4]}
package main

import (
	"fmt"
	"time"
)

func main() {
	fired := make(chan int, 100)
	for i := 0; i < 20; i++ {
		i := i
		time.AfterFunc(time.Duration(i)*time.Millisecond, func() { fired <- i })
	}
	for i := 0; i < 10; i++ {
		time.Sleep(3 * time.Millisecond)
	}
	sum := 0
	for i := 0; i < 20; i++ {
		sum += <-fired
	}
	fmt.Println(sum)
}
