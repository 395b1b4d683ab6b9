//! rwmutex.go: a reader/writer lock for goroutines. A writer that waits keeps new readers out, so
//! readers must not lock recursively.
//!
//! # Who gives up
//! gort's own: [`rlock_timeout`](RwMutex::rlock_timeout) and
//! [`lock_timeout`](RwMutex::lock_timeout). For them the word of the readers counts, beside Go's
//! number of readers that are there, in its upper half those that ever came.
//!
//! While a writer is announced there are readers *inside*, which the writer waits for (they have
//! the lock, or a ticket for it lies in `reader_sem`), and those that *came* since, for which
//! tickets are made when the writer leaves. Tickets have no names: who comes may take one of those
//! inside, who then waits in its place. The numbers stay the same.
//!
//! * A *reader* leaves by taking itself out of both counts, if a writer is announced at that
//!   moment; else its ticket is made just now, or has been, and it waits for that. The moment must
//!   not lie in the time of a later writer, who counts this reader among those inside. So it is
//!   chosen under the lock of the semaphore's root, by one who counts as a sleeper there and found
//!   no ticket: the writer who makes the ticket needs that lock for it (`semrelease` sees a
//!   sleeper), and makes all of them before it lets the next writer be announced.
//! * A *writer* leaves as `unlock` does, in one step that tells it from the upper half how many
//!   came since it was announced: so many tickets it makes. The others are inside, and stay. Their
//!   number goes from `reader_wait`. What is left there then are readers that have gone from the
//!   count before that step and not yet from `reader_wait`: the last of them wakes the writer, who
//!   waits for it, for a few instructions. If nobody was inside any more the lock is the writer's,
//!   time-out or not.

use crate::mutex::{Locker, Mutex};
use crate::owner;
use gort_proc::atomic::{Int32, Uint32, Uint64};
use gort_proc::{WaitReason, fatal};
use gort_runtime2::mutant;
use gort_sema::{
    Token, semacquire_until, sync_runtime_semacquire_rwmutex, sync_runtime_semacquire_rwmutex_r,
    sync_runtime_semrelease,
};
#[cfg(not(loom))]
use {core::ffi::c_void, gort_proc::entry, gort_sema::sema_expire};

/// A reader/writer lock: any number of readers, or one writer.
///
/// Go (sync): rwmutex.go:37 RWMutex
#[doc(alias = "RWMutex")]
#[repr(C)]
#[derive(Default)]
pub struct RwMutex {
    /// Held while a writer holds the lock or waits for it.
    pub w: Mutex,
    /// Where a writer waits for readers to leave.
    pub writer_sem: Uint32,
    /// Where readers wait for a writer to leave.
    pub reader_sem: Uint32,
    /// Low half: readers that hold the lock or wait for it; negative (less [`RWMUTEX_MAX_READERS`])
    /// if a writer is there. That is Go's field. High half: how many readers have come, modulo 2³².
    pub reader_count: Uint64,
    /// Readers that the writer still has to wait for.
    pub reader_wait: Int32,
}

/// One reader more, in both halves of `reader_count`.
const READER: u64 = 1 << 32 | 1;

/// A writer, in `reader_count`: what it borrows from the upper half it gives back.
const WRITER: u64 = RWMUTEX_MAX_READERS as u64;

/// Go's `readerCount`.
fn count(v: u64) -> i32 {
    v as i32
}

/// How many readers have come.
fn came(v: u64) -> u32 {
    (v >> 32) as u32
}

/// More readers than there can be.
///
/// Go (sync): rwmutex.go:45 rwmutexMaxReaders
pub const RWMUTEX_MAX_READERS: i32 = 1 << 30;

