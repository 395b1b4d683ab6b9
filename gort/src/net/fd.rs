//! Go's netFD: net/fd_unix.go, fd_posix.go, sock_posix.go, sockopt_linux.go, sock_linux.go.

use super::dial::{Closes, Context};
use super::error::{Addr, Fail, OpError};
use crate::time::now;
use crate::{chan, go};
use gort_poll::sys;
use gort_poll::{Error, Fd, SockAddr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A socket.
///
/// Go (net): fd_posix.go:17 netFD
#[derive(Debug)]
pub struct NetFd {
    pub(super) pfd: Fd,
    pub(super) family: i32,
    pub(super) sotype: i32,
    pub(super) net: &'static str,
    pub(super) laddr: SockAddr,
    pub(super) raddr: SockAddr,
    /// gort's own: std's timeouts, in nanoseconds; 0: none.
    read_timeout: AtomicU64,
    write_timeout: AtomicU64,
}

impl NetFd {
    /// Go (net): fd_unix.go:26 newFD
    fn new(sysfd: OwnedFd, family: i32, sotype: i32, net: &'static str) -> Self {
        Self {
            // :28
            pfd: Fd::new(
                sysfd,
                sotype == libc::SOCK_STREAM,
                sotype != libc::SOCK_DGRAM && sotype != libc::SOCK_RAW,
            ),
            family, // :33
            sotype,
            net,
            laddr: SockAddr::EMPTY,
            raddr: SockAddr::EMPTY,
            read_timeout: AtomicU64::new(0),
            write_timeout: AtomicU64::new(0),
        }
    }

    /// Go (net): fd_unix.go:40 init
    fn init(&self) -> Result<(), Error> {
        self.pfd.init(self.net, true) // :41
    }

    /// A socket with the defaults of its kind.
    ///
    /// Go (net): sock_posix.go:18 socket
    pub(super) fn socket(family: i32, sotype: i32, net: &'static str) -> Result<Self, Fail> {
        let s = sys_socket(family, sotype, 0).map_err(Fail::at("socket"))?; // :19
        set_default_sockopts(s.as_fd(), family, sotype, false).map_err(Fail::at("setsockopt"))?; // :23
        Ok(Self::new(s, family, sotype, net))
    }

    /// The socket, for as long as nobody else has it.
    fn alone(&mut self) -> BorrowedFd<'_> {
        self.pfd.get_mut().expect("not closed yet")
    }

    /// A connected socket. On failure it is closed.
    ///
    /// Go (net): sock_posix.go:92 dial
    pub(super) fn dial(
        mut self,
        laddr: Option<&SockAddr>,
        raddr: Option<&SockAddr>,
        ctx: &Context,
    ) -> Result<Self, Fail> {
        // :93 no control functions
        // :110
        if let Some(laddr) = laddr {
            sys::bind(self.alone(), laddr).map_err(Fail::at("bind"))?; // :114
        }
        let mut crsa = None; // :120
        if let Some(raddr) = raddr {
            crsa = self.connect(raddr, ctx)?; // :125
        } else {
            self.init()?; // :130
        }
        self.laddr = sys::getsockname(self.alone()).unwrap_or_default(); // :139
        // :140
        self.raddr = match crsa {
            Some(a) => a,
            None => match sys::getpeername(self.alone()) {
                Ok(a) => a,
                Err(_) => raddr.copied().unwrap_or_default(), // :145
            },
        };
        Ok(self)
    }

    /// A listening socket.
    ///
    /// Go (net): sock_posix.go:150 listenStream
    #[doc(alias = "listenStream")]
    pub(super) fn listen_stream(mut self, laddr: &SockAddr, backlog: i32) -> Result<Self, Fail> {
        set_default_listener_sockopts(self.alone()).map_err(Fail::at("setsockopt"))?; // :154
        // :160 no control functions
        sys::bind(self.alone(), laddr).map_err(Fail::at("bind"))?; // :167
        sys::listen(self.alone(), backlog).map_err(Fail::at("listen"))?;
        self.init()?; // :173
        self.laddr = sys::getsockname(self.alone()).unwrap_or_default(); // :176
        Ok(self)
    }

    /// A socket for datagrams from anybody.
    ///
    /// Go (net): sock_posix.go:181 listenDatagram
    #[doc(alias = "listenDatagram")]
    pub(super) fn listen_datagram(mut self, laddr: &SockAddr) -> Result<Self, Fail> {
        // :183 Go rewrites multicast addresses to the wildcard; the caller's address is taken as it
        // is here
        // :211 no control functions
        sys::bind(self.alone(), laddr).map_err(Fail::at("bind"))?; // :217
        self.init()?; // :220
        self.laddr = sys::getsockname(self.alone()).unwrap_or_default();
        Ok(self)
    }

    /// Connects; the address that the kernel says it is connected to, if it was asked.
    ///
    /// Go (net): fd_unix.go:55 connect
    fn connect(&self, ra: &SockAddr, ctx: &Context) -> Result<Option<SockAddr>, Fail> {
        // :59 no lock: nobody else has the socket yet
        match self
            .pfd
            .raw_control(|fd| sys::connect(fd, ra))
            .flatten()
            .map_err(|e| e.errno().unwrap_or(0))
        {
            Err(libc::EINPROGRESS | libc::EALREADY | libc::EINTR) => {}
            // :61
            Ok(()) | Err(libc::EISCONN) => {
                if let Some(e) = ctx.err() {
                    return Err(e.into()); // :64
                }
                self.init()?; // :67
                return Ok(None);
            }
            Err(e) => return Err(Fail::at("connect")(Error::Errno(e))), // :83
        }
        self.init()?; // :85
        let _no_deadline = ctx.deadline.map(|t| {
            let _ = self.pfd.set_write_deadline(Some(t)); // :89
            ClearDeadline(&self.pfd)
        });

        // :98
        if !ctx.can_be_cancelled() {
            return self.connected();
        }
        let (done, interrupt_res) = (Closes(chan(0)), chan::<bool>(0)); // :102
        {
            let (ctx, done, interrupt_res) =
                (ctx.clone(), done.0.receiver(), interrupt_res.clone());
            let pfd = &raw const self.pfd;
            // SAFETY: below the goroutine is waited for, and nothing in between unwinds.
            let pfd: &'static Fd = unsafe { &*pfd };
            // :117 wakes wait_write if nobody wants the connection any more
            go(move || {
                let cancelled = ctx.wait(&done);
                if cancelled {
                    let _ = pfd.set_write_deadline(Some(now())); // :123
                }
                interrupt_res.send(cancelled);
            });
        }
        let ret = self.connected();
        drop(done); // deferred in Go
        if interrupt_res.recv() == Some(true) {
            // Also if it has been made by now: no more writing to it. Whoever drops it closes it
            return Err(ctx.cancelled().into());
        }
        ret
    }

    /// Waits until the socket is connected, or cannot be.
    ///
    /// Go (net): fd_unix.go:55 connect
    fn connected(&self) -> Result<Option<SockAddr>, Fail> {
        // :132
        loop {
            // :141 a second connect(2) would not tell an earlier error: SO_ERROR does
            self.pfd.wait_write()?;
            let nerr = self
                .pfd
                .getsockopt_int(libc::SOL_SOCKET, libc::SO_ERROR)
                .map_err(Fail::at("getsockopt"))?; // :149
            match nerr {
                libc::EINPROGRESS | libc::EALREADY | libc::EINTR => {} // :152
                libc::EISCONN => return Ok(None),
                0 => {
                    // :157 woken for nothing? Connected is who has a peer
                    if let Ok(rsa) = self.peer() {
                        return Ok(Some(rsa));
                    }
                }
                e => return Err(Fail::at("connect")(Error::Errno(e))), // :165
            }
        }
    }

    /// Accepts a connection.
    ///
    /// Go (net): fd_unix.go:171 accept
    pub(super) fn accept(&self) -> Result<Self, Fail> {
        let (d, rsa) = self.pfd.accept().map_err(Fail::at("accept4"))?; // :172
        let mut netfd = Self::new(d, self.family, self.sotype, self.net); // :180
        netfd.init()?; // :184 closed when dropped
        netfd.laddr = sys::getsockname(netfd.alone()).unwrap_or_default(); // :188
        netfd.raddr = rsa;
        Ok(netfd)
    }

    /// Takes over a socket from elsewhere.
    ///
    /// Go (net): file_unix.go:30 newFileFD
    #[doc(alias = "newFileFD")]
    pub(super) fn from_owned(s: OwnedFd, net: &'static str) -> Result<Self, Error> {
        // :31 the caller gives it away, so there is no need for a duplicate
        let n = s.as_fd();
        sys::set_nonblock(n, true)?;
        let sotype = sys::getsockopt_int(n, libc::SOL_SOCKET, libc::SO_TYPE)?; // :36
        let lsa = sys::getsockname(n).unwrap_or_default();
        let rsa = sys::getpeername(n).unwrap_or_default();
        let family = lsa.family(); // :43
        if !matches!(family, libc::AF_INET | libc::AF_INET6 | libc::AF_UNIX) {
            return Err(Error::Errno(libc::EPROTONOSUPPORT)); // :52
        }
        let mut fd = Self::new(s, family, sotype, net);
        fd.init()?; // :62
        fd.laddr = lsa; // :66
        fd.raddr = rsa;
        Ok(fd)
    }

    /// Go (net): fd_posix.go:35 Close
    pub(super) fn close(&self) -> Result<(), Error> {
        self.pfd.close() // :37 the finalizer is Fd's Drop, which finds it closed
    }

    /// Go (net): fd_posix.go:40 shutdown
    pub(super) fn shutdown(&self, how: std::net::Shutdown) -> io::Result<()> {
        let how = match how {
            std::net::Shutdown::Read => libc::SHUT_RD,
            std::net::Shutdown::Write => libc::SHUT_WR,
            std::net::Shutdown::Both => libc::SHUT_RDWR,
        };
        self.pfd.shutdown(how).map_err(self.failed("close", "shutdown")) // :41
    }

    /// Reads; 0 at the end.
    ///
    /// Go (net): fd_posix.go:54 Read
    pub(super) fn read(&self, p: &mut [u8]) -> io::Result<usize> {
        self.arm(true)?;
        // :55
        match self.pfd.read(p) {
            Err(Error::Eof) => Ok(0),
            r => r.map_err(self.failed("read", "read")),
        }
    }

    /// Go (net): fd_posix.go:60 readFrom
    pub(super) fn read_from(&self, p: &mut [u8]) -> io::Result<(usize, SockAddr)> {
        self.arm(true)?;
        self.pfd.read_from(p).map_err(self.failed("read", "recvfrom")) // :61
    }

    /// Writes all of it. If only a part has been written, that is the result; the error comes with
    /// the next write.
    ///
    /// Go (net): fd_posix.go:95 Write
    pub(super) fn write(&self, p: &[u8]) -> io::Result<usize> {
        self.arm(false)?;
        // :96
        match self.pfd.write(p) {
            (0, Err(e)) => Err(self.failed("write", "write")(e)),
            (n, _) => Ok(n),
        }
    }

    /// Writes all of it or fails.
    pub(super) fn write_all(&self, p: &[u8]) -> io::Result<()> {
        self.arm(false)?;
        self.pfd.write(p).1.map_err(self.failed("write", "write"))
    }

    /// Go (net): writev_unix.go:25 writeBuffers
    pub(super) fn writev(&self, v: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.arm(false)?;
        // :26
        match self.pfd.writev(&mut &mut v.to_vec()[..]) {
            (0, Err(e)) => Err(self.failed("writev", "writev")(e)),
            (n, _) => Ok(n),
        }
    }

    /// Go (net): fd_posix.go:101 writeTo
    pub(super) fn write_to(&self, p: &[u8], sa: &SockAddr) -> io::Result<usize> {
        self.arm(false)?;
        self.pfd.write_to(p, sa).map_err(|e| {
            let (source, addr) = (Addr::of(&self.laddr), Addr::of(sa));
            OpError::io("write", self.net, source, addr, Fail::at("sendto")(e))
        }) // :102
    }

    /// Receives without taking it away.
    pub(super) fn peek(&self, p: &mut [u8]) -> io::Result<usize> {
        self.arm(true)?;
        let mut r = Ok(0);
        self.pfd
            .raw_read(|fd| {
                loop {
                    r = sys::recvfrom(fd, p, libc::MSG_PEEK).map(|(n, _)| n);
                    if r != Err(Error::Errno(libc::EINTR)) {
                        return r != Err(Error::Errno(libc::EAGAIN));
                    }
                }
            })
            .map_err(self.failed("read", ""))?;
        r.map_err(self.failed("read", "recvfrom"))
    }

    /// Connects a datagram socket, or one of any kind that cannot block in it.
    pub(super) fn associate(&self, sa: &SockAddr) -> Result<(), Error> {
        self.pfd.raw_control(|fd| {
            loop {
                match sys::connect(fd, sa) {
                    Err(Error::Errno(libc::EINTR)) => {}
                    r => return r,
                }
            }
        })?
    }

    /// Who it is associated with.
    pub(super) fn peer(&self) -> Result<SockAddr, Error> {
        self.pfd.raw_control(sys::getpeername)?
    }

    fn timeout_cell(&self, read: bool) -> &AtomicU64 {
        if read { &self.read_timeout } else { &self.write_timeout }
    }

    /// With a timeout, the deadline of the operation that begins now.
    #[inline]
    fn arm(&self, read: bool) -> io::Result<()> {
        let ns = self.timeout_cell(read).load(Relaxed);
        if ns == 0 {
            Ok(())
        } else {
            let op = if read { "read" } else { "write" };
            self.set_deadline(read, Some(now() + Duration::from_nanos(ns)))
                .map_err(self.failed(op, ""))
        }
    }

    fn set_deadline(&self, read: bool, t: Option<Instant>) -> Result<(), Error> {
        if read { self.pfd.set_read_deadline(t) } else { self.pfd.set_write_deadline(t) }
    }

    pub(super) fn set_timeout(&self, read: bool, d: Option<Duration>) -> io::Result<()> {
        if d.is_some_and(|d| d.is_zero()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "cannot set a 0 duration timeout",
            ));
        }
        let ns =
            d.map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX).min(i64::MAX as u64));
        self.timeout_cell(read).store(ns, Relaxed);
        self.set_deadline(read, None).map_err(self.failed_here("set", ""))
    }

    pub(super) fn timeout(&self, read: bool) -> Option<Duration> {
        Some(self.timeout_cell(read).load(Relaxed)).filter(|&ns| ns > 0).map(Duration::from_nanos)
    }
}

