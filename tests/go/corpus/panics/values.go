// The values of a panic that nobody recovers, printed.
//
//corpus:run {"args":["int"],"procs":[1]}
//corpus:run {"args":["uint8"],"procs":[1]}
//corpus:run {"args":["float"],"procs":[1]}
//corpus:run {"args":["float32"],"procs":[1]}
//corpus:run {"args":["complex"],"procs":[1]}
//corpus:run {"args":["string"],"procs":[1]}
//corpus:run {"args":["multiline"],"procs":[1]}
//corpus:run {"args":["bool"],"procs":[1]}
//corpus:run {"args":["rune"],"procs":[1]}
//corpus:run {"args":["uintptr"],"procs":[1]}
//corpus:run {"args":["struct"],"procs":[1]}
//corpus:run {"args":["pointer"],"procs":[1]}
//corpus:run {"args":["slice"],"procs":[1]}
//corpus:run {"args":["map"],"procs":[1]}
//corpus:run {"args":["func"],"procs":[1]}
//corpus:run {"args":["chan"],"procs":[1]}
//corpus:run {"args":["array"],"procs":[1]}
//corpus:run {"args":["named_int"],"procs":[1]}
//corpus:run {"args":["named_string"],"procs":[1]}
//corpus:run {"args":["named_float"],"procs":[1]}
//corpus:run {"args":["named_bool"],"procs":[1]}
//corpus:run {"args":["error"],"procs":[1]}
//corpus:run {"args":["wrapped"],"procs":[1]}
//corpus:run {"args":["stringer"],"procs":[1]}
//corpus:run {"args":["both"],"procs":[1]}
//corpus:run {"args":["nil"],"procs":[1]}
package main

import (
	"errors"
	"fmt"
	"os"
)

type (
	P  struct{ x, y int }
	NI int
	NS string
	NF float64
	NB bool
	St struct{ n int }
	Bo struct{}
)

func (s St) String() string { return fmt.Sprintf("St number %d", s.n) }
func (Bo) String() string   { return "a Stringer" }
func (Bo) Error() string    { return "an error" }

func main() {
	panic(map[string]interface{}{
		"int":          -7,
		"uint8":        uint8(200),
		"float":        3.25,
		"float32":      float32(1e10),
		"complex":      complex(1, -2),
		"string":       "text",
		"multiline":    "one\ntwo\n\ttab",
		"bool":         true,
		"rune":         'x',
		"uintptr":      uintptr(99),
		"struct":       P{1, 2},
		"pointer":      &P{1, 2},
		"slice":        []int{1},
		"map":          map[string]int{},
		"func":         main,
		"chan":         make(chan int),
		"array":        [2]int{},
		"named_int":    NI(5),
		"named_string": NS("s\nt"),
		"named_float":  NF(-0.5),
		"named_bool":   NB(true),
		"error":        errors.New("an error"),
		"wrapped":      fmt.Errorf("outer: %w", errors.New("inner")),
		"stringer":     St{3},
		"both":         Bo{},
		"nil":          nil,
	}[os.Args[1]])
}
