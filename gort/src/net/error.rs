//! Errors with what was tried, and where: net/net.go, error_posix.go.

use super::Error;
use super::fd::NetFd;
use core::fmt;
use gort_poll::SockAddr;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What was tried, between whom, and what came of it: what [`std::io::Error`]s of this module
/// carry. Its text is Go's: `dial tcp 127.0.0.1:1: connect: connection refused`.
///
/// ```
/// use gort::net::{OpError, TcpStream};
/// # gort::run(|| {
/// let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
/// let addr = listener.local_addr().unwrap();
/// drop(listener);
/// let e = TcpStream::connect(addr).unwrap_err();
/// assert_eq!(e.to_string(), format!("dial tcp {addr}: connect: connection refused"));
/// assert_eq!(e.kind(), std::io::ErrorKind::ConnectionRefused);
/// let op = OpError::of(&e).unwrap();
/// assert_eq!((op.op(), op.raw_os_error()), ("dial", Some(111)));
/// # })
/// ```
///
/// An `io::Error` that carries another one has no `raw_os_error` of its own:
/// [`raw_os_error`](Self::raw_os_error) has it.
///
/// Go (net): net.go:462 OpError
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpError {
    op: &'static str,
    net: &'static str,
    source: Option<Addr>,
    addr: Option<Addr>,
    fail: Fail,
}

/// One side of an [`OpError`]. Prints as Go prints it; one without a name as nothing.
///
/// ```
/// # gort::run(|| {
/// use gort::net::{Addr, OpError, UnixStream};
/// let e = UnixStream::connect("/no/such/socket").unwrap_err();
/// let to = OpError::of(&e).unwrap().addr().unwrap();
/// assert_eq!(to, &Addr::Path("/no/such/socket".into()));
/// assert_eq!(to.to_string(), "/no/such/socket");
/// # })
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addr {
    /// Of TCP or UDP.
    Inet(SocketAddr),
    /// The path of a Unix socket.
    Path(PathBuf),
    /// Another, as text: the abstract name of a Unix socket, with `@` in front, or nothing.
    Other(String),
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Addr::Inet(a) => a.fmt(f),
            Addr::Path(p) => p.display().fmt(f),
            Addr::Other(s) => f.write_str(s),
        }
    }
}

impl Addr {
    /// What a socket says; None if it has said nothing.
    pub(super) fn of(a: &SockAddr) -> Option<Self> {
        if a.is_empty() {
            return None;
        }
        if let Some(a) = a.inet() {
            return Some(Addr::Inet(a));
        }
        let u = a.unix()?;
        Some(match u.as_pathname() {
            Some(p) => Addr::Path(p.to_path_buf()),
            None => Addr::Other(name(&u)),
        })
    }
}

fn name(u: &std::os::unix::net::SocketAddr) -> String {
    use std::os::linux::net::SocketAddrExt;
    u.as_abstract_name().map_or_else(String::new, |n| format!("@{}", String::from_utf8_lossy(n)))
}

/// An error, and the system call that had it. Go's `os.SyscallError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fail {
    pub(super) err: Error,
    syscall: &'static str,
}

impl Fail {
    /// Go (net): error_posix.go:16 wrapSyscallError
    #[doc(alias = "wrapSyscallError")]
    pub(super) fn at(syscall: &'static str) -> impl Fn(Error) -> Fail {
        move |err| Fail { err, syscall } // error_posix.go:18
    }
    pub(super) fn errno(self) -> Option<i32> {
        self.err.errno()
    }
}

impl From<Error> for Fail {
    fn from(err: Error) -> Self {
        Fail { err, syscall: "" }
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(n) = self.errno() else { return self.err.fmt(f) };
        if !self.syscall.is_empty() {
            write!(f, "{}: ", self.syscall)?;
        }
        f.write_str(&errno_text(n))
    }
}

/// The text of an errno as Go's table has it: the C library's with a small letter, unless two large
/// ones begin it.
fn errno_text(n: i32) -> String {
    let text = io::Error::from_raw_os_error(n).to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut c = text.chars();
    match (c.next(), c.clone().next()) {
        (Some(a), Some(b)) if a.is_ascii_uppercase() && b.is_ascii_lowercase() => {
            format!("{}{}", a.to_ascii_lowercase(), c.as_str())
        }
        _ => text.to_string(),
    }
}

