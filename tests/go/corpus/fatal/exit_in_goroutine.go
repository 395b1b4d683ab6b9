// os.Exit in a goroutine ends the program, whatever main does.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"os"
)

func main() {
	defer fmt.Println("deferred")
	go func() {
		defer fmt.Println("deferred too")
		fmt.Println("exits")
		os.Exit(7)
	}()
	select {}
}
