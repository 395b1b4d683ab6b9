// Readies a goroutine that does not wait: the runtime ends the program, whether the tracer is on or
// not.
package main

import (
	"io"
	"os"
	"runtime/trace"
	"unsafe"
)

//go:linkname goready runtime.goready
func goready(gp unsafe.Pointer, skip int)

// This goroutine.
func self() unsafe.Pointer

func main() {
	if len(os.Args) > 1 {
		if err := trace.Start(io.Discard); err != nil {
			panic(err)
		}
	}
	goready(self(), 1)
	println("nothing happened")
}