/// Go defers that: the deadline was for the connect only.
struct ClearDeadline<'a>(&'a Fd);

impl Drop for ClearDeadline<'_> {
    fn drop(&mut self) {
        let _ = self.0.set_write_deadline(None);
    }
}

/// A socket, non-blocking and close-on-exec.
///
/// Go (net): sock_cloexec.go:19 sysSocket
#[doc(alias = "sysSocket")]
fn sys_socket(family: i32, sotype: i32, proto: i32) -> Result<OwnedFd, Error> {
    sys::socket(family, sotype | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, proto) // :20
}

/// Go (net): sockopt_linux.go:12 setDefaultSockopts
#[doc(alias = "setDefaultSockopts")]
fn set_default_sockopts(
    s: BorrowedFd<'_>,
    family: i32,
    sotype: i32,
    ipv6only: bool,
) -> Result<(), Error> {
    // :13
    if family == libc::AF_INET6 && sotype != libc::SOCK_RAW {
        let _ = sys::setsockopt_int(s, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, ipv6only.into());
    }
    // :19
    if (sotype == libc::SOCK_DGRAM || sotype == libc::SOCK_RAW) && family != libc::AF_UNIX {
        return sys::setsockopt_int(s, libc::SOL_SOCKET, libc::SO_BROADCAST, 1);
    }
    Ok(()) // :23
}

/// Go (net): sockopt_linux.go:26 setDefaultListenerSockopts
#[doc(alias = "setDefaultListenerSockopts")]
fn set_default_listener_sockopts(s: BorrowedFd<'_>) -> Result<(), Error> {
    sys::setsockopt_int(s, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1) // :28
}

/// The longest queue of connections that the system allows; read once.
///
/// Go (net): sock_linux.go:34 maxListenerBacklog
#[doc(alias = "maxListenerBacklog")]
pub(super) fn listener_backlog() -> i32 {
    static ONCE: crate::sync::Once = crate::sync::Once::new();
    static BACKLOG: std::sync::atomic::AtomicI32 =
        std::sync::atomic::AtomicI32::new(libc::SOMAXCONN);
    ONCE.call(|| {
        // :35
        let text = crate::blocking(|| std::fs::read_to_string("/proc/sys/net/core/somaxconn"));
        let n =
            text.ok().and_then(|t| t.split_whitespace().next()?.parse::<u32>().ok()).unwrap_or(0);
        // :46
        if n != 0 {
            // :50 all kernels since 4.1 take 32 bits
            BACKLOG.store(n.min(i32::MAX as u32) as i32, Relaxed);
        }
    });
    BACKLOG.load(Relaxed)
}
