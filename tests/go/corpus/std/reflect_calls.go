// Package reflect: calls, made functions, structs, maps, channels.
package main

import (
	"fmt"
	"reflect"
)

type T struct {
	A int    `tag:"first"`
	B string `tag:"second"`
	c bool
}

func (t T) Sum(a, b int) int               { return t.A + a + b }
func (t *T) Set(a int)                     { t.A = a }
func (t T) Many(xs ...string) (int, error) { return len(xs), nil }

func main() {
	t := &T{1, "x", true}
	v := reflect.ValueOf(t)
	fmt.Println(v.Type(), v.Elem().Type(), v.Kind(), v.Elem().NumField(), v.NumMethod(), v.Elem().NumMethod())
	for i := 0; i < v.Elem().NumField(); i++ {
		f := v.Elem().Type().Field(i)
		fmt.Println(f.Name, f.Type, f.Tag.Get("tag"), f.PkgPath, v.Elem().Field(i).CanSet())
	}
	for i := 0; i < v.NumMethod(); i++ {
		fmt.Println(v.Type().Method(i).Name, v.Type().Method(i).Type)
	}
	fmt.Println(v.MethodByName("Sum").Call([]reflect.Value{reflect.ValueOf(2), reflect.ValueOf(3)})[0].Int())
	v.MethodByName("Set").Call([]reflect.Value{reflect.ValueOf(10)})
	out := v.MethodByName("Many").Call([]reflect.Value{reflect.ValueOf("a"), reflect.ValueOf("b")})
	fmt.Println(t.A, out[0], out[1].IsNil())
	v.Elem().Field(1).SetString("y")
	fmt.Println(*t)
	swap := reflect.MakeFunc(reflect.TypeOf(func(int, string) (string, int) { return "", 0 }), func(args []reflect.Value) []reflect.Value {
		return []reflect.Value{args[1], args[0]}
	}).Interface().(func(int, string) (string, int))
	fmt.Println(swap(1, "one"))
	m := reflect.MakeMap(reflect.TypeOf(map[string]int{}))
	m.SetMapIndex(reflect.ValueOf("k"), reflect.ValueOf(7))
	fmt.Println(m.Interface(), m.MapIndex(reflect.ValueOf("k")), m.Len())
	c := reflect.MakeChan(reflect.TypeOf(make(chan int)), 1)
	c.Send(reflect.ValueOf(5))
	x, ok := c.Recv()
	fmt.Println(x, ok, c.Cap())
	c.Close()
	x, ok = c.TryRecv()
	fmt.Println(x, ok)
	s := reflect.Append(reflect.ValueOf([]int{1}), reflect.ValueOf(2))
	s.Index(0).SetInt(9)
	fmt.Println(s.Interface(), s.Slice(0, 1), reflect.DeepEqual([]int{9, 2}, s.Interface()))
	st := reflect.StructOf([]reflect.StructField{{Name: "X", Type: reflect.TypeOf(0)}, {Name: "Y", Type: reflect.TypeOf("")}})
	fmt.Println(st, reflect.New(st).Elem().Interface())
	fmt.Println(reflect.TypeOf(main), reflect.TypeOf([3]*T{}), reflect.TypeOf((*error)(nil)).Elem(), reflect.TypeOf(struct{ a int }{}))
	fmt.Println(reflect.TypeOf(3).ConvertibleTo(reflect.TypeOf("")), reflect.ValueOf(65).Convert(reflect.TypeOf(2.5)), reflect.Zero(reflect.TypeOf(T{})))
	func() {
		defer func() { fmt.Println(recover()) }()
		reflect.ValueOf(T{}).Field(0).SetInt(1)
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		reflect.ValueOf(1).Len()
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		reflect.ValueOf(main).Call([]reflect.Value{reflect.ValueOf(1)})
	}()
}
