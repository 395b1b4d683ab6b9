//! once.go: doing something exactly once.

use crate::mutex::Mutex;
use gort_proc::atomic::Uint32;

/// Does something once.
///
/// Go (sync): once.go:20 Once
#[repr(C)]
#[derive(Default)]
pub struct Once {
    /// Not 0 once it has been done. First, as it is looked at often.
    pub done: Uint32,
    /// Held while it is being done.
    pub m: Mutex,
}

impl Once {
    /// Nothing done yet.
    pub const fn new() -> Self {
        Self { done: Uint32::new(0), m: Mutex::new() }
    }

    /// Calls `f` if this is the first call for this `Once`; when it returns, f has returned. If `f`
    /// panics or ends the goroutine it has been done nevertheless. If `f` calls it again, it waits
    /// for ever.
    ///
    /// # Safety
    /// On a user goroutine; the `Once` is not moved meanwhile.
    ///
    /// Go (sync): once.go:50 Do
    #[doc(alias = "Do")]
    #[inline]
    pub unsafe fn do_(&self, f: impl FnOnce()) {
        // :51 a mere cas would let the second caller return before f has
        if self.done.load() == 0 {
            // SAFETY: the same contract.
            unsafe { self.do_slow(f) }
        }
    }

    /// [`do_`](Self::do_) that waits at most `ns` nanoseconds for a call of another goroutine to
    /// return; false if it has not. gort's own.
    ///
    /// # Safety
    /// As for [`do_`](Self::do_).
    #[cfg(not(loom))]
    #[inline]
    pub unsafe fn do_timeout(&self, ns: i64, f: impl FnOnce()) -> bool {
        if self.done.load() == 0 {
            // SAFETY: the same contract.
            unsafe {
                if !self.m.lock_timeout(ns) {
                    return self.done.load() != 0;
                }
                self.do_locked(f);
            }
        }
        true
    }

    /// Go (sync): once.go:71 doSlow
    #[doc(alias = "doSlow")]
    #[cold]
    unsafe fn do_slow(&self, f: impl FnOnce()) {
        // SAFETY: the same contract.
        unsafe {
            self.m.lock(); // :72
            self.do_locked(f);
        }
    }

    /// # Safety
    /// As for [`do_`](Self::do_), by one who holds the mutex: it is unlocked.
    ///
    /// Go (sync): once.go:71 doSlow
    unsafe fn do_locked(&self, f: impl FnOnce()) {
        /// `defer o.m.Unlock()`
        struct Unlock<'a>(&'a Mutex);
        impl Drop for Unlock<'_> {
            fn drop(&mut self) {
                // SAFETY: locked by the caller, on this goroutine.
                unsafe { self.0.unlock() }
            }
        }
        /// `defer o.done.Store(1)`
        struct Done<'a>(&'a Uint32);
        impl Drop for Done<'_> {
            fn drop(&mut self) {
                self.0.store(1);
            }
        }

        let _unlock = Unlock(&self.m);
        // :74
        if self.done.load() == 0 {
            let _done = Done(&self.done);
            f(); // :76
        }
    }
}
