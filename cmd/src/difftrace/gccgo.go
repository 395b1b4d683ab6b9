// Added to the programs of gort diff --trace on gort: what the other file does to the scheduler.
// Real Go's trace begins with a stop of the world, and has three goroutines, which run once: CPU
// samples, generations, the reader.
package main

//extern gort_trace_mark
func zzGortMark()

func init() {
	zzGortMark()
	never := make(chan bool)
	for i := 0; i < 3; i++ {
		go func() { <-never }()
	}
}
