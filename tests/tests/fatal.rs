//! How programs end: fatal errors, panics, exits, and what they say. Each case is the twin of one
//! in `tests/go/fatal/fatal.go`; the expected reports in `tests/golden/fatal` were recorded from Go
//! 1.23.1. With Go on the machine the program runs there as well. What is compared: see
//! `gort_tests::normalise`.

use gort::sync::{Cond, Mutex, Once, RwMutex, WaitGroup};
use gort::{Chan, chan, go, recover, runtime, select, time};
use gort_tests::{Compare, go_fatal, in_child, leave_room};
use std::panic::panic_any;
use std::ptr::read;
use std::sync::Arc;
use std::time::Duration;

/// One case: runs it on gort at GOMAXPROCS=1 and compares the report with the golden file, and with
/// Go.
macro_rules! case {
    ($name:ident, $body:expr) => { case!($name, stringify!($name), [], All, $body); };
    ($name:ident, $what:ident, $body:expr) => { case!($name, stringify!($name), [], $what, $body); };
    ($name:ident, $go:expr, [$($k:literal = $v:literal),*], $what:ident, $body:expr) => {
        #[test]
        fn $name() {
            let out = in_child!(.procs(1).env("GOGC", "off")$(.env($k, $v))*, || {
                let f: fn() = $body;
                f();
            });
            go_fatal(stringify!($name), $go, &[$(($k, $v)),*], Compare::$what, &out);
        }
    };
}

