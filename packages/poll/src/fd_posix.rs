//! fd_posix.go and fd_fsync_posix.go: operations that are one system call.

use crate::Fd;
use crate::fd::Error;
use crate::fd_unix::in_blocking;
use crate::sys;
use gort_proc::entry_here;
use std::os::fd::BorrowedFd;

impl Fd {
    /// Nothing read means the end, where it does.
    ///
    /// Go (internal/poll): fd_posix.go:16 eofError
    #[doc(alias = "eofError")]
    #[inline]
    pub(crate) fn eof_error<T>(&self, n: usize, r: Result<T, Error>) -> Result<T, Error> {
        // :17
        if n == 0 && r.is_ok() && self.zero_read_is_eof {
            return Err(Error::Eof);
        }
        r // :20
    }

    /// `shutdown(2)`.
    ///
    /// # Errors
    /// If closed, or the kernel's.
    ///
    /// Go (internal/poll): fd_posix.go:24 Shutdown
    pub fn shutdown(&self, how: i32) -> Result<(), Error> {
        entry_here!("I/O (shutdown)", self.shutdown(how));
        let decref = self.incref()?; // :25
        sys::shutdown(decref.fd(), how) // :29
    }

    /// `fchown(2)`.
    ///
    /// # Errors
    /// If closed, or the kernel's.
    ///
    /// Go (internal/poll): fd_posix.go:33 Fchown
    pub fn fchown(&self, uid: u32, gid: u32) -> Result<(), Error> {
        entry_here!("I/O (fchown)", self.fchown(uid, gid));
        let decref = self.incref()?; // :34
        // :38
        ignoring_eintr(|| sys::fchown(decref.fd(), uid, gid))
    }

    /// `ftruncate(2)`.
    ///
    /// # Errors
    /// If closed, or the kernel's.
    ///
    /// Go (internal/poll): fd_posix.go:44 Ftruncate
    pub fn ftruncate(&self, size: i64) -> Result<(), Error> {
        entry_here!("I/O (ftruncate)", self.ftruncate(size));
        let decref = self.incref()?; // :45
        // :49
        ignoring_eintr(|| sys::ftruncate(decref.fd(), size))
    }

    /// Calls `f` with the descriptor, which stays open meanwhile.
    ///
    /// # Errors
    /// If closed.
    ///
    /// Go (internal/poll): fd_posix.go:56 RawControl
    #[doc(alias = "RawControl")]
    pub fn raw_control<R>(&self, f: impl FnOnce(BorrowedFd<'_>) -> R) -> Result<R, Error> {
        if in_blocking() {
            return self.with_ref_in_blocking(f);
        }
        entry_here!("I/O (raw_control)", self.raw_control(f));
        let decref = self.incref()?; // :57
        Ok(f(decref.fd())) // :61
    }

    /// `fsync(2)`.
    ///
    /// # Errors
    /// If closed, or the kernel's.
    ///
    /// Go (internal/poll): fd_fsync_posix.go:12 Fsync
    pub fn fsync(&self) -> Result<(), Error> {
        entry_here!("I/O (fsync)", self.fsync());
        let decref = self.incref()?; // :13
        // :17
        ignoring_eintr(|| sys::fsync(decref.fd()))
    }
}

/// Repeats `f` for as long as a signal interrupts it.
///
/// Go (internal/poll): fd_posix.go:72 ignoringEINTR
#[doc(alias = "ignoringEINTR")]
pub(crate) fn ignoring_eintr<T>(f: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        let r = f(); // :74
        if !matches!(r, Err(Error::Errno(libc::EINTR))) {
            return r;
        }
    }
}
