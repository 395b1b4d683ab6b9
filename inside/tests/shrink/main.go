// A goroutine in forEachP waits as far as the collector can see, and has its stack made smaller
// meanwhile. It must go on on the new one.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

//go:linkname forEachP runtime.forEachP
func forEachP(reason uint8, fn func(unsafe.Pointer))

//go:linkname semacquire runtime.semacquire
func semacquire(addr *uint32)

//go:linkname semrelease runtime.semrelease
func semrelease(addr *uint32)

//go:linkname worldsema runtime.worldsema
var worldsema uint32

//go:linkname gcphase runtime.gcphase
var gcphase uint32

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// The g that runs, and where its stack is now.
func self() unsafe.Pointer
func sp() uintptr

const (
	gM    = 48
	mCurg = 192
	mP    = 208
	// runtime2.go
	waitReasonFlushProcCaches = 32
)

func field(p unsafe.Pointer, offset uintptr) uintptr {
	return atomic.LoadUintptr((*uintptr)(unsafe.Add(p, offset)))
}

// Something that the collector looks at before stacks, for a while.
var roots [1 << 21]*int

// Makes the stack large.
//
//go:noinline
func grow(n int) byte {
	var room [1024]byte
	room[n] = byte(n)
	if n > 0 {
		room[n] += grow(n - 1)
	}
	return room[n/2]
}

// Where the stack was before forEachP.
var lo uintptr

// Whether the stack was moved while forEachP ran, and whether all is well behind it.
//
//go:noinline
func try() (moved bool) {
	grow(100)
	gp := self()
	// Made here: who has worldsema may not allocate, as it might have to help the collector, and at
	// the end of marking that wants worldsema.
	look := func(pp unsafe.Pointer) {
		mp := unsafe.Pointer(field(self(), gM))
		if field(mp, mP) != uintptr(pp) || field(mp, mCurg) != uintptr(gp) {
			return
		}
		// On g0, for the P of who called.
		for end := nanotime() + 50e6; field(gp, 0) == lo && nanotime() < end; {
		}
	}
	done := make(chan int)
	go func() { runtime.GC(); close(done) }()
	for atomic.LoadUint32(&gcphase) == 0 {
		select {
		case <-done:
			return false
		default:
		}
	}
	// As its callers do: so that no other one runs it.
	semacquire(&worldsema)
	if atomic.LoadUint32(&gcphase) != 1 {
		semrelease(&worldsema)
		<-done
		return false
	}
	lo = field(gp, 0)
	local := 77
	address := &local
	forEachP(waitReasonFlushProcCaches, look)
	moved = field(gp, 0) != lo
	if at := sp(); at < field(gp, 0) || at >= field(gp, 8) {
		println("on the stack of before")
		os.Exit(1)
	}
	semrelease(&worldsema)
	*address++
	if local != 78 {
		panic(local)
	}
	<-done
	return moved
}

func main() {
	runtime.GOMAXPROCS(4)
	roots[len(roots)-1] = new(int)
	end := time.Now().Add(60 * time.Second)
	n := 0
	for n < 5 && time.Now().Before(end) {
		c := make(chan bool)
		go func() { c <- try() }()
		if <-c {
			n++
		}
	}
	fmt.Println("moved", n, "times")
}
