// Slices that cannot be made.
//
//corpus:run {"args":["len"],"procs":[1]}
//corpus:run {"args":["cap"],"procs":[1]}
//corpus:run {"args":["huge"],"procs":[1]}
//corpus:run {"args":["cap_below_len"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

func main() {
	n := len(os.Args)
	switch os.Args[1] {
	case "len":
		fmt.Println(len(make([]int, 1-n)))
	case "cap":
		fmt.Println(len(make([]int, 1, 1-n)))
	case "huge":
		fmt.Println(len(make([]int, n<<60)))
	case "cap_below_len":
		fmt.Println(len(make([]int, n+3, n)))
	}
}
