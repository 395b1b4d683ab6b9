//! Holding the M.

use gort_asm::getg;
use gort_runtime2::{M, STACK_PREEMPT};

/// Divides as Go's split-free helper does: quotients of 2³¹ and more become 0x7fffffff with
/// remainder 0.
///
/// Go: runtime1.go:578 timediv
pub fn timediv(mut v: i64, div: i32) -> (i32, i32) {
    // :579
    let mut res = 0i32;
    for bit in (0..=30).rev() {
        // :581
        if v >= (div as i64) << bit {
            v -= (div as i64) << bit;
            res |= 1 << bit;
        }
    }
    // :588
    if v >= div as i64 {
        return (0x7fff_ffff, 0);
    }
    // :594
    (res, v as i32)
}

/// Keeps the goroutine on its M, and the M on its P, until [`releasem`]. Nests.
///
/// # Safety
/// On an M.
///
/// Go: runtime1.go:603 acquirem
#[inline(always)]
pub unsafe fn acquirem() -> *mut M {
    // SAFETY: the caller's contract; `locks` is this M's own.
    unsafe {
        // :604
        let mp = (*getg()).m;
        (*mp).locks.bump(1);
        mp
    }
}

/// Undoes one [`acquirem`].
///
/// # Safety
/// `mp` is what it returned.
///
/// Go: runtime1.go:610 releasem
#[inline(always)]
pub unsafe fn releasem(mp: *mut M) {
    // SAFETY: the caller's contract.
    unsafe {
        // :611
        let gp = getg();
        let locks = (*mp).locks.get().wrapping_sub(1);
        (*mp).locks.set(locks);
        // :613 a request that came meanwhile was cleared and is put back
        if locks == 0 && (*gp).preempt.get() {
            (*gp).stackguard0.set(STACK_PREEMPT);
        }
    }
}
