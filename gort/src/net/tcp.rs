//! TCP: net/tcpsock.go, tcpsock_posix.go, tcpsockopt_unix.go.

use super::dial::{self, Context};
use super::error::{Addr, Fail, OpError};
use super::fd::{NetFd, listener_backlog};
use super::{Error, deadlines, each_addr, fds, read_write, timeouts};
use crate::time::now;
use gort_poll::SockAddr;
use std::io;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Go (net): dial.go:19 defaultTCPKeepAliveIdle
const DEFAULT_TCP_KEEP_ALIVE_IDLE: i32 = 15;
/// Go (net): dial.go:23 defaultTCPKeepAliveInterval
const DEFAULT_TCP_KEEP_ALIVE_INTERVAL: i32 = 15;
/// Go (net): dial.go:26 defaultTCPKeepAliveCount
const DEFAULT_TCP_KEEP_ALIVE_COUNT: i32 = 9;

pub(super) fn family(a: &SocketAddr) -> i32 {
    if a.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }
}

/// In whole seconds, rounded up: a short time is not none.
fn seconds(d: Duration) -> i32 {
    i32::try_from(d.as_secs()).unwrap_or(i32::MAX).saturating_add((d.subsec_nanos() > 0).into())
}

fn addr(a: &SockAddr) -> io::Result<SocketAddr> {
    a.inet().ok_or_else(|| io::Error::from_raw_os_error(libc::ENOTCONN))
}

/// A TCP connection. Go's `net.TCPConn`.
///
/// ```
/// # gort::run(|| {
/// use gort::net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
/// let l = TcpListener::bind("127.0.0.1:0").unwrap();
/// let mut c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
/// let (mut s, _) = l.accept().unwrap();
/// c.write_all(b"hello").unwrap();
/// drop(c);
/// let mut text = String::new();
/// s.read_to_string(&mut text).unwrap();
/// assert_eq!(text, "hello");
/// # })
/// ```
///
/// Clones are handles of the same connection; it is closed when the last one is dropped, or by
/// [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct TcpStream {
    pub(super) fd: Arc<NetFd>,
}

deadlines!(TcpStream);
fds!(TcpStream, std::net::TcpStream, "tcp");
timeouts!(TcpStream);
read_write!(TcpStream);
read_write!(&TcpStream);

impl TcpStream {
    /// A connection with what Go turns on.
    ///
    /// Go (net): tcpsock.go:289 newTCPConn
    fn new(fd: NetFd) -> Self {
        let c = Self { fd: Arc::new(fd) };
        let _ = c.set_nodelay(true); // :290
        // :291
        let _ = c.set_keepalive(true); // tcpsock_unix.go:17
        let tcp = |name, v| c.fd.pfd.setsockopt_int(libc::IPPROTO_TCP, name, v);
        let _ = tcp(libc::TCP_KEEPIDLE, DEFAULT_TCP_KEEP_ALIVE_IDLE);
        let _ = tcp(libc::TCP_KEEPINTVL, DEFAULT_TCP_KEEP_ALIVE_INTERVAL);
        let _ = tcp(libc::TCP_KEEPCNT, DEFAULT_TCP_KEEP_ALIVE_COUNT);
        c
    }

    /// Connects to the first of the addresses that answers. Go's `net.Dial`: addresses of the first
    /// one's kind (IPv4 or IPv6) are tried first, those of the other kind beside them after 300 ms.
    /// [`Dialer`](super::Dialer) has more to set.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let port = l.local_addr().unwrap().port();
    /// let c = TcpStream::connect(("127.0.0.1", port)).unwrap();
    /// assert_eq!(c.peer_addr().unwrap().port(), port);
    /// # })
    /// ```
    ///
    /// # Errors
    /// That of the first address, if none does.
    pub fn connect(a: impl ToSocketAddrs) -> io::Result<Self> {
        dial::connect(a, None)
    }

