// Standard input, arguments, environment, pipes, processes.
//
//corpus:run {"args":["x","--","-y"],"stdin":"one two\nthree\n","env":{"GOPROG":"value"}}
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	sc := bufio.NewScanner(os.Stdin)
	n, words := 0, 0
	for sc.Scan() {
		n++
		words += len(strings.Fields(sc.Text()))
	}
	fmt.Println(n, words, os.Args[1:], os.Getenv("GOPROG"))
	out, err := exec.Command("sh", "-c", "echo from child; exit 3").Output()
	fmt.Printf("%q %v\n", out, err)
	cmd := exec.Command("tr", "a-z", "A-Z")
	cmd.Stdin = strings.NewReader("upper me")
	var buf bytes.Buffer
	cmd.Stdout = &buf
	fmt.Println(cmd.Run(), buf.String())
	r, w := io.Pipe()
	go func() { fmt.Fprint(w, "through a pipe"); w.Close() }()
	b, err := io.ReadAll(r)
	fmt.Println(string(b), err)
	pr, pw, err := os.Pipe()
	go func() { pw.Write([]byte("os pipe")); pw.Close() }()
	b, _ = io.ReadAll(pr)
	fmt.Println(string(b), err)
	_, err = exec.LookPath("no-such-program")
	fmt.Println(err)
}
