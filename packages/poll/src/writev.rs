//! writev.go and fd_writev_unix.go: several buffers at once.

use crate::Fd;
use crate::fd::{Error, consume};
use crate::sys;
use gort_proc::entry_here;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;

impl Fd {
    /// Writes all the buffers; what has been written is taken off them. How much it wrote, and why
    /// not all.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (internal/poll): writev.go:16 Writev
    pub fn writev(&self, v: &mut &mut [IoSlice<'_>]) -> (usize, Result<(), Error>) {
        entry_here!("I/O (writev)", self.writev(v));
        // :17
        let unlock = match self.write_lock() {
            Ok(guard) => guard,
            Err(e) => return (0, Err(e)),
        };
        // :21
        if let Err(e) = self.pd.prepare_write(self.is_file.get()) {
            return (0, Err(e));
        }

        // :25
        // SAFETY: under the write lock.
        let iovecs = unsafe { &mut *self.iovecs.get() };
        let max_vec = 1024; // :32

        let mut n = 0; // :38
        let mut err = Ok(());
        while !v.is_empty() {
            iovecs.clear(); // :41
            for chunk in v.iter() {
                if chunk.is_empty() {
                    continue;
                }
                let mut len = chunk.len(); // :46
                let cut = self.is_stream && len > 1 << 30;
                if cut {
                    len = 1 << 30;
                }
                iovecs
                    .push(libc::iovec { iov_base: chunk.as_ptr().cast_mut().cast(), iov_len: len });
                if cut {
                    break; // :49 the rest of it comes next time
                }
                if iovecs.len() == max_vec {
                    break; // :53
                }
            }
            if iovecs.is_empty() {
                break;
            }
            // :59 the vector itself is the cache

            // SAFETY: the elements are those of `v`, which is borrowed.
            let r = unsafe { writev(unlock.fd(), iovecs) }; // :65
            let wrote = r.unwrap_or(0);
            n += wrote; // :70
            consume(v, wrote);
            iovecs.clear();
            if let Err(mut e) = r {
                // :74
                if e == Error::Errno(libc::EINTR) {
                    continue;
                }
                if e == Error::Errno(libc::EAGAIN) {
                    // :78
                    match self.pd.wait_write(self.is_file.get()) {
                        Ok(()) => continue,
                        Err(e2) => e = e2,
                    }
                }
                err = Err(e);
                break; // :82
            }
            if n == 0 {
                err = Err(Error::UnexpectedEof); // :85
                break;
            }
        }
        (n, err) // :89
    }
}

/// # Safety
/// Each element says where so many readable bytes are.
///
/// Go (internal/poll): fd_writev_unix.go:14 writev
unsafe fn writev(fd: BorrowedFd<'_>, iovecs: &[libc::iovec]) -> Result<usize, Error> {
    loop {
        // SAFETY: the caller's contract.
        let r = unsafe { sys::writev(fd, iovecs) }; // :20
        if r != Err(Error::Errno(libc::EINTR)) {
            return r; // :22
        }
    }
}
