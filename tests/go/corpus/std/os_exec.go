// Package os/exec: output, input, exit status, signals, environment, pipes.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

func main() {
	out, err := exec.Command("echo", "hello", "world").Output()
	fmt.Printf("%q %v\n", out, err)
	c := exec.Command("cat")
	c.Stdin = strings.NewReader("fed")
	var b bytes.Buffer
	c.Stdout = &b
	fmt.Println(c.Run(), b.String())
	out, err = exec.Command("sh", "-c", "echo out; echo err >&2; exit 3").CombinedOutput()
	fmt.Printf("%q %v\n", out, err)
	var ee *exec.ExitError
	fmt.Println(errors.As(err, &ee), ee.ExitCode(), ee.Success())
	_, err = exec.Command("sh", "-c", "echo why >&2; exit 1").Output()
	errors.As(err, &ee)
	fmt.Printf("%q\n", ee.Stderr)
	fmt.Println(exec.Command("sh", "-c", "kill -9 $$").Run())
	fmt.Println(exec.Command("no-such-command").Run())
	fmt.Println(exec.Command("/no/such/command").Run())
	c = exec.Command("sh", "-c", "echo $A; pwd")
	c.Env = []string{"A=b"}
	c.Dir = "/"
	out, _ = c.Output()
	fmt.Printf("%q\n", out)
	c = exec.Command("sed", "s/a/A/g")
	in, _ := c.StdinPipe()
	o, _ := c.StdoutPipe()
	fmt.Println(c.Start())
	io.WriteString(in, "banana\n")
	in.Close()
	all, _ := io.ReadAll(o)
	fmt.Printf("%q %v\n", all, c.Wait())
	ctx, cancel := context.WithCancel(context.Background())
	c = exec.CommandContext(ctx, "sleep", "60")
	c.Start()
	cancel()
	fmt.Println(c.Wait())
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 0; i < 8; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			err := exec.Command("sh", "-c", fmt.Sprint("exit ", i)).Run()
			var ee *exec.ExitError
			mu.Lock()
			defer mu.Unlock()
			if errors.As(err, &ee) {
				sum += ee.ExitCode()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(sum)
}
