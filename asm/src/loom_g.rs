//! `g` for loom models: loom runs its threads on one OS thread, so its own thread-locals are needed.

use core::cell::Cell;
use gort_runtime2::G;

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
pub fn systemstack<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Orders earlier writes before later reads.
pub fn store_load_fence() {
    loom::sync::atomic::fence(core::sync::atomic::Ordering::SeqCst);
}
