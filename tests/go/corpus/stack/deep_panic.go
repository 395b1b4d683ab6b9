// A panic is raised a hundred thousand frames deep and recovered at the top.
//
//corpus:run {"procs":[1,2]}
package main

import "fmt"

func down(n int) int {
	if n == 0 {
		panic("the bottom")
	}
	return down(n-1) + 1
}

func try(n int) (r interface{}) {
	defer func() { r = recover() }()
	return down(n)
}

func main() {
	fmt.Println(try(100000))
	c := make(chan interface{})
	for i := 0; i < 4; i++ {
		go func() { c <- try(30000) }()
	}
	for i := 0; i < 4; i++ {
		fmt.Println(<-c)
	}
}
