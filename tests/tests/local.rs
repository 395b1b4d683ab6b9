//! What belongs to a goroutine, and what to its thread: `goroutine_local!`, `local::with`, labels,
//! sections without parking, and values that are made once. Reports of users: adv_tls_cached,
//! new_lazylock.

use gort::sync::{LazyLock, OnceCell, WaitGroup};
use gort::{chan, debug, go, goroutine_local, iter, local, recover, runtime, time};
use gort_tests::{in_child, in_plain_child};
use std::cell::{Cell, RefCell};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

macro_rules! each_procs {
    ($($name:ident: $f:ident, $out:literal;)*) => {$(
        mod $name {
            use super::*;
            #[test]
            fn procs_1() {
                in_child!(.procs(1), $f).ok().stdout_is($out);
            }
            #[test]
            fn procs_2() {
                in_child!(.procs(2), $f).ok().stdout_is($out);
            }
            #[test]
            fn procs_8() {
                in_child!(.procs(8), $f).ok().stdout_is($out);
            }
        }
    )*};
}

each_procs! {
    adv_tls_cached: tls_cached, "accesses to another thread's variable: 0 of 800000\n";
    follows: variables_follow, "8000 of 8000\n";
    new_lazylock: lazylock, "ok\n";
    once_cell: cell_under_contention, "1 initialiser, 16 values\n";
    children_inherit_labels: labels_follow, "ok\n";
}

/// In parallel with the others of `n` goroutines.
fn each(n: u32, f: impl Fn(u32) + Send + Sync + 'static) {
    let (wg, f) = (Arc::new(WaitGroup::new()), Arc::new(f));
    for i in 0..n {
        wg.add(1);
        let (wg, f) = (wg.clone(), f.clone());
        go(move || {
            f(i);
            wg.done();
        });
    }
    wg.wait();
}

thread_local! { static N: Cell<u64> = const { Cell::new(0) }; }

#[inline(never)]
fn address() -> usize {
    N.with(|n| std::ptr::from_ref(n).addr())
}

/// The program of the report, with `local::with` in the place of `LocalKey::with`.
fn tls_cached() {
    let wrong = Arc::new(AtomicU64::new(0));
    let w = wrong.clone();
    each(8, move |_| {
        for _ in 0..100_000 {
            local::with(&N, |n| n.set(n.get() + 1));
            runtime::gosched();
            let used = local::with(&N, |n| {
                n.set(n.get() + 1);
                std::ptr::from_ref(n).addr()
            });
            if used != address() {
                w.fetch_add(1, SeqCst);
            }
        }
    });
    println!("accesses to another thread's variable: {} of 800000", wrong.load(SeqCst));
}

goroutine_local! {
    static ID: Cell<u32> = const { Cell::new(u32::MAX) };
    static TEXT: RefCell<String> = RefCell::new("made here".into());
}

fn variables_follow() {
    let right = Arc::new(AtomicU32::new(0));
    let r = right.clone();
    ID.set(1_000_000);
    each(8, move |i| {
        // nothing is inherited
        assert_eq!(ID.get(), u32::MAX);
        TEXT.with_borrow(|t| assert_eq!(t, "made here"));
        ID.set(i);
        for n in 0..1000 {
            TEXT.set(format!("{i}:{n}"));
            runtime::gosched();
            r.fetch_add(
                u32::from(ID.get() == i && TEXT.with_borrow(|t| *t == format!("{i}:{n}"))),
                SeqCst,
            );
        }
    });
    assert_eq!(ID.get(), 1_000_000);
    println!("{} of 8000", right.load(SeqCst));
}

