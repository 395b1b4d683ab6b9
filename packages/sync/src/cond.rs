//! cond.go: a condition variable.

use crate::mutex::Locker;
use crate::owner;
use core::cell::UnsafeCell;
use gort_sema::{
    NotifyList, notify_list_add, notify_list_notify_all, notify_list_notify_one, notify_list_wait,
};

/// A place where goroutines wait for an event, or announce it.
///
/// Go's has the lock in a field `L`; here [`wait`](Self::wait) is told which one it is. There is no `copyChecker`:
/// nothing can be copied here.
///
/// Go (sync): cond.go:37 Cond
#[derive(Default)]
pub struct Cond {
    notify: UnsafeCell<NotifyList>,
}

// SAFETY: the list is used by raw pointer, under its own lock or by atomics.
unsafe impl Sync for Cond {}
// SAFETY: the sudogs in the list belong to no thread.
unsafe impl Send for Cond {}

impl Cond {
    /// A condition.
    ///
    /// Go (sync): cond.go:48 NewCond
    #[doc(alias = "NewCond")]
    pub const fn new() -> Self {
        Self { notify: UnsafeCell::new(NotifyList::new()) } // :49
    }

    /// Unlocks `l`, waits to be woken by [`signal`](Self::signal) or [`broadcast`](Self::broadcast), and locks `l` again. As others may run before it
    /// does, the condition is to be looked at again.
    ///
    /// # Safety
    /// On a user goroutine that has locked `l`; the condition is not moved meanwhile.
    ///
    /// Go (sync): cond.go:67 Wait
    #[doc(alias = "Wait")]
    pub unsafe fn wait<L: Locker + ?Sized>(&self, l: &L) {
        // SAFETY: the same contract.
        unsafe {
            let notify = self.notify.get();
            let t = notify_list_add(notify); // :69
            l.unlock();
            // gort's own: for GODEBUG=deadlockgraph=1
            if owner::on() {
                owner::waits(self);
            }
            notify_list_wait(notify, t);
            if owner::on() {
                owner::waits_no_more();
            }
            l.lock(); // :72
        }
    }

    /// Wakes one goroutine that waits, if there is one.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): cond.go:82 Signal
    #[doc(alias = "Signal")]
    pub unsafe fn signal(&self) {
        // :84
        // SAFETY: the same contract.
        unsafe { notify_list_notify_one(self.notify.get()) }
    }

    /// Wakes all goroutines that wait.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): cond.go:91 Broadcast
    #[doc(alias = "Broadcast")]
    pub unsafe fn broadcast(&self) {
        // :93
        // SAFETY: the same contract.
        unsafe { notify_list_notify_all(self.notify.get()) }
    }
}
