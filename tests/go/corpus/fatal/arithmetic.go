// Division by zero and shifts by negative numbers.
//
//corpus:run {"args":["divide"],"procs":[1]}
//corpus:run {"args":["modulo"],"procs":[1]}
//corpus:run {"args":["shift"],"procs":[1]}
//corpus:run {"args":["fine"],"procs":[1]}
package main

import (
	"fmt"
	"os"
)

func main() {
	zero := len(os.Args) - 2
	switch os.Args[1] {
	case "divide":
		fmt.Println(1 / zero)
	case "modulo":
		fmt.Println(uint8(1) % uint8(zero))
	case "shift":
		fmt.Println(1 << (zero - 1))
	case "fine":
		min := int64(-1 << 63)
		one := float64(zero + 1)
		fmt.Println(min/int64(zero-1), min%int64(zero-1), one/float64(zero), -one/float64(zero), 1<<(zero+64), int8(-128)/int8(zero-1))
	}
}
