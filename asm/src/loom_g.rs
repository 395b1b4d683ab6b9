//! `g` for loom models: loom runs its threads on one OS thread, so its own thread-locals are
//! needed.
//!
//! The context switch: leaving a stack for good (`gogo`, and with it every `-> !` function on g0)
//! is an unwinding here, which whoever set g0 to work catches: [`mcall`], if it is the goroutine's
//! own thread that goes on, or the model's stand-in for `mstart`. As nothing with a destructor
//! lives on g0 the unwinding does nothing but leave.

use core::cell::Cell;
use gort_runtime2::{G, Gobuf};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What [`gogo`] throws: continue with this goroutine.
pub struct Switch(pub *mut G);
// SAFETY: loom's threads share one OS thread.
unsafe impl Send for Switch {}

loom::thread_local! {
    static TLS_G: Cell<*mut G> = Cell::new(core::ptr::null_mut());
}

/// The current goroutine.
pub fn getg() -> *mut G {
    TLS_G.with(|g| g.get())
}

/// Sets the current goroutine.
///
/// # Safety
/// Nothing checks that `g` belongs to this thread.
pub unsafe fn setg(g: *mut G) {
    TLS_G.with(|c| c.set(g));
}

/// Lets the model switch threads: a spin must make progress elsewhere.
pub fn procyield(_cycles: u32) {
    loom::thread::yield_now();
}

/// Runs `f` where it stands: models have one stack per thread.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn systemstack<R, F: FnOnce() -> R>(f: F) -> R {
    f()
}

/// Orders earlier writes before later reads.
pub fn store_load_fence() {
    loom::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
}

/// A hint; models have no cache.
pub fn prefetch<T>(_p: *const T) {}

/// Continues with the goroutine of `buf`: unwinds to whoever catches a [`Switch`].
///
/// # Safety
/// `(*buf).g` is the goroutine.
pub unsafe fn gogo(buf: *mut Gobuf) -> ! {
    // SAFETY: the caller's contract.
    resume_unwind(Box::new(Switch(unsafe { (*buf).g.ptr() })))
}

/// Calls `f` on g0, until something continues this goroutine on this thread. A goroutine without a
/// thread of its own does not come back here: the unwinding passes through to its M, and the
/// model's function for it is called again.
///
/// # Safety
/// On a goroutine.
pub unsafe fn mcall(f: unsafe fn(*mut G) -> !) {
    let gp = getg();
    // SAFETY: g, m and g0 belong together.
    unsafe {
        if (*gp).lockedm.is_null() {
            setg((*(*gp).m).g0);
            f(gp);
        }
    }
    // SAFETY: g, m and g0 belong together.
    let r = catch_unwind(AssertUnwindSafe(|| unsafe {
        setg((*(*gp).m).g0);
        f(gp)
    }));
    let Err(e) = r;
    match e.downcast::<Switch>() {
        Ok(s) => {
            assert_eq!(s.0, gp, "a goroutine of a model cannot change threads");
            // SAFETY: it is this thread's goroutine.
            unsafe { setg(gp) };
        }
        Err(e) => resume_unwind(e),
    }
}

/// Models have no frames.
pub fn getpcspbp() -> (usize, usize, usize) {
    (0, 0, 0)
}

/// No clock in models.
pub fn cputicks() -> i64 {
    1
}
