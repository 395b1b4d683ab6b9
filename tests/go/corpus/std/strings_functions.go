// Package strings.
package main

import (
	"fmt"
	"strings"
	"unicode"
)

func main() {
	s := "The quick brown fox, the lazy dog"
	fmt.Println(strings.Contains(s, "quick"), strings.ContainsAny(s, "xyz"), strings.ContainsRune(s, 'q'), strings.Count(s, "o"), strings.Count("abc", ""))
	fmt.Println(strings.Index(s, "the"), strings.LastIndex(s, "o"), strings.IndexByte(s, 'q'), strings.IndexAny(s, "aeiou"), strings.IndexFunc(s, unicode.IsPunct), strings.Index(s, "none"))
	fmt.Println(strings.Split("a,b,,c", ","), len(strings.Split("", ",")), strings.SplitN("a,b,c", ",", 2), strings.SplitAfter("a,b", ","), strings.Fields("  a  b c "))
	fmt.Println(strings.FieldsFunc("a1b2c", unicode.IsDigit), strings.Join([]string{"x", "y"}, "-"), strings.Repeat("ab", 3))
	fmt.Println(strings.Replace("aaaa", "a", "b", 2), strings.ReplaceAll("aaaa", "aa", "b"), strings.NewReplacer("<", "&lt;", ">", "&gt;", "a", "").Replace("<a>b"))
	fmt.Println(strings.ToUpper("äbc"), strings.ToLower("ÄBC"), strings.Title("two words"), strings.ToTitle("x"))
	fmt.Printf("%q %q %q %q %q\n", strings.TrimSpace(" x\t\n"), strings.Trim("xxaxx", "x"), strings.TrimLeft("xxa", "x"), strings.TrimPrefix("prefix", "pre"), strings.TrimSuffix("a.go", ".go"))
	fmt.Println(strings.HasPrefix(s, "The"), strings.HasSuffix(s, "dog"), strings.EqualFold("Straße", "STRAßE"), strings.Compare("a", "b"))
	fmt.Println(strings.Map(func(r rune) rune {
		if r == 'o' {
			return -1
		}
		return unicode.ToUpper(r)
	}, s))
	before, after, ok := strings.Cut("key=value", "=")
	fmt.Println(before, after, ok)
	var b strings.Builder
	for i := 0; i < 3; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	b.WriteByte('x')
	b.WriteRune('ä')
	fmt.Println(b.String(), b.Len())
	r := strings.NewReader("reader")
	buf := make([]byte, 4)
	n, err := r.Read(buf)
	fmt.Println(n, err, r.Len(), string(buf))
	for i, c := range "aä\xff日" {
		fmt.Print(i, ":", c, " ")
	}
	fmt.Println(len("日本"), []rune("日本"), string([]rune{26085, 0x10ffff + 1}), []byte("ä"))
}
