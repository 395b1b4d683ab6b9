// reflect: calls, made functions and types, channels and select, maps, deep equality.
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"text/template"
)

type Inner struct {
	X, Y float32
}
type T struct {
	A  int `tag:"a"`
	B  string
	C  []Inner
	in int
}

func (t T) Sum(xs ...int) (s int) {
	for _, x := range xs {
		s += x
	}
	return s + t.A
}
func (t *T) Set(i Inner, f float64, c complex128, b bool, s string, i8 int8) (Inner, float64, string) {
	t.C = append(t.C, i)
	return Inner{i.Y, i.X}, f * real(c), fmt.Sprint(b, s, i8)
}
func (t T) None() {}

type Sorted []string

func (s Sorted) Len() int           { return len(s) }
func (s Sorted) Less(i, j int) bool { return s[i] < s[j] }
func (s Sorted) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

func main() {
	t := &T{A: 1, B: "b"}
	v := reflect.ValueOf(t)
	for i := 0; i < v.Elem().NumField(); i++ {
		f := v.Elem().Type().Field(i)
		fmt.Print(f.Name, ":", f.Type, ":", f.Tag.Get("tag"), ":", f.Offset, " ")
	}
	fmt.Println()
	for i := 0; i < v.NumMethod(); i++ {
		fmt.Print(v.Type().Method(i).Name, v.Method(i).Type(), " ")
	}
	fmt.Println()
	out := v.MethodByName("Set").Call([]reflect.Value{reflect.ValueOf(Inner{1, 2}), reflect.ValueOf(2.5),
		reflect.ValueOf(complex(2, 1)), reflect.ValueOf(true), reflect.ValueOf("s"), reflect.ValueOf(int8(-3))})
	fmt.Println(out[0], out[1], out[2], t.C)
	fmt.Println(v.MethodByName("Sum").Call([]reflect.Value{reflect.ValueOf(1), reflect.ValueOf(2)})[0])
	fmt.Println(v.MethodByName("Sum").CallSlice([]reflect.Value{reflect.ValueOf([]int{5, 6})})[0], len(v.MethodByName("None").Call(nil)))
	fmt.Println(reflect.ValueOf(strings.Split).Call([]reflect.Value{reflect.ValueOf("a,b"), reflect.ValueOf(",")})[0])
	adder := reflect.MakeFunc(reflect.TypeOf(func(int, float64, string) (string, error) { return "", nil }), func(in []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(fmt.Sprint(in[0], in[1], in[2])), reflect.Zero(reflect.TypeOf((*error)(nil)).Elem())}
	})
	s, err := adder.Interface().(func(int, float64, string) (string, error))(1, 2.5, "x")
	fmt.Println(s, err)
	method := v.MethodByName("Sum").Interface().(func(...int) int)
	fmt.Println(method(10, 20))
	v.Elem().FieldByName("B").SetString("changed")
	v.Elem().Field(0).SetInt(99)
	fmt.Println(*t)

	m := reflect.MakeMap(reflect.TypeOf(map[string]int{}))
	m.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf(5))
	m.SetMapIndex(reflect.ValueOf("l"), reflect.ValueOf(6))
	m.SetMapIndex(reflect.ValueOf("k"), reflect.Value{})
	fmt.Println(m.Len(), m.MapIndex(reflect.ValueOf("l")), m.MapIndex(reflect.ValueOf("zz")).IsValid(), m.Interface())
	it := reflect.ValueOf(map[int]string{1: "one", 2: "two", 3: "three"}).MapRange()
	var lines []string
	for it.Next() {
		lines = append(lines, fmt.Sprint(it.Key(), it.Value()))
	}
	sort.Strings(lines)
	fmt.Println(lines)
	sl := reflect.MakeSlice(reflect.TypeOf([]Inner{}), 2, 5)
	sl = reflect.Append(sl, reflect.ValueOf(Inner{7, 8}))
	sl.Index(0).Field(1).SetFloat(1.5)
	fmt.Println(sl.Interface(), sl.Len(), sl.Cap())

	ch := reflect.MakeChan(reflect.TypeOf(make(chan int)), 1)
	ch.Send(reflect.ValueOf(3))
	fmt.Println(ch.TrySend(reflect.ValueOf(4)), ch.Len())
	x, ok := ch.Recv()
	fmt.Println(x, ok)
	other := make(chan string, 1)
	other <- "sel"
	i, r, ok := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: ch},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(other)},
	})
	fmt.Println(i, r, ok)
	ch.Close()
	x, ok = ch.Recv()
	fmt.Println(x, ok)

	fmt.Println(reflect.DeepEqual(map[string][]int{"a": {1}}, map[string][]int{"a": {1}}), reflect.DeepEqual(t, &T{}))
	st := reflect.StructOf([]reflect.StructField{{Name: "F", Type: reflect.TypeOf(0), Tag: `json:"f"`}, {Name: "G", Type: reflect.TypeOf("")}})
	sv := reflect.New(st).Elem()
	sv.Field(0).SetInt(4)
	fmt.Printf("%+v %v\n", sv.Interface(), st)
	fmt.Println(reflect.PtrTo(reflect.TypeOf(t)), reflect.SliceOf(reflect.TypeOf(1)) == reflect.TypeOf([]int{}), reflect.MapOf(reflect.TypeOf(""), reflect.TypeOf(1)), reflect.ArrayOf(3, reflect.TypeOf('x')))
	fn := reflect.TypeOf(fmt.Fprintf)
	fmt.Println(fn, fn.NumIn(), fn.IsVariadic(), reflect.TypeOf(t).Implements(reflect.TypeOf((*fmt.Stringer)(nil)).Elem()))
	fmt.Println(reflect.TypeOf(Sorted{}).Implements(reflect.TypeOf((*sort.Interface)(nil)).Elem()), reflect.ValueOf(Sorted{"b", "a"}).Convert(reflect.TypeOf([]string{})))
	func() {
		defer func() { fmt.Println(recover()) }()
		reflect.ValueOf(1).SetInt(2)
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		reflect.ValueOf(func() { panic("inside call") }).Call(nil)
	}()
	tm := template.Must(template.New("t").Parse("{{range $i, $e := .C}}{{$i}}={{$e.X}} {{end}}{{.Sum 1 2}} {{printf \"%05d\" .A}} {{len .B}}\n"))
	fmt.Println(tm.Execute(os.Stdout, t))
}