    /// Connects until `deadline`; several addresses share the time. Go's `Dialer.Deadline`. The
    /// search for a name is not limited by it: [`Dialer::dial`](super::Dialer::dial)'s is.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let addr = l.local_addr().unwrap();
    /// let minute = std::time::Duration::from_secs(60);
    /// assert!(TcpStream::connect_deadline(addr, gort::time::now() + minute).is_ok());
    /// let past = TcpStream::connect_deadline(addr, gort::time::now() - minute);
    /// assert_eq!(past.unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    /// # })
    /// ```
    ///
    /// # Errors
    /// `i/o timeout` (kind `TimedOut`); that of the first address, if none answers.
    pub fn connect_deadline(a: impl ToSocketAddrs, deadline: Instant) -> io::Result<Self> {
        dial::connect(a, Some(deadline))
    }

    /// Connects within `timeout`. Go's `net.DialTimeout`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let addr = l.local_addr().unwrap();
    /// TcpStream::connect_timeout(&addr, std::time::Duration::from_secs(60)).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// `i/o timeout` (kind `TimedOut`); the kernel's.
    pub fn connect_timeout(a: &SocketAddr, timeout: Duration) -> io::Result<Self> {
        match now().checked_add(timeout) {
            Some(t) => Self::connect_deadline(a, t),
            None => Self::connect(a),
        }
    }

    /// Takes over a connection of std's.
    ///
    /// ```
    /// # gort::run(|| {
    /// let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let mut std = std::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// let ours = gort::net::TcpStream::from_std(l.accept().unwrap().0).unwrap();
    /// gort::go(move || std::io::Write::write_all(&mut std, b"hi").unwrap());
    /// assert_eq!(std::io::read_to_string(ours).unwrap(), "hi");
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::net::TcpStream) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "tcp")?) })
    }

    /// The address of this side. It is kept: it can be asked for after `close`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// let (_, from) = l.accept().unwrap();
    /// assert_eq!(c.local_addr().unwrap(), from);
    /// # })
    /// ```
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }

    /// The address of the other side.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.close().unwrap();
    /// assert_eq!(c.peer_addr().unwrap(), l.local_addr().unwrap()); // it is kept
    /// # })
    /// ```
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.raddr)
    }

    /// Closes the reading side, the writing side (the peer reads the end), or both. Go's
    /// `CloseRead` and `CloseWrite`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Shutdown, TcpListener, TcpStream};
    /// use std::io::{Read, Write};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let mut c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// let (mut s, _) = l.accept().unwrap();
    /// c.write_all(b"question").unwrap();
    /// c.shutdown(Shutdown::Write).unwrap(); // it can still read
    /// let mut text = String::new();
    /// s.read_to_string(&mut text).unwrap();
    /// s.write_all(b"answer").unwrap();
    /// drop(s);
    /// text.clear();
    /// c.read_to_string(&mut text).unwrap();
    /// assert_eq!(text, "answer");
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fd.shutdown(how)
    }

    /// Reads without taking it away.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// use std::io::{Read, Write};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let mut c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// let (mut s, _) = l.accept().unwrap();
    /// c.write_all(b"G").unwrap();
    /// let mut b = [0; 8];
    /// assert_eq!((s.peek(&mut b).unwrap(), s.read(&mut b).unwrap()), (1, 1)); // the same byte
    /// # })
    /// ```
    ///
    /// # Errors
    /// As reading.
    pub fn peek(&self, b: &mut [u8]) -> io::Result<usize> {
        self.fd.peek(b)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`); they are, by default.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.set_nodelay(false).unwrap(); // small packets may wait for more
    /// assert!(!c.nodelay().unwrap());
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed.
    ///
    /// Go (net): tcpsockopt_posix.go:14 setNoDelay
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.fd
            .pfd
            .setsockopt_int(libc::IPPROTO_TCP, libc::TCP_NODELAY, on.into())
            .map_err(self.fd.failed("set", "setsockopt")) // :15
    }

    /// Whether small writes are sent at once.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// assert!(c.nodelay().unwrap()); // as in Go
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.fd
            .pfd
            .getsockopt_int(libc::IPPROTO_TCP, libc::TCP_NODELAY)
            .map(|v| v != 0)
            .map_err(self.fd.failed("set", "getsockopt"))
    }

    /// Whether the kernel asks a silent peer now and then if it is still there; it does, by
    /// default.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.set_keepalive(false).unwrap();
    /// c.close().unwrap();
    /// assert!(c.set_keepalive(true).is_err());
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed.
    ///
    /// Go (net): sockopt_posix.go:87 setKeepAlive
    pub fn set_keepalive(&self, on: bool) -> io::Result<()> {
        self.fd
            .pfd
            .setsockopt_int(libc::SOL_SOCKET, libc::SO_KEEPALIVE, on.into())
            .map_err(self.fd.failed("set", "setsockopt")) // :88
    }

    /// After how much silence, in whole seconds rounded up.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.set_keepalive_idle(std::time::Duration::from_secs(60)).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (net): tcpsockopt_unix.go:15 setKeepAliveIdle
    pub fn set_keepalive_idle(&self, d: Duration) -> io::Result<()> {
        // :23
        self.fd
            .pfd
            .setsockopt_int(libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, seconds(d))
            .map_err(self.fd.failed("set", "setsockopt")) // :24
    }

    /// What closing does with data that has not been sent: None: the kernel goes on sending; zero:
    /// it is thrown away and the peer gets a reset; else closing waits so long for it, in whole
    /// seconds rounded up.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// let (s, _) = l.accept().unwrap();
    /// c.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    /// drop(c); // resets the connection
    /// let e = std::io::Read::read(&mut &s, &mut [0]).unwrap_err();
    /// assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset);
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed.
    ///
    /// Go (net): sockopt_posix.go:93 setLinger
    pub fn set_linger(&self, d: Option<Duration>) -> io::Result<()> {
        // :94
        let l = libc::linger { l_onoff: d.is_some().into(), l_linger: d.map_or(0, seconds) };
        self.fd
            .pfd
            .setsockopt_linger(libc::SOL_SOCKET, libc::SO_LINGER, &l)
            .map_err(self.fd.failed("set", "setsockopt")) // :102
    }

    /// The kernel's buffer for what has not been read yet.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.set_read_buffer(1 << 16).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed.
    ///
    /// Go (net): sockopt_posix.go:75 setReadBuffer
    pub fn set_read_buffer(&self, bytes: i32) -> io::Result<()> {
        self.fd
            .pfd
            .setsockopt_int(libc::SOL_SOCKET, libc::SO_RCVBUF, bytes)
            .map_err(self.fd.failed("set", "setsockopt")) // :76
    }

    /// The kernel's buffer for what has not been sent yet.
    ///
    /// ```
    /// # gort::run(|| {
    /// # let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = gort::net::TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.set_write_buffer(1 << 16).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed.
    ///
    /// Go (net): sockopt_posix.go:81 setWriteBuffer
    pub fn set_write_buffer(&self, bytes: i32) -> io::Result<()> {
        self.fd
            .pfd
            .setsockopt_int(libc::SOL_SOCKET, libc::SO_SNDBUF, bytes)
            .map_err(self.fd.failed("set", "setsockopt")) // :82
    }
}

