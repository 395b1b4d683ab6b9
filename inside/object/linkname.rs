//! Calls of Go's functions: each by an entry that `gort go` writes in assembly from its table
//! (`inside/src/table.rs`).

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

/// The entries, with the table's names.
pub mod go {
    use super::{GAndTime, GListDelta};
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
        #[link_name = "gort_go_captureStack"]
        pub fn capture_stack();
        #[link_name = "gort_go_storeLockProfile"]
        pub fn store_lock_profile();
        #[link_name = "gort_go_timeSleepUntil"]
        pub fn time_sleep_until() -> i64;
        #[link_name = "gort_go_scavengerWake"]
        pub fn scavenger_wake();
        #[link_name = "gort_go_gcTriggerTime"]
        pub fn gc_trigger_time(now: i64) -> bool;
        #[link_name = "gort_go_setSafePointFn"]
        pub fn set_safe_point_fn(f: usize);
        #[link_name = "gort_go_callWithP"]
        pub fn call_with_p(f: usize, pp: *mut P);
        #[link_name = "gort_go_allocm"]
        pub fn allocm(pp: *mut P, f: usize, id: i64) -> *mut M;
        #[link_name = "gort_go_newosproc"]
        pub fn newosproc(mp: *mut M);
        #[link_name = "gort_go_execLockRlock"]
        pub fn exec_lock_rlock();
        #[link_name = "gort_go_execLockRunlock"]
        pub fn exec_lock_runlock();
        #[link_name = "gort_go_cgoThreadStart"]
        pub fn cgo_thread_start(mp: *mut M);
        #[link_name = "gort_go_malg"]
        pub fn malg(stacksize: i32) -> *mut G;
        #[link_name = "gort_go_allgadd"]
        pub fn allgadd(gp: *mut G);
        #[link_name = "gort_go_gostartcallfn"]
        pub fn gostartcallfn(buf: *mut Gobuf, f: *mut Funcval);
        #[link_name = "gort_go_setAncestors"]
        pub fn set_ancestors(newg: *mut G, callergp: *mut G);
        #[link_name = "gort_go_setLabels"]
        pub fn set_labels(newg: *mut G, curg: *mut G);
        #[link_name = "gort_go_clearG"]
        pub fn clear_g(gp: *mut G);
        #[link_name = "gort_go_addScannableStack"]
        pub fn add_scannable_stack(pp: *mut P, amount: i64);
        #[link_name = "gort_go_flushAssistCredit"]
        pub fn flush_assist_credit(gp: *mut G);
        #[link_name = "gort_go_growAllp"]
        pub fn grow_allp(n: i32);
        #[link_name = "gort_go_growMasks"]
        pub fn grow_masks(words: i32);
        #[link_name = "gort_go_addP"]
        pub fn add_p(id: i32);
        #[link_name = "gort_go_destroyP"]
        pub fn p_destroy(pp: *mut P);
        #[link_name = "gort_go_noMcache0"]
        pub fn no_mcache0();
        #[link_name = "gort_go_resetCapacity"]
        pub fn reset_capacity(now: i64, n: i32);
        #[link_name = "gort_go_growCoprimes"]
        pub fn grow_coprimes(ord: *mut RandomOrder);
        #[link_name = "gort_go_needIdleMarkWorker"]
        pub fn need_idle_mark_worker() -> bool;
        #[link_name = "gort_go_addIdleMarkWorker"]
        pub fn add_idle_mark_worker() -> bool;
        #[link_name = "gort_go_removeIdleMarkWorker"]
        pub fn remove_idle_mark_worker();
        #[link_name = "gort_go_popMarkWorker"]
        pub fn pop_mark_worker() -> *mut G;
        #[link_name = "gort_go_traceGoCreate"]
        pub fn trace_go_create(mp: *mut M, gen_: usize, newg: *mut G, pc: usize, blocked: bool);
        #[link_name = "gort_go_nanotime"]
        pub fn nanotime() -> i64;
        #[link_name = "gort_go_usleep"]
        pub fn usleep(usec: u32);
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
        #[link_name = "gort_go_wakefing"]
        pub fn wakefing() -> *mut G;
        #[link_name = "gort_go_cgoYield"]
        pub fn cgo_yield();
        #[link_name = "gort_go_findRunnableGCWorker"]
        pub fn find_runnable_gc_worker(pp: *mut P, now: i64) -> GAndTime;
        #[link_name = "gort_go_gcMarkWorkAvailable"]
        pub fn gc_mark_work_available(pp: *mut P) -> bool;
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

/// A function value of Go's that takes a P.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct GoFn<'a>(usize, core::marker::PhantomData<&'a ()>);
impl GoFn<'_> {
    pub const NIL: Self = Self(0, core::marker::PhantomData);
}

/// A string of Go's, for printing.
pub struct GoStr(pub *const u8, pub usize);
impl core::fmt::Display for GoStr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // SAFETY: the bytes are written on, not looked at. Another thread may be changing the
        // string, as in Go.
        f.write_str(unsafe { core::str::from_utf8_unchecked(core::slice::from_raw_parts(self.0, self.1)) })
    }
}

pub fn go_str(s: (*const u8, usize)) -> GoStr {
    GoStr(s.0, s.1)
}

