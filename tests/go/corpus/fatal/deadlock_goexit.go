// main has ended by Goexit: the others may go on, but somebody has to end the program.
//
//corpus:run {"args":["alone"],"procs":[1]}
//corpus:run {"args":["others_end"],"procs":[1]}
//corpus:run {"args":["others_wait"],"procs":[1]}
//corpus:run {"args":["exit"],"procs":[1]}
//corpus:run {"args":["recover"],"procs":[1]}
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

func main() {
	defer fmt.Println("deferred")
	switch os.Args[1] {
	case "others_end":
		for i := 0; i < 3; i++ {
			go fmt.Println("other", i)
		}
	case "others_wait":
		go func() {
			fmt.Println("other waits")
			<-make(chan int)
		}()
	case "exit":
		go func() {
			time.Sleep(time.Millisecond)
			fmt.Println("other exits")
			os.Exit(5)
		}()
	case "recover":
		defer func() { fmt.Println("recovered", recover()) }()
	}
	runtime.Goexit()
	fmt.Println("never")
}
