// Equality of structs, arrays, interfaces; zero values; copies; anonymous structs; embedded pointers.
package main

import (
	"fmt"
	"unsafe"
)

type P struct {
	x, y int
	s    string
	f    float64
	i    interface{}
}
type Pad struct {
	a byte
	b int64
	c byte
}
type List struct {
	*List
	v int
}

func change(p P, q *P, a [3]int, s []int) {
	p.x, q.x, a[0], s[0] = 9, 9, 9, 9
}

func main() {
	a, b := P{1, 2, "s", 1.5, 7}, P{1, 2, "s", 1.5, 7}
	fmt.Println(a == b, a == P{}, &a == &b, [2]P{a, b} == [2]P{b, a})
	b.i = "7"
	fmt.Println(a == b, interface{}(a) == interface{}(P{1, 2, "s", 1.5, 7}), interface{}(1) == interface{}(1.0), interface{}(nil) == nil)
	arr, sl := [3]int{1, 2, 3}, []int{1, 2, 3}
	change(a, &b, arr, sl)
	fmt.Println(a.x, b.x, arr, sl)
	fmt.Println(unsafe.Sizeof(Pad{}), unsafe.Offsetof(Pad{}.c), unsafe.Alignof(int64(0)), unsafe.Sizeof(struct{}{}))
	anon := struct {
		A int
		B struct{ C string }
	}{1, struct{ C string }{"c"}}
	fmt.Printf("%+v %T\n", anon, anon)
	l := &List{&List{nil, 2}, 1}
	fmt.Println(l.v, l.List.v, l.List.List == nil)
	var z P
	fmt.Printf("%+v\n", z)
	m := map[interface{}]string{1: "int", int8(1): "int8", "1": "string", 1.0: "float", P{x: 1}: "P", [1]int{1}: "array", nil: "nil"}
	fmt.Println(len(m), m[1], m[int8(1)], m[1.0], m[P{x: 1}], m[[1]int{1}], m[nil])
	var e1, e2 error
	var p1 *P
	var i interface{} = p1
	fmt.Println(e1 == e2, i == nil, i == (*P)(nil))
}
