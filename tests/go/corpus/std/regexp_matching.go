// Package regexp.
package main

import (
	"fmt"
	"regexp"
	"strings"
)

func main() {
	re := regexp.MustCompile(`(?P<year>\d{4})-(?P<month>\d\d)(?:-(\d\d))?`)
	s := "on 2023-07-15, 1999-12 and 12-34"
	fmt.Println(re.MatchString(s), re.FindString(s), re.FindStringIndex(s), re.FindAllString(s, -1))
	fmt.Printf("%q\n", re.FindAllStringSubmatch(s, -1))
	fmt.Println(re.FindAllStringSubmatchIndex(s, -1), re.SubexpNames(), re.NumSubexp(), re.SubexpIndex("month"))
	fmt.Println(re.ReplaceAllString(s, "${month}/$year"), re.ReplaceAllLiteralString(s, "$1"))
	fmt.Println(re.ReplaceAllStringFunc(s, strings.ToUpper), re.String())
	fmt.Printf("%q\n", regexp.MustCompile(`,\s*`).Split("a, b,c,   d", -1))
	for _, p := range []string{`a(b`, `a**`, `[z-a]`, `\8`, `(?i`, `x{2000}`, `[[:foo:]]`} {
		_, err := regexp.Compile(p)
		fmt.Println(err)
	}
	for _, p := range []string{`^a.*z$`, `(?s)^a.*z$`, `(?i)HELLO`, `\bword\b`, `a+?`, `(a|ab)(c|bcd)`, `[^a-c]+`, `\p{Greek}`, `x*`} {
		re := regexp.MustCompile(p)
		for _, t := range []string{"a\nz", "hello word", "aaa", "abcd", "αβ"} {
			fmt.Printf("%q ", re.FindStringIndex(t))
		}
		fmt.Println()
	}
	fmt.Println(regexp.MustCompilePOSIX(`(a|ab)(c|bcd)`).FindString("abcd"), regexp.QuoteMeta("a.b*c"))
	fmt.Println(string(re.Expand(nil, []byte("$year!"), []byte(s), re.FindSubmatchIndex([]byte(s)))))
	long := strings.Repeat("a", 1000)
	fmt.Println(regexp.MustCompile(`(a*)*b`).MatchString(long), regexp.MustCompile(`(a|a)*$`).MatchString(long))
	defer func() { fmt.Println(recover()) }()
	regexp.MustCompile(`(`)
}
