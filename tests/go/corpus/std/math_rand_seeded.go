// Package math/rand with a seed: the sequence is fixed.
package main

import (
	"fmt"
	"math/rand"
)

func main() {
	r := rand.New(rand.NewSource(42))
	for i := 0; i < 5; i++ {
		fmt.Println(r.Int63(), r.Uint32(), r.Intn(100), r.Float64(), r.NormFloat64(), r.ExpFloat64(), r.Perm(5))
	}
	x := []int{1, 2, 3, 4, 5, 6}
	r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
	fmt.Println(x, r.Int31n(7), r.Int63n(1<<40), r.Float32())
	b := make([]byte, 8)
	r.Read(b)
	fmt.Println(b)
	z := rand.NewZipf(r, 1.5, 2, 100)
	fmt.Println(z.Uint64(), z.Uint64(), z.Uint64())
	defer func() { fmt.Println(recover()) }()
	r.Intn(0)
}
