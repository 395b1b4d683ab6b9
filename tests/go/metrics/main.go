// The metrics of Go's scheduler: name, kind and whether it is cumulative, as gort lists its own.
package main

import (
	"fmt"
	"runtime/metrics"
	"strings"
)

func main() {
	kinds := map[metrics.ValueKind]string{
		metrics.KindUint64:           "Uint64",
		metrics.KindFloat64:          "Float64",
		metrics.KindFloat64Histogram: "Float64Histogram",
	}
	for _, d := range metrics.All() {
		for _, of := range []string{"/cgo/", "/sched/", "/sync/"} {
			if strings.HasPrefix(d.Name, of) {
				fmt.Println(d.Name, kinds[d.Kind], d.Cumulative)
			}
		}
	}
}
