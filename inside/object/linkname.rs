//! Calls of Go's functions: each by an entry that `gort go` writes in assembly from its table (`inside/src/table.rs`).

use crate::atomic::Bool;
use crate::*;
use core::fmt::Write;

pub use crate::find_runnable::wake_net_poller;
pub use crate::retake::{preemptall, preemptone};

/// A list and a number, in rax and rdx.
#[repr(C)]
pub struct GListDelta(GList, i32);
/// Two words, in rax and rdx.
#[repr(C)]
pub struct GAndTime(*mut G, i64);
/// Two words, in rax and rdx.
#[repr(C)]
pub struct PAndG(*mut P, *mut G);

/// The entries, with the table's names.
pub mod go {
    use super::{GAndTime, GListDelta, PAndG};
    use crate::*;
    unsafe extern "C" {
        #[link_name = "gort_go_throw"]
        pub fn throw(s: *const u8, n: usize) -> !;
        #[link_name = "gort_go_fatal"]
        pub fn fatal(s: *const u8, n: usize) -> !;
        #[link_name = "gort_go_printstring"]
        pub fn printstring(s: *const u8, n: usize);
        #[link_name = "gort_go_printlock"]
        pub fn printlock();
        #[link_name = "gort_go_printunlock"]
        pub fn printunlock();
        #[link_name = "gort_go_lock2"]
        pub fn lock2(l: *mut Mutex);
        #[link_name = "gort_go_unlock2"]
        pub fn unlock2(l: *mut Mutex);
        #[link_name = "gort_go_nanotime"]
        pub fn nanotime() -> i64;
        #[link_name = "gort_go_usleep"]
        pub fn usleep(usec: u32);
        #[link_name = "gort_go_osyield"]
        pub fn osyield();
        #[link_name = "gort_go_checkdead"]
        pub fn checkdead();
        #[link_name = "gort_go_dumpgstatus"]
        pub fn dumpgstatus(gp: *mut G);
        #[link_name = "gort_go_notewakeup"]
        pub fn notewakeup(n: *mut Note);
        #[link_name = "gort_go_mPark"]
        pub fn m_park();
        #[link_name = "gort_go_mReserveID"]
        pub fn m_reserve_id() -> i64;
        #[link_name = "gort_go_newm"]
        pub fn newm(spinning: bool, pp: *mut P, id: i64);
        #[link_name = "gort_go_netpoll"]
        pub fn netpoll(delay: i64) -> GListDelta;
        #[link_name = "gort_go_netpollBreak"]
        pub fn netpoll_break();
        #[link_name = "gort_go_timersCheck"]
        pub fn timers_check(ts: *mut Timers, now: i64, out: *mut [i64; 3]);
        #[link_name = "gort_go_stackfree"]
        pub fn stackfree(lo: usize, hi: usize);
        #[link_name = "gort_go_stackalloc"]
        pub fn stackalloc(n: u32) -> Stack;
        #[link_name = "gort_go_safePointFn"]
        pub fn safe_point_fn(pp: *mut P);
        #[link_name = "gort_go_isSystemGoroutine"]
        pub fn is_system_goroutine(gp: *mut G, fixed: bool) -> bool;
        #[link_name = "gort_go_canPreemptM"]
        pub fn can_preempt_m(mp: *mut M) -> bool;
        #[link_name = "gort_go_preemptM"]
        pub fn preempt_m(mp: *mut M);
        #[link_name = "gort_go_gdestroy"]
        pub fn gdestroy(gp: *mut G);
        #[link_name = "gort_go_wakefing"]
        pub fn wakefing() -> *mut G;
        #[link_name = "gort_go_cgoYield"]
        pub fn cgo_yield();
        #[link_name = "gort_go_findRunnableGCWorker"]
        pub fn find_runnable_gc_worker(pp: *mut P, now: i64) -> GAndTime;
        #[link_name = "gort_go_gcMarkWorkAvailable"]
        pub fn gc_mark_work_available(pp: *mut P) -> bool;
        #[link_name = "gort_go_idleMarkWorker"]
        pub fn idle_mark_worker(pp: *mut P) -> *mut G;
        #[link_name = "gort_go_checkIdleGCNoP"]
        pub fn check_idle_gc_no_p() -> PAndG;
        #[link_name = "gort_go_setIdleMarkMode"]
        pub fn set_idle_mark_mode(pp: *mut P);
        #[link_name = "gort_go_tryRecordGoroutineProfile"]
        pub fn try_record_goroutine_profile(gp: *mut G);
        #[link_name = "gort_go_setThreadCPUProfiler"]
        pub fn set_thread_cpu_profiler(hz: i32);
        #[link_name = "gort_go_prepareForSweep"]
        pub fn prepare_for_sweep(pp: *mut P);
        #[link_name = "gort_go_addIdleTime"]
        pub fn add_idle_time(d: i64);
        #[link_name = "gort_go_callUnlockf"]
        pub fn call_unlockf(f: usize, gp: *mut G, lock: *mut c_void) -> bool;
        #[link_name = "gort_go_checkAsyncSafePoint"]
        pub fn check_async_safe_point(gp: *mut G);
        #[link_name = "gort_go_readyTraced"]
        pub fn ready_traced(gp: *mut G, skip: isize, next: bool);
        #[link_name = "gort_go_traceReader"]
        pub fn trace_reader() -> *mut G;
        #[link_name = "gort_go_procresize"]
        pub fn procresize(n: i32) -> *mut P;
        #[link_name = "gort_go_notetsleep"]
        pub fn notetsleep(n: *mut Note, ns: i64) -> bool;
        #[link_name = "gort_go_traceSTWStart"]
        pub fn trace_stw_start(mp: *mut M, gen_: usize, reason: u8);
        #[link_name = "gort_go_traceSTWDone"]
        pub fn trace_stw_done(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceGoSysCall"]
        pub fn trace_go_sys_call(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceGoSysExit"]
        pub fn trace_go_sys_exit(mp: *mut M, gen_: usize, lost: bool);
        #[link_name = "gort_go_traceExitingSyscall"]
        pub fn trace_exiting_syscall();
        #[link_name = "gort_go_traceExitedSyscall"]
        pub fn trace_exited_syscall();
        #[link_name = "gort_go_traceReaderAvailable"]
        pub fn trace_reader_available() -> *mut G;
        #[link_name = "gort_go_traceAcquire"]
        pub fn trace_acquire() -> TraceLocker;
        #[link_name = "gort_go_traceRelease"]
        pub fn trace_release(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceGomaxprocs"]
        pub fn trace_gomaxprocs(mp: *mut M, gen_: usize, n: i32);
        #[link_name = "gort_go_traceProcStart"]
        pub fn trace_proc_start(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceProcStop"]
        pub fn trace_proc_stop(mp: *mut M, gen_: usize, pp: *mut P);
        #[link_name = "gort_go_traceGoStart"]
        pub fn trace_go_start(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceGoSched"]
        pub fn trace_go_sched(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceGoPreempt"]
        pub fn trace_go_preempt(mp: *mut M, gen_: usize);
        #[link_name = "gort_go_traceGoPark"]
        pub fn trace_go_park(mp: *mut M, gen_: usize, preempted: usize);
        #[link_name = "gort_go_traceGoUnpark"]
        pub fn trace_go_unpark(mp: *mut M, gen_: usize, gp: *mut G);
        #[link_name = "gort_go_traceProcSteal"]
        pub fn trace_proc_steal(mp: *mut M, gen_: usize, pp: *mut P, in_syscall: bool);
        #[link_name = "gort_go_gogo"]
        pub fn gogo(buf: *mut Gobuf) -> !;
    }
}

#[cold]
pub fn throw(s: &str) -> ! {
    // SAFETY: Go prints the text and ends the process.
    unsafe { go::throw(s.as_ptr(), s.len()) }
}

#[cold]
pub fn fatal(s: &str) -> ! {
    // SAFETY: as for throw.
    unsafe { go::fatal(s.as_ptr(), s.len()) }
}

struct Out;
impl Write for Out {
    fn write_str(&mut self, s: &str) -> core::fmt::Result {
        // SAFETY: Go does not keep the text.
        unsafe { go::printstring(s.as_ptr(), s.len()) };
        Ok(())
    }
}

#[cold]
pub fn print_args(a: core::fmt::Arguments<'_>) {
    // SAFETY: as Go's builtin print.
    unsafe {
        go::printlock();
        _ = Out.write_fmt(a);
        go::printunlock();
    }
}

/// What native gort has under another name, or with arguments of Rust's, and Go's function does.
macro_rules! same {
    ($($(#[$m:meta])* $name:ident($($a:ident: $t:ty),*) $(-> $r:ty)? = $e:expr;)*) => {$(
        $(#[$m])*
        #[inline(always)]
        pub unsafe fn $name($($a: $t),*) $(-> $r)? {
            // SAFETY: the caller's contract, which is Go's.
            unsafe { $e }
        }
    )*};
}
same! {
    checkdead() = go::checkdead();
    dumpgstatus(gp: *mut G) = go::dumpgstatus(gp);
    notewakeup(n: *mut Note) = go::notewakeup(n);
    m_park() = go::m_park();
    m_reserve_id() -> i64 = go::m_reserve_id();
    newm(f: Option<unsafe fn()>, pp: *mut P, id: i64) = go::newm(f.is_some(), pp, id);
    stackfree(s: Stack) = go::stackfree(s.lo, s.hi);
    stackalloc(n: u32) -> Stack = go::stackalloc(n);
    safe_point_fn(pp: *mut P) = go::safe_point_fn(pp);
    is_system_goroutine(gp: *mut G, fixed: bool) -> bool = go::is_system_goroutine(gp, fixed);
    can_preempt_m(mp: *mut M) -> bool = go::can_preempt_m(mp);
    preempt_m(mp: *mut M) = go::preempt_m(mp);
    gdestroy(gp: *mut G) = go::gdestroy(gp);
    gogo(buf: *mut Gobuf) -> ! = go::gogo(buf);
    procresize(n: i32) -> *mut P = go::procresize(n);
    notetsleep(n: *mut Note, ns: i64) -> bool = go::notetsleep(n, ns);
    noteclear(n: *mut Note) = (*n).key.set(0);
    netpoll(delay: i64) -> (GList, i32) = { let r = go::netpoll(delay); (r.0, r.1) };
    find_runnable_gc_worker(pp: *mut P, now: i64) -> (*mut G, i64) = { let r = go::find_runnable_gc_worker(pp, now); (r.0, r.1) };
    gc_mark_work_available(pp: *mut P) -> bool = go::gc_mark_work_available(pp);
    idle_mark_worker(pp: *mut P) -> *mut G = go::idle_mark_worker(pp);
    check_idle_gc_no_p() -> (*mut P, *mut G) = { let r = go::check_idle_gc_no_p(); (r.0, r.1) };
    set_idle_mark_mode(pp: *mut P) = go::set_idle_mark_mode(pp);
    prepare_for_sweep(pp: *mut P) = go::prepare_for_sweep(pp);
    call_unlockf(f: UnlockF, gp: *mut G, lock: *mut c_void) -> bool = go::call_unlockf(f as usize, gp, lock);
    timers_wake_time(ts: *const Timers) -> i64 = {
        // wakeTime of time.go, in this order
        let next_when = (*ts).min_when_modified.load();
        let when = (*ts).min_when_heap.load();
        if when == 0 || (next_when != 0 && next_when < when) { next_when } else { when }
    };
    timers_check(ts: *mut Timers, now: i64) -> (i64, i64, bool) = {
        // nothing to run is the usual case
        if timers_wake_time(ts) == 0 {
            return (now, 0, false);
        }
        let mut r = [0; 3];
        go::timers_check(ts, now, &raw mut r);
        (r[0], r[1], r[2] as u8 != 0)
    };
    /// Of execute: if a goroutine profile is being made.
    try_record_goroutine_profile(gp: *mut G) = {
        if (*var(Var::GoroutineProfileActive).cast::<Bool>()).get() {
            go::try_record_goroutine_profile(gp);
        }
    };
    /// Of execute: if the rate of the CPU profiler is another one than this M's.
    set_thread_cpu_profiler(mp: *mut M) = {
        let hz = (*sched()).profilehz;
        if (*mp).profilehz != hz {
            go::set_thread_cpu_profiler(hz);
        }
    };
    /// Of preemptPark.
    check_async_safe_point(gp: *mut G) = {
        if (*gp).async_safe_point {
            go::check_async_safe_point(gp);
        }
    };
    /// Of findRunnable: the goroutine of finalizers, if it is to be woken.
    wakefing() -> *mut G = {
        // waits, and is wanted: mfinal.go:36
        if FING_STATUS.load() & (4 | 8) != 4 | 8 {
            return core::ptr::null_mut();
        }
        go::wakefing()
    };
    /// Of findRunnable and others, in a program with C: lets interceptors of its library's calls run.
    cgo_yield() = {
        let p = *var(Var::CgoYield).cast::<*const usize>();
        if *p != 0 {
            go::cgo_yield();
        }
    };
}

pub fn netpollinited() -> bool {
    NETPOLL_INITED.load() != 0
}
pub fn netpoll_any_waiters() -> bool {
    NETPOLL_WAITERS.load() as i32 > 0
}
pub fn netpoll_adjust_waiters(delta: i32) {
    if delta != 0 {
        NETPOLL_WAITERS.add(delta as u32);
    }
}
pub fn netpoll_break() {
    // SAFETY: on g0.
    unsafe { go::netpoll_break() }
}
/// `gcCPULimiter.addIdleTime`
pub fn add_idle_time(duration: i64) {
    // SAFETY: adds to an atomic.
    unsafe { go::add_idle_time(duration) }
}
