// Gosched of a goroutine that is alone comes back at once.
//
//corpus:run {"order":true}
package main

import (
	"fmt"
	"runtime"
)

func main() {
	n := 0
	for i := 0; i < 10000; i++ {
		runtime.Gosched()
		n++
	}
	fmt.Println(n)
}
