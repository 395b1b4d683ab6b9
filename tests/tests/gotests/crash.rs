//! crash_test.go: what `tests/fatal.rs` does not have. What needs compiled Go is in the corpus:
//! `tests/go/corpus/gotests/crash.go`.

use crate::{go_test, ms};
use gort::net::{TcpListener, TcpStream};
use gort::sync::WaitGroup;
use gort::{chan, go, recover, runtime};
use gort_tests::{in_child, refuses};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

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
    // Go: the Goexit takes the panic away, and all goroutines are gone. In Rust a panic (and a
    // Goexit is one) may not leave a destructor during another one: the first panic's report, and
    // the end.
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

/// `breakpoint` itself is one instruction, so its caller's frame is the first.
///
/// Go (runtime): crash_test.go:407 TestBreakpoint
#[test]
fn breakpoint_is_in_the_traceback() {
    #[inline(never)]
    fn with_a_breakpoint() {
        gort_proc::breakpoint();
        std::hint::black_box(());
    }
    let o = in_child!(with_a_breakpoint);
    o.exited(2)
        .stderr_has("SIGTRAP: trace trap\nPC=0x")
        .stderr_has("\ngoroutine 1 ")
        .stderr_has("::with_a_breakpoint(");
}

go_test! {
    /// The first use of the poller, on the main thread while the main goroutine is locked to it, as
    /// in Go's init functions: the answer (here a refusal) must come.
    ///
    /// Go (runtime): crash_test.go:519 TestNetpollDeadlock
    the_poller_begins_on_a_locked_thread, .procs(1) {
        let nobody = refuses("127.0.0.1").unwrap();
        runtime::lock_os_thread();
        let e = TcpStream::connect(nobody.addr).expect_err("nobody listens");
        assert_eq!(e.kind(), std::io::ErrorKind::ConnectionRefused);
        runtime::unlock_os_thread();
    }
}

/// A goroutine that nobody can wake is reported although the poller is there: it waits for nothing
/// either.
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

go_test! {
    /// One side of a connection reads until its end, the other writes and sleeps. No moment may
    /// look like a deadlock, and afterwards nobody counts as waiting.
    ///
    /// Go (runtime): crash_test.go:1029 TestNetpollWaiters
    the_wait_for_the_poller_is_no_deadlock, {
        let l = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = l.local_addr().unwrap();
        let wg = Arc::new(WaitGroup::new());
        wg.add(2);
        let wg1 = wg.clone();
        go(move || {
            let (mut c, _) = l.accept().unwrap();
            let mut all = String::new();
            c.read_to_string(&mut all).unwrap();
            assert_eq!(all, "0123456789");
            wg1.done();
        });
        let wg1 = wg.clone();
        go(move || {
            let mut c = TcpStream::connect(addr).unwrap();
            for i in 0..10 {
                write!(c, "{i}").unwrap();
                gort::time::sleep(ms(1));
            }
            drop(c);
            wg1.done();
        });
        wg.wait();
        assert!(!gort_netpoll::netpoll_any_waiters());
    }
}
