// os.Exit ends with its status at once; deferred calls do not run.
//
//corpus:run {"args":["0"]}
//corpus:run {"args":["1"]}
//corpus:run {"args":["3"]}
//corpus:run {"args":["42"]}
//corpus:run {"args":["255"]}
//corpus:run {"args":["256"]}
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	defer fmt.Println("deferred")
	n, err := strconv.Atoi(os.Args[1])
	fmt.Println(n, err)
	os.Exit(n)
}
