//! sema_test.go

use crate::{Procs, go_test};
use gort::sync::WaitGroup;
use gort::{go, runtime};
use gort_runtime2::atomic::Uint32;
use gort_sema::{root_for, semacquire, semrelease1};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

#[derive(Default)]
struct S {
    sema: Uint32,
    res: Uint32,
    done: AtomicBool,
}

/// Whether a release with hand-off lets the waiter run first.
fn handoff() -> bool {
    let s = Arc::new(S::default());
    let wg = Arc::new(WaitGroup::new());
    for _ in 0..runtime::gomaxprocs(-1) {
        wg.add(1);
        let (s, wg) = (s.clone(), wg.clone());
        go(move || {
            while !s.done.load(SeqCst) {
                runtime::gosched();
            }
            wg.done();
        });
    }
    wg.add(1);
    let (s1, wg1) = (s.clone(), wg.clone());
    // SAFETY: on user goroutines; the semaphore lives until both are done with it.
    unsafe {
        go(move || {
            semacquire(&s1.sema);
            s1.res.cas(0, 1);
            semrelease1(&s1.sema, true, 0);
            s1.done.store(true, SeqCst);
            wg1.done();
        });
        while (*root_for(&s.sema)).nwait.load() == 0 {
            runtime::gosched();
        }
        semrelease1(&s.sema, true, 0);
        s.res.cas(0, 2);
    }
    wg.wait();
    s.res.load() == 1
}

fn most_hand_offs() {
    const N: usize = 3_000;
    let ok = (0..N).filter(|_| handoff()).count();
    assert!(ok >= N * 2 / 3, "{ok} of {N} handed off");
}

go_test! {
    /// Go (runtime): sema_test.go:19 TestSemaHandoff
    hand_off, {
        most_hand_offs();
    }
}

go_test! {
    /// Go (runtime): sema_test.go:40 TestSemaHandoff1
    hand_off_1, {
        let _p = Procs::set(1);
        most_hand_offs();
    }
}

go_test! {
    /// Go (runtime): sema_test.go:49 TestSemaHandoff2
    hand_off_2, {
        let _p = Procs::set(2);
        most_hand_offs();
    }
}

go_test! {
    /// Many goroutines wait for many words of one table bucket, and are let go in another order.
    ///
    /// Go (runtime): sema_test.go:106 BenchmarkSemTable
    colliding_words, {
        const WORDS: usize = 64;
        // 251 words of a cache line each: the same bucket.
        let words: &'static [Uint32] = Box::leak((0..WORDS * 251 * 2).map(|_| Uint32::new(0)).collect());
        let word = |i: usize| &words[i * 251 * 2];
        assert_eq!(root_for(word(0)), root_for(word(1)));
        let wg = Arc::new(WaitGroup::new());
        for k in 0..WORDS * 20 {
            wg.add(1);
            let wg = wg.clone();
            let w = word(k % WORDS);
            go(move || {
                // SAFETY: on a user goroutine; leaked.
                unsafe { semacquire(w) };
                wg.done();
            });
        }
        // SAFETY: on a user goroutine; leaked.
        unsafe {
            while ((*root_for(word(0))).nwait.load() as usize) < WORDS * 20 {
                runtime::gosched();
            }
            for r in 0..20 {
                for i in 0..WORDS {
                    semrelease1(word(i * 37 % WORDS), r % 2 == 0, 0);
                }
            }
        }
        wg.wait();
    }
}