impl OpError {
    /// The one that `e` carries, if any.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{OpError, UnixStream};
    /// let e = UnixStream::connect("/no/such/socket").unwrap_err();
    /// assert!(OpError::of(&e).is_some());
    /// assert!(OpError::of(&std::io::Error::other("not of net")).is_none());
    /// # })
    /// ```
    pub fn of(e: &io::Error) -> Option<&OpError> {
        e.get_ref()?.downcast_ref()
    }
    /// `dial`, `listen`, `accept`, `read`, `write`, `close`, `set`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{OpError, TcpListener};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// l.close().unwrap();
    /// let e = l.accept().unwrap_err();
    /// assert_eq!(OpError::of(&e).unwrap().op(), "accept");
    /// # })
    /// ```
    pub fn op(&self) -> &'static str {
        self.op
    }
    /// `tcp`, `udp`, `unix`, `unixgram`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{OpError, UnixDatagram};
    /// let e = UnixDatagram::bind("/no/such/directory/socket").unwrap_err();
    /// let e = OpError::of(&e).unwrap();
    /// assert_eq!((e.op(), e.net()), ("listen", "unixgram"));
    /// # })
    /// ```
    pub fn net(&self) -> &'static str {
        self.net
    }
    /// This side, if it matters.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Addr, OpError, TcpListener, TcpStream};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let c = TcpStream::connect(l.local_addr().unwrap()).unwrap();
    /// c.close().unwrap();
    /// let e = std::io::Read::read(&mut &c, &mut [0]).unwrap_err();
    /// let here = Addr::Inet(c.local_addr().unwrap());
    /// assert_eq!(OpError::of(&e).unwrap().source_addr(), Some(&here));
    /// # })
    /// ```
    pub fn source_addr(&self) -> Option<&Addr> {
        self.source.as_ref()
    }
    /// The other side; of listeners: where they listen.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Addr, OpError, TcpListener};
    /// let l = TcpListener::bind("127.0.0.1:0").unwrap();
    /// let taken = l.local_addr().unwrap();
    /// let e = TcpListener::bind(taken).unwrap_err();
    /// assert_eq!(OpError::of(&e).unwrap().addr(), Some(&Addr::Inet(taken)));
    /// # })
    /// ```
    pub fn addr(&self) -> Option<&Addr> {
        self.addr.as_ref()
    }
    /// What went wrong.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{Error, OpError, UnixStream};
    /// let (a, _b) = UnixStream::pair().unwrap();
    /// a.close().unwrap();
    /// let e = a.close().unwrap_err();
    /// assert_eq!(OpError::of(&e).unwrap().error(), Error::NetClosing);
    /// # })
    /// ```
    pub fn error(&self) -> Error {
        self.fail.err
    }
    /// The errno, if it was the kernel's error.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{OpError, UnixStream};
    /// let e = UnixStream::connect("/no/such/socket").unwrap_err();
    /// assert_eq!(e.raw_os_error(), None); // it carries another
    /// assert_eq!(OpError::of(&e).unwrap().raw_os_error(), Some(2)); // ENOENT
    /// # })
    /// ```
    pub fn raw_os_error(&self) -> Option<i32> {
        self.fail.errno()
    }
    /// Whether it was a timeout.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::{OpError, UnixStream};
    /// let (a, _b) = UnixStream::pair().unwrap();
    /// a.set_read_deadline(Some(gort::time::now())).unwrap();
    /// let e = std::io::Read::read(&mut &a, &mut [0]).unwrap_err();
    /// assert!(OpError::of(&e).unwrap().timeout());
    /// # })
    /// ```
    ///
    /// Go (net): net.go:529 Timeout
    pub fn timeout(&self) -> bool {
        self.fail.err.timeout() // :534
    }
    /// It, as std's error of the right kind.
    pub(super) fn io(
        op: &'static str,
        net: &'static str,
        source: Option<Addr>,
        addr: Option<Addr>,
        fail: impl Into<Fail>,
    ) -> io::Error {
        let fail = fail.into();
        let kind = io::Error::from(fail.err).kind();
        io::Error::new(kind, OpError { op, net, source, addr, fail })
    }
}

impl fmt::Display for OpError {
    /// Go (net): net.go:491 Error
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op)?; // :495
        if !self.net.is_empty() {
            write!(f, " {}", self.net)?; // :497
        }
        // :499
        if let Some(s) = &self.source {
            write!(f, " {s}")?;
        }
        if let Some(a) = &self.addr {
            write!(f, "{}{a}", if self.source.is_some() { "->" } else { " " })?; // :503
        }
        write!(f, ": {}", self.fail) // :510
    }
}

impl std::error::Error for OpError {
    /// Go (net): net.go:489 Unwrap
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fail.err) // :489
    }
}

impl NetFd {
    /// The error of an operation on this socket.
    pub(super) fn failed(
        &self,
        op: &'static str,
        syscall: &'static str,
    ) -> impl Fn(Error) -> io::Error {
        move |e| {
            let (source, addr) = (Addr::of(&self.laddr), Addr::of(&self.raddr));
            OpError::io(op, self.net, source, addr, Fail::at(syscall)(e))
        }
    }
    /// The same, for what concerns this side only.
    pub(super) fn failed_here(
        &self,
        op: &'static str,
        syscall: &'static str,
    ) -> impl Fn(Error) -> io::Error {
        move |e| OpError::io(op, self.net, None, Addr::of(&self.laddr), Fail::at(syscall)(e))
    }
}
