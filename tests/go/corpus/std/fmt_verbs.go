// Package fmt: verbs, flags, widths, and how values of all kinds are written.
package main

import (
	"errors"
	"fmt"
	"os"
)

type P struct {
	X, Y int
	s    string
}
type St int

func (s St) String() string { return fmt.Sprintf("St<%d>", int(s)) }

type Fm struct{}

func (Fm) Format(f fmt.State, c rune) {
	w, ok := f.Width()
	fmt.Fprintf(f, "[%c %d %v %v]", c, w, ok, f.Flag('+'))
}

type Gs struct{}

func (Gs) GoString() string { return "Gs!" }

func main() {
	fmt.Printf("%d|%5d|%-5d|%05d|%+d|%x|%X|%#x|%o|%#o|%b|%c|%q|%U|%#U\n", 42, 42, 42, 42, 42, 255, 255, 255, 8, 8, 5, 'A', 'A', 'A', 'ä')
	fmt.Printf("%f|%8.3f|%-8.2f|%e|%g|%G|%+.1f|%08.3f|% f\n", 3.14159, 3.14159, 3.14159, 1234.5678, 1e21, 1e-7, 2.0, -3.14159, 1.5)
	fmt.Printf("%s|%10s|%-10s|%q|%x|% x|%.2s|%#q|%+q\n", "text", "text", "text", "a\"b\n", "hex", "hex", "text", "raw", "ä")
	fmt.Printf("%v|%+v|%#v|%T\n", P{1, 2, "s"}, P{1, 2, "s"}, P{1, 2, "s"}, P{})
	fmt.Printf("%v|%+v|%T\n", &P{1, 2, "s"}, &P{1, 2, "s"}, &P{})
	fmt.Printf("%v|%#v|%v|%#v|%T\n", []int{1, 2}, []int{1, 2}, []string{"a", "b"}, []string{"a"}, [][]int{})
	fmt.Printf("%v|%#v|%v\n", map[string]int{"b": 2, "a": 1}, map[string]int{"a": 1}, map[P]bool{{1, 2, ""}: true})
	fmt.Printf("%t|%v|%5t|%p|%v\n", true, false, true, nil, nil)
	fmt.Printf("%v|%d|%s|%x\n", St(3), St(3), St(3), St(3))
	fmt.Printf("%v|%+10z|%#v|%v\n", Fm{}, Fm{}, Gs{}, Gs{})
	fmt.Printf("%v|%s|%q\n", errors.New("err"), errors.New("err"), errors.New("err"))
	fmt.Printf("%[2]d %[1]d|%*d|%.*f|%[3]*.[2]*[1]f\n", 1, 2, 3)
	fmt.Printf("%*d|%.*f\n", 5, 42, 2, 3.14159)
	fmt.Printf("%d %s\n", "text", 5)
	fmt.Printf("%d\n")
	fmt.Printf("%d\n", 1, 2)
	fmt.Printf("%!|%z|100%%\n", 1)
	fmt.Printf("%v %v %.2f\n", 1+2i, complex64(-1i), 1.234+5.678i)
	fmt.Printf("%v|%s|%x|%d\n", []byte("abc"), []byte("abc"), []byte("abc"), []byte("abc"))
	fmt.Printf("%6.2f%%|%t|%v|%v\n", 99.5, 1, struct{}{}, [3]bool{true})
	fmt.Printf("%v %v %v\n", int8(-128), uint64(1<<64-1), uintptr(7))
	fmt.Println("a", 1, 2, "b", "c", 3.0, nil, []interface{}{1, "x", nil})
	fmt.Print("a", 1, 2, "b", "c", 3.0, nil, "\n")
	fmt.Println(fmt.Sprint("x", 1, 2, "y"), fmt.Sprintln("end", 1))
	fmt.Fprintf(os.Stdout, "%w\n", errors.New("w outside of Errorf"))
	e := fmt.Errorf("outer %d: %w", 1, os.ErrNotExist)
	fmt.Println(e, errors.Is(e, os.ErrNotExist), errors.Unwrap(e) == os.ErrNotExist)
	fmt.Printf("%v %+v\n", struct {
		a interface{}
		b *int
		c func()
		d error
	}{}, struct{ e []P }{[]P{{1, 2, "x"}}})
	fmt.Printf("%08b|%-8b|%+x|%#v|%#v|%#v\n", 5, 5, -255, 1.0, "s", 'x')
	fmt.Printf("%t %v\n", "no", make(chan int) == nil)
}
