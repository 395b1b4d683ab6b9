// Maps: growth, deletion while iterating, keys of every kind.
package main

import (
	"fmt"
	"math"
	"sort"
)

type K struct {
	a int
	s string
	f float64
}

func main() {
	m := map[int]int{}
	for i := 0; i < 100000; i++ {
		m[i*7] = i
	}
	sum := 0
	for k, v := range m {
		sum += k ^ v
	}
	fmt.Println(len(m), sum, m[7*500], m[3])
	for i := 0; i < 100000; i += 2 {
		delete(m, i*7)
	}
	fmt.Println(len(m), m[7], m[14])
	n := 0
	for k := range m {
		n++
		delete(m, k)
	}
	fmt.Println(n, len(m))
	for i := 0; i < 10; i++ {
		m[i] = i
	}
	for k := range m {
		if k%2 == 0 {
			delete(m, k+1)
			delete(m, k)
		}
	}
	fmt.Println(len(m) <= 5)

	// Every entry that stays is seen exactly once while others come and go.
	g := map[string]int{}
	for i := 0; i < 1000; i++ {
		g[fmt.Sprint("stay", i)] = 0
	}
	i := 0
	for k := range g {
		g[k]++
		g[fmt.Sprint("new", i)] = 100
		delete(g, fmt.Sprint("new", i-3))
		i++
		if i > 5000 {
			break
		}
	}
	bad := 0
	for k, v := range g {
		if k[0] == 's' && v != 1 {
			bad++
		}
	}
	fmt.Println("seen once:", bad == 0)

	ks := map[K]bool{{1, "a", 1.5}: true}
	ks[K{1, "a", 1.5}] = false
	ks[K{1, "b", 0}] = true
	_, ok := ks[K{1, "b", math.Copysign(0, -1)}]
	fmt.Println(len(ks), ok)

	f := map[float64]int{}
	f[math.NaN()] = 1
	f[math.NaN()] = 2
	f[0] = 3
	f[math.Copysign(0, -1)] = 4
	_, ok = f[math.NaN()]
	fmt.Println(len(f), ok, f[0])

	e := map[interface{}]string{1: "int", 1.0: "float", "1": "string", [2]int{1, 2}: "array", K{}: "struct", nil: "nil",
		int8(1): "int8", true: "bool", 'x': "rune", complex(1, 2): "complex"}
	fmt.Println(len(e), e[1], e[1.0], e["1"], e[[2]int{1, 2}], e[K{}], e[nil], e[int8(1)], e[true], e['x'], e[complex(1, 2)], e[2])

	b := map[bool][]int{}
	b[true] = append(b[true], 1, 2)
	p := map[*K]int{}
	k1, k2 := &K{}, &K{}
	p[k1]++
	p[k1]++
	p[k2]--
	c := map[[3]string]map[int]int{}
	c[[3]string{"a", "b"}] = map[int]int{1: 2}
	c[[3]string{"a", "b"}][1] += 5
	fmt.Println(b, p[k1], p[k2], c)
	big := map[int][200]int{}
	var v [200]int
	v[199] = 9
	big[1] = v
	fmt.Println(big[1][199], big[2][199])
	u8 := map[uint8]uint8{}
	for i := 0; i < 1000; i++ {
		u8[uint8(i)]++
	}
	fmt.Println(len(u8), u8[0], u8[255])
	u32 := map[uint32]string{}
	for i := uint32(0); i < 300; i++ {
		u32[i*i] = fmt.Sprint(i)
	}
	fmt.Println(len(u32), u32[299*299], u32[2])
	var names []string
	for s := range map[string]int{"z": 1, "y": 2, "x": 3} {
		names = append(names, s)
	}
	sort.Strings(names)
	fmt.Println(names)
	// A queue: as many deletions as insertions.
	q := map[int]int{}
	for i := 0; i < 200000; i++ {
		q[i] = i
		if i >= 100 {
			delete(q, i-100)
		}
	}
	fmt.Println(len(q), q[199999], q[5])
	for k := range q {
		delete(q, k)
	}
	fmt.Println(len(q))
	starts := map[int]bool{}
	o := map[int]int{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7}
	for i := 0; i < 200; i++ {
		for k := range o {
			starts[k] = true
			break
		}
	}
	fmt.Println("random order:", len(starts) > 1)
}
