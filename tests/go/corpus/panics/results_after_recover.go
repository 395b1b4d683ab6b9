// A function that has recovered returns what its named results hold.
package main

import (
	"errors"
	"fmt"
)

func named() (n int, s string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
			s += "!"
		}
	}()
	n, s = 7, "set"
	panic("named")
}

func unnamed() (int, string) {
	defer func() { recover() }()
	panic("unnamed")
}

func changed() (n int) {
	defer func() { n *= 2 }()
	return 21
}

func large() (a [100]int, err error) {
	defer func() { err, _ = recover().(error) }()
	a[50] = 50
	panic(errors.New("large"))
}

func main() {
	fmt.Println(named())
	fmt.Println(unnamed())
	fmt.Println(changed())
	a, err := large()
	fmt.Println(a[50], err)
}
