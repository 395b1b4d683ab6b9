//! Package sync: pool_test.go

use crate::{Procs, go_test};
use gort::sync::WaitGroup;
use gort::{chan, go, runtime};
use gort_sync::pool::gc_pools;
use gort_sync::poolqueue::{PoolChain, PoolDequeue};
use gort_sync::{Eface, Pool};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// A value: numbers from 0 on; nil is nil.
fn any(v: usize) -> Eface {
    Eface { typ: std::ptr::dangling_mut::<u8>().cast(), val: (v + 1) as *mut _ }
}

fn num(e: Eface) -> Option<usize> {
    (!e.is_nil()).then(|| e.val as usize - 1)
}

static DROPPED: AtomicUsize = AtomicUsize::new(0);

unsafe fn count_drop(_: Eface) {
    DROPPED.fetch_add(1, SeqCst);
}

go_test! {
    /// Go (sync): pool_test.go:21 TestPool
    private_shared_victim, {
        let _p = Procs::set(1);
        // SAFETY: on a user goroutine; values are numbers.
        unsafe {
            let p = Box::leak(Box::new(Pool::new(None, None)));
            assert!(p.get().is_nil());
            p.put(any(1));
            p.put(any(2));
            assert_eq!(num(p.get()), Some(1));
            assert_eq!(num(p.get()), Some(2));
            assert!(p.get().is_nil());
            (0..100).for_each(|_| p.put(any(3)));
            gc_pools(); // they are in the victim cache now
            assert_eq!(num(p.get()), Some(3));
            gc_pools();
            assert!(p.get().is_nil());
        }
    }
}

static MADE: AtomicUsize = AtomicUsize::new(0);

unsafe fn make() -> Eface {
    any(MADE.fetch_add(1, SeqCst) + 1)
}

go_test! {
    /// Go (sync): pool_test.go:62 TestPoolNew
    new, {
        let _p = Procs::set(1);
        // SAFETY: on a user goroutine.
        unsafe {
            let p = Box::leak(Box::new(Pool::new(Some(make), None)));
            assert_eq!(num(p.get()), Some(1));
            assert_eq!(num(p.get()), Some(2));
            p.put(any(42));
            assert_eq!(num(p.get()), Some(42));
            assert_eq!(num(p.get()), Some(3));
        }
    }
}

go_test! {
    /// Go (sync): pool_test.go:100 TestPoolRelease
    two_cleanups_release_all, {
        // SAFETY: on a user goroutine.
        unsafe {
            let p = Box::leak(Box::new(Pool::new(None, Some(count_drop))));
            for round in 1..=3 {
                (0..100).for_each(|i| p.put(any(i)));
                gc_pools();
                gc_pools();
                assert_eq!(DROPPED.load(SeqCst), round * 100);
            }
        }
    }
}

go_test! {
    /// Go (sync): pool_test.go:137 TestPoolStress
    stress, {
        const P: usize = 10;
        // SAFETY: the pool is made once and leaked.
        let p: &'static Pool = Box::leak(Box::new(unsafe { Pool::new(None, None) }));
        let done = chan::<()>(0);
        for _ in 0..P {
            let done = done.clone();
            go(move || {
                let mut v = any(0);
                for i in 0..50_000 {
                    if v.is_nil() {
                        v = any(0);
                    }
                    // SAFETY: on a user goroutine.
                    unsafe {
                        p.put(v);
                        v = p.get();
                    }
                    assert!(v.is_nil() || num(v) == Some(0));
                    if i % 10_000 == 0 {
                        // SAFETY: the same.
                        unsafe { gc_pools() };
                    }
                }
                done.send(());
            });
        }
        (0..P).for_each(|_| _ = done.recv());
    }
}

