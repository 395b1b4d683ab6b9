//! Package iter: pull_test.go

use crate::{go_test, stable_num_goroutine};
use gort::iter::{Pull, pull};
use gort::{chan, go, recover, runtime};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};

type Yield<'a> = &'a mut dyn FnMut(i32) -> bool;

fn count(n: i32) -> impl FnOnce(Yield) + Send {
    move |y| {
        for i in 0..n {
            if !y(i) {
                break;
            }
        }
    }
}

go_test! {
    /// Go (iter): pull_test.go:34 TestPull
    goroutines_come_and_go, {
        for end in 0..=3 {
            let before = stable_num_goroutine();
            let extra = || runtime::num_goroutine() - before;
            assert_eq!(extra(), 0);
            let mut p = pull(count(3));
            assert_eq!(extra(), 1);
            for i in 0..end {
                assert_eq!(p.next(), Some(i));
                assert_eq!(extra(), 1);
            }
            if end < 3 {
                p.stop();
                assert_eq!(extra(), 0);
            }
            for _ in 0..2 {
                assert_eq!(p.next(), None);
                assert_eq!(extra(), 0);
            }
            for _ in 0..3 {
                p.stop();
            }
            assert_eq!(extra(), 0);
        }
    }
}

go_test! {
    /// Pairs: a Pull over tuples is Go's Pull2.
    ///
    /// Go (iter): pull_test.go:76 TestPull2
    pairs, {
        let squares = pull(|y| {
            for i in 0..3i64 {
                if !y((i, i * i)) {
                    return;
                }
            }
        });
        assert_eq!(squares.collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 4)]);
    }
}

go_test! {
    /// `next` inside of `next`, which Rust's borrows forbid and a raw pointer allows.
    ///
    /// Go (iter): pull_test.go:151 TestPullDoubleNext
    double_next, {
        static P: AtomicPtr<Pull<i32>> = AtomicPtr::new(std::ptr::null_mut());
        static FAILED: AtomicUsize = AtomicUsize::new(0);
        let p = Box::leak(Box::new(pull(|_: Yield| {
            // SAFETY: leaked; it is the point of the test that next refuses.
            let r = recover(|| unsafe { (*P.load(SeqCst)).next() });
            FAILED.fetch_add(r.is_err() as usize, SeqCst);
        })));
        P.store(p, SeqCst);
        // SAFETY: leaked.
        unsafe { (*P.load(SeqCst)).next() };
        assert_eq!(FAILED.load(SeqCst), 1);
    }
}

/// Whether `f` ends its goroutine by Goexit.
fn goexits(f: impl FnOnce() + Send + 'static) -> bool {
    struct Report(gort::Chan<bool>, Arc<AtomicUsize>);
    impl Drop for Report {
        fn drop(&mut self) {
            self.0.send(self.1.load(SeqCst) == 0);
        }
    }
    let c = chan::<bool>(1);
    let clean = Arc::new(AtomicUsize::new(0));
    let (c1, clean1) = (c.clone(), clean);
    go(move || {
        let _r = Report(c1, clean1.clone());
        f();
        clean1.store(1, SeqCst);
    });
    c.recv().unwrap()
}

fn cleanup(end: fn()) -> Pull<i32> {
    pull(move |y| {
        while y(55) {}
        end();
    })
}

go_test! {
    /// Go (iter): pull_test.go:245 TestPullPanic
    panic_in_next, {
        let mut p = pull(|_: Yield| panic!("boom"));
        assert_eq!(recover(|| p.next()).unwrap_err().to_string(), "boom");
        assert_eq!(p.next(), None);
        p.stop();
    }
}

go_test! {
    /// Go (iter): pull_test.go:245 TestPullPanic
    panic_in_stop, {
        let mut p = cleanup(|| panic!("boom"));
        assert_eq!(p.next(), Some(55));
        assert_eq!(recover(|| p.stop()).unwrap_err().to_string(), "boom");
        assert_eq!(p.next(), None);
        p.stop();
    }
}

go_test! {
    /// Go (iter): pull_test.go:352 TestPullGoexit
    goexit_in_next, {
        assert!(goexits(|| {
            let mut p = pull(|_: Yield| runtime::goexit());
            p.next();
        }));
    }
}

go_test! {
    /// Go (iter): pull_test.go:352 TestPullGoexit
    goexit_in_stop, {
        assert!(goexits(|| {
            let mut p = cleanup(|| runtime::goexit());
            assert_eq!(p.next(), Some(55));
            p.stop();
        }));
        // And the thread is as good as before.
        let c = chan::<i32>(0);
        let c1 = c.clone();
        go(move || c1.send(1));
        assert_eq!(c.recv(), Some(1));
    }
}

go_test! {
    /// Go (iter): pull_test.go:469 TestPullImmediateStop
    immediate_stop, {
        let mut p = pull(|_: Yield| panic!("never runs"));
        p.stop();
        assert_eq!(p.next(), None);
    }
}

go_test! {
    /// Coroutines that wait in channels and change threads while others do the same.
    ///
    /// Go (iter): pull_test.go:34 TestPull
    coroutines_that_block, {
        let done = chan::<i32>(0);
        for _ in 0..50 {
            let done = done.clone();
            go(move || {
                let p = pull(|y: Yield| {
                    let c = chan::<i32>(0);
                    for i in 0..50 {
                        let c1 = c.clone();
                        go(move || c1.send(i));
                        if !y(c.recv().unwrap()) {
                            return;
                        }
                        runtime::gosched();
                    }
                });
                done.send(p.inspect(|_| runtime::gosched()).sum());
            });
        }
        for _ in 0..50 {
            assert_eq!(done.recv(), Some(49 * 50 / 2));
        }
    }
}
