//! splice_linux.go: from a stream to another through a pipe, without a copy in user space.

use crate::fd::Error;
use crate::fd_unix::Fd;
use crate::sys;
use gort_proc::entry_here;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;

/// Asks for what fits into the pipe, and not to wait for it.
const SPLICE_NONBLOCK: u32 = libc::SPLICE_F_NONBLOCK;

/// Go (internal/poll): splice_linux.go:26 maxSpliceSize
const MAX_SPLICE_SIZE: usize = 1 << 20;

/// Moves at most `remain` bytes from `src` to `dst`, until the end of `src`. How many it moved;
/// whether the kernel could do it at all (if not, nothing has been moved); the error.
///
/// # Errors
/// If closed, past the deadline; the kernel's.
///
/// Go (internal/poll): splice_linux.go:34 Splice
pub fn splice(dst: &Fd, src: &Fd, mut remain: u64) -> (u64, bool, Result<(), Error>) {
    entry_here!("I/O (splice)", splice(dst, src, remain));
    // :35
    let mut p = match SplicePipe::get() {
        Ok(p) => p,
        Err(e) => return (0, false, Err(e)),
    };
    let (mut written, mut handled) = (0, false);
    while remain > 0 {
        let max = MAX_SPLICE_SIZE.min(usize::try_from(remain).unwrap_or(MAX_SPLICE_SIZE)); // :42
        let drained = splice_drain(p.end(1), src, max); // :46
        // :56 EINVAL: not for this kind of descriptor, and nothing has been taken
        handled |= drained != Err(Error::Errno(libc::EINVAL));
        let in_pipe = match drained {
            Ok(0) => break, // :57 the end
            Ok(n) => n,
            Err(e) => return (written, handled, Err(e)),
        };
        p.data += in_pipe; // :60

        let (n, err) = splice_pump(dst, p.end(0), in_pipe);
        written += n as u64; // :64
        remain -= n as u64;
        p.data -= n;
        if err.is_err() {
            return (written, handled, err); // :70
        }
    }
    (written, true, Ok(()))
}

// Go's wrapper of the system call (splice_linux.go:169) is `sys::splice`.

/// From the socket into the pipe, which is empty: `EAGAIN` can only mean that the socket has
/// nothing. 0 at its end.
///
/// Go (internal/poll): splice_linux.go:87 spliceDrain
fn splice_drain(pipefd: BorrowedFd<'_>, sock: &Fd, max: usize) -> Result<usize, Error> {
    let unlock = sock.read_lock()?; // :88
    sock.pd.prepare_read(sock.is_file.get())?; // :92
    loop {
        // :96
        match sys::splice(unlock.fd(), pipefd, max, SPLICE_NONBLOCK) {
            Err(Error::Errno(libc::EINTR)) => {}
            Err(Error::Errno(libc::EAGAIN)) => {
                if sock.pd.pollable() {
                    sock.pd.wait_read(sock.is_file.get())?;
                }
            }
            r => return r, // :105 anything but the two above
        }
    }
}

/// From the pipe, which holds `in_pipe` bytes, to the socket: all of it. How much went, and why not
/// all.
///
/// Go (internal/poll): splice_linux.go:128 splicePump
fn splice_pump(
    sock: &Fd,
    pipefd: BorrowedFd<'_>,
    mut in_pipe: usize,
) -> (usize, Result<(), Error>) {
    // :129
    let unlock = match sock.write_lock() {
        Ok(guard) => guard,
        Err(e) => return (0, Err(e)),
    };
    if let Err(e) = sock.pd.prepare_write(sock.is_file.get()) {
        return (0, Err(e)); // :134
    }
    let mut written = 0;
    while in_pipe > 0 {
        // :142
        match sys::splice(pipefd, unlock.fd(), in_pipe, SPLICE_NONBLOCK) {
            Err(Error::Errno(libc::EINTR)) => {}
            Ok(n @ 1..) => {
                in_pipe -= n; // :149
                written += n;
            }
            Err(Error::Errno(libc::EAGAIN)) => {
                if sock.pd.pollable()
                    && let Err(e) = sock.pd.wait_write(sock.is_file.get())
                {
                    return (written, Err(e));
                }
            }
            r => return (written, r.map(drop)), // :154 anything but the two above
        }
    }
    (written, Ok(()))
}

/// A pipe between two streams.
///
/// Go (internal/poll): splice_linux.go:180 splicePipe
struct SplicePipe {
    /// Where it is read and written; there until it is dropped.
    ends: Option<[OwnedFd; 2]>,
    /// What is in it.
    data: usize,
}

/// Pipes that nobody uses now. Go has a `sync.Pool`, which each collection empties; so many are
/// kept here.
///
/// Go (internal/poll): splice_linux.go:191 splicePipePool
static SPLICE_PIPE_POOL: Mutex<Vec<SplicePipe>> = Mutex::new(Vec::new());
const POOLED: usize = 32;

impl SplicePipe {
    /// One of those that were used before, or a new one.
    ///
    /// Go (internal/poll): splice_linux.go:205 getPipe
    fn get() -> Result<Self, Error> {
        let pooled = SPLICE_PIPE_POOL.lock().unwrap_or_else(|e| e.into_inner()).pop(); // :206
        match pooled {
            Some(p) => Ok(p),
            None => Self::new().ok_or(Error::Errno(libc::EINVAL)), // :208 another way will do
        }
    }

    fn end(&self, i: usize) -> BorrowedFd<'_> {
        self.ends.as_ref().expect("there until it is dropped")[i].as_fd()
    }

    /// Go (internal/poll): splice_linux.go:225 newPipe
    fn new() -> Option<Self> {
        let ends = sys::pipe2(libc::O_CLOEXEC | libc::O_NONBLOCK).ok()?; // :227
        // :236 a smaller one works as well
        // SAFETY: takes a number.
        let _ = unsafe { sys::fcntl(ends[0].as_fd(), libc::F_SETPIPE_SZ, MAX_SPLICE_SIZE as i32) };
        Some(Self { ends: Some(ends), data: 0 })
    }
}

impl Drop for SplicePipe {
    /// Go (internal/poll): splice_linux.go:213 putPipe
    fn drop(&mut self) {
        // :216 with something left in it, it is of no use
        if self.data == 0 {
            let mut pool = SPLICE_PIPE_POOL.lock().unwrap_or_else(|e| e.into_inner());
            if pool.len() < POOLED {
                pool.push(Self { ends: self.ends.take(), data: 0 }); // :221
                return;
            }
        }
        // As in destroyPipe.
        for end in self.ends.take().into_iter().flatten() {
            let _ = sys::close(end);
        }
    }
}
