// One writes, one reads.
//
//corpus:run {"procs":[2,4],"messages":true}
package main

func main() {
	m := map[string]int{"a": 1}
	go func() {
		for {
			m["b"]++
		}
	}()
	go func() {
		n := 0
		for {
			n += m["b"]
		}
	}()
	select {}
}