static DROPPED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// Says when it is dropped, having waited in its destructor.
struct Noted(&'static str);
impl Drop for Noted {
    fn drop(&mut self) {
        runtime::gosched();
        time::sleep(Duration::from_micros(50));
        DROPPED.lock().unwrap().push(self.0);
    }
}

/// Uses other variables while it is dropped.
struct UsesOthers;
impl Drop for UsesOthers {
    fn drop(&mut self) {
        FIRST.with(|n| assert_eq!(n.0, "first"));
        assert!(LAST.try_with(|_| ()).is_err(), "dropped already");
        assert!(catch_unwind(|| LAST.with(|_| ())).is_err());
        LATE.with(|_| ());
        DROPPED.lock().unwrap().push("uses others");
    }
}

goroutine_local! {
    static FIRST: Noted = Noted("first");
    static SECOND: UsesOthers = UsesOthers;
    static LAST: Noted = Noted("last");
    static LATE: Noted = Noted("late");
}

fn touch() {
    FIRST.with(|_| ());
    SECOND.with(|_| ());
    LAST.with(|_| ());
}

const ORDER: &str = "last uses others late first\n";

fn dropped() {
    println!("{}", std::mem::take(&mut *DROPPED.lock().unwrap()).join(" "));
}

/// In a goroutine of its own; comes back when that has ended, which `num_goroutine` tells.
fn apart(f: impl FnOnce() + Send + 'static) {
    let before = runtime::num_goroutine();
    go(f);
    while runtime::num_goroutine() > before {
        runtime::gosched();
    }
}

#[test]
fn dropped_at_the_end() {
    in_child!(.procs(2), || {
        apart(touch);
        dropped();
    })
    .ok()
    .stdout_is(ORDER);
}

#[test]
fn dropped_by_goexit() {
    in_child!(.procs(2), || {
        apart(|| {
            touch();
            runtime::goexit()
        });
        dropped();
    })
    .ok()
    .stdout_is(ORDER);
}

#[test]
fn dropped_by_a_panic() {
    struct Prints;
    impl Drop for Prints {
        fn drop(&mut self) {
            println!("dropped");
        }
    }
    goroutine_local! { static P: Prints = Prints; }
    let o = in_child!(.procs(2), || {
        go(|| {
            P.with(|_| ());
            panic!("on purpose");
        });
        chan::<()>(0).recv();
    });
    o.exited(2).stdout_is("dropped\n").stderr_has("panic: on purpose");
}

#[test]
fn dropped_after_a_recovered_panic() {
    in_child!(.procs(2), || {
        apart(|| {
            touch();
            assert!(recover(|| panic!("on purpose")).is_err());
            assert!(DROPPED.lock().unwrap().is_empty());
        });
        dropped();
    })
    .ok()
    .stdout_is(ORDER);
}

#[test]
fn a_destructor_panics() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    goroutine_local! { static P: Panics = Panics; }
    let o = in_child!(.procs(2), || {
        go(|| P.with(|_| ()));
        chan::<()>(0).recv();
    });
    o.exited(2).stderr_has("panic: in a destructor").stderr_has("[running]");
}

