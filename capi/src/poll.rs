//! Waiting for descriptors.

use crate::errors::not_null;
use core::ffi::c_int;
use gort_netpoll::*;
use gort_poll::fd_mutex::FdMutex;
use gort_proc::nanotime;
use std::os::fd::{FromRawFd, OwnedFd};

const READ: c_int = 1;
const WRITE: c_int = 2;

fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

fn mode_of(mode: c_int) -> Option<i32> {
    match mode {
        READ => Some(MODE_R),
        WRITE => Some(MODE_W),
        _ => None,
    }
}

/// Whether the kernel says so now; or an error.
fn ready(fd: c_int, mode: c_int) -> Result<bool, c_int> {
    let events = if mode == READ { libc::POLLIN | libc::POLLRDHUP } else { libc::POLLOUT };
    let mut p = libc::pollfd { fd, events, revents: 0 };
    loop {
        // SAFETY: one pollfd; it does not wait.
        match unsafe { libc::poll(&raw mut p, 1, 0) } {
            0 => return Ok(false),
            // poll(2) says nothing of a negative one.
            _ if p.revents & libc::POLLNVAL != 0 || fd < 0 => return Err(libc::EBADF),
            1 => return Ok(true),
            _ => match errno() {
                libc::EINTR => {}
                e => return Err(e),
            },
        }
    }
}

/// A descriptor that the poller watches.
struct Watch(*mut PollDesc);

impl Watch {
    fn new(fd: c_int) -> Result<Self, c_int> {
        // SAFETY: on a goroutine, no runtime lock held.
        unsafe {
            poll_runtime_poll_server_init();
            match poll_runtime_poll_open(fd as usize) {
                (pd, 0) => Ok(Self(pd)),
                (_, e) => Err(e),
            }
        }
    }

    /// Parks until it may be ready; `None`: no deadline.
    fn wait(&self, mode: i32, ns: Option<i64>) -> Result<(), c_int> {
        // SAFETY: open; nobody else waits in this mode. What has come since the last wait is not
        // forgotten before (no poll_reset): the caller has looked at the descriptor, and that may
        // have been before it came.
        let r = unsafe {
            if let Some(ns) = ns {
                // 0 would be none.
                poll_runtime_poll_set_deadline(self.0, ns.max(1), mode);
            }
            let r = poll_runtime_poll_wait(self.0, mode);
            if ns.is_some() {
                poll_runtime_poll_set_deadline(self.0, 0, mode);
            }
            r
        };
        match r {
            POLL_NO_ERROR => Ok(()),
            POLL_ERR_TIMEOUT => Err(libc::ETIMEDOUT),
            POLL_ERR_CLOSING => Err(libc::EBADF),
            _ => Err(libc::EIO),
        }
    }

    /// Waits until the kernel says that it is ready.
    fn until_ready(&self, fd: c_int, mode: c_int, ns: i64) -> Result<(), c_int> {
        let end = nanotime().saturating_add(ns.max(0));
        loop {
            if ready(fd, mode)? {
                return Ok(());
            }
            let left = end.saturating_sub(nanotime());
            if ns >= 0 && left <= 0 {
                return Err(libc::ETIMEDOUT);
            }
            match self.wait(if mode == READ { MODE_R } else { MODE_W }, (ns >= 0).then_some(left)) {
                Err(libc::ETIMEDOUT) | Ok(()) => {}
                e => return e,
            }
        }
    }

    fn close(self) {
        // SAFETY: open, and nobody uses it any more.
        unsafe {
            poll_runtime_poll_unblock(self.0);
            poll_runtime_poll_close(self.0);
        }
    }
}

fn code(r: Result<(), c_int>) -> c_int {
    r.err().map_or(0, |e| -e)
}

