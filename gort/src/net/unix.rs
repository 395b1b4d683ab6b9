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
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("gort-doc-connect-{}", std::process::id()));
    /// let _l = UnixListener::bind(&path).unwrap();
    /// let c = UnixStream::connect(&path).unwrap();
    /// assert_eq!(c.peer_addr().unwrap().as_pathname(), Some(&*path));
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's; `EAGAIN` if the listener's queue is full.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::connect_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Connects to an address, which may be one of Linux's abstract names.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::os::linux::net::SocketAddrExt;
    /// let name = format!("gort-doc-{}", std::process::id());
    /// let a = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
    /// let l = gort::net::UnixListener::bind_addr(&a).unwrap();
    /// let _c = gort::net::UnixStream::connect_addr(&a).unwrap();
    /// l.accept().unwrap();
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// let (mut a, b) = gort::net::UnixStream::pair().unwrap();
    /// gort::go(move || std::io::Write::write_all(&mut a, b"to the other end").unwrap());
    /// assert_eq!(std::io::read_to_string(b).unwrap(), "to the other end");
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = pair(libc::SOCK_STREAM, "unix")?;
        Ok((Self { fd: Arc::new(a) }, Self { fd: Arc::new(b) }))
    }

    /// Takes over a connection of std's.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (a, mut b) = std::os::unix::net::UnixStream::pair().unwrap();
    /// let a = gort::net::UnixStream::from_std(a).unwrap();
    /// gort::go(move || std::io::Write::write_all(&mut b, b"std's").unwrap());
    /// assert_eq!(std::io::read_to_string(a).unwrap(), "std's");
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::os::unix::net::UnixStream) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "unix")?) })
    }

    /// The address of this side; mostly it has none.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (a, _b) = gort::net::UnixStream::pair().unwrap();
    /// assert!(a.local_addr().unwrap().is_unnamed());
    /// # })
    /// ```
    ///
    /// # Errors
    /// None; as std's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }

    /// The address of the other side.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-peer-{}", std::process::id()));
    /// let l = gort::net::UnixListener::bind(&path).unwrap();
    /// let c = gort::net::UnixStream::connect(&path).unwrap();
    /// assert_eq!(c.peer_addr().unwrap().as_pathname(), Some(&*path));
    /// assert!(l.accept().unwrap().0.peer_addr().unwrap().is_unnamed());
    /// # })
    /// ```
    ///
    /// # Errors
    /// None; as std's.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.raddr)
    }

    /// Closes the reading side, the writing side, or both.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Shutdown, UnixStream};
    /// let (a, b) = UnixStream::pair().unwrap();
    /// a.shutdown(Shutdown::Write).unwrap();
    /// assert_eq!(std::io::Read::read(&mut &b, &mut [0]).unwrap(), 0); // the end
    /// std::io::Write::write_all(&mut &b, b"x").unwrap();
    /// assert_eq!(std::io::Read::read(&mut &a, &mut [0]).unwrap(), 1);
    /// # })
    /// ```
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

impl TryFrom<OwnedFd> for UnixListener {
    type Error = io::Error;
    /// [`UnixListener::from_std`]
    ///
    /// Go (net): file_unix.go:89 fileListener
    #[doc(alias = "fileListener")]
    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        let fd = NetFd::from_owned(fd, "unix")?; // :90
        let path = addr(&fd.laddr)?.as_pathname().map(Path::to_path_buf);
        // :98 the file is not ours to remove
        Ok(Self { fd: Arc::new(Unlinking { fd, path, unlink: AtomicBool::new(false) }) })
    }
}

impl TryFrom<UnixListener> for OwnedFd {
    type Error = io::Error;
    /// [`UnixListener::into_std`], as a descriptor.
    fn try_from(l: UnixListener) -> io::Result<Self> {
        Ok(l.into_std()?.into())
    }
}

impl UnixListener {
    /// Listens on a new socket at `path`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-bind-{}", std::process::id()));
    /// let l = gort::net::UnixListener::bind(&path).unwrap();
    /// let e = gort::net::UnixListener::bind(&path).unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::AddrInUse);
    /// drop(l);
    /// assert!(!path.exists());
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's; `EADDRINUSE` if there is a file already.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens on an address, which may be one of Linux's abstract names.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::os::linux::net::SocketAddrExt;
    /// let name = format!("gort-doc-bind-{}", std::process::id());
    /// let a = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    /// let l = gort::net::UnixListener::bind_addr(&a).unwrap(); // no file
    /// assert_eq!(l.local_addr().unwrap().as_abstract_name(), Some(name.as_bytes()));
    /// # })
    /// ```
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

    /// Takes over a listener of std's. Closing it does not remove its file, as in Go: whoever made
    /// the socket does, or [`set_unlink_on_close`](Self::set_unlink_on_close) says so.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{UnixListener, UnixStream};
    /// use std::io::{Read, Write};
    /// let path = std::env::temp_dir().join(format!("gort-doc-std-{}", std::process::id()));
    /// let l = std::os::unix::net::UnixListener::bind(&path).unwrap();
    /// let l = UnixListener::from_std(l).unwrap();
    /// let mut c = UnixStream::connect(&path).unwrap();
    /// l.accept().unwrap().0.write_all(b"x").unwrap();
    /// assert_eq!(c.read(&mut [0; 8]).unwrap(), 1);
    /// drop(l);
    /// std::fs::remove_file(&path).unwrap(); // it is still there
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(l: std::os::unix::net::UnixListener) -> io::Result<Self> {
        Self::try_from(OwnedFd::from(l))
    }

