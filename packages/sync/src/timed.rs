//! gort's own: waits that end after a time. Go has none.
//!
//! A timer's function takes the waiter out of the queue that it stands in, under the lock of the
//! queue, so it is either woken or out of time, never both: see `Token` in the crate `sema`.

use core::ffi::c_void;
use core::ptr::null_mut;
use gort_proc::atomic::Uint32;
use gort_proc::{gosched, nanotime};
use gort_sema::Token;
use gort_time::{TimeTimer, start_timer, stop_timer, time_timer_ref};

/// A wait, and the timer that ends it.
#[repr(C)]
struct Wait {
    tt: TimeTimer,
    token: Token,
    state: Uint32,
    /// Ends the wait on `obj`.
    expire: unsafe fn(obj: *const c_void, token: *mut Token),
    obj: *const c_void,
}

/// Neither side has begun to end it.
const WAITING: u32 = 0;
/// The waiter is done with it; the timer's function does nothing any more.
const OVER: u32 = 1;
/// The timer's function is at it: the waiter stays.
const ENDING: u32 = 2;
/// It has been.
const ENDED: u32 = 3;

/// Runs `f` with a token that `expire(obj, token)` is called with when the clock says `when`,
/// unless `f` has returned before. When this returns `expire` has, too, or will not be called.
///
/// # Safety
/// On a user goroutine that holds no runtime lock. `expire` may be called with `obj` on any thread,
/// on its system stack, for as long as `f` runs. `f` does not unwind.
pub(crate) unsafe fn until<R>(
    when: i64,
    obj: *const c_void,
    expire: unsafe fn(obj: *const c_void, token: *mut Token),
    f: impl FnOnce(*mut Token) -> R,
) -> R {
    let tt = TimeTimer { on_free: Some(free), ..TimeTimer::default() };
    let w = Wait { tt, token: Token::default(), state: Uint32::new(WAITING), expire, obj };
    let w = Box::into_raw(Box::new(w));
    // SAFETY: the block lives by its references: one is ours, the timer's heap has its own.
    unsafe {
        start_timer(w.cast(), when, 0, fire, w.cast(), null_mut());
        let r = f(&raw mut (*w).token);
        if (*w).state.cas(WAITING, OVER) {
            stop_timer(w.cast());
        } else {
            // A few instructions on another thread.
            while (*w).state.load() != ENDED {
                gosched();
            }
        }
        time_timer_ref(&raw mut (*w).tt.timer, false);
        r
    }
}

/// The timer's function.
unsafe fn fire(arg: *mut c_void, _seq: usize, _delta: i64) {
    let w: *mut Wait = arg.cast();
    // SAFETY: the heap's reference keeps the block while its timer runs; the waiter does not go on
    // before it reads ENDED, so what it waits on is alive.
    unsafe {
        if (*w).state.cas(WAITING, ENDING) {
            ((*w).expire)((*w).obj, &raw mut (*w).token);
            (*w).state.store(ENDED);
        }
    }
}

/// The last reference goes.
unsafe fn free(tt: *mut TimeTimer) {
    // SAFETY: made by `until`, at whose beginning the timer lies.
    drop(unsafe { Box::from_raw(tt.cast::<Wait>()) });
}

/// The time `d` nanoseconds from now.
pub(crate) fn after(ns: i64) -> i64 {
    nanotime().saturating_add(ns.max(0))
}
