// Package net/http: server and client on loopback.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Own", r.Header.Get("X-Ask"))
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, r.URL.Query()["q"])
	})
	mux.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		json.NewEncoder(w).Encode(r.PostForm)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hello?q=redirected", 302) })
	mux.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 3; i++ {
			fmt.Fprintf(w, "part %d\n", i)
			w.(http.Flusher).Flush()
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.Handle("/error", http.NotFoundHandler())
	s := httptest.NewServer(mux)
	defer s.Close()
	show := func(r *http.Response, err error) {
		if err != nil {
			fmt.Println("error:", strings.ReplaceAll(err.Error(), s.URL, "URL"))
			return
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		fmt.Printf("%s %q %v %v %s %d\n", r.Status, b, err, r.TransferEncoding, r.Header.Get("Content-Type"), r.ContentLength)
	}
	show(http.Get(s.URL + "/hello?q=a&q=b"))
	show(http.Get(s.URL + "/redirect"))
	show(http.Get(s.URL + "/none"))
	show(http.Get(s.URL + "/error"))
	show(http.Get(s.URL + "/stream"))
	show(http.Get(s.URL + "/panic"))
	show(http.PostForm(s.URL+"/form", url.Values{"a": {"1", "2"}, "b": {"x y"}}))
	show(http.Head(s.URL + "/hello"))
	req, _ := http.NewRequest("PUT", s.URL+"/hello", strings.NewReader("body"))
	req.Header.Set("X-Ask", "asked")
	r, err := http.DefaultClient.Do(req)
	fmt.Println(r.Header.Get("X-Own"), r.Proto)
	show(r, err)
	client := &http.Client{Timeout: 30 * time.Millisecond}
	_, err = client.Get(s.URL + "/slow")
	fmt.Println(err.(net.Error).Timeout())
	var wg sync.WaitGroup
	var mu sync.Mutex
	var got []string
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			r, err := http.Get(fmt.Sprintf("%s/hello?q=%02d", s.URL, i))
			if err != nil {
				fmt.Println(err)
				return
			}
			b, _ := io.ReadAll(r.Body)
			r.Body.Close()
			mu.Lock()
			got = append(got, string(b))
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	sort.Strings(got)
	fmt.Println(len(got), got[0], got[49])
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest("GET", "/hello?q=rec", nil))
	fmt.Println(rec.Code, rec.Body)
}
