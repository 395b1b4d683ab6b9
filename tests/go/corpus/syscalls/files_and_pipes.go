// os.File on pipes parks in the poller, on files it blocks: both at once.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

func main() {
	dir, _ := os.MkdirTemp("", "corpus")
	defer os.RemoveAll(dir)
	var wg sync.WaitGroup
	sizes := make([]int, 10)
	for i := range sizes {
		r, w, _ := os.Pipe()
		wg.Add(2)
		go func(i int) {
			defer wg.Done()
			f, _ := os.Create(filepath.Join(dir, fmt.Sprint(i)))
			n, err := io.Copy(f, r)
			if err != nil {
				fmt.Println(err)
			}
			f.Close()
			sizes[i] = int(n)
		}(i)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 50; k++ {
				w.Write(make([]byte, 1000*i))
			}
			w.Close()
		}(i)
	}
	wg.Wait()
	fmt.Println(sizes)
	r, w, _ := os.Pipe()
	r.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	_, err := r.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), err)
	r.SetReadDeadline(time.Time{})
	go func() { time.Sleep(time.Millisecond); r.Close() }()
	_, err = r.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrClosed), err)
	_, err = w.Write([]byte("x"))
	fmt.Println(err)
}
