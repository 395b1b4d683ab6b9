//! A thread that believes to be an M on its g0, with a P: all that timers and the poller need. No
//! scheduler runs.

use gort_asm::setg;
use gort_lock_futex::lock_init;
use gort_runtime2::*;

/// Makes this thread such an M, with a P of its own, which it returns. All of it is leaked, as in
/// the runtime.
pub fn world() -> *mut P {
    let gp: *mut G = Box::into_raw(Box::default());
    let mp: *mut M = Box::into_raw(Box::default());
    let pp = new_p();
    // SAFETY: fresh memory; the thread had no G, and now has this one.
    unsafe {
        (*gp).m = mp;
        (*mp).g0 = gp;
        (*mp).p.set(pp);
        (*pp).m.set(mp);
        (*pp).status.store(PRUNNING);
        setg(gp);
    }
    pp
}

/// Another P, which no M has.
pub fn new_p() -> *mut P {
    let pp: *mut P = Box::into_raw(Box::default());
    // SAFETY: fresh memory.
    unsafe { lock_init(&raw mut (*pp).timers.mu, LOCK_RANK_TIMERS) };
    pp
}
