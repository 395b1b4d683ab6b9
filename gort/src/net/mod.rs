//! Networking and pollable files, as in Go: an operation that has to wait parks its goroutine, not
//! its thread.
//!
//! The types look like those of `std::net` and implement `std::io::Read` and `Write`, also for
//! shared references, so protocol crates written for std work on them. What they add is Go's:
//! * any operation may be used by several goroutines at once; `try_clone` gives another handle of
//!   the same connection,
//! * [`close`](TcpStream::close) ends reads, writes and accepts that other goroutines are blocked
//!   in,
//! * deadlines are points in time, hold for operations under way too and may be moved.
//!
//! A handle that is dropped as the last one closes. Connections have `TCP_NODELAY` and keep-alive
//! (15 s) on, listeners `SO_REUSEADDR` and the system's longest backlog, as in Go.
//!
//! Errors are std's, with std's kinds, and carry an [`OpError`]: what was tried and with whom, in
//! Go's words (`read tcp
//! 127.0.0.1:4242->127.0.0.1:80: i/o timeout`). `use of closed network
//! connection` is of kind `NotConnected`, `i/o timeout` of kind `TimedOut`.
//!
//! ```
//! use gort::{go, net::{TcpListener, TcpStream}};
//! use std::io::{Read, Write};
//!
//! gort::run(|| {
//!     let l = TcpListener::bind("127.0.0.1:0").unwrap();
//!     let addr = l.local_addr().unwrap();
//!     go(move || {
//!         for conn in l.incoming().flatten() {
//!             go(move || {
//!                 let _ = gort::net::copy(&conn, &conn);
//!             });
//!         }
//!     });
//!     let mut c = TcpStream::connect(addr).unwrap();
//!     c.write_all(b"hi").unwrap();
//! })
//! ```

mod copy;
mod dial;
mod error;
mod fd;
pub(crate) mod file;
mod tcp;
mod udp;
mod unix;

pub use copy::{Endpoint, copy, copy_n};
pub use dial::Dialer;
pub use error::{Addr, OpError};
pub use file::{File, pipe};
pub use gort_poll::Error;
pub use std::net::Shutdown;
pub use tcp::{Incoming, TcpListener, TcpStream};
pub use udp::UdpSocket;
pub use unix::{UnixDatagram, UnixListener, UnixStream};

use dial::{missing_address, resolve};
use error::Fail;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Listens, or opens a datagram socket: the first address that works; if none, the first error.
fn each_addr<T>(
    op: &'static str,
    net: &'static str,
    a: impl ToSocketAddrs,
    f: impl Fn(SocketAddr) -> Result<T, Fail>,
) -> io::Result<T> {
    let mut first_err = None;
    for addr in resolve(a)? {
        match f(addr) {
            Ok(v) => return Ok(v),
            Err(e) => {
                first_err = first_err
                    .or_else(|| Some(OpError::io(op, net, None, Some(Addr::Inet(addr)), e)));
            }
        }
    }
    Err(first_err.unwrap_or_else(missing_address))
}

/// The descriptor of a handle: it stays open as long as there is one.
fn borrow(fd: &gort_poll::Fd) -> std::os::fd::BorrowedFd<'_> {
    fd.lend().expect("the descriptor has been closed")
}

/// For examples: a socket `s`.
macro_rules! socket {
    (TcpStream) => {
        "let l = gort::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();
let s = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();"
    };
    (TcpListener) => {
        "let s = gort::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();"
    };
    (UdpSocket) => {
        "let s = gort::net::UdpSocket::bind(\"127.0.0.1:0\").unwrap();"
    };
    (UnixStream) => {
        "let (s, _other) = gort::net::UnixStream::pair().unwrap();"
    };
    (UnixListener) => {
        "let path = std::env::temp_dir().join(format!(\"gort-doc-s-{}\", std::process::id()));
let s = gort::net::UnixListener::bind(path).unwrap();"
    };
    (UnixDatagram) => {
        "let (s, _other) = gort::net::UnixDatagram::pair().unwrap();"
    };
}

/// For examples: waits at `s`, and comes back with an error in the end.
macro_rules! waits {
    (TcpStream) => {
        "std::io::Read::read(&mut &s, &mut [0])"
    };
    (UnixStream) => {
        "std::io::Read::read(&mut &s, &mut [0])"
    };
    (UdpSocket) => {
        "s.recv(&mut [0])"
    };
    (UnixDatagram) => {
        "s.recv(&mut [0])"
    };
    ($listener:ident) => {
        "s.accept()"
    };
}

