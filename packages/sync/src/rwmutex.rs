//! rwmutex.go: a reader/writer lock for goroutines. A writer that waits keeps new readers out, so readers must
//! not lock recursively.

use crate::mutex::{Locker, Mutex};
use crate::owner;
use gort_proc::atomic::{Int32, Uint32};
use gort_proc::fatal;
use gort_sema::{
    sync_runtime_semacquire_rwmutex, sync_runtime_semacquire_rwmutex_r, sync_runtime_semrelease,
};

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
    /// Readers that hold the lock or wait for it; negative (less [`RWMUTEX_MAX_READERS`]) if a writer is there.
    pub reader_count: Int32,
    /// Readers that the writer still has to wait for.
    pub reader_wait: Int32,
}

/// More readers than there can be.
///
/// Go (sync): rwmutex.go:45 rwmutexMaxReaders
pub const RWMUTEX_MAX_READERS: i32 = 1 << 30;

impl RwMutex {
    /// An unlocked lock.
    pub const fn new() -> Self {
        Self {
            w: Mutex::new(),
            writer_sem: Uint32::new(0),
            reader_sem: Uint32::new(0),
            reader_count: Int32::new(0),
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
        if self.reader_count.add(1) < 0 {
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
            if c < 0 {
                return false;
            }
            // :98
            if self.reader_count.cas(c, c + 1) {
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
        let r = self.reader_count.add(-1);
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
            let r = self.reader_count.add(-RWMUTEX_MAX_READERS).wrapping_add(RWMUTEX_MAX_READERS);
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
        if !self.reader_count.cas(0, -RWMUTEX_MAX_READERS) {
            // SAFETY: locked just now.
            unsafe { self.w.unlock() };
            return false;
        }
        true // :190
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
        let r = self.reader_count.add(RWMUTEX_MAX_READERS);
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
        let r = self.reader_count.load();
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
