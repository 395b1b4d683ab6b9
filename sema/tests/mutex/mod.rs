//! Something that excludes, in place of the mutex of package sync, whose crate loom cannot have.

use gort_proc::atomic::Uint32;
use gort_sema::{cansemacquire, semacquire, semrelease};

/// What `cond.rs` asks of a lock.
pub trait Locker {
    unsafe fn lock(&self);
    unsafe fn unlock(&self);
}

/// A semaphore of one.
pub struct Mutex(Uint32);

impl Default for Mutex {
    fn default() -> Self {
        Self(Uint32::new(1))
    }
}

// SAFETY of all: on goroutines of the model.
impl Mutex {
    pub fn try_lock(&self) -> bool {
        // SAFETY: see above.
        unsafe { cansemacquire(&raw const self.0) }
    }
    pub unsafe fn lock(&self) {
        // SAFETY: see above.
        unsafe { semacquire(&raw const self.0) }
    }
    pub unsafe fn unlock(&self) {
        // SAFETY: see above.
        unsafe { semrelease(&raw const self.0) }
    }
}

impl Locker for Mutex {
    unsafe fn lock(&self) {
        // SAFETY: see above.
        unsafe { Mutex::lock(self) }
    }
    unsafe fn unlock(&self) {
        // SAFETY: see above.
        unsafe { Mutex::unlock(self) }
    }
}
