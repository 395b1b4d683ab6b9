// One writes, one iterates.
//
//corpus:run {"procs":[2,4],"messages":true}
package main

func main() {
	m := map[int]bool{}
	for i := 0; i < 1000; i++ {
		m[i] = true
	}
	go func() {
		for {
			m[7] = false
			delete(m, 8)
		}
	}()
	go func() {
		n := 0
		for {
			for range m {
				n++
			}
		}
	}()
	select {}
}
