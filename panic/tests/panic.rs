//! Panics, Goexit, recover, throw and fatal, and what they print.

use gort_panic::*;
use gort_tests::{Outcome, in_child};
use std::hint::black_box;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Prints its text when it is dropped.
struct OnDrop(&'static str);
impl Drop for OnDrop {
    fn drop(&mut self) {
        println!("drop {}", self.0);
    }
}

/// The report without what differs from run to run: addresses, offsets, paths, goroutine numbers.
fn shape(o: &Outcome) -> Vec<String> {
    o.stderr
        .lines()
        .map(|l| {
            let l = l.split(" +0x").next().unwrap_or(l);
            match l.strip_prefix('\t') {
                Some(p) if p.starts_with('/') => {
                    format!(
                        "\t{}",
                        p.rsplit('/').next().unwrap_or(p).split(':').next().unwrap_or(p)
                    )
                }
                _ => l.to_string(),
            }
        })
        .collect()
}

#[inline(never)]
fn inner(n: u32) {
    if n > 0 {
        return inner(black_box(n - 1));
    }
    panic!("two\nlines");
}
const LINE: u32 = line!() - 2;

/// The message with its lines indented, an empty line, the goroutine, the program's frames only.
#[test]
fn report() {
    let o = in_child!(|| {
        let _d = OnDrop("main");
        inner(1);
    });
    o.exited(2).stdout_is("drop main\n");
    let s = shape(&o);
    assert_eq!(s[..4], ["panic: two", "\tlines", "", "goroutine 1 [running]:"], "{o}");
    assert_eq!(
        s[4..8],
        ["panic::inner(...)", "\tpanic.rs", "panic::inner(...)", "\tpanic.rs"],
        "{o}"
    );
    let line = format!("panic.rs:{LINE}");
    assert!(o.stderr.lines().nth(5).is_some_and(|l| l.contains(&line)), "{line}\n{o}");
    assert!(!o.stderr.contains("panicking") && !o.stderr.contains("gort_"), "{o}");
}

/// `created by`, for all goroutines but the first.
#[test]
fn created_by() {
    let o = in_child!(|| {
        let c = gort::chan::<()>(0);
        gort::go(|| inner(0));
        c.recv();
    });
    o.exited(2).stderr_has("created by ").stderr_has(" in goroutine 1\n");
    assert!(!o.stderr.contains("chan receive"), "the others only with GOTRACEBACK=all\n{o}");
}

/// Which of several things a child is to do.
fn case() -> usize {
    std::env::var("CASE").ok().and_then(|c| c.parse().ok()).unwrap_or(0)
}

#[test]
fn values() {
    let expect = [
        "panic: 42",
        "panic: +1.500000e+000",
        "panic: true",
        "panic: owned",
        "panic: an error",
        "panic: send on closed channel",
        "panic: runtime error: negative shift amount",
        "panic: (dyn Any) 0x",
    ];
    for (i, want) in expect.iter().enumerate() {
        let o = in_child!(.env("CASE", i), || match case() {
            0 => panic_any(42i32),
            1 => panic_any(1.5f64),
            2 => panic_any(true),
            3 => panic_any(String::from("owned")),
            4 => panic_any::<BoxError>("an error".into()),
            5 => plain_error("send on closed channel"),
            6 => error_string("negative shift amount"),
            _ => panic_any(vec![1]),
        });
        let first = o.exited(2).stderr.lines().next().unwrap_or("");
        assert!(first == *want || want.ends_with("0x") && first.starts_with(want), "{want}\n{o}");
    }
}

/// An error whose message panics.
#[test]
fn panic_while_printing() {
    #[derive(Debug)]
    struct E;
    impl std::fmt::Display for E {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("again")
        }
    }
    impl std::error::Error for E {}
    let o = in_child!(|| panic_any::<BoxError>(Box::new(E)));
    o.exited(2).stderr_has("fatal error: panic while printing panic value: again\n");
}

#[test]
fn recovered() {
    in_child!(|| {
        let e = recover(|| inner(0)).expect_err("it panics");
        assert_eq!(e.message(), "two\nlines");
        assert_eq!(e.value().downcast_ref::<&str>(), Some(&"two\nlines"));
        assert_eq!(recover(|| 5).ok(), Some(5));
        // SAFETY: the current goroutine.
        unsafe {
            let gp = gort_asm::getg();
            assert!((*gp).panic_.is_null() && (*gp).lockedm.is_null() && (*gp).carries & 3 == 0);
            assert_eq!((*(*gp).m).locked_int, 0);
        }
        assert_eq!(gort_runtime2::RUNNING_PANIC_DEFERS.load(), 0);
    })
    .ok();
}

