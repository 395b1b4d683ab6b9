//! fd_poll_runtime.go: the poller, as a descriptor sees it.

use crate::Fd;
use crate::fd::{Error, err_closing};
use gort_netpoll as rt;
use gort_netpoll::{MODE_R, MODE_RW, MODE_W};
use gort_proc::{entry_here, synctest_instant};
use gort_runtime2::atomic::Pointer;
use gort_sync::Once;
use std::time::Instant;

/// Go (internal/poll): fd_poll_runtime.go:32 pollDesc
#[derive(Default)]
pub(crate) struct PollDesc {
    /// Nil if the poller does not know the descriptor. Set before others see the Fd, cleared when
    /// the last has left.
    runtime_ctx: Pointer<rt::PollDesc>,
}

/// Go (internal/poll): fd_poll_runtime.go:36 serverInit
static SERVER_INIT: Once = Once::new();

impl PollDesc {
    pub(crate) const fn new() -> Self {
        Self { runtime_ctx: Pointer::null() }
    }

    /// Makes the poller watch the descriptor.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:38 init
    pub(crate) fn init(&self, fd: &Fd) -> Result<(), Error> {
        // SAFETY: on a goroutine (the Fd has been checked), no runtime lock held.
        unsafe {
            SERVER_INIT.do_(|| rt::poll_runtime_poll_server_init()); // :39
            let (ctx, errno) = rt::poll_runtime_poll_open(fd.sysfd.get() as usize);
            if errno != 0 {
                return Err(Error::Errno(errno)); // :42
            }
            self.runtime_ctx.set(ctx);
        }
        Ok(()) // :45
    }

    /// Go (internal/poll): fd_poll_runtime.go:48 close
    pub(crate) fn close(&self) {
        // :49
        if !self.pollable() {
            return;
        }
        // SAFETY: open, evicted, and nobody uses it any more.
        unsafe { rt::poll_runtime_poll_close(self.runtime_ctx.get()) };
        self.runtime_ctx.set(core::ptr::null_mut()); // :53
    }

    /// [`close`](Self::close) where there is no P. gort's own.
    pub(crate) fn give_up(&self) {
        if self.pollable() {
            // SAFETY: open, and the Fd's destructor is the last to use it.
            unsafe { rt::give_up(self.runtime_ctx.get()) };
            self.runtime_ctx.set(core::ptr::null_mut());
        }
    }

    /// Wakes all who wait for the descriptor; nobody can wait any more.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:57 evict
    pub(crate) fn evict(&self) {
        // :58
        if !self.pollable() {
            return;
        }
        // SAFETY: open: the caller has a reference to the Fd.
        unsafe { rt::poll_runtime_poll_unblock(self.runtime_ctx.get()) } // :61
    }

    /// Go (internal/poll): fd_poll_runtime.go:64 prepare
    #[inline]
    fn prepare(&self, mode: i32, is_file: bool) -> Result<(), Error> {
        // :65
        if !self.pollable() {
            return Ok(());
        }
        // SAFETY: open: the caller holds the lock of this mode.
        let res = unsafe { rt::poll_runtime_poll_reset(self.runtime_ctx.get(), mode) };
        convert_err(res, is_file) // :69
    }

    /// Go (internal/poll): fd_poll_runtime.go:72 prepareRead
    #[doc(alias = "prepareRead")]
    #[inline]
    pub(crate) fn prepare_read(&self, is_file: bool) -> Result<(), Error> {
        self.prepare(MODE_R, is_file) // :73
    }

    /// Go (internal/poll): fd_poll_runtime.go:76 prepareWrite
    #[doc(alias = "prepareWrite")]
    #[inline]
    pub(crate) fn prepare_write(&self, is_file: bool) -> Result<(), Error> {
        self.prepare(MODE_W, is_file) // :77
    }

    /// Go (internal/poll): fd_poll_runtime.go:80 wait
    fn wait(&self, mode: i32, is_file: bool) -> Result<(), Error> {
        // :81
        if !self.pollable() {
            return Err(Error::UnsupportedFileType);
        }
        // SAFETY: open: the caller holds the lock of this mode, or is alone; on a goroutine.
        let res = unsafe { rt::poll_runtime_poll_wait(self.runtime_ctx.get(), mode) };
        convert_err(res, is_file) // :85
    }

