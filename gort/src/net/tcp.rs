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
    /// # Errors
    /// That of the first address, if none does.
    pub fn connect(a: impl ToSocketAddrs) -> io::Result<Self> {
        dial::connect(a, None)
    }

    /// Connects until `deadline`; several addresses share the time. Go's `Dialer.Deadline`. The
    /// search for a name is not limited by it: [`Dialer::dial`](super::Dialer::dial)'s is.
    ///
    /// # Errors
    /// `i/o timeout` (kind `TimedOut`); that of the first address, if none answers.
    pub fn connect_deadline(a: impl ToSocketAddrs, deadline: Instant) -> io::Result<Self> {
        dial::connect(a, Some(deadline))
    }

    /// Connects within `timeout`. Go's `net.DialTimeout`.
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
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::net::TcpStream) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "tcp")?) })
    }

    /// The address of this side. It is kept: it can be asked for after `close`.
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.raddr)
    }

    /// Closes the reading side, the writing side (the peer reads the end), or both. Go's
    /// `CloseRead` and `CloseWrite`.
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fd.shutdown(how)
    }

    /// Reads without taking it away.
    ///
    /// # Errors
    /// As reading.
    pub fn peek(&self, b: &mut [u8]) -> io::Result<usize> {
        self.fd.peek(b)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`); they are, by default.
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
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::net::TcpListener) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "tcp")?) })
    }

    /// Waits for the next connection.
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
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self)
    }

    /// The address that it listens on.
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        addr(&self.fd.laddr)
    }
}

/// The connections of a [`TcpListener`]. Unlike std's it ends: when the listener is closed.
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
