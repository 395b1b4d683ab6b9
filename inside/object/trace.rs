//! Trace events: Go's tracer writes them. The names are those that native gort's scheduler uses.

use crate::atomic::Bool;
use crate::linkname::go;
use crate::*;

#[inline(always)]
pub fn trace_enabled() -> bool {
    // SAFETY: a bool of Go's.
    unsafe { (*var(Var::TraceEnabled).cast::<Bool>()).get() }
}
#[inline(always)]
pub fn trace_shutting_down() -> bool {
    // SAFETY: an atomic.Bool, which is a byte.
    unsafe { (*var(Var::TraceShutdown).cast::<Bool>()).load() }
}
pub unsafe fn trace_reader() -> *mut G {
    // SAFETY: the caller's contract.
    unsafe { go::trace_reader() }
}
pub fn trace_reader_available() -> *mut G {
    // SAFETY: on g0.
    unsafe { go::trace_reader_available() }
}

/// Go: traceruntime.go, traceLocker: two words on both sides.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TraceLocker {
    pub mp: *mut M,
    gen_: usize,
}

/// Why a goroutine stops: of Go's numbers only this one is needed, the others gopark has written
/// into the M.
#[derive(Clone, Copy, PartialEq)]
pub enum TraceBlockReason {
    OfM,
    Preempted,
}
#[inline(always)]
pub fn trace_block_reason(_: WaitReason) -> TraceBlockReason {
    TraceBlockReason::OfM
}

#[inline(always)]
pub unsafe fn trace_acquire() -> TraceLocker {
    if !trace_enabled() {
        return TraceLocker { mp: core::ptr::null_mut(), gen_: 0 };
    }
    // SAFETY: the caller's contract.
    unsafe { trace_acquire_enabled() }
}
#[cold]
#[inline(never)]
pub unsafe fn trace_acquire_enabled() -> TraceLocker {
    // SAFETY: the caller's contract.
    unsafe { go::trace_acquire() }
}
pub unsafe fn trace_release(t: TraceLocker) {
    // SAFETY: the caller's contract.
    unsafe { go::trace_release(t.mp, t.gen_) }
}

impl TraceLocker {
    /// As Go passes it.
    pub fn new(mp: *mut M, gen_: usize) -> Self {
        Self { mp, gen_ }
    }
    #[inline(always)]
    pub fn ok(self) -> bool {
        self.gen_ != 0
    }
}

macro_rules! events {
    ($($name:ident($($a:ident: $t:ty),*) $go:ident($($x:expr),*);)*) => {
        impl TraceLocker {$(
            pub unsafe fn $name(self, $($a: $t),*) {
                // SAFETY: between acquire and release.
                unsafe { go::$go(self.mp, self.gen_, $($x),*) }
            }
        )*}
    };
}
events! {
    stw_done() trace_stw_done();
    go_sys_call() trace_go_sys_call();
    go_sys_exit(lost: bool) trace_go_sys_exit(lost);
    gomaxprocs(procs: i32) trace_gomaxprocs(procs);
    go_create(newg: *mut G, pc: usize, blocked: bool) trace_go_create(newg, pc, blocked);
    proc_start() trace_proc_start();
    proc_stop(pp: *mut P) trace_proc_stop(pp);
    go_start() trace_go_start();
    go_sched() trace_go_sched();
    go_preempt() trace_go_preempt();
    go_park(reason: TraceBlockReason) trace_go_park((reason == TraceBlockReason::Preempted) as usize);
    go_unpark(gp: *mut G) trace_go_unpark(gp);
    proc_steal(pp: *mut P, in_syscall: bool) trace_proc_steal(pp, in_syscall);
}

impl TraceLocker {
    pub unsafe fn stw_start(self, reason: &str) {
        let mut n = 0;
        // SAFETY: Go has the same 17 reasons, from 0 on; between acquire and release.
        unsafe {
            while core::mem::transmute::<u8, StwReason>(n).string().as_ptr() != reason.as_ptr() {
                n += 1;
            }
            go::trace_stw_start(self.mp, self.gen_, n)
        }
    }
}
pub fn trace_exiting_syscall() {
    // SAFETY: on g0.
    unsafe { go::trace_exiting_syscall() }
}
pub fn trace_exited_syscall() {
    // SAFETY: on g0.
    unsafe { go::trace_exited_syscall() }
}

/// As native gort's: acquire, change, event, release.
#[inline(always)]
pub unsafe fn trace_around(change: impl FnOnce(), emit: impl FnOnce(TraceLocker)) {
    if !trace_enabled() {
        return change();
    }
    // SAFETY: the caller's contract.
    unsafe {
        let t = trace_acquire_enabled();
        change();
        if t.ok() {
            emit(t);
            trace_release(t);
        }
    }
}
/// The same with the event before the change.
#[inline(always)]
pub unsafe fn trace_before(emit: impl FnOnce(TraceLocker), change: impl FnOnce()) {
    if !trace_enabled() {
        return change();
    }
    // SAFETY: the caller's contract.
    unsafe {
        let t = trace_acquire_enabled();
        if t.ok() {
            emit(t);
        }
        change();
        if t.ok() {
            trace_release(t);
        }
    }
}
/// An event by itself.
#[inline(always)]
pub unsafe fn trace_event(emit: impl FnOnce(TraceLocker)) {
    if trace_enabled() {
        // SAFETY: the caller's contract.
        unsafe {
            let t = trace_acquire_enabled();
            if t.ok() {
                emit(t);
                trace_release(t);
            }
        }
    }
}
/// `cas`, which takes a P from whoever has it, and its event.
#[inline(always)]
pub unsafe fn trace_steal(pp: *mut P, in_syscall: bool, cas: impl FnOnce() -> bool) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        let t = trace_acquire();
        let ok = cas();
        if t.ok() {
            if ok {
                t.proc_steal(pp, in_syscall);
            }
            trace_release(t);
        }
        ok
    }
}

impl GTraceState {
    /// As `traceruntime`'s: the statuses are looked after elsewhere.
    #[inline(always)]
    pub fn reset(&self) {
        self.seq[0].set(0);
        self.seq[1].set(0);
    }
}
