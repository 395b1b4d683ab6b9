// Integer and floating point arithmetic at its limits, constants, conversions, shifts.
package main

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

//go:noinline
func id(x int64) int64 { return x }

func main() {
	var i8 int8 = 127
	i8++
	var u8 uint8
	u8--
	fmt.Println(i8, u8, -i8, i8/-1, id(-7)/2, id(-7)%2, id(7)>>1, id(-7)>>1, uint64(id(-1))>>60)
	fmt.Println(1<<uint(id(3)), int32(1)<<uint(id(31)), int32(1)<<uint(id(32)), id(1)<<63, id(-1)>>100, ^5, 6&^3, 5^1)
	const huge = 1 << 100
	fmt.Println(huge>>98, float64(huge), math.MaxInt64, uint64(math.MaxUint64), math.Pi)
	f := 0.1
	fmt.Println(f+0.2, f*3 == 0.3, float32(f)+float32(0.2), math.Sqrt(2), math.Inf(1), -math.Inf(1), math.NaN() == math.NaN())
	fmt.Println(int64(float64(id(1<<53))+1), int(-1.9*float64(id(1))), uint8(int(300*float64(id(1)))&0xff), float32(16777217))
	fmt.Println(math.Floor(-1.5), math.Round(2.5), math.Mod(7, -3), math.Pow(2, 0.5), math.Hypot(3, 4), math.Trunc(-2.7), math.Log1p(1e-10))
	c := complex(3, 4)
	fmt.Println(c*c, real(c)/imag(c), c == 3+4i, c/(1-2i))
	fmt.Println(bits.LeadingZeros64(1), bits.OnesCount(255), bits.Reverse8(1), bits.Len(1023))
	hi, lo := bits.Mul64(1<<63, 6)
	fmt.Println(hi, lo)
	b := big.NewInt(1)
	for i := int64(1); i <= 30; i++ {
		b.Mul(b, big.NewInt(i))
	}
	fmt.Println(b, new(big.Int).Exp(big.NewInt(3), big.NewInt(200), big.NewInt(1000007)))
	r := new(big.Rat).Add(big.NewRat(1, 3), big.NewRat(1, 6))
	fmt.Println(r, math.Float64bits(-0.0), math.Signbit(math.Copysign(0, -1)))
}
