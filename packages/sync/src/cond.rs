//! cond.go: a condition variable.

use crate::mutex::Locker;
use crate::owner;
use core::cell::UnsafeCell;
use gort_sema::{
    NotifyList, notify_list_add, notify_list_notify_all, notify_list_notify_one, notify_list_wait,
};
#[cfg(not(loom))]
use gort_sema::{
    Token, notify_list_expire, notify_list_notify_all_and, notify_list_notify_one_but, notify_list_wait_until,
};
#[cfg(not(loom))]
use std::collections::BTreeMap;

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

/// gort's own: a [`Cond`] for waits that end after a time, too. What C and Go know has the size of theirs.
#[cfg(not(loom))]
pub struct TimedCond {
    cond: Cond,
    /// Tickets of those who went away before their turn, under the list's lock.
    vacant: UnsafeCell<Vacant>,
}

#[cfg(not(loom))]
// SAFETY: `vacant` is used under the list's lock.
unsafe impl Sync for TimedCond {}

/// Ranges of tickets that nobody has: first and last. They are never adjacent, so there are no more than waiters and one.
#[cfg(not(loom))]
struct Vacant(BTreeMap<u32, u32>);

#[cfg(not(loom))]
impl Vacant {
    fn add(&mut self, t: u32) {
        let (mut first, mut last) = (t, t);
        if let Some(l) = t.checked_add(1).and_then(|n| self.0.remove(&n)) {
            last = l;
        }
        if let Some((&f, &l)) = self.0.range(..t).next_back()
            && l.checked_add(1) == Some(t)
        {
            first = f;
        }
        self.0.insert(first, last);
    }
    fn take(&mut self, t: u32) -> bool {
        let Some((&first, &last)) = self.0.range(..=t).next_back() else { return false };
        if last < t {
            return false;
        }
        self.0.remove(&first);
        if first < t {
            self.0.insert(first, t - 1);
        }
        if t < last {
            self.0.insert(t + 1, last);
        }
        true
    }
}

#[cfg(not(loom))]
impl TimedCond {
    /// A condition.
    pub const fn new() -> Self {
        Self { cond: Cond::new(), vacant: UnsafeCell::new(Vacant(BTreeMap::new())) }
    }

    /// See [`Cond::wait`].
    ///
    /// # Safety
    /// As for [`Cond::wait`].
    pub unsafe fn wait<L: Locker + ?Sized>(&self, l: &L) {
        // SAFETY: the same contract.
        unsafe { self.cond.wait(l) }
    }

    /// [`wait`](Self::wait) that gives up after `ns` nanoseconds; false if it did. Either way `l` is locked again.
    ///
    /// # Safety
    /// As for [`Cond::wait`].
    pub unsafe fn wait_timeout<L: Locker + ?Sized>(&self, l: &L, ns: i64) -> bool {
        unsafe fn expire(c: *const core::ffi::c_void, token: *mut Token) {
            // SAFETY: the waiter is still in `wait_timeout`, and the condition with it; `vacant` is used under the list's
            // lock.
            unsafe {
                let c = &*c.cast::<TimedCond>();
                notify_list_expire(c.cond.notify.get(), token, |t| (*c.vacant.get()).add(t));
            }
        }
        // SAFETY: the same contract.
        unsafe {
            gort_proc::entry!("Cond.Wait", self.wait_timeout(l, ns));
            let (notify, when) = (self.cond.notify.get(), crate::timed::after(ns));
            let t = notify_list_add(notify);
            l.unlock();
            if owner::on() {
                owner::waits(&self.cond);
            }
            let notified = crate::timed::until(when, (&raw const *self).cast(), expire, |token| {
                notify_list_wait_until(notify, t, token, |t| (*self.vacant.get()).add(t))
            });
            if owner::on() {
                owner::waits_no_more();
            }
            l.lock();
            notified
        }
    }

    /// See [`Cond::signal`].
    ///
    /// # Safety
    /// As for [`Cond::signal`].
    pub unsafe fn signal(&self) {
        // SAFETY: the same contract; `vacant` under the list's lock.
        unsafe { notify_list_notify_one_but(self.cond.notify.get(), |t| (*self.vacant.get()).take(t)) }
    }

    /// See [`Cond::broadcast`].
    ///
    /// # Safety
    /// As for [`Cond::broadcast`].
    pub unsafe fn broadcast(&self) {
        // SAFETY: the same contract; `vacant` under the list's lock.
        unsafe { notify_list_notify_all_and(self.cond.notify.get(), || (*self.vacant.get()).0.clear()) }
    }
}

#[cfg(not(loom))]
impl Default for TimedCond {
    fn default() -> Self {
        Self::new()
    }
}
