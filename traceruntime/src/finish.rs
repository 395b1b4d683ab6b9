//! Taking the buffers of all Ms at the end of a trace without a reader. gort's own, after what
//! traceAdvance does at the end of a generation (trace.go:424–533).

use crate::*;
use core::cell::Cell;
use core::sync::atomic::{AtomicPtr, Ordering};
use gort_asm::getg;
use gort_os_linux::osyield;
use gort_runtime2::{ALLM, M, mutant, sched};

/// Takes the M's buffer for generations of that parity away, if nobody else has done so: the M
/// itself when it is full, or who ends the process.
///
/// # Safety
/// By the M, or after [`stop_writing`].
pub(crate) unsafe fn take_buf(mp: *mut M, parity: usize) -> *mut TraceBuf {
    // SAFETY: Ms are never freed. Acquire and release: the bytes in the buffer go with it.
    unsafe {
        let b = AtomicPtr::from_ptr(&raw mut (*mp).trace.buf[parity]);
        b.swap(core::ptr::null_mut(), Ordering::AcqRel).cast()
    }
}

/// Nobody begins to write any more. The generation that was being written; 0 if there was none.
pub fn stop_writing() -> usize {
    // SAFETY: an atomic. Who has made its seqlock odd before this reads the old generation or 0.
    unsafe { (*trace()).gen_.swap(0) }
}

/// Gives the buffers of all Ms to `write`, after [`stop_writing`]. Waits for each that is writing
/// as long as `patient` says; of a buffer whose writer did not end in time the whole events are
/// given. This thread's own M may be in the middle of an event.
///
/// # Safety
/// Once. No M ends for good meanwhile, or the process is about to.
pub unsafe fn finish_buffers(patient: impl Fn() -> bool, mut write: impl FnMut(*mut TraceBuf)) {
    // SAFETY: whose seqlock is even after `gen` became 0 does not touch its buffers any more (the
    // store there and this load are sequentially consistent, as the addition and the load in
    // trace_acquire_enabled).
    unsafe {
        let g = getg();
        let me = if g.is_null() { core::ptr::null_mut() } else { (*g).m };
        let late = Cell::new(false);
        let mut take = |mp: *mut M| {
            // Even once is enough, as in trace.go:499. Somebody may be writing a full buffer to the
            // file.
            while mp != me
                && !(*mp).trace.seqlock.load().is_multiple_of(2)
                && !mutant!("the end does not look at the seqlocks")
                && !late.get()
            {
                osyield();
                late.set(!patient());
            }
            // Models interleave accesses of the same atomics only, and the buffers are none: this
            // conflicts with whoever flushes one.
            #[cfg(loom)]
            let _ = ((*trace()).lock.key.load(), (*trace()).work_available.load());
            for i in 0..2 {
                let buf = take_buf(mp, i);
                if !buf.is_null() {
                    (*buf).pos = (*buf).good;
                    write(buf);
                }
            }
        };
        // Twice: of the Ms on freem one may be being freed, which was decided before `gen` became 0
        // (see trace_thread_destroy), and its link then leads elsewhere. What was taken is not
        // there any more, unless its writer, for whom there was no more time, has put it back.
        for _ in 0..2 {
            // allm first: an M that ends is on freem before it is off allm (mexit).
            let mut mp = ALLM.load();
            while !mp.is_null() {
                take(mp);
                mp = (*mp).alllink.load();
            }
            mp = (*sched()).freem.load();
            while !mp.is_null() {
                // Acquire: the M that it leads to is whole. Pairs with the stores in mexit and
                // allocm.
                let next = AtomicPtr::from_ptr(&raw mut (*mp).freelink).load(Ordering::Acquire);
                take(mp);
                mp = next;
            }
            if late.get() {
                break;
            }
        }
    }
}
