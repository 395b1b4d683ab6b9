// Does what its arguments say: for the tests of `gort diff`, where a script stands in for real Go.
package main

import (
	"os"
	"time"
)

func main() {
	for _, a := range os.Args[1:] {
		switch a {
		case "hang":
			time.Sleep(time.Hour)
		case "fail":
			os.Exit(3)
		default:
			os.Stdout.WriteString(a + "\n")
		}
	}
}
