//! mutex.go: a mutual exclusion lock for goroutines.
//!
//! # Fairness
//! In *normal* mode waiters queue in order, but one that wakes does not own the mutex: it competes
//! with those that come along just then, who run already and mostly win. A loser goes to the front
//! of the queue. Who has failed to get the mutex for more than 1 ms switches it to *starvation*
//! mode: then `unlock` hands it to the first waiter directly, and newcomers neither try nor spin
//! but queue at the end. A waiter that gets the mutex so switches back if it is the last, or has
//! waited for less than 1 ms. Normal mode is much faster; starvation mode bounds the tail.

use crate::owner;
use gort_proc::atomic::{Int32, Uint32};
#[cfg(not(loom))]
use gort_proc::gosched;
use gort_proc::{entry, fatal, sync_runtime_can_spin, sync_runtime_do_spin, throw};
#[cfg(not(loom))]
use gort_sema::cansemacquire;
use gort_sema::{sync_nanotime, sync_runtime_semacquire_mutex, sync_runtime_semrelease};

/// A mutual exclusion lock.
///
/// A locked mutex belongs to no goroutine: one may lock it and another one unlock it.
///
/// Go (sync): mutex.go:36 Mutex
#[repr(C)]
#[derive(Default)]
pub struct Mutex {
    /// Locked, woken and starving bits; above them the number of waiters.
    pub state: Int32,
    /// What they wait on.
    pub sema: Uint32,
}

/// What can be locked and unlocked.
///
/// Go (sync): mutex.go:42 Locker
pub trait Locker {
    /// Locks it.
    ///
    /// # Safety
    /// On a user goroutine.
    unsafe fn lock(&self);
    /// Unlocks it.
    ///
    /// # Safety
    /// On a user goroutine.
    unsafe fn unlock(&self);
}

/// The mutex is locked.
///
/// Go (sync): mutex.go:48 mutexLocked
pub const MUTEX_LOCKED: i32 = 1 << 0;
/// A waiter is awake, so unlock need not wake one.
///
/// Go (sync): mutex.go:49 mutexWoken
pub const MUTEX_WOKEN: i32 = 1 << 1;
/// Starvation mode.
///
/// Go (sync): mutex.go:50 mutexStarving
pub const MUTEX_STARVING: i32 = 1 << 2;
/// Where the number of waiters begins.
///
/// Go (sync): mutex.go:51 mutexWaiterShift
pub const MUTEX_WAITER_SHIFT: u32 = 3;
/// Who has waited longer than this asks for starvation mode.
///
/// Go (sync): mutex.go:77 starvationThresholdNs
pub const STARVATION_THRESHOLD_NS: i64 = 1_000_000;

impl Mutex {
    /// An unlocked mutex.
    pub const fn new() -> Self {
        Self { state: Int32::new(0), sema: Uint32::new(0) }
    }

    /// Locks the mutex, after waiting until it is free.
    ///
    /// # Safety
    /// On a user goroutine; the mutex is not moved meanwhile.
    ///
    /// Go (sync): mutex.go:83 Lock
    #[doc(alias = "Lock")]
    #[inline]
    pub unsafe fn lock(&self) {
        // :85
        if !self.state.cas(0, MUTEX_LOCKED) {
            // :92
            // SAFETY: the same contract.
            unsafe { self.lock_slow() }
        }
        // gort's own, as in `try_lock` and `unlock`: for GODEBUG=deadlockgraph=1
        if owner::on() {
            owner::locked(self);
        }
    }

    /// Locks the mutex if it is free, and says whether it did.
    ///
    /// Go (sync): mutex.go:100 TryLock
    #[doc(alias = "TryLock")]
    #[inline]
    pub fn try_lock(&self) -> bool {
        // :101
        let old = self.state.get();
        if old & (MUTEX_LOCKED | MUTEX_STARVING) != 0 {
            return false;
        }

        // :106 a waiter may be on its way to it, but we run, so we try before it does
        if !self.state.cas(old, old | MUTEX_LOCKED) {
            return false;
        }
        if owner::on() {
            owner::locked(self);
        }
        true // :116
    }

