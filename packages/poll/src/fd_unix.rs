//! fd_unix.go, and of fd_unixjs.go, sock_cloexec.go and hook_unix.go what it needs.
//!
//! Go has each datagram operation three times: the variants for IPv4 and IPv6 spare the allocation
//! of a `Sockaddr`. A [`SockAddr`] is a plain value, so there is one here.

use crate::fd::Error;
use crate::fd_mutex::{FdMutex, runtime_semacquire, runtime_semrelease};
use crate::fd_poll_runtime::PollDesc;
use crate::fd_posix::ignoring_eintr;
use crate::sys::{self, SockAddr};
use core::cell::UnsafeCell;
use gort_proc::entry_here;
use gort_proc::has_goroutine;
use gort_runtime2::atomic::{Bool, Int32, Uint32};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// A file descriptor that goroutines may read, write and close at the same time. Part of a larger
/// type: a network connection or a file. It must not move while it is in use, which borrows see to.
///
/// Go (internal/poll): fd_unix.go:19 FD
pub struct Fd {
    /// Guards `sysfd`; lets one reader and one writer in at a time.
    pub(crate) fdmu: FdMutex,
    /// The number. Does not change until the descriptor is closed; then -1.
    pub(crate) sysfd: Int32,
    /// For writev, under the write lock.
    ///
    /// Go (internal/poll): fd_unixjs.go:11 SysFile
    pub(crate) iovecs: UnsafeCell<Vec<libc::iovec>>,
    /// The poller's side of it.
    pub(crate) pd: PollDesc,
    /// Raised when the descriptor has been closed.
    csema: Uint32,
    /// Not 0: in blocking mode.
    is_blocking: Uint32,
    /// A stream; no packets.
    pub(crate) is_stream: bool,
    /// Nothing read means the end. Not so for packets.
    pub(crate) zero_read_is_eof: bool,
    /// A file, not a socket.
    pub(crate) is_file: Bool,
}

// SAFETY: the state is atomic; `iovecs` is used under the write lock only.
unsafe impl Send for Fd {}
// SAFETY: the same.
unsafe impl Sync for Fd {}

/// More than this in one call is too much for some systems.
///
/// Go (internal/poll): fd_unix.go:138 maxRW
const MAX_RW: usize = 1 << 30;

impl Fd {
    /// Takes the descriptor `sysfd` over. [`init`](Self::init) must follow.
    pub fn new(sysfd: OwnedFd, is_stream: bool, zero_read_is_eof: bool) -> Self {
        Self {
            fdmu: FdMutex::new(),
            sysfd: Int32::new(sysfd.into_raw_fd()),
            iovecs: UnsafeCell::new(Vec::new()),
            pd: PollDesc::new(),
            csema: Uint32::new(0),
            is_blocking: Uint32::new(0),
            is_stream,
            zero_read_is_eof,
            is_file: Bool::new(false),
        }
    }

    /// The number of the descriptor; -1 if it has been closed. Only
    /// [`raw_control`](Self::raw_control) makes sure that it stays open.
    pub fn sysfd(&self) -> i32 {
        self.sysfd.get()
    }

