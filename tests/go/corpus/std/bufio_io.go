// Packages bufio and io: readers, writers, scanners, pipes, copies.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

func main() {
	r := bufio.NewReader(strings.NewReader("line one\nline two\nrest"))
	s, err := r.ReadString('\n')
	fmt.Printf("%q %v\n", s, err)
	b, _ := r.Peek(4)
	fmt.Printf("%q\n", b)
	c, _ := r.ReadByte()
	r.UnreadByte()
	l, prefix, err := r.ReadLine()
	fmt.Printf("%c %q %v %v\n", c, l, prefix, err)
	s, err = r.ReadString('\n')
	fmt.Printf("%q %v\n", s, err)
	sc := bufio.NewScanner(strings.NewReader("one two\nthree"))
	sc.Split(bufio.ScanWords)
	for sc.Scan() {
		fmt.Print(sc.Text(), "|")
	}
	fmt.Println(sc.Err())
	sc = bufio.NewScanner(strings.NewReader(strings.Repeat("x", 70000)))
	fmt.Println(sc.Scan(), sc.Err())
	var out bytes.Buffer
	w := bufio.NewWriterSize(&out, 16)
	fmt.Fprintf(w, "%s %d", "buffered", 1)
	fmt.Println(out.Len(), w.Buffered(), w.Available())
	w.Flush()
	fmt.Println(out.String())
	n, err := io.Copy(&out, io.LimitReader(strings.NewReader("limited text"), 7))
	fmt.Println(n, err, out.String())
	n, err = io.CopyN(io.Discard, strings.NewReader("ab"), 3)
	fmt.Println(n, err)
	buf := make([]byte, 4)
	k, err := io.ReadFull(strings.NewReader("abc"), buf)
	fmt.Println(k, err)
	k, err = io.ReadAtLeast(strings.NewReader(""), buf, 2)
	fmt.Println(k, err)
	all, _ := io.ReadAll(io.MultiReader(strings.NewReader("a"), strings.NewReader("b")))
	var t1, t2 strings.Builder
	io.WriteString(io.MultiWriter(&t1, &t2), "both")
	tee, _ := io.ReadAll(io.TeeReader(strings.NewReader("tee"), &t1))
	fmt.Println(string(all), t1.String(), t2.String(), string(tee))
	sr := io.NewSectionReader(strings.NewReader("0123456789"), 2, 5)
	sec, _ := io.ReadAll(sr)
	fmt.Println(string(sec), sr.Size())
	pr, pw := io.Pipe()
	go func() {
		for i := 0; i < 3; i++ {
			fmt.Fprintf(pw, "piped %d\n", i)
		}
		pw.CloseWithError(fmt.Errorf("done writing"))
	}()
	ps := bufio.NewScanner(pr)
	for ps.Scan() {
		fmt.Println(ps.Text())
	}
	fmt.Println(ps.Err())
	pr.Close()
	_, err = pw.Write([]byte("x"))
	fmt.Println(err)
}