/// Panics on with the same value: Go's report of a deferred function that recovers and panics
/// again.
#[test]
fn recovered_and_resumed() {
    let o = in_child!(|| {
        if let Err(e) = recover(|| inner(0)) {
            e.resume();
        }
    });
    let s = shape(o.exited(2));
    assert_eq!(
        s[..6],
        [
            "panic: two",
            "\tlines [recovered]",
            "\tpanic: two",
            "\tlines",
            "",
            "goroutine 1 [running]:"
        ],
        "{o}"
    );
    assert_eq!(s[6], "panic::inner(...)", "the stack of the first panic\n{o}");
}

/// A panic in a destructor of a panic, caught inside, does not disturb the outer one.
#[test]
fn recover_in_a_destructor() {
    struct R;
    impl Drop for R {
        fn drop(&mut self) {
            assert_eq!(recover(|| panic!("b")).expect_err("panics").message(), "b");
        }
    }
    let o = in_child!(|| {
        let e = recover(|| {
            let _r = R;
            panic!("a");
        })
        .expect_err("panics");
        assert_eq!(e.message(), "a");
        let _r = R;
        panic!("last");
    });
    assert_eq!(shape(o.exited(2))[..3], ["panic: last", "", "goroutine 1 [running]:"], "{o}");
}

/// One that leaves the destructor ends the program; both are reported.
#[test]
fn panic_in_a_destructor() {
    struct P;
    impl Drop for P {
        fn drop(&mut self) {
            panic!("second");
        }
    }
    let o = in_child!(|| {
        let _p = P;
        panic!("first");
    });
    assert_eq!(
        shape(o.exited(2))[..4],
        ["panic: first", "\tpanic: second", "", "goroutine 1 [running]:"],
        "{o}"
    );
}

/// What was caught by `catch_unwind` is over; the goroutine's end gives back its thread.
#[test]
fn plain_catch_unwind() {
    let o = in_child!(|| {
        assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
        let c = gort::chan::<()>(0);
        let tx = c.clone();
        gort::go(move || {
            assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
            tx.send(());
        });
        c.recv();
        assert_eq!(recover(|| 1).ok(), Some(1)); // notices
        // SAFETY: the current goroutine.
        assert!(unsafe { (*gort_asm::getg()).lockedm.is_null() });
        panic!("last");
    });
    assert_eq!(shape(o.exited(2))[..3], ["panic: last", "", "goroutine 1 [running]:"], "{o}");
}

/// Drops run, innermost first; only that goroutine ends; recover does not stop it.
#[test]
fn goexit_unwinds() {
    in_child!(|| {
        let c = gort::chan::<i32>(0);
        let tx = c.clone();
        gort::go(move || {
            struct Send(gort::Chan<i32>);
            impl Drop for Send {
                fn drop(&mut self) {
                    self.0.send(7); // parks while it unwinds
                }
            }
            let _s = Send(tx);
            let _a = OnDrop("a");
            let _ = recover(|| {
                let _b = OnDrop("b");
                goexit();
            });
            unreachable!();
        });
        assert_eq!(c.recv(), Some(7));
        println!("end");
    })
    .ok()
    .stdout_is("drop b\ndrop a\nend\n");
}

#[test]
fn goexit_of_main() {
    let o = in_child!(.procs(1), || {
        let _d = OnDrop("main");
        gort::go(|| println!("other"));
        goexit();
    });
    o.exited(2).stdout_is("drop main\nother\n");
    o.stderr_has("fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n");
}

/// Goroutines that park while they unwind come back to their threads: the standard library's count
/// stays right.
#[test]
fn parking_while_unwinding() {
    struct Yield(gort::Chan<()>);
    impl Drop for Yield {
        fn drop(&mut self) {
            for _ in 0..20 {
                self.0.send(());
                gort::runtime::gosched();
                assert!(std::thread::panicking());
            }
        }
    }
    in_child!(.procs(4), || {
        let c = gort::chan::<()>(0);
        static DONE: AtomicUsize = AtomicUsize::new(0);
        for i in 0..32 {
            let c = c.clone();
            gort::go(move || {
                let e = recover(|| {
                    let _y = Yield(c.clone());
                    panic!("{i}");
                })
                .expect_err("panics");
                assert_eq!(e.message(), i.to_string());
                assert!(!std::thread::panicking());
                DONE.fetch_add(1, Ordering::SeqCst);
                c.send(());
            });
        }
        for _ in 0..32 * 21 {
            c.recv();
            assert!(!std::thread::panicking());
        }
        assert_eq!(DONE.load(Ordering::SeqCst), 32);
    })
    .ok();
}

