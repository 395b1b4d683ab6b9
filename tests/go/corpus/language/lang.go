// The language: closures, defer, methods, interfaces, strings, slices, constants, labels.
package main

import "fmt"

type Shape interface {
	Area() float64
	Name() string
}

type Base struct{ name string }

func (b *Base) Name() string    { return b.name }
func (b *Base) Rename(s string) { b.name = s }
func (b Base) String() string   { return "Base(" + b.name + ")" }

type Square struct {
	*Base
	side float64
}

func (s Square) Area() float64 { return s.side * s.side }

type Rect struct {
	Base
	w, h float64
}

func (r *Rect) Area() float64 { return r.w * r.h }

type Celsius float64
type Weekday int

const (
	Sunday Weekday = iota
	Monday
	Tuesday
)

func (d Weekday) String() string { return [...]string{"Sun", "Mon", "Tue"}[d] }

func classify(x interface{}) string {
	switch v := x.(type) {
	case nil:
		return "nil"
	case int, int64:
		return fmt.Sprintf("int %v", v)
	case string:
		return "string " + v
	case []int:
		return fmt.Sprint("slice ", len(v))
	case error:
		return "error " + v.Error()
	case fmt.Stringer:
		return "stringer " + v.String()
	case func() int:
		return fmt.Sprint("func ", v())
	default:
		return fmt.Sprintf("%T", v)
	}
}

func variadic(pre string, xs ...int) int {
	t := len(pre)
	for _, x := range xs {
		t += x
	}
	return t
}

func named() (a, b int) {
	defer func() { a, b = b, a }()
	a, b = 1, 2
	return a + 10, b
}

func many() (int, string, float64, []int, map[string]int, error) {
	return 1, "two", 3.5, []int{4}, map[string]int{"five": 5}, nil
}

type Tree struct {
	l, r *Tree
	v    int
}

func (t *Tree) insert(v int) *Tree {
	if t == nil {
		return &Tree{v: v}
	}
	if v < t.v {
		t.l = t.l.insert(v)
	} else {
		t.r = t.r.insert(v)
	}
	return t
}

func (t *Tree) walk(f func(int)) {
	if t != nil {
		t.l.walk(f)
		f(t.v)
		t.r.walk(f)
	}
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func deep(n int) int {
	var pad [10]int
	pad[n%10] = n
	if n == 0 {
		return 0
	}
	return deep(n-1) + pad[n%10] - n + 1
}

type big struct {
	a [100]int
	s string
}

func pass(b big, i int) big {
	b.a[i] = i
	b.s += "!"
	return b
}

func main() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		j := i * i
		fs = append(fs, func() int { j++; return j })
	}
	for _, f := range fs {
		fmt.Print(f(), f(), " ")
	}
	fmt.Println()

	for i := 0; i < 3; i++ {
		defer fmt.Println("deferred", i)
	}
	fmt.Println(named())
	fmt.Println(many())
	fmt.Println(variadic("ab", 1, 2, 3), variadic("", []int{4, 5}...), variadic("x"))

	shapes := []Shape{Square{&Base{"sq"}, 3}, &Rect{Base{"re"}, 2, 5}}
	for _, s := range shapes {
		fmt.Println(s.Name(), s.Area(), s)
	}
	r := shapes[1].(*Rect)
	rename := r.Rename
	rename("renamed")
	fmt.Println(r.Name(), (*Rect).Area(r), Square.Area(shapes[0].(Square)))
	_, ok := shapes[0].(fmt.Stringer)
	fmt.Println(ok)

	for _, x := range []interface{}{nil, 1, int64(2), "s", []int{1, 2}, fmt.Errorf("e%d", 1), Monday, func() int { return 7 },
		3.5, Celsius(20), struct{}{}, map[int]bool{}, &big{}, [3]int{}, make(chan int)} {
		fmt.Println(classify(x))
	}

	s := "héllo, 世界\xff!"
	for i, c := range s {
		fmt.Print(i, ":", string(c), " ")
	}
	fmt.Println(len(s), []rune(s)[1], []byte(s)[:3], string([]rune{0x4e16, 0x1F600, -1}), s[1:3] < s[3:])

	var sl []int
	last := -1
	for i := 0; i < 5000; i++ {
		sl = append(sl, i)
		if cap(sl) != last {
			last = cap(sl)
			fmt.Print(last, " ")
		}
	}
	fmt.Println()
	var ss []string
	last = -1
	for i := 0; i < 600; i++ {
		ss = append(ss, "x")
		if cap(ss) != last {
			last = cap(ss)
			fmt.Print(last, " ")
		}
	}
	fmt.Println()
	a := [5]int{1, 2, 3, 4, 5}
	b := a[1:3:4]
	b = append(b, 9)
	c := append(b, 10)
	c[0] = 100
	fmt.Println(a, b, c, len(b), cap(b), copy(a[:], a[2:]), a)
	fmt.Println(len(append([]byte("hello"), " world"...)))

outer:
	for i := 0; i < 5; i++ {
		for j := 0; j < 5; j++ {
			switch {
			case j == 2:
				continue outer
			case i == 2:
				break outer
			case j == 1:
				fallthrough
			default:
				fmt.Print(i, j, ";")
			}
		}
	}
	fmt.Println()

	var u8 uint8 = 250
	u8 += 10
	var i32 int32 = 1 << 30
	i32 *= 4
	x, y := 17, -5
	fmt.Println(u8, i32, x/y, x%y, -x/y, x&^3, x<<3>>1, ^x, uint32(1)<<31, 7.0/2, 1e100)
	z := complex(1, 2)
	z *= z
	fmt.Println(z, real(z), imag(z), z == complex(-3, 4))
	fmt.Printf("%v %d %s %T %08b %o %x %X %e %g %t %p\n", Tuesday, Tuesday, Tuesday, Tuesday, 5, 8, "hi", 255, 1.5, 1e21, true, nil)

	var t *Tree
	for _, v := range []int{5, 2, 8, 1, 9, 3} {
		t = t.insert(v)
	}
	t.walk(func(v int) { fmt.Print(v, " ") })
	fmt.Println(fib(20), deep(5000))

	bb := pass(pass(big{s: "b"}, 7), 99)
	fmt.Println(bb.a[7], bb.a[99], bb.s, bb == pass(bb, 7), bb == bb)

	type key struct {
		a string
		b int
	}
	m := map[key][]int{{"x", 1}: {1}, {"y", 2}: nil}
	m[key{"x", 1}] = append(m[key{"x", 1}], 2)
	fmt.Println(m, len(m))
	var e1, e2 interface{} = key{"a", 1}, key{"a", 1}
	fmt.Println(e1 == e2, e1 != nil, interface{}(1) == interface{}(1.0))
	goto end
end:
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		var arr []int
		_ = arr[len(m)]
	}()
}
