//! cond.go: a condition variable.

use crate::mutex::Locker;
use crate::owner;
use core::cell::UnsafeCell;
use gort_runtime2::mutant;
use gort_sema::{
    NotifyList, Token, notify_list_add, notify_list_expire, notify_list_notify_all,
    notify_list_notify_all_and, notify_list_notify_one, notify_list_notify_one_but,
    notify_list_wait, notify_list_wait_until,
};
use std::collections::BTreeMap;

/// A place where goroutines wait for an event, or announce it.
///
/// Go's has the lock in a field `L`; here [`wait`](Self::wait) is told which one it is. There is no
/// `copyChecker`: nothing can be copied here.
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
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { notify: UnsafeCell::new(NotifyList::new()) } // :49
    }

    /// Unlocks `l`, waits to be woken by [`signal`](Self::signal) or
    /// [`broadcast`](Self::broadcast), and locks `l` again. As others may run before it does, the
    /// condition is to be looked at again.
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

/// gort's own: a [`Cond`] for waits that end after a time, too. All zeroes is one without waiters;
/// what Go knows has the size of Go's.
///
/// Who gives up leaves its ticket behind. If it was the next one to be notified, the list's count
/// passes over it; else it is vacant, until those before it are gone. So nothing is vacant where
/// nobody waits, and a condition needs no destructor.
#[derive(Default)]
#[repr(C)]
pub struct TimedCond {
    cond: Cond,
    /// Tickets of those who went away before their turn, under the list's lock; null: none.
    vacant: UnsafeCell<Option<Box<Vacant>>>,
}

// SAFETY: `vacant` is used under the list's lock.
unsafe impl Sync for TimedCond {}

/// Ranges of tickets that nobody has: first and last. They are never adjacent, so there are no more
/// than waiters and one.
#[derive(Default)]
struct Vacant(BTreeMap<u32, u32>);

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

impl TimedCond {
    /// A condition.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { cond: Cond::new(), vacant: UnsafeCell::new(None) }
    }

    /// See [`Cond::wait`].
    ///
    /// # Safety
    /// As for [`Cond::wait`].
    pub unsafe fn wait<L: Locker + ?Sized>(&self, l: &L) {
        // SAFETY: the same contract.
        unsafe { self.cond.wait(l) }
    }

    /// [`wait`](Self::wait) that gives up after `ns` nanoseconds; false if it did. Either way `l`
    /// is locked again.
    ///
    /// # Safety
    /// As for [`Cond::wait`].
    #[cfg(not(loom))]
    pub unsafe fn wait_timeout<L: Locker + ?Sized>(&self, l: &L, ns: i64) -> bool {
        unsafe fn expire(c: *const core::ffi::c_void, token: *mut Token) {
            // SAFETY: the waiter is still in `wait_timeout`, and the condition with it.
            unsafe { (*c.cast::<TimedCond>()).expire(token) }
        }
        // SAFETY: the same contract.
        unsafe {
            gort_proc::entry!("Cond.Wait", self.wait_timeout(l, ns));
            let when = crate::timed::after(ns);
            self.wait_or(l, |t| {
                crate::timed::until(when, (&raw const *self).cast(), expire, |token| {
                    self.wait_until(t, token)
                })
            })
        }
    }

    /// [`wait`](Self::wait) with this in place of the wait itself.
    ///
    /// # Safety
    /// As for [`Cond::wait`]; `wait` waits for its ticket, or vacates it and returns false.
    pub(crate) unsafe fn wait_or<L: Locker + ?Sized>(
        &self,
        l: &L,
        wait: impl FnOnce(u32) -> bool,
    ) -> bool {
        // SAFETY: the same contract.
        unsafe {
            let t = notify_list_add(self.cond.notify.get());
            l.unlock();
            if owner::on() {
                owner::waits(&self.cond);
            }
            let notified = wait(t);
            if owner::on() {
                owner::waits_no_more();
            }
            l.lock();
            notified
        }
    }

    /// Waits for the ticket or for [`expire`](Self::expire) with the token.
    ///
    /// # Safety
    /// In [`wait_or`](Self::wait_or); the token is fresh.
    pub(crate) unsafe fn wait_until(&self, t: u32, token: *mut Token) -> bool {
        // SAFETY: the same contract; `vacate` is called under the list's lock.
        unsafe { notify_list_wait_until(self.cond.notify.get(), t, token, |t| self.vacate(t)) }
    }

    /// The time of the waiter with this token is over.
    ///
    /// # Safety
    /// It is in [`wait_until`](Self::wait_until), or on the way there or back.
    pub(crate) unsafe fn expire(&self, token: *mut Token) {
        // SAFETY: the same contract; `vacate` is called under the list's lock.
        unsafe { notify_list_expire(self.cond.notify.get(), token, |t| self.vacate(t)) }
    }

    /// Nobody has the ticket `t` any more, which has not been notified.
    ///
    /// # Safety
    /// Under the list's lock.
    unsafe fn vacate(&self, t: u32) {
        // SAFETY: the caller's contract.
        unsafe {
            let (l, vacant) = (self.cond.notify.get(), &mut *self.vacant.get());
            let mut first = (*l).notify.load();
            if mutant!("a ticket is given up without a note") {
                return;
            }
            if first != t && !mutant!("who gives up a ticket passes over those before") {
                vacant.get_or_insert_default().add(t);
                return;
            }
            first = t.wrapping_add(1);
            if let Some(v) = vacant {
                while v.take(first) {
                    first = first.wrapping_add(1);
                }
                if v.0.is_empty() {
                    *vacant = None;
                }
            }
            (*l).notify.store(first);
        }
    }

    /// See [`Cond::signal`].
    ///
    /// # Safety
    /// As for [`Cond::signal`].
    pub unsafe fn signal(&self) {
        // SAFETY: the same contract; `vacant` under the list's lock.
        unsafe { notify_list_notify_one_but(self.cond.notify.get(), |t| self.take(t)) }
    }

    /// See [`Cond::broadcast`].
    ///
    /// # Safety
    /// As for [`Cond::broadcast`].
    pub unsafe fn broadcast(&self) {
        // SAFETY: the same contract; `vacant` under the list's lock.
        unsafe { notify_list_notify_all_and(self.cond.notify.get(), || *self.vacant.get() = None) }
    }

    /// Whether nobody has the ticket `t` any more. It is forgotten.
    ///
    /// # Safety
    /// Under the list's lock.
    unsafe fn take(&self, t: u32) -> bool {
        // SAFETY: the caller's contract.
        let vacant = unsafe { &mut *self.vacant.get() };
        let Some(v) = vacant else { return false };
        let is = v.take(t);
        if v.0.is_empty() {
            *vacant = None;
        }
        is
    }
}