/// Go (net): tcpsock_posix.go:78 doDialTCPProto
pub(super) fn do_dial_tcp(
    laddr: Option<SocketAddr>,
    raddr: SocketAddr,
    ctx: &Context,
) -> Result<TcpStream, Fail> {
    let dial = || {
        let fd = NetFd::socket(family(&raddr), libc::SOCK_STREAM, "tcp")?;
        fd.dial(laddr.map(|a| a.into()).as_ref(), Some(&raddr.into()), ctx)
    };
    let mut r = dial(); // :85

    // :111 the kernel may pick a local port that makes the socket connect to itself, or one that is
    // taken: twice more
    for _ in 0..2 {
        // :112 unless the port is the caller's choice
        if laddr.is_some_and(|a| a.port() != 0) || !(self_connect(&r) || spurious_enotavail(&r)) {
            break;
        }
        drop(r); // :113
        r = dial();
    }

    Ok(TcpStream::new(r?)) // :121
}

/// Go (net): tcpsock_posix.go:124 selfConnect
fn self_connect(r: &Result<NetFd, Fail>) -> bool {
    let Ok(fd) = r else { return false }; // :126
    // :138
    let (Some(l), Some(r)) = (fd.laddr.inet(), fd.raddr.inet()) else { return true };
    l.port() == r.port() && l.ip() == r.ip() // :143
}

