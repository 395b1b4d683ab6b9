// A program of several files and packages.
package main

import (
	"os"

	"example.com/module/words"
)

func main() {
	done := make(chan string)
	go words.Say(greeting(), done)
	os.Stdout.WriteString(<-done + "\n")
	for _, a := range os.Args[1:] {
		os.Stdout.WriteString("argument " + a + "\n")
	}
	if len(os.Args) > 2 {
		words.Fail("too many arguments")
	}
}
