//! The switches, on threads and Gs made by hand; the functions that assembly calls are stand-ins.

use core::arch::asm;
use gort_asm::{getg, goexit_pc, gogo, mcall, setg, systemstack};
use gort_runtime2::{Funcval, G, Gobuf, M, Segment};
use std::cell::Cell;

#[unsafe(export_name = "gort.goexit1")]
extern "C" fn goexit1() -> ! {
    // SAFETY: the goroutine's function has returned: back to g0 for good.
    unsafe { mcall(to_main) };
    unreachable!()
}
#[unsafe(export_name = "gort.badmcall")]
extern "C" fn badmcall(_: usize) -> ! {
    std::process::abort()
}
#[unsafe(export_name = "gort.badmcall2")]
extern "C" fn badmcall2(_: usize) -> ! {
    std::process::abort()
}
#[unsafe(export_name = "gort.badsystemstack")]
extern "C" fn badsystemstack() -> ! {
    std::process::abort()
}
#[unsafe(export_name = "gort.newsegment")]
extern "C" fn newsegment(_: usize) -> *mut Segment {
    std::process::abort()
}
#[unsafe(export_name = "gort.oldsegment")]
extern "C" fn oldsegment() {
    std::process::abort()
}

thread_local! {
    /// Where the test itself continues when a goroutine gives way: a context saved on the thread's
    /// own stack.
    static BACK: Cell<*mut Gobuf> = const { Cell::new(core::ptr::null_mut()) };
}

/// On g0: lets the test go on.
unsafe extern "C" fn to_main(_: *mut G) -> ! {
    // SAFETY: `resume` has saved its place and waits.
    unsafe { gogo(BACK.get()) }
}

/// A thread with g0 and one goroutine. The test's own code runs as a goroutine too (`test`), so
/// that it can be left with mcall.
struct Thread {
    m: *mut M,
    test: *mut G,
    user: *mut G,
}

fn stack_top(bytes: usize) -> usize {
    let s = vec![0u128; bytes / 16].leak();
    s.as_mut_ptr() as usize + bytes
}

impl Thread {
    fn new(fv: *mut Funcval) -> Thread {
        let m: *mut M = Box::leak(Box::default());
        let new = || -> *mut G { Box::leak(Box::default()) };
        let (g0, test, user) = (new(), new(), new());
        // SAFETY: all are fresh and this thread's alone.
        unsafe {
            (*m).g0 = g0;
            for g in [g0, test, user] {
                (*g).m = m;
            }
            (*g0).sched.sp = stack_top(64 << 10);
            let sp = stack_top(64 << 10) - 24;
            *(sp as *mut usize) = goexit_pc() + 1;
            (*user).sched.sp = sp;
            (*user).sched.pc = (*fv).fn_ as usize;
            (*user).sched.ctxt = fv.cast();
            (*user).sched.g.set(user);
            (*test).sched.g.set(test);
            (*m).curg.set(test);
            setg(test);
        }
        Thread { m, test, user }
    }

    /// Runs the goroutine until it gives way.
    fn resume(&self) {
        unsafe extern "C" fn switch(test: *mut G) -> ! {
            // SAFETY: on g0; the test is saved, the goroutine is not running.
            unsafe {
                BACK.set(&raw mut (*test).sched);
                let m = (*test).m;
                let user = (*m).nextp.cell().get().cast::<G>();
                (*m).curg.set(user);
                gogo(&raw mut (*user).sched)
            }
        }
        // SAFETY: as above; nextp only serves to pass the goroutine on.
        unsafe {
            (*self.m).nextp.cell().set(self.user.cast());
            mcall(switch);
            (*self.m).curg.set(self.test);
        }
    }
}

fn yield_() {
    // SAFETY: on the goroutine.
    unsafe { mcall(to_main) }
}

static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

unsafe extern "C-unwind" fn counter(fv: *mut Funcval) {
    // SAFETY: the test's funcval, alive on its stack.
    let step = unsafe { *fv.cast::<[usize; 2]>() }[1];
    for _ in 0..3 {
        COUNT.fetch_add(step, std::sync::atomic::Ordering::SeqCst);
        yield_();
    }
}

#[test]
fn a_goroutine_starts_gives_way_resumes_and_ends() {
    let mut fv = (Funcval { fn_: counter }, 7usize);
    let t = Thread::new((&raw mut fv).cast());
    for i in 1..=3 {
        t.resume();
        assert_eq!(COUNT.load(std::sync::atomic::Ordering::SeqCst), 7 * i);
        assert_eq!(getg(), t.test);
    }
    t.resume(); // returns into goexit
    assert_eq!(COUNT.load(std::sync::atomic::Ordering::SeqCst), 21);
}

/// Clobbers all callee-saved registers but rbp and rbx (which Rust's inline assembly reserves)
/// between switches.
unsafe extern "C-unwind" fn clobber(_: *mut Funcval) {
    loop {
        // SAFETY: all clobbers are declared.
        unsafe {
            asm!("mov r12, -1", "mov r13, -2", "mov r14, -3", "mov r15, -4",
                out("r12") _, out("r13") _, out("r14") _, out("r15") _);
        }
        yield_();
    }
}