/// Several at a time: each report is whole, the process ends once.
#[test]
fn concurrent_panics() {
    let o = in_child!(.procs(4), || {
        let c = gort::chan::<()>(0);
        for i in 0..50 {
            gort::go(move || panic!("number {i}"));
        }
        c.recv();
    });
    o.exited(2);
    let reports: Vec<_> = o.stderr.split("panic: number ").skip(1).collect();
    assert!(!reports.is_empty(), "{o}");
    for r in reports {
        assert!(
            r.contains("\n\ngoroutine ") && r.contains(" [running]:\n") && r.contains("created by"),
            "{o}"
        );
    }
}

#[test]
fn catch_all_and_resume() {
    let o = in_child!(|| {
        let c = gort::chan::<Box<dyn std::any::Any + Send>>(1);
        let tx = c.clone();
        gort::go(move || {
            let Err(p) = catch_all(|| inner(0)) else { unreachable!() };
            tx.send(p);
        });
        resume_unwind(c.recv().expect("sent"));
    });
    let s = shape(o.exited(2));
    assert_eq!(s[..4], ["panic: two", "\tlines", "", "goroutine 1 [running]:"], "{o}");
}

#[test]
fn throws() {
    let o = in_child!(|| throw("broken\nbadly"));
    o.exited(2).stderr_has("fatal error: broken\n\tbadly\n\ngoroutine 1 gp=0x");
    o.stderr_has(" [running]:\ngort.throw(...)\n").stderr_has(" fp=0x");
}

#[test]
fn fatals() {
    let o = in_child!(|| fatal("wrong"));
    o.exited(2).stderr_has("fatal error: wrong\n\ngoroutine 1 [running]:\n");
    assert!(!o.stderr.contains("gort.fatal") && !o.stderr.contains(" fp=0x"), "{o}");
}

/// On g0 there is nobody to recover.
#[test]
fn throw_on_the_system_stack() {
    // SAFETY: on a goroutine.
    let o = in_child!(|| unsafe { gort_asm::systemstack(|| throw("on g0")) });
    o.exited(2).stderr_has("fatal error: on g0\n\nruntime stack:\ngort.throw(...)\n");
    o.stderr_has("\ngoroutine 1 gp=0x").stderr_has("[running]:\n");
}

#[test]
fn panic_on_the_system_stack() {
    // SAFETY: on a goroutine.
    let o = in_child!(|| unsafe { gort_asm::systemstack(|| panic!("on g0")) });
    o.exited(2).stderr_has("panic: on g0\n").stderr_has("fatal error: panic on system stack\n");
}

#[test]
fn gotraceback() {
    let f = || {
        let c = gort::chan::<()>(0);
        gort::go(|| panic!("x"));
        c.recv();
    };
    for level in ["none", "all", "system", "crash"] {
        let o = in_child!(.env("GOTRACEBACK", level), f);
        match level {
            "none" => assert_eq!(o.exited(2).stderr, "panic: x\n"),
            "all" => {
                o.exited(2).stderr_has("\ngoroutine 1 [chan receive]:\n");
                assert!(!o.stderr.contains("goroutine 2 ["), "system goroutines stay hidden\n{o}");
            }
            "system" => {
                o.exited(2).stderr_has("goroutine 2 gp=0x").stderr_has("[force gc (idle)]:\n");
                o.stderr_has("gort_mcall(...)\n");
            }
            _ => {
                o.exited(128 + libc::SIGABRT);
            }
        }
    }
}

/// Threads that are none of the runtime's keep the standard library's behaviour.
#[test]
fn other_threads() {
    let o = in_child!(|| {
        assert!(std::thread::spawn(|| panic!("elsewhere")).join().is_err());
        println!("on");
    });
    o.ok().stdout_is("on\n").stderr_has("panicked at ").stderr_has("elsewhere");
}

