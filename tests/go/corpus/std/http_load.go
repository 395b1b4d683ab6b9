// Server and client in one process: 10,000 requests over 64 connections.
//
//corpus:run {"procs":[1,2,8]}
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
)

func main() {
	const conns, requests = 64, 10000
	var served int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atomic.AddInt64(&served, 1)
		fmt.Fprint(w, "hello, ", r.URL.Path)
	}))
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns}}
	var next, errors int64
	var wg sync.WaitGroup
	for i := 0; i < conns; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				n := atomic.AddInt64(&next, 1)
				if n > requests {
					return
				}
				path := fmt.Sprint("/", n)
				r, err := client.Get(s.URL + path)
				if err != nil {
					fmt.Println(err)
					atomic.AddInt64(&errors, 1)
					continue
				}
				b, err := io.ReadAll(r.Body)
				r.Body.Close()
				if err != nil || string(b) != "hello, "+path || r.StatusCode != 200 {
					atomic.AddInt64(&errors, 1)
				}
			}
		}()
	}
	wg.Wait()
	fmt.Println(served, errors)
}
