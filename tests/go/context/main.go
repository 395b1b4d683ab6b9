// What package context, and golang.org/x/sync, do where it is determined. tests/tests/context.rs is the same in Rust, and
// copies the packages errgroup, semaphore and singleflight beside this file from GOROOT.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gort.test/context/errgroup"
	"gort.test/context/semaphore"
	"gort.test/context/singleflight"
)

func show(what string, c context.Context) {
	fmt.Println(what, c.Err(), context.Cause(c), c.Done() == nil)
}

func contexts() {
	bg := context.Background()
	show("background", bg)
	a, cancelA := context.WithCancelCause(bg)
	b, cancelB := context.WithCancel(a)
	w := context.WithoutCancel(b)
	fmt.Println(bg, context.TODO(), a, b, w)
	show("a", a)
	cancelB()
	show("b", b)
	show("a", a)
	c, cancelC := context.WithCancelCause(a)
	d, cancelD := context.WithCancel(c)
	cancelA(errors.New("first"))
	cancelA(errors.New("second"))
	cancelC(errors.New("third"))
	cancelD()
	show("a", a)
	show("b", b)
	show("c", c)
	show("d", d)
	show("w", w)
	e, cancelE := context.WithCancelCause(a)
	show("e", e)
	cancelE(nil)
	n, cancelN := context.WithCancelCause(bg)
	cancelN(nil)
	show("n", n)

	far, near := time.Now().Add(time.Hour), time.Now().Add(time.Minute)
	f, cancelF := context.WithDeadline(bg, near)
	g, cancelG := context.WithDeadlineCause(f, far, errors.New("far"))
	t, _ := g.Deadline()
	_, none := bg.Deadline()
	_, out := context.WithoutCancel(g).Deadline()
	fmt.Println(t.Equal(near), none, out)
	cancelG()
	show("g", g)
	cancelF()
	past, cancelPast := context.WithDeadlineCause(bg, time.Now(), errors.New("too late"))
	show("past", past)
	cancelPast()
	show("past", past)
	soon, cancelSoon := context.WithTimeoutCause(bg, time.Millisecond, errors.New("slow"))
	child, cancelChild := context.WithTimeout(soon, time.Hour)
	<-child.Done()
	show("soon", soon)
	show("child", child)
	cancelSoon()
	cancelChild()
	show("soon", soon)

	ch := make(chan string, 4)
	h, cancelH := context.WithCancel(bg)
	stop1 := context.AfterFunc(h, func() { ch <- "one" })
	stop2 := context.AfterFunc(h, func() { ch <- "two" })
	fmt.Println(stop1(), stop1())
	cancelH()
	fmt.Println(<-ch, stop1(), stop2(), len(ch))
	stop3 := context.AfterFunc(h, func() { ch <- "three" })
	fmt.Println(<-ch, stop3())
	stop4 := context.AfterFunc(bg, func() { ch <- "four" })
	fmt.Println(stop4(), stop4(), len(ch))
}

func groups() {
	g, ctx := errgroup.WithContext(context.Background())
	g.SetLimit(2)
	release := make(chan bool)
	wait := func() error { <-release; return nil }
	g.Go(wait)
	fmt.Println(g.TryGo(wait), g.TryGo(wait))
	func() {
		defer func() { fmt.Println(recover()) }()
		g.SetLimit(3)
	}()
	close(release)
	g.Go(func() error { return nil })
	g.Go(func() error { return errors.New("one") })
	<-ctx.Done()
	g.Go(func() error { return errors.New("two") })
	fmt.Println(g.Wait(), ctx.Err(), context.Cause(ctx))
	fmt.Println(g.Wait())
	g, ctx = errgroup.WithContext(context.Background())
	g.Go(func() error { return nil })
	fmt.Println(g.Wait(), ctx.Err(), context.Cause(ctx))
}

func semaphores() {
	bg := context.Background()
	s := semaphore.NewWeighted(3)
	fmt.Println(s.TryAcquire(2), s.TryAcquire(2), s.TryAcquire(1))
	log := make(chan string, 100)
	ctx, cancel := context.WithCancel(bg)
	take := func(name string, ctx context.Context, n int64) {
		go func() {
			if err := s.Acquire(ctx, n); err != nil {
				log <- name + " " + err.Error()
				return
			}
			log <- name
		}()
		time.Sleep(5 * time.Millisecond)
	}
	take("all", bg, 3)
	take("one", bg, 1)
	take("two", ctx, 2)
	take("uno", bg, 1)
	take("many", ctx, 4)
	fmt.Println(s.TryAcquire(1))
	s.Release(3)
	fmt.Println(<-log, len(log))
	s.Release(3)
	fmt.Println(<-log)
	fmt.Println(<-log)
	cancel()
	fmt.Println(<-log)
	s.Release(2)
	fmt.Println(<-log)
	s.Release(1)
	fmt.Println(s.TryAcquire(1), s.TryAcquire(1), s.TryAcquire(1))
	take("front", ctx, 3)
	fmt.Println(<-log)
	func() {
		defer func() { fmt.Println(recover()) }()
		s.Release(4)
	}()
}

func flights() {
	var g singleflight.Group
	v, err, shared := g.Do("k", func() (any, error) { return 1, nil })
	fmt.Println(v, err, shared)
	fmt.Println(g.ForgetUnshared("k"))
	begun, finish := make(chan bool), make(chan bool)
	c1 := g.DoChan("k", func() (any, error) { close(begun); <-finish; return 2, nil })
	<-begun
	c2 := g.DoChan("k", func() (any, error) { return 3, nil })
	fmt.Println(g.ForgetUnshared("k"))
	close(finish)
	r1, r2 := <-c1, <-c2
	fmt.Println(r1.Val, r1.Shared, r2.Val, r2.Shared)
	v, _, shared = g.Do("k", func() (any, error) { return 4, nil })
	fmt.Println(v, shared)
}

func main() {
	contexts()
	groups()
	semaphores()
	flights()
}