/// What all connections have: reading, writing, deadlines. The type has a field `fd` that leads to
/// a `NetFd`.
macro_rules! deadlines {
    ($t:ident) => {
        impl $t {
            /// Sets the deadline of reads and writes, those under way as well; None: they may wait
            /// for ever. Go's `SetDeadline`.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// s.set_deadline(Some(gort::time::now())).unwrap();
            #[doc = concat!("let r = ", $crate::net::waits!($t), ";")]
            /// assert_eq!(r.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed.
            pub fn set_deadline(&self, t: Option<std::time::Instant>) -> std::io::Result<()> {
                self.fd.pfd.set_deadline(t).map_err(self.fd.failed_here("set", ""))
            }
            /// Sets the deadline of reads (and of accepts), those under way as well. Go's
            /// `SetReadDeadline`.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// let soon = gort::time::now() + std::time::Duration::from_millis(1);
            /// s.set_read_deadline(Some(soon)).unwrap();
            #[doc = concat!("let r = ", $crate::net::waits!($t), ";")]
            /// assert!(r.is_err() && gort::time::now() >= soon);
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed.
            pub fn set_read_deadline(&self, t: Option<std::time::Instant>) -> std::io::Result<()> {
                self.fd.pfd.set_read_deadline(t).map_err(self.fd.failed_here("set", ""))
            }
            /// Sets the deadline of writes, those under way as well. Go's `SetWriteDeadline`.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// s.set_write_deadline(Some(gort::time::now())).unwrap(); // no more writes, but reads
            /// s.set_write_deadline(None).unwrap();
            /// s.close().unwrap();
            /// assert!(s.set_write_deadline(None).is_err());
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed.
            pub fn set_write_deadline(&self, t: Option<std::time::Instant>) -> std::io::Result<()> {
                self.fd.pfd.set_write_deadline(t).map_err(self.fd.failed_here("set", ""))
            }
            /// Closes it, for all handles: what other goroutines do with it ends with
            /// `use of closed network connection`.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// s.close().unwrap();
            #[doc = concat!("let e = ", $crate::net::waits!($t), ".unwrap_err();")]
            /// assert!(e.to_string().contains("use of closed network connection"));
            /// # })
            /// ```
            ///
            /// # Errors
            /// If it has been closed before.
            pub fn close(&self) -> std::io::Result<()> {
                self.fd.close().map_err(self.fd.failed("close", ""))
            }
            /// Takes the error that the kernel has noted for this socket, if any.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// assert!(s.take_error().unwrap().is_none()); // all is well
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                let e = self.fd.pfd.getsockopt_int(libc::SOL_SOCKET, libc::SO_ERROR);
                let e = e.map_err(self.fd.failed("set", "getsockopt"))?;
                Ok((e != 0).then(|| std::io::Error::from_raw_os_error(e)))
            }
            /// Another handle of the same socket (no duplicate of the descriptor).
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// let other = s.try_clone().unwrap();
            /// other.close().unwrap();
            /// assert!(s.close().is_err()); // it was the same one
            /// # })
            /// ```
            ///
            /// # Errors
            /// None; as std's.
            pub fn try_clone(&self) -> std::io::Result<Self> {
                Ok(self.clone())
            }
        }
        // No operation leaves a socket half done.
        impl std::panic::UnwindSafe for $t {}
        impl std::panic::RefUnwindSafe for $t {}
        impl std::os::fd::AsFd for $t {
            /// From the first call on [`close`](Self::close) shuts the socket down, and the
            /// descriptor is closed with the last handle.
            ///
            /// # Panics
            /// If it has been closed before it was asked for.
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                super::borrow(&self.fd.pfd)
            }
        }
        impl std::os::fd::AsRawFd for $t {
            /// -1 if it has been closed.
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.fd.pfd.sysfd()
            }
        }
    };
}

