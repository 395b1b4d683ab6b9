//! fd_mutex.go: the lock of a descriptor. It counts the operations that use it, lets one reader and
//! one writer in at a time, and makes the last one out close a descriptor that was closed
//! meanwhile.

use crate::Fd;
use crate::fd::{Error, err_closing};
use gort_asm::getg;
use gort_proc::preempt_check;
use gort_runtime2::atomic::{Uint32, Uint64};
use gort_sema::{poll_runtime_semacquire, poll_runtime_semrelease};
use std::os::fd::BorrowedFd;

/// Go (internal/poll): fd_mutex.go:12 fdMutex
#[derive(Debug, Default)]
pub struct FdMutex {
    state: Uint64,
    rsema: Uint32,
    wsema: Uint32,
}

// The parts of `state`: closed, read lock, write lock, 20 bits of references (readers, writers and
// others), 20 bits of waiting readers, 20 bits of waiting writers.
/// Closed: nothing can be locked any more.
///
/// Go (internal/poll): fd_mutex.go:26 mutexClosed
pub const MUTEX_CLOSED: u64 = 1 << 0;
/// Locked for reading.
pub const MUTEX_RLOCK: u64 = 1 << 1;
/// Locked for writing.
pub const MUTEX_WLOCK: u64 = 1 << 2;
/// One reference.
pub const MUTEX_REF: u64 = 1 << 3;
/// The count of references.
pub const MUTEX_REF_MASK: u64 = ((1 << 20) - 1) << 3;
/// One waiting reader.
pub const MUTEX_RWAIT: u64 = 1 << 23;
/// The count of waiting readers.
pub const MUTEX_RMASK: u64 = ((1 << 20) - 1) << 23;
/// One waiting writer.
pub const MUTEX_WWAIT: u64 = 1 << 43;
/// The count of waiting writers.
///
/// Go (internal/poll): fd_mutex.go:34 mutexWMask
pub const MUTEX_WMASK: u64 = ((1 << 20) - 1) << 43;
/// gort's own: the descriptor has been lent, for as long as its owner lives. That counts as one
/// reference.
pub const MUTEX_LENT: u64 = 1 << 63;

/// Go (internal/poll): fd_mutex.go:37 overflowMsg
pub const OVERFLOW_MSG: &str =
    "too many concurrent operations on a single file or socket (max 1048575)";

/// gort's own: every operation comes by here first. Without a goroutine there is nothing to park,
/// and in a blocking section (which ends the program) no processor to do it on. A goroutine that
/// has been asked to yields, as in the prologues of Go's functions: what fails at once, for a
/// deadline that has passed, may be tried in a loop.
#[inline]
pub(crate) fn need_goroutine() {
    #[cold]
    #[inline(never)]
    fn none() -> ! {
        panic!("gort: I/O outside of a goroutine");
    }
    if getg().is_null() {
        none();
    }
    // SAFETY: on a goroutine, no lock is held.
    unsafe { preempt_check() };
}

/// # Safety
/// On a user goroutine; see `need_goroutine`.
///
/// Go (internal/poll): fd_mutex.go:196 runtime_Semacquire
#[inline]
pub(crate) unsafe fn runtime_semacquire(sema: &Uint32) {
    // SAFETY: the caller's contract.
    unsafe { poll_runtime_semacquire(sema) }
}

/// # Safety
/// On a user goroutine; see `need_goroutine`.
///
/// Go (internal/poll): fd_mutex.go:197 runtime_Semrelease
#[inline]
pub(crate) unsafe fn runtime_semrelease(sema: &Uint32) {
    // SAFETY: the caller's contract.
    unsafe { poll_runtime_semrelease(sema) }
}

impl FdMutex {
    /// An open, unlocked one.
    pub const fn new() -> Self {
        Self { state: Uint64::new(0), rsema: Uint32::new(0), wsema: Uint32::new(0) }
    }

    /// Adds a reference; false if closed. For operations that neither read nor write: they need it
    /// so that the number of the descriptor stays theirs.
    ///
    /// # Panics
    /// With 2²⁰ - 1 references.
    ///
    /// Go (internal/poll): fd_mutex.go:53 incref
    pub fn incref(&self) -> bool {
        need_goroutine();
        self.add_ref()
    }

    /// [`incref`](Self::incref) on any thread, whether it has a processor or not.
    fn add_ref(&self) -> bool {
        loop {
            let old = self.state.load(); // :55
            if old & MUTEX_CLOSED != 0 {
                return false;
            }
            let new = old.wrapping_add(MUTEX_REF); // :59
            if new & MUTEX_REF_MASK == 0 {
                panic!("{OVERFLOW_MSG}");
            }
            if self.state.cas(old, new) {
                return true; // :64
            }
        }
    }

