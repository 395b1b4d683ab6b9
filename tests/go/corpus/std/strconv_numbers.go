// Package strconv: numbers to text and back, with all errors.
package main

import (
	"fmt"
	"math"
	"strconv"
)

func main() {
	for _, s := range []string{"0", "-17", "+5", "9223372036854775807", "9223372036854775808", "", "x", "1_000", "0x10", "-0"} {
		n, err := strconv.Atoi(s)
		fmt.Println(n, err)
	}
	for _, base := range []int{0, 2, 8, 10, 16, 36} {
		n, err := strconv.ParseInt("0b11", base, 64)
		m, err2 := strconv.ParseUint("zz", base, 16)
		fmt.Println(base, n, err, m, err2)
	}
	fmt.Println(strconv.ParseInt("300", 10, 8))
	fmt.Println(strconv.ParseInt("-300", 10, 8))
	fmt.Println(strconv.ParseUint("-1", 10, 64))
	for _, s := range []string{"1", "1.5", "-2e10", "1e400", "-1e400", "inf", "-Infinity", "NaN", "0x1p-2", ".", "1e", "1_0.5", "5e-324", "2.2250738585072011e-308"} {
		f, err := strconv.ParseFloat(s, 64)
		fmt.Println(f, err)
	}
	fmt.Println(strconv.ParseBool("T"))
	fmt.Println(strconv.ParseBool("yes"))
	for _, f := range []float64{0, 1, -1.5, 1e21, 1e20, 1e-7, math.Pi, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1), math.Copysign(0, -1)} {
		fmt.Println(strconv.FormatFloat(f, 'g', -1, 64), strconv.FormatFloat(f, 'e', 3, 64), strconv.FormatFloat(f, 'f', 2, 32), strconv.FormatFloat(f, 'b', -1, 64), strconv.FormatFloat(f, 'x', -1, 64))
	}
	fmt.Println(strconv.FormatInt(-255, 16), strconv.FormatUint(1<<63, 2), strconv.Itoa(-7))
	fmt.Println(strconv.Quote("tab\t\"q\" ä \x00 \u2028 \U0001F600"), strconv.QuoteToASCII("ä"), strconv.QuoteRune('☺'))
	fmt.Println(strconv.Unquote(`"a\nb\u00e4"`))
	fmt.Println(strconv.Unquote("`raw`"))
	fmt.Println(strconv.Unquote(`"unterminated`))
	b := strconv.AppendInt([]byte("n="), 5, 10)
	b = strconv.AppendBool(append(b, ' '), true)
	b = strconv.AppendFloat(append(b, ' '), 2.5, 'f', 1, 64)
	fmt.Println(string(strconv.AppendQuote(append(b, ' '), "q")))
}
