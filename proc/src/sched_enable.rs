//! proc.go:6424–6461: switching the scheduling of user goroutines off and on.

use crate::*;

/// Lets user goroutines be scheduled, or not. Those that run go on: stop the world first.
///
/// # Safety
/// Runs on an M that may start others.
///
/// Go: proc.go:6424 schedEnableUser
#[doc(alias = "schedEnableUser")]
pub unsafe fn sched_enable_user(enable: bool) {
    // SAFETY: `sched.disable` is touched under `sched.lock` only.
    unsafe {
        let sched = sched();
        lock(&raw mut (*sched).lock); // :6425
        if (*sched).disable.user.get() != enable {
            unlock(&raw mut (*sched).lock);
            return;
        }
        (*sched).disable.user.set(!enable); // :6430
        if enable {
            let mut n = (*sched).disable.n;
            (*sched).disable.n = 0;
            globrunqputbatch(&raw mut (*sched).disable.runnable, n); // :6434
            unlock(&raw mut (*sched).lock);
            // :6436
            while n != 0 && (*sched).npidle.load() != 0 {
                startm(core::ptr::null_mut(), false, false);
                n -= 1;
            }
        } else {
            unlock(&raw mut (*sched).lock); // :6440
        }
    }
}

/// Whether `gp` may be scheduled. The answer stays right while `sched.lock` is held.
///
/// # Safety
/// `gp` is a G.
///
/// Go: proc.go:6448 schedEnabled
#[doc(alias = "schedEnabled")]
pub unsafe fn sched_enabled(gp: *mut G) -> bool {
    // SAFETY: an atomic of the global state.
    unsafe {
        // :6449 Go asserts that sched.lock is held, but schedule and exitsyscall (:4016, :4678) ask
        // without it, and Go dies there when ranks are checked

        // :6451
        if (*sched()).disable.user.get() {
            return is_system_goroutine(gp, true);
        }
        true // :6454
    }
}