/// From descriptors, and to std's type and a descriptor. There are no `IntoRawFd` and `FromRawFd`:
/// handles share the descriptor with the poller, and giving it one, or taking a duplicate, may
/// fail.
macro_rules! fds {
    ($t:ident, $std:ty, $net:literal) => {
        impl TryFrom<std::os::fd::OwnedFd> for $t {
            type Error = std::io::Error;
            /// Takes over a socket.
            fn try_from(fd: std::os::fd::OwnedFd) -> std::io::Result<Self> {
                Ok(Self { fd: Arc::new(NetFd::from_owned(fd, $net)?) })
            }
        }
        impl TryFrom<$t> for std::os::fd::OwnedFd {
            type Error = std::io::Error;
            /// [`into_std`]($t::into_std), as a descriptor.
            fn try_from(s: $t) -> std::io::Result<Self> {
                Ok(s.into_std()?.into())
            }
        }
        impl $t {
            /// The same socket for code that blocks its thread: a duplicate of the descriptor, in
            /// blocking mode. As the mode belongs to both, this handle must not be used any more,
            /// nor its clones: close them. May be called inside of
            /// [`gort::blocking`](crate::blocking). Go's `File`.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            #[doc = concat!("let std: ", stringify!($std), " = s.into_std().unwrap();")]
            /// gort::blocking(|| assert!(std.local_addr().is_ok())); // or what waits
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed; the kernel's.
            pub fn into_std(self) -> std::io::Result<$std> {
                let s = <$std>::from(self.fd.pfd.dup()?);
                s.set_nonblocking(false)?;
                Ok(s)
            }
        }
    };
}

/// Per-operation timeouts, as std has them.
macro_rules! timeouts {
    ($t:ident) => {
        impl $t {
            /// Every read from now on has a deadline of its own, `d` after it begins; None: no
            /// deadline. std's way; where it is set, [`set_read_deadline`](Self::set_read_deadline)
            /// has no effect.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// s.set_read_timeout(Some(std::time::Duration::from_millis(1))).unwrap();
            #[doc = concat!("assert!(", $crate::net::waits!($t), ".is_err());")]
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed; a duration of zero.
            pub fn set_read_timeout(&self, d: Option<std::time::Duration>) -> std::io::Result<()> {
                self.fd.set_timeout(true, d)
            }
            /// Every write from now on has a deadline of its own.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// let minute = std::time::Duration::from_secs(60);
            /// s.set_write_timeout(Some(minute)).unwrap();
            /// assert!(s.set_write_timeout(Some(std::time::Duration::ZERO)).is_err());
            /// assert_eq!(s.write_timeout().unwrap(), Some(minute));
            /// # })
            /// ```
            ///
            /// # Errors
            /// If closed; a duration of zero.
            pub fn set_write_timeout(&self, d: Option<std::time::Duration>) -> std::io::Result<()> {
                self.fd.set_timeout(false, d)
            }
            /// What [`set_read_timeout`](Self::set_read_timeout) has set.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// assert_eq!(s.read_timeout().unwrap(), None); // for ever
            /// s.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
            /// assert_eq!(s.read_timeout().unwrap().unwrap().as_secs(), 1);
            /// # })
            /// ```
            ///
            /// # Errors
            /// None; as std's.
            pub fn read_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.fd.timeout(true))
            }
            /// What [`set_write_timeout`](Self::set_write_timeout) has set.
            ///
            /// ```
            /// # gort::run(|| {
            #[doc = $crate::net::socket!($t)]
            /// s.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
            /// assert_eq!(s.write_timeout().unwrap(), None); // that was the other one
            /// # })
            /// ```
            ///
            /// # Errors
            /// None; as std's.
            pub fn write_timeout(&self) -> std::io::Result<Option<std::time::Duration>> {
                Ok(self.fd.timeout(false))
            }
        }
    };
}

/// `Read` and `Write` for a stream and for references to it.
macro_rules! read_write {
    ($t:ty) => {
        impl std::io::Read for $t {
            fn read(&mut self, b: &mut [u8]) -> std::io::Result<usize> {
                self.fd.read(b)
            }
        }
        impl std::io::Write for $t {
            /// Go's `Write`: waits until all of it has been written; fewer only if an error or the
            /// deadline came in between, which the next write reports.
            fn write(&mut self, b: &[u8]) -> std::io::Result<usize> {
                self.fd.write(b)
            }
            fn write_all(&mut self, b: &[u8]) -> std::io::Result<()> {
                self.fd.write_all(b)
            }
            fn write_vectored(&mut self, v: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                self.fd.writev(v)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
    };
}

use {deadlines, fds, read_write, timeouts};
pub(crate) use {socket, waits};
