// What a wait group refuses.
//
//corpus:run {"args":["negative"],"procs":[1]}
//corpus:run {"args":["add_negative"],"procs":[1]}
//corpus:run {"args":["recovered"],"procs":[1]}
package main

import (
	"fmt"
	"os"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	switch os.Args[1] {
	case "negative":
		wg.Done()
	case "add_negative":
		wg.Add(2)
		wg.Add(-3)
	case "recovered":
		defer func() { fmt.Println(recover()) }()
		wg.Done()
	}
}
