//! Unix sockets: net/unixsock_posix.go.

use super::dial::Context;
use super::error::{Addr, Fail, OpError};
use super::fd::{NetFd, listener_backlog};
use super::{Error, deadlines, fds, read_write, timeouts};
use gort_poll::{SockAddr, sys};
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

fn addr(a: &SockAddr) -> io::Result<SocketAddr> {
    a.unix().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
}

/// The error of what was tried with this address.
fn failed(op: &'static str, net: &'static str, a: &SocketAddr) -> impl Fn(Fail) -> io::Error {
    move |e| OpError::io(op, net, None, Addr::of(&a.into()), e)
}

/// Both ends of a connection that has no name.
fn pair(sotype: i32, net: &'static str) -> io::Result<(NetFd, NetFd)> {
    let [a, b] =
        sys::socketpair(libc::AF_UNIX, sotype | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0)?;
    Ok((NetFd::from_owned(a, net)?, NetFd::from_owned(b, net)?))
}

/// A connection over a Unix socket. Go's `net.UnixConn`.
///
/// ```
/// # gort::run(|| {
/// use std::io::{Read, Write};
/// let (mut a, mut b) = gort::net::UnixStream::pair().unwrap();
/// a.write_all(b"hi").unwrap();
/// let mut buf = [0; 2];
/// b.read_exact(&mut buf).unwrap();
/// assert_eq!(&buf, b"hi");
/// # })
/// ```
#[derive(Clone, Debug)]
pub struct UnixStream {
    pub(super) fd: Arc<NetFd>,
}

deadlines!(UnixStream);
fds!(UnixStream, std::os::unix::net::UnixStream, "unix");
timeouts!(UnixStream);
read_write!(UnixStream);
read_write!(&UnixStream);

impl UnixStream {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// The kernel's; `EAGAIN` if the listener's queue is full.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Connects to an address, which may be one of Linux's abstract names.
    ///
    /// # Errors
    /// The kernel's; `EAGAIN` if the listener's queue is full.
    ///
    /// Go (net): unixsock_posix.go:157 dialUnix
    pub fn connect_addr(a: &SocketAddr) -> io::Result<Self> {
        let fd = NetFd::socket(libc::AF_UNIX, libc::SOCK_STREAM, "unix").and_then(|fd| {
            fd.dial(None, Some(&a.into()), &Context::background()) // :164
        });
        Ok(Self { fd: Arc::new(fd.map_err(failed("dial", "unix", a))?) })
    }

    /// Both ends of a new connection.
    ///
    /// # Errors
    /// The kernel's.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = pair(libc::SOCK_STREAM, "unix")?;
        Ok((Self { fd: Arc::new(a) }, Self { fd: Arc::new(b) }))
    }

    /// Takes over a connection of std's.
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::os::unix::net::UnixStream) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "unix")?) })
    }

    /// The address of this side; mostly it has none.
    ///
    /// # Errors
    /// None; as std's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// None; as std's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.raddr)
    }

    /// Closes the reading side, the writing side, or both.
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fd.shutdown(how)
    }
}

/// A listening Unix socket. Go's `net.UnixListener`. Closing it removes its file, as in Go.
///
/// ```
/// # gort::run(|| {
/// use gort::net::{UnixListener, UnixStream};
/// let path = std::env::temp_dir().join(format!("gort-doc-{}", std::process::id()));
/// let l = UnixListener::bind(&path).unwrap();
/// let c = UnixStream::connect(&path).unwrap();
/// l.accept().unwrap();
/// l.close().unwrap();
/// assert!(!path.exists());
/// # })
/// ```
#[derive(Clone, Debug)]
pub struct UnixListener {
    fd: Arc<Unlinking>,
}

/// A socket that has a file to remove.
#[derive(Debug)]
struct Unlinking {
    fd: NetFd,
    path: Option<PathBuf>,
    unlink: AtomicBool,
}

impl core::ops::Deref for Unlinking {
    type Target = NetFd;
    fn deref(&self) -> &NetFd {
        &self.fd
    }
}

impl Unlinking {
    /// Go (net): unixsock_posix.go:179 close
    fn close(&self) -> Result<(), Error> {
        self.remove(); // :191
        self.fd.close() // :196
    }

    /// Removes the file; on any thread, as destructors run on any.
    fn remove(&self) {
        // The first time only; removed before it is closed, as Go's own listeners expect of each
        // other
        if let Some(path) = &self.path
            && self.unlink.swap(false, Relaxed)
        {
            let _ = crate::blocking(|| std::fs::remove_file(path)); // unixsock_posix.go:193
        }
    }
}

impl Drop for Unlinking {
    /// The socket is closed by its own destructor.
    fn drop(&mut self) {
        self.remove();
    }
}

