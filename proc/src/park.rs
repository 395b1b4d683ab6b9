//! proc.go: 351–449. How a goroutine yields, parks and is made ready again.

use crate::*;
use gort_runtime2::WaitReason;
use gort_stack::entry_here;

/// Yields the processor: the goroutine goes to the global run queue and runs again later.
///
/// # Safety
/// On a user goroutine, holding no runtime lock.
///
/// Go: proc.go:351 Gosched
#[doc(alias = "Gosched")]
pub unsafe fn gosched() {
    // SAFETY: the caller's contract is mcall's.
    unsafe {
        // :352 checkTimeouts does nothing where there are futexes (lock_futex.go:256).
        entry_here!(gp, "Gosched", gosched());
        may_move(gp);
        // :353
        mcall(gosched_m);
    }
}

/// Yields like [`gosched`], unless the M is in a state in which it must not be preempted.
///
/// # Safety
/// On a user goroutine.
///
/// Go: proc.go:360 goschedguarded
pub unsafe fn goschedguarded() {
    // SAFETY: the caller's contract is mcall's.
    unsafe {
        // :361
        mcall(goschedguarded_m);
    }
}

/// Yields like [`gosched`], but not while there are idle Ps (unless preemption was asked for).
///
/// # Safety
/// On a user goroutine, holding no runtime lock.
///
/// Go: proc.go:369 goschedIfBusy
#[doc(alias = "goschedIfBusy")]
pub unsafe fn gosched_if_busy() {
    // SAFETY: getg() is this goroutine; the rest is mcall's contract.
    unsafe {
        // :370
        let gp = getg();
        // :373 a request to preempt is honoured even when Ps are idle: this may be a tight loop
        if !(*gp).preempt.get() && (*sched()).npidle.load() > 0 {
            return;
        }
        // :376
        mcall(gosched_m);
    }
}

/// Ends the program if `gp` is in a section in which it must stay on its thread. gort's own.
///
/// # Safety
/// `gp` is the running goroutine.
#[inline(always)]
pub unsafe fn may_move(gp: *mut G) {
    // SAFETY: the goroutine's own field.
    if unsafe { (*gp).stack_lock } != 0 {
        must_not_park();
    }
}

#[cold]
#[inline(never)]
fn must_not_park() -> ! {
    linkname::fatal(
        "gort: the goroutine would park, or go on on another thread, inside of gort::local::with or gort::debug::no_park",
    )
}

/// Puts the goroutine into the waiting state and calls `unlockf(gp, lock)` on g0. If that returns
/// false, the goroutine goes on at once.
///
/// When `unlockf` runs the goroutine counts as waiting already, so it may have been readied by
/// then, unless whatever `unlockf` unlocks prevented that; and if `unlockf` returns false, nobody
/// may ready it.
///
/// # Safety
/// On a user goroutine, holding no runtime lock but what `unlockf` releases. `lock` is what
/// `unlockf` expects.
///
/// Go: proc.go:407 gopark
pub unsafe fn gopark(unlockf: Option<UnlockF>, lock: *mut c_void, reason: WaitReason) {
    // SAFETY: mp is this thread's M, and its waiting fields belong to the goroutine that runs on
    // it.
    unsafe {
        // :408 checkTimeouts does nothing where there are futexes (lock_futex.go:256).
        let gp = getg();
        if gp.is_null() {
            no_goroutine();
        }
        may_move(gp);
        // :411
        let mp = acquirem();
        let gp = (*mp).curg.ptr();
        if !(*gp).atomicstatus.is(GRUNNING) {
            throw("gopark: bad g status");
        }
        // :417
        (*mp).waitlock = lock;
        (*mp).waitunlockf = unlockf;
        (*gp).waitreason = reason;
        // :420 the tracer's reason and skip count are left out
        releasem(mp);
        // :424 nothing that could move the goroutine to another M may come between
        mcall(park_m);
    }
}

/// [`gopark`] on g0, for a managed goroutine that has saved where it goes on: what comes after the
/// wake-up is not behind this call, but what the goroutine's stub calls then. No value with a
/// destructor is live in the caller.
///
/// # Safety
/// As for [`gopark`], of `gp`, which this M runs; on g0.
///
/// Go: proc.go:407 gopark
#[cfg(not(any(loom, gort_inside)))]
pub unsafe fn park_on_g0(
    gp: *mut G,
    unlockf: Option<UnlockF>,
    lock: *mut c_void,
    reason: WaitReason,
) -> ! {
    // SAFETY: mp is this thread's M, and its waiting fields belong to the goroutine that runs on
    // it.
    unsafe {
        may_move(gp);
        // :411 nothing preempts g0
        let mp = (*gp).m;
        let status = readgstatus(gp);
        if status != GRUNNING && status != GSCANRUNNING {
            throw("gopark: bad g status");
        }
        // :417
        (*mp).waitlock = lock;
        (*mp).waitunlockf = unlockf;
        (*gp).waitreason = reason;
        // :424
        park_m(gp)
    }
}

/// Parks and unlocks `lock`; [`goready`] makes the goroutine runnable again.
///
/// # Safety
/// As for [`gopark`]; the caller holds `lock`.
///
/// Go: proc.go:429 goparkunlock
pub unsafe fn goparkunlock(lock: *mut Mutex, reason: WaitReason) {
    // SAFETY: parkunlock_c takes a Mutex.
    unsafe {
        // :430
        gopark(Some(parkunlock_c), lock.cast(), reason);
    }
}

/// Makes a parked goroutine runnable; it runs next on this P.
///
/// # Safety
/// `gp` waits, and the caller is the one entitled to wake it. The M has a P.
///
/// Go: proc.go:443 goready
pub unsafe fn goready(gp: *mut G) {
    // SAFETY: the caller's contract is ready's.
    unsafe {
        // :444
        systemstack(|| ready(gp, true));
    }
}