/// Prints a line when it is dropped: a deferred call.
struct Defer(&'static str);
impl Drop for Defer {
    fn drop(&mut self) {
        eprintln!("{}", self.0);
    }
}

/// Runs a function when it is dropped.
struct Deferred<F: FnMut()>(F);
impl<F: FnMut()> Drop for Deferred<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn settle() {
    for _ in 0..50 {
        runtime::gosched();
    }
}

fn recv(c: &Chan<i32>) {
    c.recv();
}

fn block() {
    recv(&chan(0));
}

fn quit() {
    // SAFETY: sends this thread a signal.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::gettid(), libc::SIGQUIT) };
}

#[allow(unconditional_recursion)]
#[inline(never)]
fn forever(n: usize) -> usize {
    let frame = std::hint::black_box([n; 64]);
    forever(n + 1) + frame[n % 63]
}

/// Reads from address zero.
fn read_null() {
    // SAFETY: it is not, that is the point; the compiler sees nothing of it.
    unsafe { std::arch::asm!("mov eax, [{}]", in(reg) 0usize, out("eax") _) };
}

/// Unlocks what `guard` has locked, once more than it was locked.
fn unlock_twice<G>(guard: G) {
    // SAFETY: guards are references; what the second drop does is what the test is about.
    let again = unsafe { read(&raw const guard) };
    drop(guard);
    drop(again);
}

fn zoo() {
    let mu = Arc::new(Mutex::new(()));
    let rw = Arc::new(RwMutex::new(()));
    let wg = Arc::new(WaitGroup::new());
    let cond = Arc::new((Mutex::new(()), Cond::new()));
    let c = chan::<i32>(0);
    std::mem::forget(mu.lock());
    std::mem::forget(rw.rlock());
    wg.add(1);
    let c1 = c.clone();
    go(move || recv(&c1));
    go(|| chan::<i32>(0).send(1));
    go(|| recv(&Chan::nil()));
    go(|| Chan::<i32>::nil().send(1));
    let c1 = c.clone();
    go(move || {
        select! {
            recv(c1) -> _ => {}
            send(Chan::<i32>::nil(), 1) => {}
        }
    });
    go(|| select! {});
    go(move || drop(mu.lock()));
    let rw1 = rw.clone();
    go(move || drop(rw1.lock()));
    settle();
    go(move || drop(rw.rlock()));
    go(move || wg.wait());
    go(move || drop(cond.1.wait(cond.0.lock())));
    go(move || {
        let c1 = c.clone();
        go(move || recv(&c1));
        c.recv();
    });
    settle();
}

case!(deadlock_recv, block);
case!(deadlock_send, || chan::<i32>(0).send(1));
case!(deadlock_buffered, || {
    let c = chan::<i32>(1);
    c.send(1);
    c.send(2);
});
case!(deadlock_range, || for _ in &chan::<i32>(0) {});
case!(deadlock_nil_recv, || recv(&Chan::nil()));
case!(deadlock_nil_send, || Chan::<i32>::nil().send(1));
case!(deadlock_select, || {
    select! {
        recv(chan::<i32>(0)) -> _ => {}
        send(chan::<i32>(0), 1) => {}
    }
});
case!(deadlock_select_one, || select! { recv(chan::<i32>(0)) -> _ => {} });
case!(deadlock_select_none, || select! {});
case!(deadlock_select_nil, || {
    select! {
        recv(Chan::<i32>::nil()) -> _ => {}
        recv(Chan::<i32>::nil()) -> _ => {}
    }
});
case!(deadlock_mutex, || {
    let m = Mutex::new(());
    let _g = m.lock();
    drop(m.lock());
});
case!(deadlock_rw_write_read, || {
    let m = RwMutex::new(());
    let _g = m.lock();
    drop(m.rlock());
});
case!(deadlock_rw_read_write, || {
    let m = RwMutex::new(());
    let _g = m.rlock();
    drop(m.lock());
});
case!(deadlock_rw_write_write, || {
    let m = RwMutex::new(());
    let _g = m.lock();
    drop(m.lock());
});
case!(deadlock_waitgroup, || {
    let wg = WaitGroup::new();
    wg.add(1);
    wg.wait();
});
case!(deadlock_cond, || {
    let m = Mutex::new(());
    drop(Cond::new().wait(m.lock()));
});
case!(deadlock_once, || {
    let o = Once::new();
    o.call(|| o.call(|| ()));
});
case!(deadlock_zoo, || {
    zoo();
    select! {}
});
case!(deadlock_after_sleep, || {
    time::sleep(Duration::from_millis(1));
    block();
});
case!(deadlock_stopped_timer, || {
    let t = time::Timer::new(Duration::from_secs(3600));
    t.stop();
    t.c().recv();
});
case!(deadlock_locked, || {
    runtime::lock_os_thread();
    go(|| {
        runtime::lock_os_thread();
        select! {}
    });
    block();
});
case!(deadlock_after_others_end, || {
    for _ in 0..3 {
        go(|| ());
    }
    settle();
    go(|| select! {});
    block();
});
case!(deadlock_not_recoverable, || {
    let _d = Defer("not reached");
    let _ = recover(block);
});

case!(goexit_main_alone, || runtime::goexit());
case!(goexit_main_others_block, || {
    go(|| select! {});
    go(block);
    runtime::goexit();
});
case!(goexit_main_others_end, || {
    let _d = Defer("main's deferred call");
    go(|| eprintln!("the other ends"));
    runtime::goexit();
});
case!(goexit_goroutine, || {
    let c = chan::<i32>(0);
    let c1 = c.clone();
    go(move || {
        let _close = Deferred(|| c1.close());
        let _d = Defer("deferred");
        runtime::goexit();
    });
    c.recv();
    eprintln!("main goes on");
});
case!(goexit_recover, || {
    let c = chan::<i32>(0);
    let c1 = c.clone();
    go(move || {
        let _close = Deferred(|| c1.close());
        let _ = recover(|| {
            let _d = Defer("true");
            runtime::goexit();
        });
        eprintln!("not reached");
    });
    c.recv();
});
case!(goexit_exits_elsewhere, || {
    go(|| {
        settle();
        eprintln!("bye");
        runtime::exit(4);
    });
    runtime::goexit();
});

case!(panic_string, || panic!("a string"));
case!(panic_empty, || panic!(""));
case!(panic_multiline, || panic!("one\ntwo\n\ngoroutine 7 [running]:\nthree"));
case!(panic_error, || panic_any(Box::<dyn std::error::Error + Send + Sync>::from("it failed")));
case!(panic_int, || panic_any(42i32));
case!(panic_negative, || panic_any(-7isize));
case!(panic_uint8, || panic_any(200u8));
case!(panic_int64, || panic_any(i64::MIN));
case!(panic_uint64, || panic_any(u64::MAX));
case!(panic_bool, || panic_any(true));
case!(panic_float64, || panic_any(1.5f64));
case!(panic_float32, || panic_any(-0.1f32));
case!(panic_inf, || panic_any(f64::INFINITY));
case!(panic_struct, || {
    struct Point {
        _x: i32,
        _y: i32,
    }
    panic_any(Point { _x: 1, _y: 2 });
});
case!(panic_goroutine, || {
    go(|| panic!("in a goroutine"));
    select! {}
});
case!(panic_grandchild, || {
    go(|| {
        go(|| panic!("in a grandchild"));
        select! {}
    });
    select! {}
});
case!(panic_runs_defers, || {
    let _o = Defer("outer");
    let _i = Defer("inner");
    panic!("after the deferred calls");
});
case!(panic_in_defer, || {
    let _d = Deferred(|| panic!("second"));
    panic!("first");
});
case!(panic_recovered, || {
    let e = recover(|| panic!("x")).unwrap_err();
    eprintln!("recovered: {e}");
    eprintln!("goes on");
});
case!(panic_recovered_then_deadlock, || {
    let _ = recover(|| panic!("x"));
    block();
});
case!(panic_again, || {
    let Err(p) = recover(|| panic!("x"));
    p.resume();
});
case!(panic_twice_recovered, || {
    let two = recover(|| {
        let one = recover(|| panic!("one")).unwrap_err();
        eprintln!("{one}");
        panic!("two");
    });
    eprintln!("{}", two.unwrap_err());
    panic!("three");
});
case!(panic_recovered_inside_defer, || {
    let _d = Deferred(|| {
        let _ = recover(|| panic!("inner"));
    });
    panic!("outer");
});
case!(panic_parks_in_defer, || {
    let c = chan::<i32>(0);
    let _d = Deferred(|| {
        let c1 = c.clone();
        go(move || c1.send(1));
        eprintln!("{}", c.recv().unwrap_or(0));
    });
    panic!("after parking");
});
case!(panic_others, || {
    zoo();
    panic!("with an audience");
});
case!(panic_locked, || {
    runtime::lock_os_thread();
    panic!("locked");
});
case!(panic_waiter_unaware, || {
    go(|| {
        let _d = Defer("not reached: others run no deferred calls");
        select! {}
    });
    settle();
    panic!("x");
});
case!(panic_runnable, || {
    go(|| eprintln!("not reached"));
    panic!("before the others run");
});

case!(traceback_none_panic, "panic_others", ["GOTRACEBACK" = "none"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_0_panic, "panic_others", ["GOTRACEBACK" = "0"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_single_panic, "panic_others", ["GOTRACEBACK" = "single"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_all_panic, "panic_others", ["GOTRACEBACK" = "all"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_1_panic, "panic_others", ["GOTRACEBACK" = "1"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_system_panic, "panic_others", ["GOTRACEBACK" = "system"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_crash_panic, "panic_others", ["GOTRACEBACK" = "crash"], All, || {
    zoo();
    panic!("with an audience");
});
case!(traceback_none_deadlock, "deadlock_zoo", ["GOTRACEBACK" = "none"], All, || {
    zoo();
    select! {}
});
case!(traceback_single_deadlock, "deadlock_zoo", ["GOTRACEBACK" = "single"], All, || {
    zoo();
    select! {}
});
case!(traceback_all_deadlock, "deadlock_zoo", ["GOTRACEBACK" = "all"], All, || {
    zoo();
    select! {}
});
case!(traceback_system_deadlock, "deadlock_zoo", ["GOTRACEBACK" = "system"], All, || {
    zoo();
    select! {}
});
case!(traceback_all_goroutine, "panic_grandchild", ["GOTRACEBACK" = "all"], All, || {
    go(|| {
        go(|| panic!("in a grandchild"));
        select! {}
    });
    select! {}
});
case!(traceback_all_runnable, "panic_runnable", ["GOTRACEBACK" = "all"], All, || {
    go(|| eprintln!("not reached"));
    panic!("before the others run");
});

case!(send_closed, || {
    let c = chan::<i32>(1);
    c.close();
    c.send(1);
});
case!(send_closed_try, || {
    let c = chan::<i32>(1);
    c.close();
    let _ = c.try_send(1);
});
case!(send_closed_select, || {
    let c = chan::<i32>(1);
    c.close();
    select! {
        send(c, 1) => {}
        recv(chan::<i32>(0)) -> _ => {}
    }
});
case!(send_closed_parked, || {
    let c = chan::<i32>(0);
    let c1 = c.clone();
    go(move || {
        settle();
        c1.close();
    });
    c.send(1);
});
case!(select_closed_parked, || {
    let c = chan::<i32>(0);
    let c1 = c.clone();
    go(move || {
        settle();
        c1.close();
    });
    select! {
        send(c, 1) => {}
        recv(chan::<i32>(0)) -> _ => {}
    }
});
case!(send_closed_recovered, || {
    let c = chan::<i32>(0);
    c.close();
    eprintln!("{}", recover(|| c.send(1)).unwrap_err());
});
case!(close_nil, || Chan::<i32>::nil().close());
case!(close_closed, || {
    let c = chan::<i32>(0);
    c.close();
    c.close();
});
case!(makechan_negative, || drop(chan::<i64>(usize::MAX)));
case!(makechan_huge, || drop(chan::<i64>(1 << 62)));

case!(waitgroup_negative, || WaitGroup::new().done());
case!(waitgroup_reuse, || {
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    let wg1 = wg.clone();
    go(move || wg1.wait());
    settle();
    wg.done();
    wg.add(1);
    settle();
});
case!(unlock_mutex, || {
    let m = Mutex::new(());
    unlock_twice(m.lock());
});
case!(unlock_rw, || {
    let m = RwMutex::new(());
    unlock_twice(m.lock());
});
case!(runlock_rw, || {
    let m = RwMutex::new(());
    unlock_twice(m.rlock());
});
case!(unlock_not_recoverable, || {
    let _d = Defer("not reached");
    let _ = recover(|| {
        let m = Mutex::new(());
        unlock_twice(m.lock());
    });
});
case!(unlock_in_goroutine, || {
    go(|| select! {});
    go(|| {
        let m = Mutex::new(());
        unlock_twice(m.lock());
    });
    select! {}
});

case!(nil_deref, read_null);
case!(nil_deref_goroutine, || {
    go(read_null);
    select! {}
});
case!(stack_overflow, || eprintln!("{}", forever(0)));
/// Also in a blocking section: where the recursion is does not matter.
#[test]
fn stack_overflow_in_blocking() {
    let o = in_child!(|| gort::blocking(|| eprintln!("{}", forever(0))));
    o.exited(2).stderr_has("runtime: goroutine stack exceeds 262144-byte limit\nruntime: sp=0x");
    o.stderr_has("fatal error: stack overflow\n").stderr_has(" [syscall]:\n");
}

/// A report that shows the stack around a frame leaves the guard page out.
#[test]
fn lost_near_the_guard_page() {
    // SAFETY: does not come back; what is on the stack stays as it is.
    let o = in_child!(|| unsafe {
        let sp = (*gort_proc::getg()).stack.lo + gort_proc::GUARD_SIZE + 64;
        std::arch::asm!("mov rsp, {}", "xor ebp, ebp", "mov eax, 0x1234", "jmp rax", in(reg) sp, options(noreturn));
    });
    o.exited(2)
        .stderr_has("fatal error: fault\n")
        .stderr_has(": unknown pc 0x1234\nstack: frame={sp:0x");
    o.stderr_has("\ngoroutine 2 gp=");
}

case!(stack_overflow_goroutine, || {
    go(|| select! {});
    settle();
    go(|| eprintln!("{}", forever(0)));
    select! {}
});
case!(threads, Messages, || {
    runtime::set_max_threads(8);
    let mut p = [0; 2];
    // SAFETY: two numbers of files.
    unsafe { libc::pipe(p.as_mut_ptr()) };
    for _ in 0..20 {
        go(move || {
            gort::blocking(|| {
                let mut b = [0u8];
                // SAFETY: reads one byte, or waits for ever.
                unsafe { libc::read(p[0], b.as_mut_ptr().cast(), 1) };
            });
        });
    }
    loop {
        time::sleep(Duration::from_millis(1));
    }
});

// No memory for stacks: an arena of Go's or gort's has 64 MiB. The first is about address space,
// the second about memory, of which Go is left less: others of its allocations, in smaller pieces,
// could come to the limit first.
case!(memory_reserved, Messages, || {
    leave_room(libc::RLIMIT_AS, 32 << 20);
    loop {
        go(|| select! {});
    }
});
case!(memory_mapped, Messages, || {
    leave_room(libc::RLIMIT_DATA, 32 << 20);
    loop {
        go(|| select! {});
    }
});

case!(timer_panic, || {
    time::after_func(Duration::from_millis(1), || panic!("tick"));
    select! {}
});
case!(timer_blocks, || {
    let done = chan::<i32>(0);
    let done1 = done.clone();
    time::after_func(Duration::from_millis(1), move || {
        let done = done1.clone();
        go(move || done.close());
        block();
    });
    done.recv();
    select! {}
});
case!(pull_panic, || {
    let mut p = gort::iter::pull(|yield_| {
        yield_(1);
        panic!("in seq");
    });
    p.next();
    p.next();
});
case!(pull_panic_stop, || {
    let mut p = gort::iter::pull(|yield_| {
        yield_(1);
        panic!("in seq");
    });
    p.next();
    p.stop();
});
case!(pull_deadlock, || {
    let mut p = gort::iter::pull(|yield_| {
        yield_(1);
        block();
    });
    p.next();
    p.next();
});
case!(pull_waits, || {
    let mut p = gort::iter::pull(|yield_| {
        yield_(1);
    });
    p.next();
    block();
});

case!(exit_0, || {
    eprintln!("zero");
    runtime::exit(0);
});
case!(exit_3, || {
    let _d = Defer("not reached");
    runtime::exit(3);
});
case!(exit_255, || {
    go(|| runtime::exit(255));
    select! {}
});
case!(main_returns, || {
    go(|| {
        loop {
            runtime::gosched();
        }
    });
    go(|| {
        let _d = Defer("not reached");
        select! {}
    });
    settle();
    eprintln!("main returns");
});
case!(sigquit, || {
    quit();
    select! {}
});
case!(sigquit_zoo, || {
    zoo();
    quit();
    select! {}
});
case!(ids, || {
    let c = chan::<i32>(0);
    for _ in 0..20 {
        let c = c.clone();
        go(move || recv(&c));
    }
    settle();
    c.close();
    settle();
    for _ in 0..3 {
        go(|| select! {});
    }
    select! {}
});

/// A release build as Cargo makes it: the frames are the symbols', and who created the goroutine is
/// told all the same.
#[test]
fn without_debug_information() {
    in_child!(.no_debug_info(), || {
        go(|| panic!("told"));
        select! {}
    })
    .exited(2)
    .stderr_has("panic: told\n\ngoroutine ")
    .stderr_has("\ncreated by ")
    .stderr_has(" in goroutine 1\n\tpc=0x");
}
