//! Go's runtime/rwmutex.go: the runtime's own reader/writer lock.
//!
//! It blocks the M, not the goroutine. `reader_count` is the number of readers, minus 2³⁰ while a
//! writer is there; `reader_wait` is how many of the readers that came before the writer have still
//! to leave.
//!
//! In the order of locks it counts as `read_rank` while read-locked and as the rank of `w_lock`
//! while write-locked; `r_lock`, held for moments only, has a rank of its own behind both.

use gort_asm::{getg, systemstack};
use gort_lock_futex::{
    acquire_lock_rank_and_m, get_lock_rank, lock, lock_init, lock_with_rank_may_acquire, noteclear,
    notesleep, notewakeup, release_lock_rank_and_m, unlock,
};
use gort_runtime2::atomic::{Int32, Uint32};
#[cfg(not(loom))]
use gort_runtime2::linkname::throw;
use gort_runtime2::{LockRank, Muintptr, Mutex, RankCell, mutant};

#[cfg(loom)]
fn throw(s: &str) -> ! {
    panic!("{s}")
}

/// A reader/writer lock.
///
/// Go: rwmutex.go:18 rwmutex
#[derive(Default)]
pub struct Rwmutex {
    /// Guards `readers`, `reader_pass` and `writer`.
    r_lock: Mutex,
    /// Readers that wait.
    readers: Muintptr,
    /// Readers that may go on without being in that list.
    reader_pass: Uint32,

    /// One writer at a time.
    w_lock: Mutex,
    /// The writer that waits for readers to leave.
    writer: Muintptr,

    reader_count: Int32,
    reader_wait: Int32,

    read_rank: RankCell,
}

/// More readers than there can be.
///
/// Go: rwmutex.go:67 rwmutexMaxReaders
const RWMUTEX_MAX_READERS: i32 = 1 << 30;

fn raw(l: &Mutex) -> *mut Mutex {
    (&raw const *l).cast_mut()
}

impl Rwmutex {
    /// An unlocked lock. To be given its ranks by [`init`](Self::init).
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        // SAFETY: atomics and nullable pointers only: all zeroes is a valid value.
        unsafe { core::mem::zeroed() }
    }

    /// Sets the ranks.
    ///
    /// Go: rwmutex.go:60 init
    pub fn init(&self, read_rank: LockRank, read_rank_internal: LockRank, write_rank: LockRank) {
        // :61
        self.read_rank.set(read_rank);
        // SAFETY: the locks are alive; their fields are atomics.
        unsafe {
            // :63
            lock_init(raw(&self.r_lock), read_rank_internal);
            lock_init(raw(&self.w_lock), write_rank);
        }
    }

    /// Locks for reading.
    ///
    /// # Safety
    /// On an M; its `park` note must be clear.
    ///
    /// Go: rwmutex.go:70 rlock
    pub unsafe fn rlock(&self) {
        // SAFETY: the caller's contract.
        unsafe {
            // :75 a reader must keep its P: those who wait could otherwise use up all of them
            acquire_lock_rank_and_m(self.read_rank.get());
            lock_with_rank_may_acquire(raw(&self.r_lock), get_lock_rank(raw(&self.r_lock)));
            // :78
            if self.reader_count.add(1) < 0 {
                systemstack(|| {
                    // :81
                    lock(raw(&self.r_lock));
                    if self.reader_pass.get() > 0
                        && !mutant!("rlock does not look whether it may pass")
                    {
                        // :84 the writer has finished
                        self.reader_pass.bump(u32::MAX);
                        unlock(raw(&self.r_lock));
                    } else {
                        // :89
                        let m = (*getg()).m;
                        (*m).schedlink.set(self.readers.ptr());
                        self.readers.set(m);
                        unlock(raw(&self.r_lock));
                        // :93
                        notesleep(&raw mut (*m).park);
                        noteclear(&raw mut (*m).park);
                    }
                });
            }
        }
    }

    /// Undoes one [`rlock`](Self::rlock).
    ///
    /// # Safety
    /// On the M that locked.
    ///
    /// Go: rwmutex.go:101 runlock
    pub unsafe fn runlock(&self) {
        // SAFETY: the caller's contract; a waiting writer's M is alive.
        unsafe {
            // :102
            let r = self.reader_count.add(-1);
            if r < 0 {
                // :103
                if r + 1 == 0 || r + 1 == -RWMUTEX_MAX_READERS {
                    throw("runlock of unlocked rwmutex");
                }
                // :107
                if self.reader_wait.add(-1) == 0 {
                    // :109 the last reader lets the writer in
                    lock(raw(&self.r_lock));
                    let w = self.writer.ptr();
                    if !w.is_null() && !mutant!("runlock wakes no writer") {
                        notewakeup(&raw mut (*w).park);
                    }
                    // :114
                    unlock(raw(&self.r_lock));
                }
            }
            // :117
            release_lock_rank_and_m(self.read_rank.get());
        }
    }

    /// Locks for writing.
    ///
    /// # Safety
    /// On an M; its `park` note must be clear.
    ///
    /// Go: rwmutex.go:121 lock
    pub unsafe fn lock(&self) {
        // SAFETY: the caller's contract.
        unsafe {
            // :123
            lock(raw(&self.w_lock));
            let m = (*getg()).m;
            // :126 readers see from now on that a writer is there
            let r = self.reader_count.add(-RWMUTEX_MAX_READERS) + RWMUTEX_MAX_READERS;
            // :128
            lock(raw(&self.r_lock));
            if r != 0 && self.reader_wait.add(r) != 0 && !mutant!("lock does not wait for readers")
            {
                // :131
                systemstack(|| {
                    self.writer.set(m);
                    unlock(raw(&self.r_lock));
                    // :134
                    notesleep(&raw mut (*m).park);
                    noteclear(&raw mut (*m).park);
                });
            } else {
                // :138
                unlock(raw(&self.r_lock));
            }
        }
    }

    /// Undoes [`lock`](Self::lock).
    ///
    /// # Safety
    /// On the M that locked.
    ///
    /// Go: rwmutex.go:143 unlock
    pub unsafe fn unlock(&self) {
        // SAFETY: the caller's contract; waiting readers' Ms are alive.
        unsafe {
            // :145
            let mut r = self.reader_count.add(RWMUTEX_MAX_READERS);
            if r >= RWMUTEX_MAX_READERS {
                throw("unlock of unlocked rwmutex");
            }
            // :150
            lock(raw(&self.r_lock));
            while !self.readers.ptr().is_null() {
                // :152
                let reader = self.readers.ptr();
                self.readers.set((*reader).schedlink.ptr());
                (*reader).schedlink.set(core::ptr::null_mut());
                notewakeup(&raw mut (*reader).park);
                r -= 1;
            }
            // :160 readers that have counted themselves but not queued yet
            self.reader_pass.bump(r as u32);
            unlock(raw(&self.r_lock));
            // :163
            unlock(raw(&self.w_lock));
        }
    }
}