    /// The same listener for code that blocks its thread: a duplicate of the descriptor, in
    /// blocking mode. As the mode belongs to both, this handle must not be used any more, nor its
    /// clones: close them, which removes the file no more. May be called inside of
    /// [`gort::blocking`](crate::blocking). Go's `File`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{UnixListener, UnixStream};
    /// let path = std::env::temp_dir().join(format!("gort-doc-into-{}", std::process::id()));
    /// let l = UnixListener::bind(&path).unwrap().into_std().unwrap();
    /// let c = UnixStream::connect(&path).unwrap();
    /// gort::blocking(|| l.accept()).unwrap();
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        let l = std::os::unix::net::UnixListener::from(self.fd.pfd.dup()?);
        l.set_nonblocking(false)?;
        self.fd.unlink.store(false, Relaxed);
        Ok(l)
    }

    /// Waits for the next connection.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-accept-{}", std::process::id()));
    /// let l = gort::net::UnixListener::bind(&path).unwrap();
    /// gort::go(move || drop(gort::net::UnixStream::connect(path).unwrap()));
    /// let (s, from) = l.accept().unwrap();
    /// assert!(from.is_unnamed());
    /// assert_eq!(std::io::read_to_string(s).unwrap(), "");
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-local-{}", std::process::id()));
    /// let l = gort::net::UnixListener::bind(&path).unwrap();
    /// assert_eq!(l.local_addr().unwrap().as_pathname(), Some(&*path));
    /// # })
    /// ```
    ///
    /// # Errors
    /// None; as std's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }

    /// Whether closing removes the file; it does, by default.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-unlink-{}", std::process::id()));
    /// let l = gort::net::UnixListener::bind(&path).unwrap();
    /// l.set_unlink_on_close(false);
    /// drop(l);
    /// std::fs::remove_file(&path).unwrap(); // it was there still
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UnixDatagram;
    /// let path = std::env::temp_dir().join(format!("gort-doc-gram-{}", std::process::id()));
    /// let s = UnixDatagram::bind(&path).unwrap();
    /// UnixDatagram::unbound().unwrap().send_to(b"hi", &path).unwrap();
    /// assert_eq!(s.recv(&mut [0; 8]).unwrap(), 2);
    /// std::fs::remove_file(&path).unwrap(); // closing does not
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// let s = gort::net::UnixDatagram::unbound().unwrap();
    /// assert!(s.local_addr().unwrap().is_unnamed()); // nobody can answer it
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn unbound() -> io::Result<Self> {
        let fd = NetFd::socket(libc::AF_UNIX, libc::SOCK_DGRAM, "unixgram")
            .and_then(|fd| fd.dial(None, None, &Context::background()));
        Ok(Self { fd: Arc::new(fd.map_err(|e| OpError::io("dial", "unixgram", None, None, e))?) })
    }

    /// Takes over a socket of std's.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (a, b) = std::os::unix::net::UnixDatagram::pair().unwrap();
    /// let a = gort::net::UnixDatagram::from_std(a).unwrap();
    /// b.send(b"from std's").unwrap();
    /// assert_eq!(a.recv(&mut [0; 16]).unwrap(), 10);
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::os::unix::net::UnixDatagram) -> io::Result<Self> {
        Self::try_from(OwnedFd::from(s))
    }

    /// Two sockets that are each other's peer.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (a, b) = gort::net::UnixDatagram::pair().unwrap();
    /// a.send(b"one").unwrap();
    /// a.send(b"packet each").unwrap();
    /// assert_eq!((b.recv(&mut [0; 32]).unwrap(), b.recv(&mut [0; 32]).unwrap()), (3, 11));
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = pair(libc::SOCK_DGRAM, "unixgram")?;
        Ok((Self { fd: Arc::new(a) }, Self { fd: Arc::new(b) }))
    }

    /// From now on only for packets to and from the socket at `path`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UnixDatagram;
    /// let path = std::env::temp_dir().join(format!("gort-doc-peer2-{}", std::process::id()));
    /// let (server, client) = (UnixDatagram::bind(&path).unwrap(), UnixDatagram::unbound().unwrap());
    /// client.connect(&path).unwrap();
    /// client.send(b"log line").unwrap();
    /// assert_eq!(server.recv(&mut [0; 16]).unwrap(), 8);
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// let (a, b) = gort::net::UnixDatagram::pair().unwrap();
    /// a.send(b"who am I").unwrap();
    /// let (n, from) = b.recv_from(&mut [0; 16]).unwrap();
    /// assert!(n == 8 && from.is_unnamed());
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// let s = gort::net::UnixDatagram::unbound().unwrap();
    /// let e = s.send_to(b"hi", "/no/such/socket").unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::NotFound);
    /// # })
    /// ```
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
    /// ```
    /// # gort::run(|| {
    /// let (a, b) = gort::net::UnixDatagram::pair().unwrap();
    /// gort::go(move || _ = a.send(b"later"));
    /// let mut text = [0; 5];
    /// assert_eq!(b.recv(&mut text).unwrap(), 5); // parks until it comes
    /// assert_eq!(&text, b"later");
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    pub fn recv(&self, b: &mut [u8]) -> io::Result<usize> {
        self.fd.read(b)
    }

    /// Sends a packet to the peer.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (a, b) = gort::net::UnixDatagram::pair().unwrap();
    /// assert_eq!(a.send(b"abc").unwrap(), 3);
    /// drop(b);
    /// assert!(a.send(b"abc").is_err()); // nobody is there
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    pub fn send(&self, b: &[u8]) -> io::Result<usize> {
        self.fd.write(b)
    }

    /// The address of this side.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-here-{}", std::process::id()));
    /// let s = gort::net::UnixDatagram::bind(&path).unwrap();
    /// assert_eq!(s.local_addr().unwrap().as_pathname(), Some(&*path));
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// None; as std's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }
}
