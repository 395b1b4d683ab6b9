// Package sort: slices, stability, searching, own orders.
package main

import (
	"fmt"
	"math/rand"
	"sort"
)

type person struct {
	name string
	age  int
}
type byAge []person

func (a byAge) Len() int           { return len(a) }
func (a byAge) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a byAge) Less(i, j int) bool { return a[i].age < a[j].age }

func main() {
	p := []person{{"A", 30}, {"B", 25}, {"C", 30}, {"D", 20}, {"E", 25}}
	sort.Stable(byAge(p))
	fmt.Println(p)
	sort.Sort(sort.Reverse(byAge(p)))
	fmt.Println(sort.IsSorted(sort.Reverse(byAge(p))))
	sort.Slice(p, func(i, j int) bool { return p[i].name > p[j].name })
	fmt.Println(p)
	n := rand.New(rand.NewSource(1)).Perm(1000)
	sort.Ints(n)
	ok := true
	for i, v := range n {
		ok = ok && i == v
	}
	fmt.Println(ok, sort.SearchInts(n, 500), sort.SearchInts(n, 5000), sort.Search(1000, func(i int) bool { return n[i]*n[i] > 500 }))
	s := []string{"b", "a", "c"}
	sort.Strings(s)
	f := []float64{2.5, -1, 3}
	sort.Float64s(f)
	fmt.Println(s, f, sort.SearchStrings(s, "bb"))
	m := map[string]int{"z": 1, "y": 2, "x": 3}
	keys := make([]string, 0)
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	fmt.Println(keys)
	big := make([]person, 200)
	for i := range big {
		big[i] = person{fmt.Sprint(i), i % 7}
	}
	sort.SliceStable(big, func(i, j int) bool { return big[i].age < big[j].age })
	for i := 1; i < len(big); i++ {
		a, b := big[i-1], big[i]
		if a.age > b.age || a.age == b.age && len(a.name) > len(b.name) {
			fmt.Println("not stable")
		}
	}
}