impl RwMutex {
    /// An unlocked lock.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            w: Mutex::new(),
            writer_sem: Uint32::new(0),
            reader_sem: Uint32::new(0),
            reader_count: Uint64::new(0),
            reader_wait: Int32::new(0),
        }
    }

    /// Locks for reading.
    ///
    /// # Safety
    /// On a user goroutine; the lock is not moved meanwhile.
    ///
    /// Go (sync): rwmutex.go:65 RLock
    #[doc(alias = "RLock")]
    #[inline]
    pub unsafe fn rlock(&self) {
        // :70
        if count(self.reader_count.add(READER)) < 0 {
            // :71 a writer is there: wait for it
            // SAFETY: the same contract.
            unsafe { sync_runtime_semacquire_rwmutex_r(&raw const self.reader_sem, false, 0) }
        }
        // gort's own, as in `try_rlock` and `runlock`: for GODEBUG=deadlockgraph=1
        if owner::on() {
            owner::rlocked(self);
        }
    }

    /// Locks for reading if no writer is there, and says whether it did.
    ///
    /// Go (sync): rwmutex.go:85 TryRLock
    #[doc(alias = "TryRLock")]
    pub fn try_rlock(&self) -> bool {
        loop {
            // :91
            let c = self.reader_count.load();
            if count(c) < 0 {
                return false;
            }
            // :98
            if self.reader_count.cas(c, c.wrapping_add(READER)) {
                if owner::on() {
                    owner::rlocked(self);
                }
                return true;
            }
        }
    }

    /// Undoes one [`rlock`](Self::rlock). A fatal error if nobody has locked it for reading.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): rwmutex.go:112 RUnlock
    #[doc(alias = "RUnlock")]
    #[inline]
    pub unsafe fn runlock(&self) {
        if owner::on() {
            owner::runlocked(self);
        }
        // :118
        let r = count(self.reader_count.add(u64::MAX)); // minus one
        if r < 0 {
            // :119 out of line, so that the fast path is inlined
            // SAFETY: the same contract.
            unsafe { self.runlock_slow(r) }
        }
    }

    /// Go (sync): rwmutex.go:127 rUnlockSlow
    #[doc(alias = "rUnlockSlow")]
    #[cold]
    #[inline(never)]
    unsafe fn runlock_slow(&self, r: i32) {
        // :128
        if r.wrapping_add(1) == 0 || r.wrapping_add(1) == -RWMUTEX_MAX_READERS {
            fatal("sync: RUnlock of unlocked RWMutex");
        }
        // :132 a writer waits
        if self.reader_wait.add(-1) == 0 {
            // :134 and this was the last reader it waits for
            // SAFETY: the same contract; the writer keeps the lock alive.
            unsafe { sync_runtime_semrelease(&raw const self.writer_sem, false, 1) }
        }
    }

    /// Locks for writing.
    ///
    /// # Safety
    /// On a user goroutine; the lock is not moved meanwhile.
    ///
    /// Go (sync): rwmutex.go:142 Lock
    #[doc(alias = "Lock")]
    pub unsafe fn lock(&self) {
        // SAFETY: the same contract.
        unsafe {
            self.w.lock(); // :148 against other writers
            // :150 announce the writer to readers
            let r = count(self.reader_count.add(WRITER.wrapping_neg()))
                .wrapping_add(RWMUTEX_MAX_READERS);
            // :152 wait for those that are in
            if r != 0 && self.reader_wait.add(r) != 0 {
                sync_runtime_semacquire_rwmutex(&raw const self.writer_sem, false, 0);
            }
        }
    }

    /// Locks for writing if nobody holds the lock, and says whether it did.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): rwmutex.go:167 TryLock
    #[doc(alias = "TryLock")]
    pub unsafe fn try_lock(&self) -> bool {
        // :172
        if !self.w.try_lock() {
            return false;
        }
        // :178
        loop {
            let c = self.reader_count.load();
            if count(c) != 0 {
                // SAFETY: locked just now.
                unsafe { self.w.unlock() };
                return false;
            }
            // Fails if a reader came, who may have gone again.
            if self.reader_count.cas(c, c.wrapping_sub(WRITER)) {
                return true; // :190
            }
        }
    }

    /// [`rlock`](Self::rlock) that gives up after `ns` nanoseconds, and says whether it locked.
    /// gort's own.
    ///
    /// # Safety
    /// As for [`rlock`](Self::rlock).
    #[cfg(not(loom))]
    pub unsafe fn rlock_timeout(&self, ns: i64) -> bool {
        unsafe fn expire(l: *const c_void, token: *mut Token) {
            // SAFETY: the reader is still in `rlock_timeout`, and the lock with it.
            unsafe {
                let l = &*l.cast::<RwMutex>();
                sema_expire(&raw const l.reader_sem, token, || l.leave());
            }
        }
        // SAFETY: the same contract.
        unsafe {
            entry!("wait for a lock", self.rlock_timeout(ns));
            let when = crate::timed::after(ns);
            self.rlock_or(|| {
                crate::timed::until(when, (&raw const *self).cast(), expire, |token| {
                    self.rlock_until(token)
                })
            })
        }
    }

    /// Comes as a reader. If a writer is there `wait` says whether the lock is ours at last; else
    /// the reader has left.
    ///
    /// # Safety
    /// As for [`rlock`](Self::rlock).
    #[doc(hidden)]
    pub unsafe fn rlock_or(&self, wait: impl FnOnce() -> bool) -> bool {
        if count(self.reader_count.add(READER)) < 0 && !wait() {
            return false;
        }
        if owner::on() {
            owner::rlocked(self);
        }
        true
    }

    /// Waits for the writer to leave, until [`sema_expire`](gort_sema::sema_expire) is called with
    /// the same token: then the reader has left.
    ///
    /// # Safety
    /// As for [`rlock`](Self::rlock), by a reader that has come; the token is fresh and outlives
    /// the wait.
    #[doc(hidden)]
    pub unsafe fn rlock_until(&self, token: *mut Token) -> bool {
        // SAFETY: the same contract.
        unsafe {
            semacquire_until(
                &raw const self.reader_sem,
                false,
                WaitReason::SyncRWMutexRLock,
                token,
                || self.leave(),
            )
        }
    }

    /// A reader that waits goes, unless the lock is about to be its. Under the lock of the
    /// semaphore's root, for one who counts as a sleeper there: see the head of this file.
    #[doc(hidden)]
    pub fn leave(&self) -> bool {
        loop {
            let v = self.reader_count.load();
            if count(v) >= 0 && !mutant!("a reader leaves without a look") {
                return false; // the writer makes its ticket
            }
            if self.reader_count.cas(v, v.wrapping_sub(READER)) {
                return true;
            }
        }
    }

    /// [`lock`](Self::lock) that gives up after `ns` nanoseconds, and says whether it locked.
    /// gort's own.
    ///
    /// # Safety
    /// As for [`lock`](Self::lock).
    #[cfg(not(loom))]
    pub unsafe fn lock_timeout(&self, ns: i64) -> bool {
        // SAFETY: the same contract.
        unsafe {
            entry!("wait for a lock", self.lock_timeout(ns));
            let when = crate::timed::after(ns);
            let sema = &raw const self.writer_sem;
            self.w.lock_until(when)
                && self.announce_or(|| {
                    crate::timed::until(
                        when,
                        sema.cast(),
                        |sema, token| sema_expire(sema.cast(), token, || true),
                        |token| self.lock_until(token),
                    )
                })
        }
    }

    /// Announces a writer. If readers are there `wait` says whether they have left; else the writer
    /// leaves, if it can still, and unlocks `w`.
    ///
    /// # Safety
    /// As for [`lock`](Self::lock), by one who holds `w`.
    #[doc(hidden)]
    pub unsafe fn announce_or(&self, wait: impl FnOnce() -> bool) -> bool {
        let announced = self.reader_count.add(WRITER.wrapping_neg());
        let r = count(announced).wrapping_add(RWMUTEX_MAX_READERS);
        if r == 0 || self.reader_wait.add(r) == 0 || wait() {
            return true;
        }
        loop {
            let v = self.reader_count.load();
            let came = came(v).wrapping_sub(came(announced)) as i32;
            let inside = count(v).wrapping_add(RWMUTEX_MAX_READERS) - came;
            // SAFETY: the same contract.
            unsafe {
                if inside == 0 {
                    // The last reader wakes us, or has.
                    sync_runtime_semacquire_rwmutex(&raw const self.writer_sem, false, 0);
                    return true;
                }
                // From here on no reader knows of us but those that have left and not yet said so.
                if !self.reader_count.cas(v, v.wrapping_add(WRITER)) {
                    continue;
                }
                let tickets =
                    if mutant!("the writer leaves as it unlocks") { came + inside } else { came };
                for _ in 0..tickets {
                    sync_runtime_semrelease(&raw const self.reader_sem, false, 0);
                }
                if self.reader_wait.add(-inside) != 0
                    && !mutant!("the writer leaves before the readers")
                {
                    sync_runtime_semacquire_rwmutex(&raw const self.writer_sem, false, 0);
                }
                self.w.unlock();
            }
            return false;
        }
    }

    /// Waits for the readers to leave, until [`sema_expire`](gort_sema::sema_expire) is called with
    /// the same token.
    ///
    /// # Safety
    /// As for [`announce_or`](Self::announce_or), in its `wait`; the token is fresh and outlives
    /// the wait.
    #[doc(hidden)]
    pub unsafe fn lock_until(&self, token: *mut Token) -> bool {
        // SAFETY: the same contract.
        unsafe {
            semacquire_until(
                &raw const self.writer_sem,
                false,
                WaitReason::SyncRWMutexLock,
                token,
                || true,
            )
        }
    }

    /// Unlocks what was locked for writing. A fatal error if it is not.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): rwmutex.go:199 Unlock
    #[doc(alias = "Unlock")]
    pub unsafe fn unlock(&self) {
        // :207 tell the readers that no writer is there
        let r = count(self.reader_count.add(WRITER));
        if r >= RWMUTEX_MAX_READERS {
            fatal("sync: Unlock of unlocked RWMutex");
        }
        // SAFETY: the writer's lock is ours until the end.
        unsafe {
            // :213 let in those that wait
            for _ in 0..r {
                sync_runtime_semrelease(&raw const self.reader_sem, false, 0);
            }
            self.w.unlock(); // :217
        }
    }

    /// Whether a writer holds the lock and readers wait for it.
    ///
    /// Go (sync): rwmutex.go:231 syscall_hasWaitingReaders
    #[doc(alias = "syscall_hasWaitingReaders")]
    pub fn has_waiting_readers(&self) -> bool {
        // :232
        let r = count(self.reader_count.load());
        r < 0 && r + RWMUTEX_MAX_READERS > 0
    }

    /// The reader's side as a [`Locker`].
    ///
    /// Go (sync): rwmutex.go:238 RLocker
    #[doc(alias = "RLocker")]
    pub fn rlocker(&self) -> Rlocker<'_> {
        Rlocker(self) // :239
    }
}

impl Locker for RwMutex {
    unsafe fn lock(&self) {
        // SAFETY: the same contract.
        unsafe { RwMutex::lock(self) }
    }
    unsafe fn unlock(&self) {
        // SAFETY: the same contract.
        unsafe { RwMutex::unlock(self) }
    }
}

/// The reader's side of a [`RwMutex`].
///
/// Go (sync): rwmutex.go:242 rlocker
pub struct Rlocker<'a>(&'a RwMutex);

impl Locker for Rlocker<'_> {
    /// Go (sync): rwmutex.go:244 Lock
    unsafe fn lock(&self) {
        // SAFETY: the same contract.
        unsafe { self.0.rlock() }
    }
    /// Go (sync): rwmutex.go:245 Unlock
    unsafe fn unlock(&self) {
        // SAFETY: the same contract.
        unsafe { self.0.runlock() }
    }
}
