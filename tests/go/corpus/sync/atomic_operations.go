// All of sync/atomic, alone and under load.
//
//corpus:run {"procs":[1,4]}
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

func main() {
	var i32 int32
	var u32 uint32
	var i64 int64
	var u64 uint64
	var up uintptr
	fmt.Println(atomic.AddInt32(&i32, -5), atomic.AddUint32(&u32, ^uint32(0)), atomic.AddInt64(&i64, 1<<40), atomic.AddUint64(&u64, 7), atomic.AddUintptr(&up, 3))
	fmt.Println(atomic.SwapInt32(&i32, 9), atomic.LoadInt32(&i32), atomic.SwapInt64(&i64, 2), atomic.LoadInt64(&i64))
	ok := atomic.CompareAndSwapInt32(&i32, 9, 10)
	no := atomic.CompareAndSwapInt32(&i32, 9, 11)
	fmt.Println(ok, no, i32)
	atomic.StoreUint64(&u64, 1<<63)
	fmt.Println(atomic.LoadUint64(&u64), atomic.LoadUintptr(&up), atomic.LoadUint32(&u32))
	x, y := 1, 2
	p := unsafe.Pointer(&x)
	atomic.StorePointer(&p, unsafe.Pointer(&y))
	fmt.Println(*(*int)(atomic.LoadPointer(&p)))
	var v atomic.Value
	fmt.Println(v.Load())
	v.Store([]int{1, 2})
	fmt.Println(v.Load(), v.Swap([]int{3}))
	func() {
		defer func() { fmt.Println(recover()) }()
		v.Store("another type")
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		v.Store(nil)
	}()
	var wg sync.WaitGroup
	var n, max int64
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func(i int64) {
			defer wg.Done()
			for j := 0; j < 1000; j++ {
				atomic.AddInt64(&n, 1)
			}
			for {
				old := atomic.LoadInt64(&max)
				if old >= i {
					return
				}
				if done := atomic.CompareAndSwapInt64(&max, old, i); done {
					return
				}
			}
		}(int64(i))
	}
	wg.Wait()
	fmt.Println(n, max)
}
