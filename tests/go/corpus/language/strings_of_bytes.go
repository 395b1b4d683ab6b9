// A string that is made of bytes keeps them, wherever it goes, when the bytes change: the compiler gives some operations a string that
// is only lent.
package main

import (
	"fmt"
	"strings"
)

var (
	kept  string
	empty string
)

type pair struct{ a, b string }

func main() {
	b := []byte("howdy ")
	change := func() {
		for i := range b {
			b[i] = 'a' + (b[i]-'a'+1)%26
		}
	}
	show := func(what string, s string) { fmt.Println(what, s) }

	s := empty
	s += string(b)
	change()
	show("added to nothing:", s)

	s = string(b) + empty + empty
	change()
	show("nothing added:", s)

	kept = empty + string(b[:3]) + string(b[3:3])
	change()
	show("a part:", kept)

	t := empty
	for i := 0; i < 3; i++ {
		t += string(b[:i])
		change()
	}
	show("again and again:", t)

	m := map[string]int{}
	m[string(b)]++
	m[string(b)]++
	change()
	m[string(b)]++
	for k, n := range m {
		if n == 2 {
			show("a key:", k)
		}
	}
	delete(m, string(b))
	fmt.Println(len(m))

	p := map[pair]int{{string(b), empty + string(b)}: 1}
	change()
	for k := range p {
		show("keys:", k.a+"|"+k.b)
	}

	var i any = empty + string(b)
	change()
	show("an interface:", i.(string))

	c := make(chan string, 1)
	c <- empty + string(b)
	change()
	show("a channel:", <-c)

	list := append([]string{}, empty+string(b), string(b))
	change()
	show("a list:", strings.Join(list, "|"))

	f := func(s string) func() string { return func() string { return s } }(string(b) + empty)
	change()
	show("a closure:", f())

	switch string(b) + empty {
	case s:
		fmt.Println("same")
	default:
		fmt.Println("other", string(b) == s, string(b) > s, strings.Compare(string(b)+empty, s))
	}
	for _, r := range string(b) {
		change()
		fmt.Print(string(r))
	}
	fmt.Println()
	r := []rune("äöü")
	u := empty + string(r)
	r[0] = 'x'
	show("runes:", u)
}
