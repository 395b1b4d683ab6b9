// A select that nothing can ever wake.
//
//corpus:run {"args":["empty"],"procs":[1]}
//corpus:run {"args":["one"],"procs":[1]}
//corpus:run {"args":["several"],"procs":[1]}
//corpus:run {"args":["nil"],"procs":[1]}
package main

import "os"

func main() {
	a, b := make(chan int), make(chan int)
	var none, no chan int
	switch os.Args[1] {
	case "empty":
		select {}
	case "one":
		select {
		case <-a:
		}
	case "several":
		select {
		case <-a:
		case b <- 1:
		}
	case "nil":
		select {
		case <-none:
		case no <- 1:
		}
	}
}
