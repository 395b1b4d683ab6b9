// Two goroutines write to a map: found sooner or later, here for certain.
//
//corpus:run {"procs":[2,4],"messages":true}
package main

func main() {
	m := map[int]int{}
	for i := 0; i < 2; i++ {
		go func() {
			for j := 0; ; j++ {
				m[j%8] = j
			}
		}()
	}
	select {}
}
