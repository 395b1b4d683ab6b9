//! crash_test.go: what `tests/fatal.rs` does not have.

use crate::go_test;
use gort::{chan, go, recover, runtime};
use gort_tests::in_child;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Calls a function when it is dropped: a deferred call.
struct Defer<F: FnMut()>(F);
impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

go_test! {
    /// Go (runtime): crash_test.go:391 TestMainGoroutineID
    main_is_goroutine_1, {
        assert_eq!(runtime::goid(), 1);
    }
}

go_test! {
    /// Go (runtime): crash_test.go:399 TestNoHelperGoroutines
    helpers_are_not_shown, {
        gort::time::after_func(std::time::Duration::from_secs(3600), || ());
        assert_eq!(runtime::stack(true).matches("goroutine ").count(), 1);
    }
}

/// Go (runtime): crash_test.go:417 TestGoexitInPanic
#[test]
fn goexit_in_a_destructor_during_a_panic() {
    // Go: the Goexit takes the panic away, and all goroutines are gone. In Rust a panic (and a Goexit is one) may not leave
    // a destructor during another one: the first panic's report, and the end.
    let o = in_child!(|| {
        go(|| {
            let _d = Defer(|| runtime::goexit());
            panic!("hello");
        });
        runtime::goexit();
    });
    o.exited(2).stderr_has("panic: hello");
}

/// Go (runtime): crash_test.go:475 TestPanicAfterGoexit
#[test]
fn panic_in_a_destructor_during_a_goexit() {
    let o = in_child!(|| {
        let _d = Defer(|| panic!("hello"));
        runtime::goexit();
    });
    o.exited(2).stderr_has("panic: hello");
}

/// Go (runtime): crash_test.go:484 TestRecoveredPanicAfterGoexit
#[test]
fn recovered_panic_during_a_goexit() {
    let o = in_child!(|| {
        let _d = Defer(|| {
            let _ = recover(|| panic!("bad"));
        });
        runtime::goexit();
    });
    o.exited(2).stderr_has("fatal error: no goroutines (main called runtime.Goexit) - deadlock!");
}

/// Go (runtime): crash_test.go:495 TestRecoverBeforePanicAfterGoexit
#[test]
fn recovered_panic_then_goexit() {
    let o = in_child!(|| {
        let _e = Defer(|| eprintln!("after"));
        let _ = recover(|| panic!("1"));
        runtime::goexit();
    });
    o.exited(2)
        .stderr_has("after")
        .stderr_has("fatal error: no goroutines (main called runtime.Goexit) - deadlock!");
}

/// Go (runtime): crash_test.go:519 TestNetpollDeadlock
#[test]
fn deadlock_with_the_poller_on() {
    let o = in_child!(|| {
        // SAFETY: on a user goroutine.
        unsafe { gort_netpoll::netpoll_generic_init() };
        chan::<()>(0).recv();
    });
    o.exited(2).stderr_has("fatal error: all goroutines are asleep - deadlock!");
}

/// Go (runtime): crash_test.go:556 TestPanicDeadlockGosched
#[test]
fn destructors_may_yield_during_a_panic() {
    let o = in_child!(|| {
        let _d = Defer(|| {
            runtime::gosched();
            gort::blocking(|| ());
        });
        panic!("test");
    });
    o.exited(2).stderr_has("panic: test");
}

/// Go (runtime): crash_test.go:682 TestPanicRace
#[test]
fn two_panics_at_once() {
    let o = in_child!(.procs(4), || {
        for i in 0..2 {
            go(move || panic!("crash {i}"));
        }
        chan::<()>(0).recv();
    });
    o.exited(2).stderr_has("panic: crash ").stderr_has("goroutine ");
}

/// Go (runtime): crash_test.go:1029 TestNetpollWaiters
#[test]
fn the_wait_for_the_poller_is_no_deadlock() {
    let o = in_child!(.procs(1), || {
        static N: AtomicUsize = AtomicUsize::new(0);
        // Many short waits in the system beside many sleeps: no moment may look like a deadlock.
        let c = chan::<()>(0);
        for _ in 0..4 {
            let c = c.clone();
            go(move || {
                for _ in 0..200 {
                    gort::blocking(|| std::thread::sleep(std::time::Duration::from_micros(50)));
                    gort::time::sleep(std::time::Duration::from_micros(50));
                    N.fetch_add(1, SeqCst);
                }
                c.send(());
            });
        }
        (0..4).for_each(|_| _ = c.recv());
        println!("{}", N.load(SeqCst));
    });
    o.ok().stdout_is("800\n");
}
