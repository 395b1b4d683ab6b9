// switch, labels, goto, fallthrough, type switches.
package main

import "fmt"

type A struct{}
type B struct{ A }

func kind(x interface{}) string {
	switch v := x.(type) {
	case nil:
		return "nil"
	case int, int8:
		return fmt.Sprintf("int-like %v", v)
	case string:
		return "string " + v
	case []int:
		return fmt.Sprint("slice ", len(v))
	case func() int:
		return fmt.Sprint("func ", v())
	case error:
		return "error " + v.Error()
	case fmt.Stringer:
		return "stringer"
	case A, *A:
		return fmt.Sprintf("%T", v)
	default:
		return fmt.Sprintf("other %T", v)
	}
}

func main() {
	for _, x := range []interface{}{nil, 1, int8(2), "s", []int{1}, func() int { return 7 }, fmt.Errorf("e"), A{}, &A{}, B{}, 1.5} {
		fmt.Println(kind(x))
	}
	for i := 0; i < 6; i++ {
		switch {
		case i == 1:
			fmt.Print("one ")
			fallthrough
		case i == 2:
			fmt.Print("two ")
		case i > 4:
			fmt.Print("big ")
		default:
			fmt.Print("default ")
		}
	}
	fmt.Println()
outer:
	for i := 0; i < 3; i++ {
		for j := 0; ; j++ {
			switch {
			case j == 2:
				continue outer
			case i == 2:
				break outer
			}
			fmt.Print(i, j, " ")
		}
	}
	n := 0
again:
	if n < 3 {
		n++
		goto again
	}
	fmt.Println(n)
}