    /// Go (sync): mutex.go:119 lockSlow
    #[doc(alias = "lockSlow")]
    #[cold]
    #[inline(never)]
    unsafe fn lock_slow(&self) {
        // SAFETY: on a user goroutine; the mutex outlives the wait.
        unsafe {
            entry!("wait for a lock", self.lock_slow()); // :119 what the prologue does
            let mut wait_start_time = 0i64;
            let mut starving = false;
            let mut awoke = false;
            let mut iter = 0;
            let mut old = self.state.get(); // :124
            loop {
                // :126 No spinning in starvation mode: the mutex will not be ours by that.
                if old & (MUTEX_LOCKED | MUTEX_STARVING) == MUTEX_LOCKED
                    && sync_runtime_can_spin(iter)
                {
                    // :129 Spinning makes sense. Set the woken bit so that unlock wakes nobody
                    // else.
                    if !awoke
                        && old & MUTEX_WOKEN == 0
                        && old >> MUTEX_WAITER_SHIFT != 0
                        && self.state.cas(old, old | MUTEX_WOKEN)
                    {
                        awoke = true; // :134
                    }
                    sync_runtime_do_spin();
                    iter += 1;
                    old = self.state.get();
                    continue;
                }
                let mut new = old; // :141
                // :142 in starvation mode newcomers must queue
                if old & MUTEX_STARVING == 0 {
                    new |= MUTEX_LOCKED;
                }
                if old & (MUTEX_LOCKED | MUTEX_STARVING) != 0 {
                    new = new.wrapping_add(1 << MUTEX_WAITER_SHIFT); // :147
                }
                // :149 To starvation mode, but only if it is locked: unlock expects a waiter in
                // that mode, which would not be so here.
                if starving && old & MUTEX_LOCKED != 0 {
                    new |= MUTEX_STARVING;
                }
                // :156 we have been woken, so take the bit back in either case
                if awoke {
                    if new & MUTEX_WOKEN == 0 {
                        throw("sync: inconsistent mutex state");
                    }
                    new &= !MUTEX_WOKEN; // :162
                }
                if self.state.cas(old, new) {
                    // :165
                    if old & (MUTEX_LOCKED | MUTEX_STARVING) == 0 {
                        break; // the cas has locked it
                    }
                    // :168 who has waited before goes to the front
                    let queue_lifo = wait_start_time != 0;
                    if wait_start_time == 0 {
                        wait_start_time = sync_nanotime();
                    }
                    sync_runtime_semacquire_mutex(&raw const self.sema, queue_lifo, 1); // :173
                    starving =
                        starving || sync_nanotime() - wait_start_time > STARVATION_THRESHOLD_NS;
                    old = self.state.get();
                    if old & MUTEX_STARVING != 0 {
                        // :177 It was handed to us, but its state does not show that: not locked,
                        // and we still count as a waiter. Set that right.
                        if old & (MUTEX_LOCKED | MUTEX_WOKEN) != 0 || old >> MUTEX_WAITER_SHIFT == 0
                        {
                            throw("sync: inconsistent mutex state");
                        }
                        let mut delta = MUTEX_LOCKED - (1 << MUTEX_WAITER_SHIFT); // :184
                        if !starving || old >> MUTEX_WAITER_SHIFT == 1 {
                            // :186 Leave the mode. It matters to do so here, with our own wait in
                            // mind: two goroutines could go on in lockstep for ever once in it, and
                            // it is slow.
                            delta -= MUTEX_STARVING;
                        }
                        self.state.add(delta); // :193
                        break;
                    }
                    awoke = true;
                    iter = 0; // :197
                } else {
                    old = self.state.get(); // :199
                }
            }
        }
    }