    /// Lends the descriptor: a reference that stays until [`give_back`](Self::give_back). False if
    /// it is closed, and was not lent before. On any thread. gort's own.
    ///
    /// # Panics
    /// With 2²⁰ - 1 references.
    pub fn lend(&self) -> bool {
        loop {
            let old = self.state.load();
            if old & MUTEX_LENT != 0 {
                return true;
            }
            if old & MUTEX_CLOSED != 0 {
                return false;
            }
            let new = (old | MUTEX_LENT).wrapping_add(MUTEX_REF);
            if new & MUTEX_REF_MASK == 0 {
                panic!("{OVERFLOW_MSG}");
            }
            if self.state.cas(old, new) {
                return true;
            }
        }
    }

    /// Whether the descriptor has been lent.
    pub fn lent(&self) -> bool {
        self.state.load() & MUTEX_LENT != 0
    }

    /// Takes the reference of [`lend`](Self::lend) back; true if it is closed and this was the last
    /// one.
    pub fn give_back(&self) -> bool {
        loop {
            let old = self.state.load();
            if old & MUTEX_LENT == 0 {
                return false;
            }
            let new = (old & !MUTEX_LENT) - MUTEX_REF;
            if self.state.cas(old, new) {
                return new & (MUTEX_CLOSED | MUTEX_REF_MASK) == MUTEX_CLOSED;
            }
        }
    }

    /// Closes, and adds a reference; false if it was closed before.
    ///
    /// # Panics
    /// With 2²⁰ - 1 references.
    ///
    /// Go (internal/poll): fd_mutex.go:71 increfAndClose
    #[doc(alias = "increfAndClose")]
    pub fn incref_and_close(&self) -> bool {
        need_goroutine();
        loop {
            let mut old = self.state.load(); // :73
            if old & MUTEX_CLOSED != 0 {
                return false;
            }
            // :78
            let mut new = (old | MUTEX_CLOSED).wrapping_add(MUTEX_REF);
            if new & MUTEX_REF_MASK == 0 {
                panic!("{OVERFLOW_MSG}");
            }
            // :83 nobody waits any more
            new &= !(MUTEX_RMASK | MUTEX_WMASK);
            if self.state.cas(old, new) {
                // :87 who wakes up finds it closed
                while old & MUTEX_RMASK != 0 {
                    old -= MUTEX_RWAIT;
                    // SAFETY: on a goroutine.
                    unsafe { runtime_semrelease(&self.rsema) };
                }
                // :91
                while old & MUTEX_WMASK != 0 {
                    old -= MUTEX_WWAIT;
                    // SAFETY: on a goroutine.
                    unsafe { runtime_semrelease(&self.wsema) };
                }
                return true; // :95
            }
        }
    }

    /// Removes a reference; true if it is closed and this was the last one.
    ///
    /// # Panics
    /// Without references.
    ///
    /// Go (internal/poll): fd_mutex.go:102 decref
    pub fn decref(&self) -> bool {
        loop {
            let old = self.state.load(); // :104
            if old & MUTEX_REF_MASK == 0 {
                panic!("inconsistent poll.fdMutex");
            }
            let new = old - MUTEX_REF; // :108
            if self.state.cas(old, new) {
                return new & (MUTEX_CLOSED | MUTEX_REF_MASK) == MUTEX_CLOSED;
            }
        }
    }

    /// Adds a reference and locks; false if closed.
    ///
    /// # Panics
    /// With 2²⁰ - 1 references or waiters.
    ///
    /// Go (internal/poll): fd_mutex.go:117 rwlock
    pub fn rwlock(&self, read: bool) -> bool {
        need_goroutine();
        // :118
        let (mutex_bit, mutex_wait, mutex_mask, mutex_sema) = self.side(read);
        loop {
            let old = self.state.load(); // :132
            if old & MUTEX_CLOSED != 0 {
                return false;
            }
            let new; // :136
            if old & mutex_bit == 0 {
                // :139 free
                new = (old | mutex_bit).wrapping_add(MUTEX_REF);
                if new & MUTEX_REF_MASK == 0 {
                    panic!("{OVERFLOW_MSG}");
                }
            } else {
                // :145 taken
                new = old.wrapping_add(mutex_wait);
                if new & mutex_mask == 0 {
                    panic!("{OVERFLOW_MSG}");
                }
            }
            // :150
            if self.state.cas(old, new) {
                if old & mutex_bit == 0 {
                    return true;
                }
                // :154 whoever wakes us has taken us off the count
                // SAFETY: on a goroutine.
                unsafe { runtime_semacquire(mutex_sema) };
            }
        }
    }

    /// Unlocks and removes the reference; true if it is closed and this was the last one.
    ///
    /// # Panics
    /// If it is not locked.
    ///
    /// Go (internal/poll): fd_mutex.go:162 rwunlock
    pub fn rwunlock(&self, read: bool) -> bool {
        // :163
        let (mutex_bit, mutex_wait, mutex_mask, mutex_sema) = self.side(read);
        loop {
            let old = self.state.load(); // :177
            if old & mutex_bit == 0 || old & MUTEX_REF_MASK == 0 {
                panic!("inconsistent poll.fdMutex");
            }
            // :182
            let mut new = (old & !mutex_bit) - MUTEX_REF;
            if old & mutex_mask != 0 {
                new -= mutex_wait;
            }
            // :186
            if self.state.cas(old, new) {
                if old & mutex_mask != 0 {
                    // SAFETY: on a goroutine, as in rwlock.
                    unsafe { runtime_semrelease(mutex_sema) };
                }
                return new & (MUTEX_CLOSED | MUTEX_REF_MASK) == MUTEX_CLOSED; // :190
            }
        }
    }

