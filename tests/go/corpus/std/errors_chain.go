// Package errors: wrapping, Is, As.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

type my struct{ code int }

func (m *my) Error() string        { return fmt.Sprint("my ", m.code) }
func (m *my) Is(target error) bool { return target == io.EOF && m.code == 7 }

func main() {
	a := errors.New("a")
	b := fmt.Errorf("b: %w", a)
	c := fmt.Errorf("c: %w", b)
	fmt.Println(c, errors.Unwrap(c) == b, errors.Is(c, a), errors.Is(c, errors.New("a")), errors.Unwrap(a))
	d := fmt.Errorf("d: %w", &my{7})
	var m *my
	fmt.Println(errors.As(d, &m), m.code, errors.Is(d, io.EOF), errors.Is(&my{8}, io.EOF))
	_, err := os.Open("/no/such/file")
	var pe *fs.PathError
	fmt.Println(err, errors.As(err, &pe), pe.Op, pe.Path, pe.Err == syscall.ENOENT, errors.Is(err, fs.ErrNotExist), os.IsNotExist(err))
	_, err = strconv.Atoi("x")
	var ne *strconv.NumError
	fmt.Println(errors.As(err, &ne), ne.Func, errors.Is(err, strconv.ErrSyntax))
	fmt.Println(syscall.EPERM, errors.Is(syscall.EACCES, fs.ErrPermission), syscall.EAGAIN.Temporary(), syscall.ETIMEDOUT.Timeout())
	defer func() { fmt.Println(recover()) }()
	errors.As(d, nil)
}