    /// [`lock`](Self::lock) that gives up after `ns` nanoseconds, and says whether it locked the
    /// mutex. gort's own.
    ///
    /// # Safety
    /// As for [`lock`](Self::lock).
    #[cfg(not(loom))]
    pub unsafe fn lock_timeout(&self, ns: i64) -> bool {
        // SAFETY: the same contract.
        unsafe { self.lock_until(crate::timed::after(ns)) }
    }

    /// [`lock_timeout`](Self::lock_timeout) that gives up when the clock says `when`.
    ///
    /// # Safety
    /// As for [`lock`](Self::lock).
    #[cfg(not(loom))]
    pub(crate) unsafe fn lock_until(&self, when: i64) -> bool {
        // SAFETY: the same contract.
        let locked = self.state.cas(0, MUTEX_LOCKED) || unsafe { self.lock_slow_until(when) };
        if locked && owner::on() {
            owner::locked(self);
        }
        locked
    }

    /// [`lock_slow`](Self::lock_slow) with an end.
    #[cfg(not(loom))]
    #[cold]
    #[inline(never)]
    unsafe fn lock_slow_until(&self, when: i64) -> bool {
        use gort_proc::WaitReason::SyncMutexLock;
        // SAFETY: on a user goroutine; the mutex outlives the wait.
        unsafe {
            entry!("wait for a lock", self.lock_slow_until(when));
            let (mut wait_start_time, mut starving, mut awoke) = (0i64, false, false);
            let sema = &raw const self.sema;
            loop {
                let old = self.state.get();
                let mut new = old;
                if old & MUTEX_STARVING == 0 {
                    new |= MUTEX_LOCKED;
                }
                if old & (MUTEX_LOCKED | MUTEX_STARVING) != 0 {
                    new = new.wrapping_add(1 << MUTEX_WAITER_SHIFT);
                }
                if starving && old & MUTEX_LOCKED != 0 {
                    new |= MUTEX_STARVING;
                }
                if awoke {
                    new &= !MUTEX_WOKEN;
                }
                if !self.state.cas(old, new) {
                    continue;
                }
                if old & (MUTEX_LOCKED | MUTEX_STARVING) == 0 {
                    return true; // the cas has locked it
                }
                let lifo = wait_start_time != 0;
                if wait_start_time == 0 {
                    wait_start_time = sync_nanotime();
                }
                let woken = crate::timed::until(
                    when,
                    sema.cast(),
                    |sema, token| gort_sema::sema_expire(sema.cast(), token, || true),
                    |token| gort_sema::semacquire_until(sema, lifo, SyncMutexLock, token, || true),
                );
                if !woken && self.leave() {
                    return false;
                }
                // Woken; or, out of the queue, but a wake-up had been counted for it, which it has
                // taken.
                starving = starving || sync_nanotime() - wait_start_time > STARVATION_THRESHOLD_NS;
                let old = self.state.get();
                if old & MUTEX_STARVING != 0 {
                    // handed over, as in lock_slow
                    if old & (MUTEX_LOCKED | MUTEX_WOKEN) != 0 || old >> MUTEX_WAITER_SHIFT == 0 {
                        throw("sync: inconsistent mutex state");
                    }
                    let mut delta = MUTEX_LOCKED - (1 << MUTEX_WAITER_SHIFT);
                    if !starving || old >> MUTEX_WAITER_SHIFT == 1 {
                        delta -= MUTEX_STARVING;
                    }
                    self.state.add(delta);
                    return true;
                }
                awoke = true;
                if !woken || sync_nanotime() >= when {
                    return self.last_try();
                }
            }
        }
    }

