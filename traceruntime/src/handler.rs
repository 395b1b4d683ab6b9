//! What a signal handler writes for code that calls nothing. gort's own.
//!
//! Go stops a goroutine anywhere, to note the state of one that has done nothing in a generation,
//! and interrupts a P to have it written (trace.go:351,
//! :637). Code of Rust and C cannot be stopped that way, but a signal reaches it, and between two
//! events of its M nothing is undecided: the handler writes both.

use crate::*;
use core::sync::atomic::{AtomicU32, Ordering};
use gort_runtime2::{G, GRUNNING, GSCAN, M, PRUNNING};

/// Somebody ends a generation, and asks for the states of goroutines.
pub const STATES_OF_GS: u32 = 1;
/// The same of Ps, with `forEachP`.
pub const STATES_OF_PS: u32 = 2;

static WANTED: AtomicU32 = AtomicU32::new(0);

/// Which states are wanted by signal: 0, or the sum of `STATES_OF_GS` and `STATES_OF_PS`.
#[inline]
pub fn trace_states_wanted() -> u32 {
    // SeqCst: who sends the signal has stored it before.
    WANTED.load(Ordering::SeqCst)
}

/// Says so. By whoever holds the semaphore of those who advance.
pub fn set_trace_states_wanted(what: u32) {
    WANTED.store(what, Ordering::SeqCst);
}

/// Writes the states of the goroutine `gp` and of its P, if this generation has not got them. False
/// if this is not the time: the M is in the middle of something.
///
/// # Safety
/// In a signal handler on gsignal of `mp`, which has interrupted `gp`.
pub unsafe fn trace_state_in_handler(mp: *mut M, gp: *mut G) -> bool {
    // SAFETY: the M is this thread's. It holds no lock and does not write, as `locks` is 0, so it
    // is outside of every change of state: those are made between trace_acquire and trace_release.
    // The goroutine runs and has its P as long as the handler does.
    unsafe {
        let pp = (*mp).p.ptr();
        if (*mp).locks.get() != 0
            || (*mp).dying != 0
            || gp != (*mp).curg.ptr()
            || (*gp).atomicstatus.load() & !GSCAN != GRUNNING
            || pp.is_null()
            || (*pp).status.get() != PRUNNING
        {
            return false;
        }
        let tl = trace_acquire();
        if tl.ok() {
            tl.event_writer(TraceGoStatus::Running, TraceProcStatus::Running).end();
            trace_release(tl);
        }
        true
    }
}
