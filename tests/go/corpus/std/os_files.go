// Package os: files, directories, environment, errors.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	clean := func(x interface{}) string { return strings.ReplaceAll(fmt.Sprint(x), dir, "DIR") }
	p := filepath.Join(dir, "a.txt")
	fmt.Println(os.WriteFile(p, []byte("hello\nworld\n"), 0o640))
	b, err := os.ReadFile(p)
	fmt.Printf("%q %v\n", b, err)
	f, err := os.OpenFile(p, os.O_RDWR|os.O_APPEND, 0)
	fmt.Println(err)
	fmt.Println(f.WriteString("more"))
	fmt.Println(f.Seek(6, 0))
	buf := make([]byte, 5)
	fmt.Println(f.Read(buf))
	fmt.Println(string(buf))
	fmt.Println(f.ReadAt(buf, 100))
	st, _ := f.Stat()
	fmt.Println(st.Name(), st.Size(), st.Mode(), st.IsDir())
	fmt.Println(f.Truncate(3), f.Close(), clean(f.Close()))
	fmt.Println(os.Mkdir(filepath.Join(dir, "sub"), 0o755), clean(os.Mkdir(filepath.Join(dir, "sub"), 0o755)))
	fmt.Println(os.MkdirAll(filepath.Join(dir, "x/y/z"), 0o755), os.Rename(p, filepath.Join(dir, "x/b.txt")), os.Symlink("b.txt", filepath.Join(dir, "x/link")))
	es, err := os.ReadDir(filepath.Join(dir, "x"))
	for _, e := range es {
		fmt.Println(e.Name(), e.IsDir(), e.Type())
	}
	fmt.Println(err)
	filepath.Walk(dir, func(p string, i fs.FileInfo, err error) error {
		fmt.Println(clean(p), i.Mode()&fs.ModeType, err)
		return nil
	})
	link, err := os.Readlink(filepath.Join(dir, "x/link"))
	fmt.Println(link, err)
	_, err = os.Stat(filepath.Join(dir, "none"))
	fmt.Println(clean(err), errors.Is(err, fs.ErrNotExist))
	fmt.Println(clean(os.Remove(filepath.Join(dir, "x"))))
	_, err = os.ReadFile(dir)
	fmt.Println(clean(err))
	os.Setenv("CORPUS", "value")
	v, ok := os.LookupEnv("CORPUS")
	fmt.Println(v, ok, os.Getenv("CORPUS_NONE"), os.ExpandEnv("$CORPUS-${CORPUS}"))
	os.Unsetenv("CORPUS")
	_, ok = os.LookupEnv("CORPUS")
	fmt.Println(ok, len(os.Args), os.Getpid() > 0, os.Getppid() > 0)
	r, w, _ := os.Pipe()
	go func() { w.WriteString("through the pipe"); w.Close() }()
	n, err := r.Read(make([]byte, 100))
	fmt.Println(n, err)
	n, err = r.Read(buf)
	fmt.Println(n, err)
}