#[test]
fn callee_saved_registers_survive() {
    let mut fv = Funcval { fn_: clobber };
    let t = Thread::new(&raw mut fv);
    for k in 0..100usize {
        let (a, b, c, d): (usize, usize, usize, usize);
        let p = &t as *const Thread;
        extern "C" fn go(t: *const Thread) {
            // SAFETY: the address of a live Thread.
            unsafe { (*t).resume() }
        }
        // SAFETY: a call with the C convention; what it may clobber is declared.
        unsafe {
            asm!(
                "mov r12, {k}", "lea r13, [{k} + 1]", "lea r14, [{k} + 2]", "lea r15, [{k} + 3]",
                "call {go}",
                k = in(reg) k, go = sym go, in("rdi") p,
                lateout("r12") a, lateout("r13") b, lateout("r14") c, lateout("r15") d,
                clobber_abi("C"),
            );
        }
        assert_eq!([a, b, c, d], [k, k + 1, k + 2, k + 3]);
    }
}

fn control_words() -> (u32, u16) {
    let (mut mxcsr, mut cw) = (0u32, 0u16);
    // SAFETY: stores two words.
    unsafe { asm!("stmxcsr [{}]", "fnstcw [{}]", in(reg) &raw mut mxcsr, in(reg) &raw mut cw) };
    (mxcsr & 0xffc0, cw)
}
fn set_control_words((mxcsr, cw): (u32, u16)) {
    // SAFETY: legal values; the code between does no floating point that would mind.
    unsafe { asm!("ldmxcsr [{}]", "fldcw [{}]", in(reg) &raw const mxcsr, in(reg) &raw const cw) };
}

const DEFAULT: (u32, u16) = (0x1f80, 0x37f);
/// Flush to zero, round up; extended precision off, round down.
const OTHER: (u32, u16) = (0xdf80, 0x67f & !0x300);

unsafe extern "C-unwind" fn rounds_up(_: *mut Funcval) {
    set_control_words(OTHER);
    for _ in 0..10 {
        yield_();
        if control_words() != OTHER {
            std::process::abort();
        }
    }
    set_control_words(DEFAULT);
    yield_();
}

#[test]
fn floating_point_control_belongs_to_the_goroutine() {
    let mut fv = Funcval { fn_: rounds_up };
    let t = Thread::new(&raw mut fv);
    for _ in 0..11 {
        t.resume();
        assert_eq!(control_words(), DEFAULT);
    }
    // and the other way round: the test's own words survive a goroutine with the default ones
    let mut fv = Funcval { fn_: clobber };
    let t = Thread::new(&raw mut fv);
    set_control_words(OTHER);
    t.resume();
    let seen = control_words();
    set_control_words(DEFAULT);
    assert_eq!(seen, OTHER);
}

#[test]
fn systemstack_runs_on_g0_and_returns() {
    let mut fv = Funcval { fn_: clobber };
    let t = Thread::new(&raw mut fv);
    let here = &raw const t as usize;
    for i in 0..100u64 {
        // SAFETY: on a user goroutine.
        let (r, sp, g) = unsafe {
            systemstack(|| {
                let local = i;
                // nested: already there
                let inner = systemstack(|| local + 1);
                (inner, &raw const local as usize, getg())
            })
        };
        assert_eq!(r, i + 1);
        // SAFETY: m is alive.
        assert_eq!(g, unsafe { (*t.m).g0 });
        assert!(sp.abs_diff(here) > 4096, "still on the caller's stack");
        assert_eq!(getg(), t.test);
    }
}

/// The value of `g` must be read again after a switch: here the goroutine is resumed by another
/// thread, in one function, in optimised code of a library crate's inlined `getg`.
#[test]
fn getg_is_read_again_after_a_switch() {
    static FIRST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    static SECOND: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    unsafe extern "C-unwind" fn looks_twice(_: *mut Funcval) {
        // SAFETY: each G has an M.
        unsafe {
            let before = (*getg()).m as usize;
            yield_();
            let after = (*getg()).m as usize;
            FIRST.store(before, std::sync::atomic::Ordering::SeqCst);
            SECOND.store(after, std::sync::atomic::Ordering::SeqCst);
        }
        yield_();
    }
    struct Send<T>(T);
    // SAFETY: the threads take turns, by join.
    unsafe impl<T> std::marker::Send for Send<T> {}

    let fv = Box::leak(Box::new(Funcval { fn_: looks_twice })) as *mut Funcval;
    let first = Send(fv);
    let (user, m1) = std::thread::spawn(move || {
        let first = first;
        let t = Thread::new(first.0);
        t.resume();
        (Send(t.user), t.m as usize)
    })
    .join()
    .unwrap();
    let m2 = std::thread::spawn(move || {
        let user = user;
        let mut unused = Funcval { fn_: clobber };
        let mut t = Thread::new(&raw mut unused);
        t.user = user.0;
        // SAFETY: the goroutine is parked; it moves to this thread's M.
        unsafe { (*t.user).m = t.m };
        t.resume();
        t.m as usize
    })
    .join()
    .unwrap();
    assert_eq!(FIRST.load(std::sync::atomic::Ordering::SeqCst), m1);
    assert_eq!(SECOND.load(std::sync::atomic::Ordering::SeqCst), m2);
    assert_ne!(m1, m2);
}