/// `resume_unwind` calls no hook. It past a destructor that parks, while others do the same: the
/// standard library's count stays right, so that nobody seems to panic afterwards
/// (adv_resume_unwind_park).
#[test]
fn parking_while_resume_unwind() {
    struct D(gort::Chan<i32>);
    impl Drop for D {
        fn drop(&mut self) {
            for _ in 0..20 {
                self.0.recv();
                gort::runtime::gosched();
                assert!(std::thread::panicking());
            }
        }
    }
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let c = gort::chan::<i32>(0);
            for _ in 0..4 {
                let c = c.clone();
                gort::go(move || {
                    loop {
                        assert!(!std::thread::panicking());
                        c.send(1);
                    }
                });
            }
            let done = gort::chan::<()>(0);
            for _ in 0..8 {
                let (done, c) = (done.clone(), c.clone());
                gort::go(move || {
                    for i in 0..20 {
                        let unwind = || {
                            let _d = D(c.clone());
                            std::panic::resume_unwind(Box::new("passed on"))
                        };
                        // Caught by gort's means, and by std's.
                        if i % 2 == 0 {
                            assert!(recover::<()>(unwind).is_err());
                        } else {
                            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(unwind)).is_err());
                        }
                        assert!(!std::thread::panicking());
                        gort::runtime::gosched();
                        assert!(!std::thread::panicking());
                        // SAFETY: the current goroutine.
                        unsafe {
                            let gp = gort_asm::getg();
                            assert!((*gp).lockedm.is_null() && (*gp).carries & 3 == 0);
                            assert_eq!((*(*gp).m).locked_unwind, 0);
                        }
                        let m = std::sync::Mutex::new(0);
                        drop(m.lock());
                        assert!(!m.is_poisoned());
                    }
                    done.send(());
                });
            }
            for _ in 0..8 {
                done.recv();
            }
        })
        .ok();
    }
}

/// A coroutine that parks while whoever entered it unwinds: it has the thread with its lock, and
/// gives both back.
#[test]
fn coroutine_parks_while_its_caller_unwinds() {
    struct D(gort::iter::Pull<i32>, gort::Chan<()>);
    impl Drop for D {
        fn drop(&mut self) {
            for i in 0..10 {
                assert_eq!(self.0.next(), Some(i));
                self.1.recv();
            }
            assert_eq!(self.0.next(), None);
        }
    }
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let (c, done) = (gort::chan::<()>(0), gort::chan::<()>(0));
            for _ in 0..4 {
                let c = c.clone();
                gort::go(move || {
                    loop {
                        c.send(());
                        assert!(!std::thread::panicking());
                    }
                });
            }
            for _ in 0..8 {
                let (c, done) = (c.clone(), done.clone());
                gort::go(move || {
                    for _ in 0..10 {
                        let inner = c.clone();
                        let p = gort::iter::pull(move |y: &mut dyn FnMut(i32) -> bool| {
                            for i in 0..10 {
                                inner.recv();
                                gort::runtime::gosched();
                                y(i);
                            }
                        });
                        let d = D(p, c.clone());
                        assert!(recover(move || {
                            let _d = d;
                            panic!("x")
                        })
                        .is_err());
                        assert!(!std::thread::panicking());
                        // SAFETY: the current goroutine.
                        unsafe {
                            let gp = gort_asm::getg();
                            assert!((*gp).lockedm.is_null() && (*gp).carries & 3 == 0);
                            assert_eq!(((*(*gp).m).locked_unwind, (*(*gp).m).locked_int), (0, 0));
                        }
                    }
                    done.send(());
                });
            }
            for _ in 0..8 {
                done.recv();
            }
        })
        .ok();
    }
}

/// A hook of the program's own, set before the runtime starts, is called for each panic, and Go's
/// report comes as well (new_hook).
#[test]
fn a_hook_set_before_is_chained() {
    if std::env::var_os("GORT_TEST_CHILD").is_some() {
        std::panic::set_hook(Box::new(|i| {
            eprintln!("MY HOOK {}", i.payload().downcast_ref::<&str>().unwrap_or(&"?"));
        }));
    }
    let o = in_child!(|| {
        assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
        assert!(recover(|| panic!("recovered")).is_err());
        let _d = OnDrop("d");
        inner(1);
    });
    o.exited(2).stdout_is("drop d\n");
    assert!(
        o.stderr.starts_with(
            "MY HOOK caught\nMY HOOK recovered\nMY HOOK two\nlines\npanic: two\n\tlines\n"
        ),
        "{o}"
    );
    o.stderr_has("panic::inner(...)\n");
}

/// One that the program sets while the runtime runs is called as well, and takes nothing from the
/// report.
#[test]
fn a_hook_set_later_is_chained() {
    let o = in_child!(|| {
        std::panic::set_hook(Box::new(|_| eprintln!("never seen")));
        std::panic::set_hook(Box::new(|i| {
            eprintln!("MY HOOK {}", i.payload().downcast_ref::<&str>().unwrap_or(&"?"));
        }));
        assert!(recover(|| panic!("recovered")).is_err());
        assert!(std::thread::spawn(|| panic!("thread")).join().is_err());
        let _d = OnDrop("d");
        inner(1);
    });
    o.exited(2).stdout_is("drop d\n");
    assert!(
        o.stderr.starts_with(
            "MY HOOK recovered\nMY HOOK thread\nMY HOOK two\nlines\npanic: two\n\tlines\n\ngoroutine 1 "
        ),
        "{o}"
    );
    // where it began
    o.stderr_has("panic::inner(...)\n");
}

