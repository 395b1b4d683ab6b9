// append, copy, aliasing, full slices, conversions, ranges.
package main

import "fmt"

func main() {
	a := []int{1, 2, 3, 4, 5}
	b := a[1:3]
	b = append(b, 99)
	fmt.Println(a, b, len(b), cap(b))
	c := a[1:3:3]
	c = append(c, 77)
	c[0] = -1
	fmt.Println(a, c)
	fmt.Println(copy(a, a[2:]), a, copy(a, []int{}))
	var n []int
	n = append(n, n...)
	fmt.Println(n == nil, len(n), append([]byte("x"), "yz"...))
	for i := 0; i < 2000; i++ {
		n = append(n, i)
	}
	fmt.Println(len(n), n[1999], cap(n) >= 2000)
	arr := [...]string{2: "c", 0: "a"}
	p := &arr
	for i, s := range p {
		fmt.Print(i, s, ";")
	}
	arr2 := arr
	arr2[1] = "b"
	fmt.Println(arr == arr2, len(p), p[2])
	s := "héllo"
	for i, r := range s {
		fmt.Print(i, ":", string(r), " ")
	}
	fmt.Println(len(s), s[1], s[1:3], []rune(s)[1], string([]byte{104, 105}), string(rune(233)))
	bs := []byte(s)
	bs[0] = 'H'
	fmt.Println(string(bs), s, s < "i", s+"!" == "héllo!")
	x := [][]int{{1}, {2, 3}}
	y := append([][]int(nil), x...)
	y[0][0] = 100
	fmt.Println(x, y)
	type point struct{ x, y int }
	ps := map[point][]string{{1, 2}: {"a"}}
	ps[point{1, 2}] = append(ps[point{1, 2}], "b")
	delete(ps, point{9, 9})
	v, ok := ps[point{3, 4}]
	fmt.Println(ps, v == nil, ok, len(ps))
}