    /// The descriptor, for one who has a reference, or has just looked that it is open and nobody
    /// can close it.
    ///
    /// # Safety
    /// It is open for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn number<'a>(&self) -> BorrowedFd<'a> {
        // SAFETY: the caller's contract.
        unsafe { BorrowedFd::borrow_raw(self.sysfd.get()) }
    }

    /// The descriptor, for one to whom all of this belongs; `None` if it has been closed. gort's
    /// own.
    pub fn get_mut(&mut self) -> Option<BorrowedFd<'_>> {
        // SAFETY: who would close it needs a reference to this.
        (self.sysfd.get() >= 0).then(|| unsafe { self.number() })
    }

    /// Lends the descriptor, for std's I/O safety: from now on [`close`](Self::close) ends all
    /// operations, and shuts a socket down, but the descriptor itself stays open until this value
    /// is dropped. `None` if it has been closed. On any thread. gort's own.
    pub fn lend(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: the reference that this makes stays until the value is dropped.
        self.fdmu.lend().then(|| unsafe { self.number() })
    }

    /// Whether the poller watches it.
    pub fn pollable(&self) -> bool {
        self.pd.pollable()
    }

    /// Makes it ready for use: `net` is the kind of network, or `"file"`; `pollable` asks for the
    /// poller. An error means that the poller does not take it; then it is in blocking mode.
    ///
    /// # Errors
    /// The poller's: `EPERM` for regular files.
    ///
    /// Go (internal/poll): fd_unix.go:55 Init
    pub fn init(&self, net: &str, pollable: bool) -> Result<(), Error> {
        entry_here!("I/O (init)", self.init(net, pollable));
        // :56 nothing to do for a SysFile
        // :59
        if net == "file" {
            self.is_file.set(true);
        }
        if !pollable {
            self.is_blocking.set(1); // :63
            return Ok(());
        }
        let r = self.pd.init(self); // :66
        if r.is_err() {
            self.is_blocking.set(1); // :70
        }
        r
    }

    /// Closes the descriptor; nobody refers to it any more.
    ///
    /// Go (internal/poll): fd_unix.go:77 destroy
    pub(crate) fn destroy(&self) -> Result<(), Error> {
        // :80 the poller first, while the number is still ours
        self.pd.close();

        // :82 fd_unixjs.go:18 not again after EINTR: Linux has closed it, and the number may be
        // another's by now
        // SAFETY: nobody has a reference any more, nor will.
        let r = sys::close(unsafe { OwnedFd::from_raw_fd(self.sysfd.get()) });

        self.sysfd.set(-1); // :84
        // SAFETY: on a goroutine, as the lock was.
        unsafe { runtime_semrelease(&self.csema) };
        r // :86
    }

    /// Closes it. Operations under way, and those that wait for their turn, end with an error; then
    /// the descriptor itself is closed.
    ///
    /// # Errors
    /// If it has been closed before; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:91 Close
    pub fn close(&self) -> Result<(), Error> {
        entry_here!("I/O (close)", self.close());
        // :92
        if !self.fdmu.incref_and_close() {
            return Err(crate::fd::err_closing(self.is_file.get()));
        }

        // gort's own: what was lent stays open, but the other side is told
        let lent = self.fdmu.lent();
        if lent && !self.is_file.get() {
            // SAFETY: `incref_and_close` has made a reference.
            let _ = sys::shutdown(unsafe { self.number() }, libc::SHUT_RDWR);
        }

        // :101 wakes those who wait for the poller; whoever leaves last closes the descriptor
        self.pd.evict();

        // :105 maybe we
        let r = self.decref();

        // :113 in blocking mode somebody may be inside the kernel for ever
        if self.is_blocking.get() == 0 && !lent {
            // SAFETY: on a goroutine, as incref_and_close has checked.
            unsafe { runtime_semacquire(&self.csema) };
        }

        r // :117
    }

    /// The end of the value, on a goroutine.
    fn end(&self) {
        let _ = if self.fdmu.give_back() { self.destroy() } else { self.close() };
    }

    /// Puts the descriptor into blocking mode.
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:121 SetBlocking
    #[doc(alias = "SetBlocking")]
    pub fn set_blocking(&self) -> Result<(), Error> {
        entry_here!("I/O (set_blocking)", self.set_blocking());
        let decref = self.incref()?; // :122
        self.is_blocking.store(1); // :129
        sys::set_nonblock(decref.fd(), false)
    }

    /// Reads; [`Error::Eof`] at the end.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:141 Read
    pub fn read(&self, mut p: &mut [u8]) -> Result<usize, Error> {
        entry_here!("I/O (read)", self.read(p));
        let unlock = self.read_lock()?; // :142
        if p.is_empty() {
            // :146 the kernel's 0 would look like the end
            return Ok(0);
        }
        self.pd.prepare_read(self.is_file.get())?; // :153
        if self.is_stream && p.len() > MAX_RW {
            p = &mut p[..MAX_RW];
        }
        // :159
        loop {
            let mut r = ignoring_eintrio(|| sys::read(unlock.fd(), p));
            if r == Err(Error::Errno(libc::EAGAIN)) && self.pd.pollable() {
                // :164
                match self.pd.wait_read(self.is_file.get()) {
                    Ok(()) => continue,
                    Err(e) => r = Err(e),
                }
            }
            return self.eof_error(r.unwrap_or(0), r); // :169
        }
    }

    /// `pread(2)`
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:176 Pread
    pub fn pread(&self, mut p: &mut [u8], off: i64) -> Result<usize, Error> {
        entry_here!("I/O (pread)", self.pread(p, off));
        // :180 a reference only: the offset is its own, and the poller has no part in it
        let decref = self.incref()?;
        if self.is_stream && p.len() > MAX_RW {
            p = &mut p[..MAX_RW];
        }
        let mut r; // :186
        loop {
            r = sys::pread(decref.fd(), p, off);
            if r != Err(Error::Errno(libc::EINTR)) {
                break; // :193
            }
        }
        drop(decref); // :199
        self.eof_error(r.unwrap_or(0), r)
    }

    /// `recvfrom(2)`
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:205 ReadFrom
    #[doc(alias = "ReadFrom")]
    #[doc(alias = "ReadFromInet4")]
    #[doc(alias = "ReadFromInet6")]
    pub fn read_from(&self, p: &mut [u8]) -> Result<(usize, SockAddr), Error> {
        entry_here!("I/O (read_from)", self.read_from(p));
        // :206, :214
        self.receive(|fd| sys::recvfrom(fd, p, 0), |r| r.0)
    }

    /// What Go writes out in each of the functions that receive a message.
    fn receive<T>(
        &self,
        mut f: impl FnMut(BorrowedFd<'_>) -> Result<T, Error>,
        len: impl FnOnce(&T) -> usize,
    ) -> Result<T, Error> {
        let unlock = self.read_lock()?;
        self.pd.prepare_read(self.is_file.get())?; // :210, :291
        loop {
            let mut r = f(unlock.fd());
            match errno(&r) {
                Some(libc::EINTR) => continue,
                // :220, :301
                Some(libc::EAGAIN) if self.pd.pollable() => {
                    match self.pd.wait_read(self.is_file.get()) {
                        Ok(()) => continue,
                        Err(e) => r = Err(e),
                    }
                }
                _ => {}
            }
            return self.eof_error(r.as_ref().map_or(0, len), r); // :226, :307
        }
    }

    /// `recvmsg(2)`: bytes, bytes of control messages, flags, sender.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:286 ReadMsg
    #[doc(alias = "ReadMsg")]
    #[doc(alias = "ReadMsgInet4")]
    #[doc(alias = "ReadMsgInet6")]
    pub fn read_msg(
        &self,
        p: &mut [u8],
        oob: &mut [u8],
        flags: i32,
    ) -> Result<(usize, usize, i32, SockAddr), Error> {
        entry_here!("I/O (read_msg)", self.read_msg(p, oob, flags));
        // :287, :295
        self.receive(|fd| sys::recvmsg(fd, p, oob, flags), |r| r.0)
    }

    /// Writes all of `p`. How much it wrote, and why not all.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's; [`Error::UnexpectedEof`] if the kernel takes
    /// nothing.
    ///
    /// # Panics
    /// If the kernel says it took more than it was given.
    ///
    /// Go (internal/poll): fd_unix.go:367 Write
    pub fn write(&self, p: &[u8]) -> (usize, Result<(), Error>) {
        entry_here!("I/O (write)", self.write(p));
        // :368
        let unlock = match self.write_lock() {
            Ok(guard) => guard,
            Err(e) => return (0, Err(e)),
        };
        // :372
        if let Err(e) = self.pd.prepare_write(self.is_file.get()) {
            return (0, Err(e));
        }
        let mut nn = 0; // :375
        loop {
            let mut max = p.len();
            if self.is_stream && max - nn > MAX_RW {
                max = nn + MAX_RW; // :379
            }
            let r = ignoring_eintrio(|| sys::write(unlock.fd(), &p[nn..max]));
            let n = r.unwrap_or(0);
            let mut err = r.err();
            if n > 0 {
                // :383
                if n > max - nn {
                    panic!("invalid return from write: got {n} from a write of {}", max - nn);
                }
                nn += n; // :391
            }
            if nn == p.len() {
                return (nn, err.map_or(Ok(()), Err)); // :394
            }
            if err == Some(Error::Errno(libc::EAGAIN)) && self.pd.pollable() {
                // :397
                match self.pd.wait_write(self.is_file.get()) {
                    Ok(()) => continue,
                    Err(e) => err = Some(e),
                }
            }
            if let Some(e) = err {
                return (nn, Err(e)); // :402
            }
            if n == 0 {
                return (nn, Err(Error::UnexpectedEof)); // :405
            }
        }
    }

    /// `pwrite(2)`, all of `p`.
    ///
    /// # Errors
    /// If closed; the kernel's; [`Error::UnexpectedEof`] if the kernel takes nothing.
    ///
    /// Go (internal/poll): fd_unix.go:411 Pwrite
    pub fn pwrite(&self, p: &[u8], off: i64) -> (usize, Result<(), Error>) {
        entry_here!("I/O (pwrite)", self.pwrite(p, off));
        // :415 a reference only, as in pread
        let decref = match self.incref() {
            Ok(guard) => guard,
            Err(e) => return (0, Err(e)),
        };
        let mut nn = 0; // :419
        loop {
            let mut max = p.len();
            if self.is_stream && max - nn > MAX_RW {
                max = nn + MAX_RW;
            }
            let r = sys::pwrite(decref.fd(), &p[nn..max], off + nn as i64); // :425
            if r == Err(Error::Errno(libc::EINTR)) {
                continue;
            }
            let n = r.unwrap_or(0);
            nn += n; // :430
            if nn == p.len() {
                return (nn, r.map(drop));
            }
            if r.is_err() {
                return (nn, r.map(drop)); // :436
            }
            if n == 0 {
                return (nn, Err(Error::UnexpectedEof)); // :439
            }
        }
    }

    /// `sendto(2)`: a packet.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:497 WriteTo
    #[doc(alias = "WriteTo")]
    #[doc(alias = "WriteToInet4")]
    #[doc(alias = "WriteToInet6")]
    pub fn write_to(&self, p: &[u8], sa: &SockAddr) -> Result<usize, Error> {
        entry_here!("I/O (write_to)", self.write_to(p, sa));
        // :498, :506
        self.send(|fd| sys::sendto(fd, p, 0, sa))?;
        Ok(p.len()) // :515
    }

    /// What Go writes out in each of the functions that send a message.
    fn send(
        &self,
        mut f: impl FnMut(BorrowedFd<'_>) -> Result<usize, Error>,
    ) -> Result<usize, Error> {
        let unlock = self.write_lock()?;
        self.pd.prepare_write(self.is_file.get())?; // :502, :528
        loop {
            let mut r = f(unlock.fd());
            match errno(&r) {
                Some(libc::EINTR) => continue,
                // :510, :536
                Some(libc::EAGAIN) if self.pd.pollable() => {
                    match self.pd.wait_write(self.is_file.get()) {
                        Ok(()) => continue,
                        Err(e) => r = Err(e),
                    }
                }
                _ => {}
            }
            return r;
        }
    }

    /// `sendmsg(2)`: bytes and bytes of control messages that it sent.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:523 WriteMsg
    #[doc(alias = "WriteMsg")]
    #[doc(alias = "WriteMsgInet4")]
    #[doc(alias = "WriteMsgInet6")]
    pub fn write_msg(
        &self,
        p: &[u8],
        oob: &[u8],
        sa: Option<&SockAddr>,
    ) -> Result<(usize, usize), Error> {
        entry_here!("I/O (write_msg)", self.write_msg(p, oob, sa));
        // :524, :532
        Ok((self.send(|fd| sys::sendmsg(fd, p, oob, sa, 0))?, oob.len())) // :544
    }

    /// Accepts a connection: its descriptor, non-blocking and close-on-exec, and who it is with.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's (`EMFILE` ...).
    ///
    /// Go (internal/poll): fd_unix.go:601 Accept
    pub fn accept(&self) -> Result<(OwnedFd, SockAddr), Error> {
        entry_here!("I/O (accept)", self.accept());
        let unlock = self.read_lock()?; // :602

        self.pd.prepare_read(self.is_file.get())?; // :607
        loop {
            let mut r = accept(unlock.fd()); // :611
            match errno(&r) {
                None => return r,
                Some(libc::EINTR) => continue, // :616
                // :618
                Some(libc::EAGAIN) if self.pd.pollable() => {
                    match self.pd.wait_read(self.is_file.get()) {
                        Ok(()) => continue,
                        Err(e) => r = Err(e),
                    }
                }
                // :624 gone before we got to it: no reason to tell anybody
                Some(libc::ECONNABORTED) => continue,
                _ => {}
            }
            return r; // :630
        }
    }

    /// `fchmod(2)`
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:635 Fchmod
    pub fn fchmod(&self, mode: u32) -> Result<(), Error> {
        entry_here!("I/O (fchmod)", self.fchmod(mode));
        let decref = self.incref()?; // :636
        // :640
        ignoring_eintr(|| sys::fchmod(decref.fd(), mode))
    }

    /// `fstat(2)`
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:646 Fstat
    pub fn fstat(&self) -> Result<libc::stat, Error> {
        entry_here!("I/O (fstat)", self.fstat());
        let decref = self.incref()?; // :647
        // :651
        ignoring_eintr(|| sys::fstat(decref.fd()))
    }

    /// A duplicate of the descriptor, close-on-exec. In a blocking section, too.
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:680 Dup
    pub fn dup(&self) -> Result<OwnedFd, Error> {
        if in_blocking() {
            return self.with_ref_in_blocking(dup_close_on_exec)?;
        }
        entry_here!("I/O (dup)", self.dup());
        let decref = self.incref()?; // :681
        dup_close_on_exec(decref.fd()) // :685
    }

    /// Parks until it may be written. For a connection that is being made, when nobody else has it
    /// yet.
    ///
    /// # Errors
    /// If closed, past the deadline.
    ///
    /// Go (internal/poll): fd_unix.go:691 WaitWrite
    #[doc(alias = "WaitWrite")]
    pub fn wait_write(&self) -> Result<(), Error> {
        entry_here!("I/O (wait_write)", self.wait_write());
        self.pd.wait_write(self.is_file.get()) // :692
    }

    /// One `write(2)`. For tests.
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unix.go:696 WriteOnce
    #[doc(alias = "WriteOnce")]
    pub fn write_once(&self, p: &[u8]) -> Result<usize, Error> {
        entry_here!("I/O (write_once)", self.write_once(p));
        let unlock = self.write_lock()?; // :697
        ignoring_eintrio(|| sys::write(unlock.fd(), p)) // :701
    }

    /// Calls `f` under the read lock until it returns true; when it returns false, waits until
    /// there is something to read.
    ///
    /// # Errors
    /// If closed, past the deadline.
    ///
    /// Go (internal/poll): fd_unix.go:705 RawRead
    #[doc(alias = "RawRead")]
    pub fn raw_read(&self, mut f: impl FnMut(BorrowedFd<'_>) -> bool) -> Result<(), Error> {
        entry_here!("I/O (raw_read)", self.raw_read(f));
        let unlock = self.read_lock()?; // :706
        self.pd.prepare_read(self.is_file.get())?; // :710
        loop {
            if f(unlock.fd()) {
                return Ok(());
            }
            self.pd.wait_read(self.is_file.get())?; // :717
        }
    }

    /// Calls `f` under the write lock until it returns true; when it returns false, waits until
    /// there is room to write.
    ///
    /// # Errors
    /// If closed, past the deadline.
    ///
    /// Go (internal/poll): fd_unix.go:724 RawWrite
    #[doc(alias = "RawWrite")]
    pub fn raw_write(&self, mut f: impl FnMut(BorrowedFd<'_>) -> bool) -> Result<(), Error> {
        entry_here!("I/O (raw_write)", self.raw_write(f));
        let unlock = self.write_lock()?; // :725
        self.pd.prepare_write(self.is_file.get())?; // :729
        loop {
            if f(unlock.fd()) {
                return Ok(());
            }
            self.pd.wait_write(self.is_file.get())?; // :736
        }
    }

    /// `fchdir(2)`
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unixjs.go:41 Fchdir
    pub fn fchdir(&self) -> Result<(), Error> {
        entry_here!("I/O (fchdir)", self.fchdir());
        let decref = self.incref()?; // :42
        sys::fchdir(decref.fd()) // :46
    }

    /// `getdents64(2)`
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unixjs.go:52 ReadDirent
    #[doc(alias = "ReadDirent")]
    pub fn read_dirent(&self, buf: &mut [u8]) -> Result<usize, Error> {
        entry_here!("I/O (read_dirent)", self.read_dirent(buf));
        let decref = self.incref()?; // :53
        loop {
            let r = ignoring_eintrio(|| sys::getdents(decref.fd(), buf)); // :58
            if r == Err(Error::Errno(libc::EAGAIN)) && self.pd.pollable() {
                self.pd.wait_read(self.is_file.get())?; // :62
                continue;
            }
            return r; // :68 0 at the end, which the caller expects
        }
    }

    /// `lseek(2)`
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (internal/poll): fd_unixjs.go:73 Seek
    pub fn seek(&self, offset: i64, whence: i32) -> Result<i64, Error> {
        entry_here!("I/O (seek)", self.seek(offset, whence));
        let decref = self.incref()?; // :74
        sys::seek(decref.fd(), offset, whence) // :78
    }
}

impl Drop for Fd {
    /// Go's finalizer of net's and os's descriptors: closes what nobody has closed.
    fn drop(&mut self) {
        if self.sysfd.get() < 0 {
            return;
        }
        if gort_proc::getg().is_null() {
            return gort_proc::outside("close of a descriptor", || self.end());
        }
        if !has_goroutine() {
            // No processor (the value went into a blocking section): the pollDesc is left to
            // whoever needs one next. The descriptor is taken out of epoll here: with a duplicate
            // of it somewhere, as after `into_std`, closing would not do that, and its number could
            // not be registered again.
            self.pd.give_up();
            // SAFETY: the number is ours.
            let _ = unsafe {
                sys::raw_syscall(libc::SYS_close, [self.sysfd.get() as usize, 0, 0, 0, 0, 0])
            };
            return;
        }
        self.end();
    }
}

impl core::fmt::Debug for Fd {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Fd({})", self.sysfd())
    }
}

/// On a goroutine that has no processor.
#[inline]
pub(crate) fn in_blocking() -> bool {
    !gort_proc::getg().is_null() && !has_goroutine()
}

#[inline]
fn errno<T>(r: &Result<T, Error>) -> Option<i32> {
    match r {
        Ok(_) => None,
        // Other errors than the kernel's count as one that no case is for.
        Err(e) => Some(e.errno().unwrap_or(0)),
    }
}

/// Go (internal/poll): sock_cloexec.go:16 accept
fn accept(s: BorrowedFd<'_>) -> Result<(OwnedFd, SockAddr), Error> {
    sys::accept4(s, libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) // :17
}

/// Go (internal/poll): fd_unix.go:657 dupCloexecUnsupported
static DUP_CLOEXEC_UNSUPPORTED: Bool = Bool::new(false);

/// A duplicate of `fd`, close-on-exec.
///
/// # Errors
/// The kernel's.
///
/// Go (internal/poll): fd_unix.go:660 DupCloseOnExec
#[doc(alias = "DupCloseOnExec")]
pub fn dup_close_on_exec(fd: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    // :661
    if !DUP_CLOEXEC_UNSUPPORTED.load() {
        match sys::dup(fd, true) {
            // :667 an old kernel: the other way from now on
            Err(Error::Errno(libc::EINVAL | libc::ENOSYS)) => DUP_CLOEXEC_UNSUPPORTED.store(true),
            r => return r, // :673
        }
    }
    dup_close_on_exec_old(fd) // :676
}

/// Go (internal/poll): fd_unixjs.go:29 dupCloseOnExecOld
#[doc(alias = "dupCloseOnExecOld")]
fn dup_close_on_exec_old(fd: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    // :30 no ForkLock: forks are std's, which knows of no lock of ours; they could only meet this
    // on a kernel before 2.6.24
    let newfd = sys::dup(fd, false)?; // :32
    // SAFETY: takes a number.
    unsafe { sys::fcntl(newfd.as_fd(), libc::F_SETFD, libc::FD_CLOEXEC)? }; // :36
    Ok(newfd)
}

/// Repeats `f` for as long as a signal interrupts it.
///
/// Go (internal/poll): fd_unix.go:743 ignoringEINTRIO
#[doc(alias = "ignoringEINTRIO")]
#[inline]
pub(crate) fn ignoring_eintrio(
    mut f: impl FnMut() -> Result<usize, Error>,
) -> Result<usize, Error> {
    loop {
        let r = f(); // :745
        if r != Err(Error::Errno(libc::EINTR)) {
            return r;
        }
    }
}