    /// A waiter that has left the queue is not counted any more: true. But if no waiter but itself
    /// is left to count for a wake-up that has begun, that one is its own: it takes it, and goes on
    /// as one that was woken.
    ///
    /// In normal mode `unlock` takes one from the count and then wakes one, whichever; so the
    /// wake-ups under way and the count together are as many as those that wait, and if the count
    /// is not 0 taking one from it is right. In starvation mode the one that is woken takes itself
    /// from the count; when nobody has the mutex, one is.
    #[cfg(not(loom))]
    unsafe fn leave(&self) -> bool {
        loop {
            let old = self.state.load();
            let waiters = old >> MUTEX_WAITER_SHIFT;
            let handed = old & (MUTEX_STARVING | MUTEX_LOCKED) == MUTEX_STARVING;
            if waiters == 0 || handed && waiters == 1 {
                // It comes at once, or goes to a newcomer, who is counted then. Not waited for in
                // the queue: that may last.
                // SAFETY: on a user goroutine; the mutex lives.
                unsafe {
                    if cansemacquire(&raw const self.sema) {
                        return false;
                    }
                    gosched();
                }
                continue;
            }
            let mut new = old - (1 << MUTEX_WAITER_SHIFT);
            if new >> MUTEX_WAITER_SHIFT == 0 {
                new &= !MUTEX_STARVING; // a mode for those who wait
            }
            if self.state.cas(old, new) {
                return true;
            }
        }
    }

    /// One who is awake, so that `unlock` wakes nobody else, but has no more time: takes the mutex
    /// if it is free, else lets `unlock` wake others again.
    #[cfg(not(loom))]
    fn last_try(&self) -> bool {
        loop {
            let old = self.state.load();
            let free = old & (MUTEX_LOCKED | MUTEX_STARVING) == 0;
            let new = (if free { old | MUTEX_LOCKED } else { old }) & !MUTEX_WOKEN;
            if self.state.cas(old, new) {
                return free;
            }
        }
    }

    /// Unlocks the mutex; any goroutine may. A mutex that is not locked is a fatal error.
    ///
    /// # Safety
    /// On a user goroutine; if it is locked it is for the caller to unlock it. The mutex may be
    /// freed as soon as somebody else has locked it, as in Go.
    ///
    /// Go (sync): mutex.go:214 Unlock
    #[doc(alias = "Unlock")]
    #[inline]
    pub unsafe fn unlock(&self) {
        if owner::on() {
            owner::unlocked(self);
        }
        // :221
        let new = self.state.add(-MUTEX_LOCKED);
        if new != 0 {
            // :225 out of line, so that the fast path is inlined
            // SAFETY: the same contract.
            unsafe { self.unlock_slow(new) }
        }
    }

    /// Go (sync): mutex.go:229 unlockSlow
    #[doc(alias = "unlockSlow")]
    #[cold]
    #[inline(never)]
    unsafe fn unlock_slow(&self, new: i32) {
        // :230
        if new.wrapping_add(MUTEX_LOCKED) & MUTEX_LOCKED == 0 {
            fatal("sync: unlock of unlocked mutex");
        }
        // SAFETY: on a user goroutine; a mutex with waiters is alive.
        unsafe {
            if new & MUTEX_STARVING == 0 {
                let mut old = new; // :234
                loop {
                    // :236 Nobody waits, or somebody is awake, or has the mutex already: nobody to
                    // wake. In starvation mode it is handed over, but then we were not part of it.
                    if old >> MUTEX_WAITER_SHIFT == 0
                        || old & (MUTEX_LOCKED | MUTEX_WOKEN | MUTEX_STARVING) != 0
                    {
                        return;
                    }
                    // :245 take the right to wake somebody
                    let new = (old - (1 << MUTEX_WAITER_SHIFT)) | MUTEX_WOKEN;
                    if self.state.cas(old, new) {
                        sync_runtime_semrelease(&raw const self.sema, false, 1);
                        return;
                    }
                    old = self.state.get(); // :251
                }
            } else {
                // :254 Starvation mode: hand the mutex to the next waiter and yield, so that it
                // runs at once. The locked bit stays clear, the waiter sets it; but with the
                // starving bit set nobody else takes it.
                sync_runtime_semrelease(&raw const self.sema, true, 1);
            }
        }
    }
}

impl Locker for Mutex {
    unsafe fn lock(&self) {
        // SAFETY: the same contract.
        unsafe { Mutex::lock(self) }
    }
    unsafe fn unlock(&self) {
        // SAFETY: the same contract.
        unsafe { Mutex::unlock(self) }
    }
}
