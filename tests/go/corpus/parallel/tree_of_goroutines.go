// A binary tree of 2^14 leaves: each node waits for its children.
//
//corpus:run {"procs":[1,2,4,8]}
package main

import "fmt"

func node(depth int, up chan<- int) {
	if depth == 0 {
		up <- 1
		return
	}
	c := make(chan int)
	go node(depth-1, c)
	go node(depth-1, c)
	up <- <-c + <-c
}

func main() {
	c := make(chan int)
	go node(14, c)
	fmt.Println(<-c)
}
