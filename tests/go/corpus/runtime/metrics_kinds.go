// Every metric has the kind that it is listed with when it is read (std_metrics_kind).
package main

import (
	"fmt"
	"runtime/metrics"
)

func main() {
	bad := 0
	for _, d := range metrics.All() {
		s := []metrics.Sample{{Name: d.Name}}
		metrics.Read(s)
		if k := s[0].Value.Kind(); k != d.Kind {
			fmt.Println(d.Name, "is", k, "and listed as", d.Kind)
			bad++
			continue
		}
		if d.Kind == metrics.KindFloat64Histogram {
			h := s[0].Value.Float64Histogram()
			if len(h.Buckets) != len(h.Counts)+1 {
				fmt.Println(d.Name, "has", len(h.Counts), "counts for", len(h.Buckets), "bounds")
			}
			for i := 1; i < len(h.Buckets); i++ {
				if h.Buckets[i] <= h.Buckets[i-1] {
					fmt.Println(d.Name, "has bounds that do not rise")
					break
				}
			}
		}
	}
	s := []metrics.Sample{{Name: "/no/such:thing"}}
	metrics.Read(s)
	fmt.Println("bad kinds:", bad, s[0].Value.Kind() == metrics.KindBad)
}