    /// Parks until the descriptor may be read.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:88 waitRead
    #[doc(alias = "waitRead")]
    pub(crate) fn wait_read(&self, is_file: bool) -> Result<(), Error> {
        self.wait(MODE_R, is_file) // :89
    }

    /// Parks until the descriptor may be written.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:92 waitWrite
    #[doc(alias = "waitWrite")]
    pub(crate) fn wait_write(&self, is_file: bool) -> Result<(), Error> {
        self.wait(MODE_W, is_file) // :93
    }

    /// Go (internal/poll): fd_poll_runtime.go:103 pollable
    #[inline]
    pub(crate) fn pollable(&self) -> bool {
        !self.runtime_ctx.get().is_null() // :104
    }
}

/// Go (internal/poll): fd_poll_runtime.go:116 convertErr
#[doc(alias = "convertErr")]
#[inline]
fn convert_err(res: i32, is_file: bool) -> Result<(), Error> {
    // :117
    match res {
        rt::POLL_NO_ERROR => Ok(()),
        rt::POLL_ERR_CLOSING => Err(err_closing(is_file)),
        rt::POLL_ERR_TIMEOUT => Err(Error::DeadlineExceeded), // :122
        rt::POLL_ERR_NOT_POLLABLE => Err(Error::NotPollable),
        _ => unreachable!(), // :127
    }
}

impl Fd {
    /// Sets the deadline of reads and writes, those under way as well; None: no deadline.
    ///
    /// # Errors
    /// If closed, or unknown to the poller.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:132 SetDeadline
    #[doc(alias = "SetDeadline")]
    pub fn set_deadline(&self, t: Option<Instant>) -> Result<(), Error> {
        entry_here!("I/O (set_deadline)", self.set_deadline(t));
        set_deadline_impl(self, t, MODE_RW) // :133
    }

    /// Sets the deadline of reads.
    ///
    /// # Errors
    /// If closed, or unknown to the poller.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:137 SetReadDeadline
    #[doc(alias = "SetReadDeadline")]
    pub fn set_read_deadline(&self, t: Option<Instant>) -> Result<(), Error> {
        entry_here!("I/O (set_read_deadline)", self.set_read_deadline(t));
        set_deadline_impl(self, t, MODE_R) // :138
    }

    /// Sets the deadline of writes.
    ///
    /// # Errors
    /// If closed, or unknown to the poller.
    ///
    /// Go (internal/poll): fd_poll_runtime.go:142 SetWriteDeadline
    #[doc(alias = "SetWriteDeadline")]
    pub fn set_write_deadline(&self, t: Option<Instant>) -> Result<(), Error> {
        entry_here!("I/O (set_write_deadline)", self.set_write_deadline(t));
        set_deadline_impl(self, t, MODE_W) // :143
    }
}

/// Nanoseconds from now to `t`, negative if it has passed. Go's `time.Until`, in a bubble by its
/// clock.
fn until(t: Instant) -> i64 {
    let now = synctest_instant();
    let ns = |d: std::time::Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
    if t >= now { ns(t - now) } else { -ns(now - t) }
}

/// Go (internal/poll): fd_poll_runtime.go:146 setDeadlineImpl
#[doc(alias = "setDeadlineImpl")]
fn set_deadline_impl(fd: &Fd, t: Option<Instant>, mode: i32) -> Result<(), Error> {
    let mut d = 0; // :147
    if let Some(t) = t {
        d = until(t);
        if d == 0 {
            d = -1; // :151 right now is not the same as never
        }
    }
    let _decref = fd.incref()?; // :154
    if !fd.pd.pollable() {
        return Err(Error::NoDeadline); // :159
    }
    // SAFETY: open: we have a reference; on a goroutine.
    unsafe { rt::poll_runtime_poll_set_deadline(fd.pd.runtime_ctx.get(), d, mode) };
    Ok(()) // :162
}

/// Whether `fd` is one of the poller's own descriptors. For tests.
///
/// Go (internal/poll): fd_poll_runtime.go:177 IsPollDescriptor
#[doc(alias = "IsPollDescriptor")]
pub fn is_poll_descriptor(fd: usize) -> bool {
    rt::poll_runtime_is_poll_server_descriptor(fd) // :178
}
