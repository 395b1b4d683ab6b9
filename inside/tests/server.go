// A server and its clients in one program: net/http, encoding/json, type parameters.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

type pair[K comparable, V any] struct {
	Key   K
	Value V
}

func sorted[K comparable, V any](m map[K]V, keys []K) (ps []pair[K, V]) {
	for _, k := range keys {
		ps = append(ps, pair[K, V]{k, m[k]})
	}
	return
}

func serve(w http.ResponseWriter, r *http.Request) {
	var in []int
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sum := map[string]int{"sum": 0, "n": len(in)}
	for _, x := range in {
		sum["sum"] += x
	}
	json.NewEncoder(w).Encode(sorted(sum, []string{"sum", "n"}))
}

func main() {
	total, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(serve))
	url := "http://" + l.Addr().String()
	const clients = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(next.Add(1))
				if i > total {
					return
				}
				body, _ := json.Marshal([]int{i, i + 1, i + 2})
				res, err := client.Post(url, "application/json", bytes.NewReader(body))
				if err != nil {
					panic(err)
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				want := fmt.Sprintf("[{\"Key\":\"sum\",\"Value\":%d},{\"Key\":\"n\",\"Value\":3}]\n", 3*i+3)
				if err != nil || string(got) != want {
					panic(fmt.Sprint(err, string(got), want))
				}
				done.Add(1)
			}
		}()
	}
	wg.Wait()
	fmt.Println(done.Load(), "requests")
}