/// Whether `cgo_yield` has anything to do.
#[inline(always)]
pub fn has_cgo_yield() -> bool {
    // SAFETY: the address of a pointer of Go's, set when the program starts.
    unsafe { *(*var(Var::CgoYield).cast::<*const usize>()) != 0 }
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
    stackfree(s: Stack) = go::stackfree(s.lo, s.hi);
    stackalloc(n: u32) -> Stack = go::stackalloc(n);
    safe_point_fn(pp: *mut P) = go::safe_point_fn(pp);
    is_system_goroutine(gp: *mut G, fixed: bool) -> bool = go::is_system_goroutine(gp, fixed);
    can_preempt_m(mp: *mut M) -> bool = go::can_preempt_m(mp);
    preempt_m(mp: *mut M) = go::preempt_m(mp);
    gogo(buf: *mut Gobuf) -> ! = go::gogo(buf);
    netpoll(delay: i64) -> (GList, i32) = { let r = go::netpoll(delay); (r.0, r.1) };
    find_runnable_gc_worker(pp: *mut P, now: i64) -> (*mut G, i64) = { let r = go::find_runnable_gc_worker(pp, now); (r.0, r.1) };
    gc_mark_work_available(pp: *mut P) -> bool = go::gc_mark_work_available(pp);
    set_idle_mark_mode(pp: *mut P) = go::set_idle_mark_mode(pp);
    prepare_for_sweep(pp: *mut P) = go::prepare_for_sweep(pp);
    call_unlockf(f: UnlockF, gp: *mut G, lock: *mut c_void) -> bool = {
        // the usual one, of goparkunlock, is here
        if f as usize == *var(Var::ParkunlockC).cast::<usize>() {
            return parkunlock_c(gp, lock);
        }
        go::call_unlockf(f as usize, gp, lock)
    };
    capture_stack() = go::capture_stack();
    store_lock_profile() = go::store_lock_profile();
    time_sleep_until() -> i64 = go::time_sleep_until();
    set_safe_point_fn(f: GoFn<'_>) = go::set_safe_point_fn(f.0);
    call_with_p(f: GoFn<'_>, pp: *mut P) = go::call_with_p(f.0, pp);
    allocm(pp: *mut P, f: Option<unsafe fn()>, id: i64) -> *mut M = go::allocm(pp, f.map_or(0, |f| f as usize), id);
    newosproc(mp: *mut M) = go::newosproc(mp);
    exec_lock_rlock() = go::exec_lock_rlock();
    exec_lock_runlock() = go::exec_lock_runlock();
    cgo_thread_start(mp: *mut M) = go::cgo_thread_start(mp);
    /// A function value of Go's in the place of a function: [`allocm`] gives it back to Go.
    mspinning_fn() -> Option<unsafe fn()> = core::mem::transmute::<usize, Option<unsafe fn()>>(*var(Var::Mspinning).cast::<usize>());
    template_thread_fn() -> Option<unsafe fn()> = core::mem::transmute::<usize, Option<unsafe fn()>>(*var(Var::TemplateThread).cast::<usize>());
    malg(n: i32) -> *mut G = go::malg(n);
    allgadd(gp: *mut G) = go::allgadd(gp);
    gostartcallfn(buf: *mut Gobuf, f: *mut Funcval) = go::gostartcallfn(buf, f);
    set_ancestors(newg: *mut G, callergp: *mut G) = go::set_ancestors(newg, callergp);
    set_labels(newg: *mut G, curg: *mut G) = go::set_labels(newg, curg);
    clear_g(gp: *mut G) = go::clear_g(gp);
    add_scannable_stack(pp: *mut P, amount: i64) = go::add_scannable_stack(pp, amount);
    flush_assist_credit(gp: *mut G) = go::flush_assist_credit(gp);
    grow_allp(n: i32) = go::grow_allp(n);
    grow_masks(words: i32) = go::grow_masks(words);
    add_p(id: i32) = go::add_p(id);
    p_destroy(pp: *mut P) = go::p_destroy(pp);
    no_mcache0() = go::no_mcache0();
    reset_capacity(now: i64, n: i32) = go::reset_capacity(now, n);
    grow_coprimes(ord: *mut RandomOrder) = go::grow_coprimes(ord);
    need_idle_mark_worker() -> bool = go::need_idle_mark_worker();
    add_idle_mark_worker() -> bool = go::add_idle_mark_worker();
    remove_idle_mark_worker() = go::remove_idle_mark_worker();
    pop_mark_worker() -> *mut G = go::pop_mark_worker();
    /// Of newproc1: a profile that is being made is not about this goroutine.
    goroutine_profiled(newg: *mut G) = {
        if (*var(Var::GoroutineProfileActive).cast::<Bool>()).get() {
            (*newg).goroutine_profiled.store(2); // mprof.go:1276 goroutineProfileSatisfied
        }
    };
    /// Of sysmon: somebody wants the scavenger to run.
    scavenger_wake() = {
        if (*var(Var::ScavengerWake).cast::<crate::atomic::Uint32>()).load() != 0 {
            go::scavenger_wake();
        }
    };
    gc_trigger_time(now: i64) -> bool = go::gc_trigger_time(now);
    /// Of findRunnable: an idle worker of the collector's.
    idle_mark_worker(pp: *mut P) -> *mut G = {
        if !go::gc_mark_work_available(pp) || !go::add_idle_mark_worker() {
            return core::ptr::null_mut();
        }
        let gp = go::pop_mark_worker();
        if !gp.is_null() {
            set_idle_mark_mode(pp);
            return gp;
        }
        go::remove_idle_mark_worker();
        core::ptr::null_mut()
    };
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
    /// Of findRunnable and others, in a program with C: lets interceptors of its library's calls
    /// run.
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
