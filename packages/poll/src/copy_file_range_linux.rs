//! copy_file_range_linux.go: from a regular file to another, inside the kernel.

use crate::fd::Error;
use crate::fd_unix::{Fd, ignoring_eintrio};
use crate::sys;
use gort_proc::entry_here;

/// Go (internal/poll): copy_file_range_linux.go:21 maxCopyFileRangeRound
const MAX_COPY_FILE_RANGE_ROUND: u64 = 1 << 30;

/// Copies at most `remain` bytes from `src` to `dst`, from and to their own offsets, until the end
/// of `src`. How many; whether the kernel could do it at all (if not, nothing has been copied); the
/// error.
///
/// # Errors
/// If closed; the kernel's.
///
/// Go (internal/poll): copy_file_range_linux.go:25 CopyFileRange
#[doc(alias = "CopyFileRange")]
pub fn copy_file_range(dst: &Fd, src: &Fd, mut remain: u64) -> (u64, bool, Result<(), Error>) {
    entry_here!("I/O (copy_file_range)", copy_file_range(dst, src, remain));
    // :26 gort needs Linux 6, where it works
    let mut written = 0;
    // :30
    while remain > 0 {
        let max = remain.min(MAX_COPY_FILE_RANGE_ROUND) as usize; // :31
        // :35
        match copy_file_range_once(dst, src, max) {
            // :37 not here: two file systems, no regular file, a sandbox ...
            // :47 and on EXDEV ... nothing has been copied either
            Err(Error::Errno(
                libc::ENOSYS
                | libc::EXDEV
                | libc::EINVAL
                | libc::EIO
                | libc::EOPNOTSUPP
                | libc::EPERM,
            )) => return (0, false, Ok(())),
            // :72 the end, or a file system where it copies nothing and does not say so
            Ok(0) => return (written, written != 0, Ok(())),
            Ok(n) => {
                remain -= n as u64; // :83
                written += n as u64;
            }
            Err(e) => return (written, true, Err(e)), // :86
        }
    }
    (written, true, Ok(())) // :89
}

/// Go (internal/poll): copy_file_range_linux.go:93 copyFileRange
fn copy_file_range_once(dst: &Fd, src: &Fd, max: usize) -> Result<usize, Error> {
    // :104 both offsets move, hence both locks
    let unlock_dst = dst.write_lock()?;
    let unlock_src = src.read_lock()?; // :108
    ignoring_eintrio(|| sys::copy_file_range(unlock_src.fd(), unlock_dst.fd(), max)) // :114
}