fn poll(fd: c_int, mode: c_int, ns: i64) -> Result<(), c_int> {
    if mode_of(mode).is_none() {
        return Err(libc::EINVAL);
    }
    gort_proc::entry_here!("gort_poll", poll(fd, mode, ns));
    if ready(fd, mode)? {
        return Ok(());
    }
    if ns == 0 {
        return Err(libc::ETIMEDOUT);
    }
    let mut own = None;
    let w = match Watch::new(fd) {
        // Somebody else waits for it: the poller knows a descriptor once only.
        Err(libc::EEXIST) => {
            // SAFETY: a plain call.
            let dup = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
            if dup < 0 {
                return Err(errno());
            }
            // SAFETY: it is ours.
            own = Some(unsafe { OwnedFd::from_raw_fd(dup) });
            Watch::new(dup)?
        }
        w => w?,
    };
    let r = w.until_ready(fd, mode, ns);
    w.close();
    drop(own);
    r
}

/// Waits for a descriptor, once.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_poll(fd: c_int, mode: c_int, nanoseconds: i64) -> c_int {
    code(poll(fd, mode, nanoseconds))
}

/// `gort_fd`
pub struct CFd {
    mu: FdMutex,
    fd: c_int,
    watch: Watch,
}

/// Registers a descriptor.
///
/// # Safety
/// `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_fd_open(fd: c_int, out: *mut *mut CFd) -> c_int {
    not_null!("gort_fd_open", out);
    // SAFETY: the caller's contract.
    unsafe { *out = core::ptr::null_mut() };
    // SAFETY: the caller's contract.
    gort_proc::entry_here!("gort_fd_open", unsafe { gort_fd_open(fd, out) });
    if fd < 0 {
        return -libc::EBADF;
    }
    match Watch::new(fd) {
        Ok(watch) => {
            // SAFETY: the caller's contract.
            unsafe { *out = Box::into_raw(Box::new(CFd { mu: FdMutex::new(), fd, watch })) };
            0
        }
        Err(e) => -e,
    }
}

/// The last one has left.
///
/// # Safety
/// Nobody uses it any more; it has been unblocked.
unsafe fn destroy(f: *mut CFd) {
    // SAFETY: made by gort_fd_open.
    unsafe {
        let f = Box::from_raw(f);
        poll_runtime_poll_close(f.watch.0);
    }
}

/// Waits for it.
///
/// # Safety
/// A handle that has not been closed when this is called.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_fd_wait(f: *mut CFd, mode: c_int, nanoseconds: i64) -> c_int {
    not_null!("gort_fd_wait", f);
    if mode_of(mode).is_none() {
        return -libc::EINVAL;
    }
    // SAFETY: the caller's contract.
    gort_proc::entry_here!("gort_fd_wait", unsafe { gort_fd_wait(f, mode, nanoseconds) });
    // SAFETY: alive by the caller's contract, then by the reference. The lock has one only once it
    // is ours: who queues for it would find the handle freed by the one before.
    unsafe {
        if !(*f).mu.incref() {
            return -libc::EBADF;
        }
        let r = if !(*f).mu.rwlock(mode == READ) {
            Err(libc::EBADF)
        } else {
            let r = if nanoseconds == 0 {
                match ready((*f).fd, mode) {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(libc::ETIMEDOUT),
                    Err(e) => Err(e),
                }
            } else {
                (*f).watch.until_ready((*f).fd, mode, nanoseconds)
            };
            (*f).mu.rwunlock(mode == READ);
            r
        };
        if (*f).mu.decref() {
            destroy(f);
        }
        code(r)
    }
}

/// Wakes who waits, and frees it when they are gone.
///
/// # Safety
/// A handle; it is used no more.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_fd_close(f: *mut CFd) {
    if f.is_null() {
        return;
    }
    // SAFETY: the caller's contract.
    gort_proc::entry_here!("gort_fd_close", unsafe { gort_fd_close(f) });
    // SAFETY: the caller's contract; the reference of incref_and_close keeps it alive.
    unsafe {
        if !(*f).mu.incref_and_close() {
            return;
        }
        poll_runtime_poll_unblock((*f).watch.0);
        if (*f).mu.decref() {
            destroy(f);
        }
    }
}
