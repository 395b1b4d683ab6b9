// Package fmt reads: Sscan, Sscanf, Fscan.
//
//corpus:run {"stdin":"12 words and 3.5\nnext line\n7 8 9\n"}
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	var (
		n, m int
		s, t string
		f    float64
		b    bool
		r    rune
	)
	fmt.Println(fmt.Sscan("5 word 2.5 true", &n, &s, &f, &b))
	fmt.Println(n, s, f, b)
	fmt.Println(fmt.Sscanf("10-0x1f:abc", "%d-%x:%s", &n, &m, &s))
	fmt.Println(n, m, s)
	fmt.Println(fmt.Sscanf("x=3", "y=%d", &n))
	fmt.Println(fmt.Sscan("", &n))
	fmt.Println(fmt.Sscan("abc", &n))
	fmt.Println(fmt.Sscanf("Z9", "%c%1d", &r, &n))
	fmt.Println(string(r), n)
	fmt.Println(fmt.Sscanln("1 2", &n))
	in := bufio.NewReader(os.Stdin)
	fmt.Println(fmt.Fscan(in, &n, &s, &t, &f))
	fmt.Println(n, s, t, f)
	fmt.Println(fmt.Fscanln(in))
	fmt.Println(fmt.Fscanf(in, "%s %s\n", &s, &t))
	fmt.Println(s, t)
	sum := 0
	for {
		var k int
		if _, err := fmt.Fscan(in, &k); err != nil {
			fmt.Println(err)
			break
		}
		sum += k
	}
	fmt.Println(sum)
	fmt.Println(fmt.Fscan(strings.NewReader("1,2"), &n))
}