/// One producer that also consumes at its end, nine consumers at the other: each value comes out
/// once.
fn queue<Q: 'static>(
    q: Q,
    push: fn(&Q, usize) -> bool,
    pop_head: fn(&Q) -> Option<Eface>,
    pop_tail: fn(&Q) -> Option<Eface>,
) {
    const P: usize = 10;
    const N: usize = 200_000;
    struct Shared<Q>(Q, Vec<AtomicUsize>, AtomicBool);
    // SAFETY: such a queue is made for one goroutine at its head and many at its tail, which is
    // what follows.
    unsafe impl<Q> Send for Shared<Q> {}
    // SAFETY: the same.
    unsafe impl<Q> Sync for Shared<Q> {}
    let s =
        Arc::new(Shared(q, (0..N).map(|_| AtomicUsize::new(0)).collect(), AtomicBool::new(false)));
    fn record<Q>(s: &Shared<Q>, e: Eface) {
        let v = num(e).unwrap();
        s.1[v].fetch_add(1, SeqCst);
        if v == N - 1 {
            s.2.store(true, SeqCst);
        }
    }
    let wg = Arc::new(WaitGroup::new());
    for _ in 1..P {
        wg.add(1);
        let (s, wg) = (s.clone(), wg.clone());
        go(move || {
            let mut fail = 0;
            while !s.2.load(SeqCst) {
                if let Some(e) = pop_tail(&s.0) {
                    fail = 0;
                    record(&s, e);
                } else {
                    fail += 1;
                    if fail % 100 == 0 {
                        runtime::gosched();
                    }
                }
            }
            wg.done();
        });
    }
    wg.add(1);
    let (s1, wg1) = (s.clone(), wg.clone());
    go(move || {
        for j in 0..N {
            while !push(&s1.0, j) {
                runtime::gosched();
            }
            if j % 10 == 0
                && let Some(e) = pop_head(&s1.0)
            {
                record(&s1, e);
            }
        }
        wg1.done();
    });
    wg.wait();
    for (i, n) in s.1.iter().enumerate() {
        assert_eq!(n.load(SeqCst), 1, "value {i}");
    }
}

go_test! {
    /// Go (sync): pool_test.go:167 TestPoolDequeue
    dequeue, {
        // SAFETY: one goroutine only pushes and pops at the head.
        queue(
            PoolDequeue::new(16),
            |q, j| unsafe { q.push_head(any(j)) },
            |q| unsafe { q.pop_head() },
            PoolDequeue::pop_tail,
        );
    }
}

go_test! {
    /// Go (sync): pool_test.go:171 TestPoolChain
    chain, {
        // SAFETY: one goroutine only pushes and pops at the head.
        queue(
            PoolChain::new(),
            |q, j| unsafe {
                q.push_head(any(j));
                true
            },
            |q| unsafe { q.pop_head() },
            PoolChain::pop_tail,
        );
    }
}

go_test! {
    /// Values wander from Ps that have them to Ps that do not.
    ///
    /// Go (sync): pool_test.go:298 BenchmarkPoolStarvation
    starvation, .procs(4) {
        const N: usize = 100;
        // SAFETY: made once and leaked.
        let p: &'static Pool = Box::leak(Box::new(unsafe { Pool::new(None, None) }));
        let balance = Arc::new(AtomicUsize::new(0));
        let done = chan::<()>(0);
        for _ in 0..8 {
            let (done, balance) = (done.clone(), balance.clone());
            go(move || {
                for _ in 0..1000 {
                    for b in 0..N {
                        // Puts less than it gets.
                        if b < N - 3 {
                            balance.fetch_add(1, SeqCst);
                            // SAFETY: on a user goroutine.
                            unsafe { p.put(any(b)) };
                        }
                    }
                    for _ in 0..N {
                        // SAFETY: on a user goroutine.
                        if !unsafe { p.get() }.is_nil() {
                            assert!(balance.fetch_sub(1, SeqCst) > 0, "more values than were put");
                        }
                    }
                }
                done.send(());
            });
        }
        (0..8).for_each(|_| _ = done.recv());
    }
}