/// Go (net): tcpsock_posix.go:146 spuriousENOTAVAIL
fn spurious_enotavail<T>(r: &Result<T, Fail>) -> bool {
    matches!(r, Err(e) if e.errno() == Some(libc::EADDRNOTAVAIL)) // :153
}

/// A listening TCP socket. Go's `net.TCPListener`.
///
/// ```
/// # gort::run(|| {
/// let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let closer = l.clone();
/// gort::go(move || closer.close().unwrap());
/// assert_eq!(l.incoming().count(), 0); // ends when it is closed
/// # })
/// ```
#[derive(Clone, Debug)]
pub struct TcpListener {
    fd: Arc<NetFd>,
}

deadlines!(TcpListener);
fds!(TcpListener, std::net::TcpListener, "tcp");

impl TcpListener {
    /// Listens on the first of the addresses that works; port 0: any that is free. An IPv6 wildcard
    /// takes IPv4 as well.
    ///
    /// ```
    /// # gort::run(|| {
    /// let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// assert_ne!(l.local_addr().unwrap().port(), 0); // the kernel has chosen one
    /// # })
    /// ```
    ///
    /// # Errors
    /// That of the first address, if none does.
    ///
    /// Go (net): tcpsock_posix.go:182 listenTCPProto
    pub fn bind(a: impl ToSocketAddrs) -> io::Result<Self> {
        let backlog = listener_backlog();
        each_addr("listen", "tcp", a, |a| {
            let fd = NetFd::socket(family(&a), libc::SOCK_STREAM, "tcp")?;
            Ok(Self { fd: Arc::new(fd.listen_stream(&a.into(), backlog)?) })
        })
    }

    /// Takes over a listener of std's.
    ///
    /// ```
    /// # gort::run(|| {
    /// let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// let l = gort::net::TcpListener::from_std(l).unwrap();
    /// let addr = l.local_addr().unwrap();
    /// gort::go(move || drop(gort::net::TcpStream::connect(addr).unwrap()));
    /// l.accept().unwrap(); // parks
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::net::TcpListener) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "tcp")?) })
    }

    /// Waits for the next connection.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let addr = l.local_addr().unwrap();
    /// gort::go(move || std::io::Write::write_all(&mut TcpStream::connect(addr).unwrap(), b"x").unwrap());
    /// let (s, from) = l.accept().unwrap();
    /// assert_eq!((s.peer_addr().unwrap(), std::io::read_to_string(s).unwrap()), (from, "x".into()));
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's: after `EMFILE` (too many open files) the
    /// listener is as good as before, the connection still waits.
    ///
    /// Go (net): tcpsock_posix.go:158 accept
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let fd = self.fd.accept().map_err(|e| self.failed(e))?; // :159
        let from = addr(&fd.raddr)?;
        Ok((TcpStream::new(fd), from))
    }

    fn failed(&self, e: Fail) -> io::Error {
        OpError::io("accept", self.fd.net, None, Addr::of(&self.fd.laddr), e)
    }

    /// Connections, one after the other; ends when the listener is closed.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let addr = l.local_addr().unwrap();
    /// gort::go(move || (0..3).for_each(|_| drop(TcpStream::connect(addr).unwrap())));
    /// assert_eq!(l.incoming().take(3).filter(Result::is_ok).count(), 3);
    /// # })
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self)
    }

    /// The address that it listens on.
    ///
    /// ```
    /// # gort::run(|| {
    /// let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
    /// assert!(l.local_addr().unwrap().ip().is_loopback());
    /// # })
    /// ```
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }
}

/// The connections of a [`TcpListener`]. Unlike std's it ends: when the listener is closed.
///
/// ```
/// # gort::run(|| {
/// let l = gort::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// l.close().unwrap();
/// let mut connections: gort::net::Incoming<'_> = l.incoming();
/// assert!(connections.next().is_none());
/// # })
/// ```
#[derive(Debug)]
pub struct Incoming<'a>(&'a TcpListener);

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;
    fn next(&mut self) -> Option<Self::Item> {
        match self.0.fd.accept() {
            Ok(fd) => Some(Ok(TcpStream::new(fd))),
            Err(e) if e.err == Error::NetClosing => None,
            Err(e) => Some(Err(self.0.failed(e))),
        }
    }
}