deadlines!(UnixListener);

impl UnixListener {
    /// Listens on a new socket at `path`.
    ///
    /// # Errors
    /// The kernel's; `EADDRINUSE` if there is a file already.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens on an address, which may be one of Linux's abstract names.
    ///
    /// # Errors
    /// The kernel's.
    ///
    /// Go (net): unixsock_posix.go:219 listenUnix
    pub fn bind_addr(a: &SocketAddr) -> io::Result<Self> {
        let fd = NetFd::socket(libc::AF_UNIX, libc::SOCK_STREAM, "unix")
            .and_then(|fd| fd.listen_stream(&a.into(), listener_backlog())) // :226
            .map_err(failed("listen", "unix", a))?;
        let path = a.as_pathname().map(Path::to_path_buf);
        // :230
        Ok(Self { fd: Arc::new(Unlinking { fd, path, unlink: AtomicBool::new(true) }) })
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (net): unixsock_posix.go:171 accept
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let fd = self.fd.accept(); // :172
        let here = || Addr::of(&self.fd.laddr);
        let fd = fd.map_err(|e| OpError::io("accept", self.fd.net, None, here(), e))?;
        let from = addr(&fd.raddr)?;
        Ok((UnixStream { fd: Arc::new(fd) }, from))
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// None; as std's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }

    /// Whether closing removes the file; it does, by default.
    ///
    /// Go (net): unixsock_posix.go:215 SetUnlinkOnClose
    pub fn set_unlink_on_close(&self, unlink: bool) {
        self.fd.unlink.store(unlink, Relaxed); // :216
    }
}

/// A Unix socket for packets. Go's `net.UnixConn` on the network `unixgram`.
///
/// ```
/// # gort::run(|| {
/// let (a, b) = gort::net::UnixDatagram::pair().unwrap();
/// a.send(b"hi").unwrap();
/// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 2);
/// # })
/// ```
#[derive(Clone, Debug)]
pub struct UnixDatagram {
    fd: Arc<NetFd>,
}

deadlines!(UnixDatagram);
fds!(UnixDatagram, std::os::unix::net::UnixDatagram, "unixgram");
timeouts!(UnixDatagram);

impl UnixDatagram {
    /// A socket at `path`. The file is not removed when it is closed.
    ///
    /// # Errors
    /// The kernel's.
    ///
    /// Go (net): unixsock_posix.go:233 listenUnixgram
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let a = SocketAddr::from_pathname(path)?;
        let fd = NetFd::socket(libc::AF_UNIX, libc::SOCK_DGRAM, "unixgram")
            .and_then(|fd| fd.listen_datagram(&(&a).into())); // :240
        Ok(Self { fd: Arc::new(fd.map_err(failed("listen", "unixgram", &a))?) })
    }

    /// A socket without a name.
    ///
    /// # Errors
    /// The kernel's.
    pub fn unbound() -> io::Result<Self> {
        let fd = NetFd::socket(libc::AF_UNIX, libc::SOCK_DGRAM, "unixgram")
            .and_then(|fd| fd.dial(None, None, &Context::background()));
        Ok(Self { fd: Arc::new(fd.map_err(|e| OpError::io("dial", "unixgram", None, None, e))?) })
    }

    /// Two sockets that are each other's peer.
    ///
    /// # Errors
    /// The kernel's.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = pair(libc::SOCK_DGRAM, "unixgram")?;
        Ok((Self { fd: Arc::new(a) }, Self { fd: Arc::new(b) }))
    }

    /// From now on only for packets to and from the socket at `path`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let a = SocketAddr::from_pathname(path)?;
        self.fd
            .associate(&(&a).into())
            .map_err(Fail::at("connect"))
            .map_err(failed("dial", "unixgram", &a))
    }

    /// Receives a packet; what does not fit is lost.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (net): unixsock_posix.go:101 readFrom
    pub fn recv_from(&self, b: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (n, sa) = self.fd.read_from(b)?; // :103
        Ok((n, addr(&sa)?))
    }

    /// Sends a packet to the socket at `path`.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (net): unixsock_posix.go:129 writeTo
    pub fn send_to(&self, b: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        // :130 the kernel says so if it is connected
        let a = SocketAddr::from_pathname(path)?; // :139
        self.fd.write_to(b, &(&a).into()) // :140
    }

    /// Receives a packet from the peer.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    pub fn recv(&self, b: &mut [u8]) -> io::Result<usize> {
        self.fd.read(b)
    }

    /// Sends a packet to the peer.
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    pub fn send(&self, b: &[u8]) -> io::Result<usize> {
        self.fd.write(b)
    }

    /// The address of this side.
    ///
    /// # Errors
    /// None; as std's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }
}
