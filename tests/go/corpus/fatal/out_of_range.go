// Indices and slices out of range, not recovered.
//
//corpus:run {"args":["index"],"procs":[1]}
//corpus:run {"args":["negative"],"procs":[1]}
//corpus:run {"args":["string"],"procs":[1]}
//corpus:run {"args":["array"],"procs":[1]}
//corpus:run {"args":["slice_high"],"procs":[1]}
//corpus:run {"args":["slice_low"],"procs":[1]}
//corpus:run {"args":["slice_string"],"procs":[1]}
//corpus:run {"args":["slice3"],"procs":[1]}
//corpus:run {"args":["convert"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

func main() {
	s := []int{1, 2, 3}
	a := [3]int{}
	t := "text"
	n, minus := len(os.Args)+5, -len(os.Args)
	switch os.Args[1] {
	case "index":
		fmt.Println(s[n])
	case "negative":
		fmt.Println(s[minus])
	case "string":
		fmt.Println(t[n])
	case "array":
		a[n] = 1
		fmt.Println(a)
	case "slice_high":
		fmt.Println(s[:n])
	case "slice_low":
		fmt.Println(s[3 : n-5])
	case "slice_string":
		fmt.Println(t[n:])
	case "slice3":
		fmt.Println(s[1:2:n])
	case "convert":
		fmt.Println((*[4]int)(s))
	}
}