    /// The bits and the semaphore of readers or writers.
    #[inline(always)]
    fn side(&self, read: bool) -> (u64, u64, u64, &Uint32) {
        if read {
            (MUTEX_RLOCK, MUTEX_RWAIT, MUTEX_RMASK, &self.rsema)
        } else {
            (MUTEX_WLOCK, MUTEX_WWAIT, MUTEX_WMASK, &self.wsema)
        }
    }
}

/// Go's `defer fd.decref()`.
pub(crate) struct Decref<'a>(&'a Fd);

impl Decref<'_> {
    /// The descriptor, which stays open for as long as there is a reference.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: see above.
        unsafe { self.0.number() }
    }
}

impl Drop for Decref<'_> {
    fn drop(&mut self) {
        let _ = self.0.decref();
    }
}

/// Go's `defer fd.readUnlock()` and `defer fd.writeUnlock()`.
pub(crate) struct Unlock<'a> {
    fd: &'a Fd,
    read: bool,
}

impl Unlock<'_> {
    /// The descriptor, which stays open for as long as there is a reference: a lock is one.
    #[inline(always)]
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: see above.
        unsafe { self.fd.number() }
    }
}

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.read { self.fd.read_unlock() } else { self.fd.write_unlock() }
    }
}

impl Fd {
    /// Calls `f` with a reference, in a blocking section: what the last one out has to do needs a
    /// processor, and this goroutine has none. gort's own.
    #[cold]
    pub(crate) fn with_ref_in_blocking<R>(
        &self,
        f: impl FnOnce(BorrowedFd<'_>) -> R,
    ) -> Result<R, Error> {
        struct Out<'a>(&'a Fd);
        impl Drop for Out<'_> {
            fn drop(&mut self) {
                let fd = self.0;
                if !fd.fdmu.decref() {
                    return;
                }
                // Another thread has one; this one may wait for it here. Who closed waits for this:
                // if the system has no thread to give, then again until it has.
                let close = || gort_proc::outside("close of a descriptor", || _ = fd.destroy());
                std::thread::scope(|s| {
                    while std::thread::Builder::new().spawn_scoped(s, close).is_err() {
                        std::thread::sleep(std::time::Duration::from_millis(10));
                    }
                });
            }
        }
        if !self.fdmu.add_ref() {
            return Err(err_closing(self.is_file.get()));
        }
        let _out = Out(self);
        // SAFETY: there is a reference.
        Ok(f(unsafe { self.number() }))
    }

    /// Adds a reference, for as long as the guard lives.
    ///
    /// Go (internal/poll): fd_mutex.go:201 incref
    pub(crate) fn incref(&self) -> Result<Decref<'_>, Error> {
        // :202
        if !self.fdmu.incref() {
            return Err(err_closing(self.is_file.get()));
        }
        Ok(Decref(self)) // :205
    }

    /// Removes a reference; closes the descriptor if it is the last one of a closed Fd.
    ///
    /// Go (internal/poll): fd_mutex.go:211 decref
    pub(crate) fn decref(&self) -> Result<(), Error> {
        // :212
        if self.fdmu.decref() {
            return self.destroy();
        }
        Ok(()) // :215
    }

    /// Locks for reading, for as long as the guard lives.
    ///
    /// Go (internal/poll): fd_mutex.go:220 readLock
    #[doc(alias = "readLock")]
    #[inline]
    pub(crate) fn read_lock(&self) -> Result<Unlock<'_>, Error> {
        // :221
        if !self.fdmu.rwlock(true) {
            return Err(err_closing(self.is_file.get()));
        }
        Ok(Unlock { fd: self, read: true }) // :224
    }

    /// Unlocks, and closes the descriptor if it is the last one of a closed Fd.
    ///
    /// Go (internal/poll): fd_mutex.go:230 readUnlock
    #[doc(alias = "readUnlock")]
    fn read_unlock(&self) {
        // :231
        if self.fdmu.rwunlock(true) {
            let _ = self.destroy();
        }
    }

    /// Locks for writing, for as long as the guard lives.
    ///
    /// Go (internal/poll): fd_mutex.go:238 writeLock
    #[doc(alias = "writeLock")]
    #[inline]
    pub(crate) fn write_lock(&self) -> Result<Unlock<'_>, Error> {
        // :239
        if !self.fdmu.rwlock(false) {
            return Err(err_closing(self.is_file.get()));
        }
        Ok(Unlock { fd: self, read: false }) // :242
    }

    /// Unlocks, and closes the descriptor if it is the last one of a closed Fd.
    ///
    /// Go (internal/poll): fd_mutex.go:248 writeUnlock
    #[doc(alias = "writeUnlock")]
    fn write_unlock(&self) {
        // :249
        if self.fdmu.rwunlock(false) {
            let _ = self.destroy();
        }
    }
}