#[test]
fn main_and_coroutines_and_threads() {
    in_child!(.procs(2), || {
        struct Prints(&'static str);
        impl Drop for Prints {
            fn drop(&mut self) {
                println!("dropped: {}", self.0);
            }
        }
        goroutine_local! { static WHO: RefCell<Option<Prints>> = RefCell::new(None); }
        WHO.set(Some(Prints("main")));
        let mut p = iter::pull(|yield_| {
            assert!(WHO.with_borrow(Option::is_none));
            WHO.set(Some(Prints("sequence")));
            yield_(1);
            assert_eq!(WHO.with_borrow(|w| w.as_ref().map(|w| w.0)), Some("sequence"));
        });
        assert_eq!(p.next(), Some(1));
        assert_eq!(WHO.with_borrow(|w| w.as_ref().map(|w| w.0)), Some("main"));
        assert_eq!(p.next(), None);
        gort::blocking(|| {
            std::thread::spawn(|| {
                assert!(WHO.with_borrow(Option::is_none));
                WHO.set(Some(Prints("thread")));
            })
            .join()
            .expect("the thread");
        });
    })
    .ok()
    .stdout_is("dropped: sequence\ndropped: thread\ndropped: main\n");
}

/// An initialiser that looks at its own variable, and one that panics: the next look tries again.
#[test]
fn initialisers() {
    in_child!(|| {
        goroutine_local! {
            static LOOP: u32 = LOOP.with(|n| *n);
            static FAILS: u32 = if ID.replace(1) == u32::MAX { panic!("not yet") } else { 7 };
        }
        for _ in 0..2 {
            let p = recover(|| LOOP.with(|n| *n)).expect_err("a panic");
            assert!(
                format!("{p:?}").contains("the initialiser of goroutine_local! LOOP looks at it"),
                "{p:?}"
            );
        }
        assert!(recover(|| FAILS.with(|n| *n)).is_err());
        assert_eq!(FAILS.with(|n| *n), 7);
    })
    .ok();
}

const PARKED: &str =
    "fatal error: gort: the goroutine would park, or go on on another thread, inside of";

#[test]
fn parking_in_local_with() {
    in_child!(|| local::with(&N, |_| time::sleep(Duration::from_millis(1))))
        .exited(2)
        .stderr_has(PARKED);
}

#[test]
fn parking_with_a_checked_guard() {
    let o = in_child!(|| {
        static M: Mutex<u32> = Mutex::new(1);
        let mut g = debug::checked(M.lock().unwrap());
        *g += 1;
        chan::<u32>(0).recv();
    });
    o.exited(2).stderr_has(PARKED).stderr_has("local::parking_with_a_checked_guard");
}

#[test]
fn yielding_and_blocking_in_a_section() {
    in_child!(|| debug::no_park(runtime::gosched)).exited(2).stderr_has(PARKED);
    in_child!(|| debug::no_park(|| gort::blocking(|| ()))).exited(2).stderr_has(PARKED);
}

/// What does not wait may be called; a request to give way waits for the end of the section.
#[test]
fn sections_end() {
    in_child!(.procs(2), || {
        let c = chan::<u32>(1);
        for i in 0..1000 {
            debug::no_park(|| {
                let t = std::thread::current().id();
                c.send(i);
                assert_eq!(c.recv(), Some(i));
                go(|| ());
                assert_eq!(t, std::thread::current().id());
            });
            assert!(recover(|| debug::no_park(|| panic!("on purpose"))).is_err());
            runtime::gosched();
        }
    })
    .ok();
}

fn lazylock() {
    static CONN: LazyLock<u32> = LazyLock::new(|| {
        time::sleep(Duration::from_millis(20));
        42
    });
    each(16, |_| assert_eq!(*CONN, 42));
    println!("ok");
}

fn cell_under_contention() {
    static CELL: OnceCell<String> = OnceCell::new();
    static INITS: AtomicU32 = AtomicU32::new(0);
    static VALUES: AtomicU32 = AtomicU32::new(0);
    each(16, |i| {
        let v = CELL.get_or_init(|| {
            INITS.fetch_add(1, SeqCst);
            runtime::gosched();
            time::sleep(Duration::from_millis(1));
            format!("from {i}")
        });
        VALUES.fetch_add(u32::from(v.starts_with("from ") && CELL.get() == Some(v)), SeqCst);
    });
    println!("{} initialiser, {} values", INITS.load(SeqCst), VALUES.load(SeqCst));
}

/// std's rules: a cell whose initialiser panicked is empty and can be tried again, a `LazyLock` is
/// poisoned.
#[test]
fn initialisers_that_fail() {
    in_child!(|| {
        let c = OnceCell::new();
        assert!(recover(|| _ = c.get_or_init(|| -> u32 { panic!("on purpose") })).is_err());
        assert_eq!(c.get(), None);
        assert_eq!(c.get_or_try_init(|| Err::<u32, _>("no")), Err("no"));
        let c = Arc::new(c);
        let of_other = c.clone();
        apart(move || _ = of_other.get_or_init(|| runtime::goexit()));
        assert_eq!(c.get_or_try_init(|| Ok::<_, ()>(7)), Ok(&7));
        assert_eq!(c.set(8), Err(8));
        let mut c = Arc::into_inner(c).expect("the only one");
        assert_eq!((c.get_mut().copied(), c.take(), c.take()), (Some(7), Some(7), None));
        assert_eq!(c.set(8), Ok(()));
        assert_eq!(format!("{c:?} {:?}", OnceCell::<u32>::new()), "OnceCell(8) OnceCell(<uninit>)");
        assert_eq!(OnceCell::from(3).into_inner(), Some(3));

        let l = LazyLock::new(|| -> u32 { panic!("on purpose") });
        assert!(recover(|| _ = *l).is_err());
        let p = recover(|| _ = *l).expect_err("poisoned");
        assert!(
            format!("{p:?}").contains("LazyLock instance has previously been poisoned"),
            "{p:?}"
        );
    })
    .ok();
}

#[test]
fn an_initialiser_that_asks_for_itself() {
    let o = in_child!(|| {
        static A: LazyLock<u32> = LazyLock::new(|| *B);
        static B: LazyLock<u32> = LazyLock::new(|| *A);
        println!("{}", *A);
    });
    o.exited(2).stderr_has(
        "panic: gort: the initialiser of a OnceCell or LazyLock asks for the same cell",
    );
}

/// Before the runtime has started.
#[test]
fn without_a_runtime() {
    in_plain_child!(|| {
        static L: LazyLock<u32> = LazyLock::new(|| 5);
        ID.set(3);
        assert_eq!((*L, ID.get(), runtime::labels()), (5, 3, runtime::Labels::default()));
        assert_eq!(local::with(&N, Cell::get), 0);
        assert_eq!(*debug::checked(Box::new(1)), 1);
        println!("ok");
    })
    .ok()
    .stdout_is("ok\n");
}

fn labels_follow() {
    use runtime::{Labels, labels, set_labels, with_labels};
    set_labels(Labels::new([("program", "test")]));
    each(8, |i| {
        assert_eq!(labels().get("program"), Some("test"));
        with_labels([("job", i.to_string())], || {
            each(20, move |n| {
                runtime::gosched();
                assert_eq!(labels().get("job"), Some(&*i.to_string()));
                assert_eq!(labels().get("program"), Some("test"));
                // a child's own are its own
                set_labels(labels().with([("job", n.to_string())]));
            });
            assert_eq!(labels().get("job"), Some(&*i.to_string()));
            let timers = chan::<Labels>(1);
            let t = timers.clone();
            go(move || t.send(labels()));
            assert_eq!(timers.recv(), Some(labels()));
        });
        assert_eq!(labels(), Labels::new([("program", "test")]));
        assert!(recover(|| with_labels([("job", "x")], || panic!("on purpose"))).is_err());
        assert_eq!(labels().get("job"), None);
    });
    // Nobody keeps what ended goroutines had: this goroutine's own, and the one that is looked at.
    while runtime::num_goroutine() > 1 {
        runtime::gosched();
    }
    // SAFETY: on a goroutine.
    let set = unsafe { gort_proc::labels::labels() }.expect("labels");
    assert_eq!(Arc::strong_count(&set), 2);
    set_labels(Labels::default());
    assert_eq!(Arc::strong_count(&set), 1);
    println!("ok");
}
