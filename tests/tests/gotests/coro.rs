//! coro_test.go. Coroutines and goroutines that are locked to their threads: allowed as long as
//! both sides agree.

use gort::iter::{Pull, pull};
use gort::runtime::{lock_os_thread, unlock_os_thread};
use gort::{chan, go};
use gort_tests::in_child;

const MISMATCH: &str =
    "fatal error: coro: OS thread locking must match locking at coroutine creation";

type Yield<'a> = &'a mut dyn FnMut(i32) -> bool;

fn simple(y: Yield) {
    for _ in 0..3 {
        if !y(5) {
            return;
        }
    }
}

fn nested(y: Yield) {
    let mut inner = pull(simple);
    while let Some(v) = inner.next() {
        if !y(v) {
            inner.stop();
        }
    }
}

fn lock(y: Yield) {
    for _ in 0..3 {
        lock_os_thread();
        unlock_os_thread();
        if !y(5) {
            return;
        }
    }
}

fn lock_yield(y: Yield) {
    for _ in 0..3 {
        lock_os_thread();
        let ok = y(5);
        unlock_os_thread();
        if !ok {
            return;
        }
    }
}

/// Yields on another goroutine.
fn yield_new_g(y: Yield) {
    struct Send<'a>(Yield<'a>);
    // SAFETY: the two goroutines take turns.
    unsafe impl std::marker::Send for Send<'_> {}
    for _ in 0..3 {
        let done = chan::<bool>(0);
        let done1 = done.clone();
        // SAFETY: this function waits for the goroutine before it touches `y` again.
        let y: Send<'static> =
            Send(unsafe { std::mem::transmute::<Yield, Yield<'static>>(&mut *y) });
        go(move || {
            let y = y;
            done1.send(y.0(5));
        });
        if !done.recv().unwrap() {
            return;
        }
    }
}

fn exhaust(p: Pull<i32>) {
    assert_eq!(p.collect::<Vec<_>>(), [5, 5, 5]);
}

fn exhaust_locked(seq: fn(Yield)) {
    lock_os_thread();
    exhaust(pull(seq));
    unlock_os_thread();
}

fn lock_after_pull(seq: fn(Yield)) {
    let mut p = pull(seq);
    let mut n = 0;
    loop {
        lock_os_thread();
        n += 1;
        if p.next().is_none() {
            break;
        }
    }
    (0..n).for_each(|_| unlock_os_thread());
}

fn stop_locked(seq: fn(Yield)) {
    lock_os_thread();
    let mut p = pull(seq);
    assert_eq!(p.next(), Some(5));
    p.stop();
    unlock_os_thread();
}

macro_rules! works {
    ($(#[$m:meta])* $name:ident, $f:expr) => {
        $(#[$m])*
        #[test]
        fn $name() {
            in_child!(|| $f).ok();
        }
    };
}
macro_rules! mismatch {
    ($(#[$m:meta])* $name:ident, $f:expr) => {
        $(#[$m])*
        #[test]
        fn $name() {
            in_child!(|| $f).exited(2).stderr_has(MISMATCH);
        }
    };
}

works! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    iter_lock, exhaust(pull(lock))
}
mismatch! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    iter_lock_yield, exhaust(pull(lock_yield))
}
works! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    lock_simple, exhaust_locked(simple)
}
works! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    lock_iter_nested, exhaust_locked(nested)
}
works! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    lock_iter_lock, exhaust_locked(lock)
}
mismatch! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    lock_iter_lock_yield, exhaust_locked(lock_yield)
}
mismatch! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    lock_iter_yield_new_g, exhaust_locked(yield_new_g)
}
mismatch! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    lock_after_the_pull, lock_after_pull(simple)
}
works! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    stop_while_locked, stop_locked(simple)
}
works! {
    /// Go (runtime): coro_test.go:14 TestCoroLockOSThread
    stop_while_locked_nested, stop_locked(nested)
}