/// Taken and put back, in the usual ways.
#[test]
fn hooks_that_are_taken() {
    let o = in_child!(|| {
        // away: the default is asked for, which is the runtime's
        drop(std::panic::take_hook());
        assert!(recover(|| panic!("not printed")).is_err());
        // around it
        let old = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |i| {
            eprintln!("before");
            old(i);
        }));
        assert!(recover(|| panic!("not printed")).is_err());
        // silence for a while; what is recovered then has no stack
        let old = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        assert!(recover(|| panic!("not printed")).is_err());
        assert!(std::panic::catch_unwind(|| panic!("not printed")).is_err());
        std::panic::set_hook(old);
        // dropped by a panic
        let _ = std::panic::catch_unwind(|| {
            let _old = std::panic::take_hook();
            std::panic::resume_unwind(Box::new(()));
        });
        std::panic::set_hook(Box::new(|_| eprintln!("last")));
        assert!(recover(|| panic!("not printed")).is_err());
        inner(1);
    });
    let o = o.exited(2);
    assert!(o.stderr.starts_with("before\nlast\nlast\npanic: two\n\tlines\n"), "{o}");
}

/// One that parks.
#[test]
fn a_hook_that_parks() {
    static HOOKS: AtomicUsize = AtomicUsize::new(0);
    if std::env::var_os("GORT_TEST_CHILD").is_some() {
        std::panic::set_hook(Box::new(|_| {
            for _ in 0..5 {
                gort::time::sleep(std::time::Duration::from_micros(50));
                gort::runtime::gosched();
            }
            HOOKS.fetch_add(1, Ordering::SeqCst);
        }));
    }
    for procs in [1, 2, 8] {
        in_child!(.procs(procs), || {
            let done = gort::chan::<()>(0);
            for _ in 0..20 {
                let done = done.clone();
                gort::go(move || {
                    for _ in 0..5 {
                        assert!(recover(|| inner(0)).is_err());
                        assert!(!std::thread::panicking());
                        gort::runtime::gosched();
                        assert!(!std::thread::panicking());
                    }
                    done.send(());
                });
            }
            for _ in 0..20 {
                done.recv();
            }
            assert_eq!(HOOKS.load(Ordering::SeqCst), 100);
        })
        .ok();
    }
}

/// Goexit in a destructor of a goroutine that unwinds: Rust cannot, and the report says so
/// (adv_goexit_in_drop).
#[test]
fn goexit_in_drop() {
    struct D;
    impl Drop for D {
        fn drop(&mut self) {
            goexit();
        }
    }
    let text = "panic: gort: goexit in a destructor while its goroutine unwinds, which Rust cannot leave that way\n";
    let o = in_child!(|| {
        let _d = D;
        goexit();
    });
    o.exited(2).stderr_has(text).stderr_has("\ngoroutine 1 [running]:\n");
    let o = in_child!(|| {
        let _d = D;
        panic!("p");
    });
    o.exited(2).stderr_has("panic: p\n\tpanic: gort: goexit").stderr_has(text);
}

/// A pull that is dropped before its first value drops a function that has never run: what that
/// throws goes to whoever dropped the pull (adv_pull_dtor).
#[test]
fn pull_dropped_early() {
    struct D(bool);
    impl Drop for D {
        fn drop(&mut self) {
            if self.0 {
                goexit();
            }
            panic!("in drop");
        }
    }
    fn never(d: D) -> gort::iter::Pull<i32> {
        gort::iter::pull(move |y: &mut dyn FnMut(i32) -> bool| {
            let _d = &d;
            y(1);
        })
    }
    in_child!(|| {
        let p = never(D(false));
        assert_eq!(recover(move || drop(p)).expect_err("panics").message(), "in drop");
        let mut p = never(D(false));
        assert_eq!(recover(move || p.stop()).expect_err("panics").message(), "in drop");
        let done = gort::chan::<&str>(1);
        let tx = done.clone();
        gort::go(move || {
            struct Last(gort::Chan<&'static str>);
            impl Drop for Last {
                fn drop(&mut self) {
                    self.0.send("unwound");
                }
            }
            let _last = Last(tx.clone());
            drop(never(D(true)));
            tx.send("went on");
        });
        assert_eq!(done.recv(), Some("unwound"));
    })
    .ok();
}
