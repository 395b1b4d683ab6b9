//! sendfile_linux.go: from a file to a socket, without a copy in user space.

use crate::fd::Error;
use crate::fd_unix::Fd;
use crate::sys;
use gort_proc::entry_here;
use std::os::fd::BorrowedFd;

/// Go (internal/poll): sendfile_linux.go:11 maxSendfileSize
const MAX_SENDFILE_SIZE: u64 = 4 << 20;

/// Sends at most `remain` bytes of the file `src`, from its own offset to its end. How many; why
/// not all; whether the kernel could do it at all (if not, nothing has been sent).
///
/// # Errors
/// If closed, past the deadline; the kernel's.
///
/// Go (internal/poll): sendfile_linux.go:14 SendFile
#[doc(alias = "SendFile")]
pub fn send_file(
    dst_fd: &Fd,
    src: BorrowedFd<'_>,
    mut remain: u64,
) -> (u64, Result<(), Error>, bool) {
    entry_here!("I/O (send_file)", send_file(dst_fd, src, remain));
    // :18
    let unlock = match dst_fd.write_lock() {
        Ok(guard) => guard,
        Err(e) => return (0, Err(e), false),
    };
    if let Err(e) = dst_fd.pd.prepare_write(dst_fd.is_file.get()) {
        return (0, Err(e), false); // :24
    }

    let (mut written, mut err) = (0, Ok(()));
    while remain > 0 {
        let n = MAX_SENDFILE_SIZE.min(remain) as usize; // :29
        // :33
        match sys::sendfile(unlock.fd(), src, n) {
            Ok(0) => break, // the end
            Ok(n) => {
                written += n as u64;
                remain -= n as u64;
            }
            Err(Error::Errno(libc::EINTR)) => {}
            Err(Error::Errno(libc::EAGAIN)) => {
                if let Err(e) = dst_fd.pd.wait_write(dst_fd.is_file.get()) {
                    err = Err(e);
                    break;
                }
            }
            Err(e) => {
                err = Err(e); // :44 all errors but the two above
                break;
            }
        }
    }
    // :53
    let unsupported = matches!(err, Err(Error::Errno(libc::ENOSYS | libc::EINVAL)));
    (written, err, written != 0 || !unsupported)
}
