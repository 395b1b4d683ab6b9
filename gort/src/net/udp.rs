//! UDP: net/udpsock_posix.go.

use super::error::Fail;
use super::fd::NetFd;
use super::tcp::family;
use super::{deadlines, each_addr, fds, timeouts};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// A UDP socket. Go's `net.UDPConn`.
///
/// ```
/// # gort::run(|| {
/// use gort::net::UdpSocket;
/// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
/// a.send_to(b"hi", b.local_addr().unwrap()).unwrap();
/// let mut buf = [0; 8];
/// assert_eq!(b.recv_from(&mut buf).unwrap(), (2, a.local_addr().unwrap()));
/// # })
/// ```
#[derive(Clone, Debug)]
pub struct UdpSocket {
    fd: Arc<NetFd>,
}

deadlines!(UdpSocket);
fds!(UdpSocket, std::net::UdpSocket, "udp");
timeouts!(UdpSocket);

impl UdpSocket {
    /// A socket on the first of the addresses that works; port 0: any that is free. Broadcasts are
    /// allowed, as in Go.
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_ne!(s.local_addr().unwrap().port(), 0);
    /// # })
    /// ```
    ///
    /// # Errors
    /// That of the first address, if none does.
    ///
    /// Go (net): udpsock_posix.go:219 listenUDP
    pub fn bind(a: impl ToSocketAddrs) -> io::Result<Self> {
        // :221 no control function
        each_addr("listen", "udp", a, |a| {
            // :226
            let fd = NetFd::socket(family(&a), libc::SOCK_DGRAM, "udp")?;
            Ok(Self { fd: Arc::new(fd.listen_datagram(&a.into())?) })
        })
    }

    /// Takes over a socket of std's.
    ///
    /// ```
    /// # gort::run(|| {
    /// let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// let addr = std.local_addr().unwrap();
    /// let s = gort::net::UdpSocket::from_std(std).unwrap();
    /// s.send_to(b"to myself", addr).unwrap();
    /// assert_eq!(s.recv_from(&mut [0; 16]).unwrap(), (9, addr));
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::net::UdpSocket) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "udp")?) })
    }

    /// From now on only for packets to and from the first of the addresses that works; see
    /// [`send`](Self::send).
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// a.connect(b.local_addr().unwrap()).unwrap();
    /// a.send(b"hi").unwrap();
    /// assert_eq!(b.recv_from(&mut [0; 8]).unwrap().1, a.local_addr().unwrap());
    /// # })
    /// ```
    ///
    /// # Errors
    /// That of the first address, if none does.
    pub fn connect(&self, a: impl ToSocketAddrs) -> io::Result<()> {
        each_addr("dial", "udp", a, |a| self.fd.associate(&a.into()).map_err(Fail::at("connect")))
    }

    /// Receives a packet; what does not fit is lost.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UdpSocket;
    /// let s = UdpSocket::bind("127.0.0.1:0").unwrap();
    /// let addr = s.local_addr().unwrap();
    /// gort::go(move || _ = UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"long text", addr));
    /// let (n, _from) = s.recv_from(&mut [0; 4]).unwrap();
    /// assert_eq!(n, 4); // the rest is lost
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (net): udpsock_posix.go:46 readFrom
    pub fn recv_from(&self, b: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        // :49 one call for both families
        let (n, sa) = self.fd.read_from(b)?;
        // :55
        let from = sa.inet().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))?;
        Ok((n, from))
    }

    /// Sends a packet to the first of the addresses.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UdpSocket;
    /// let s = UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert_eq!(s.send_to(b"abc", s.local_addr().unwrap()).unwrap(), 3);
    /// assert!(s.send_to(&[0; 70_000], s.local_addr().unwrap()).is_err()); // too long for a packet
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    ///
    /// Go (net): udpsock_posix.go:113 writeTo
    pub fn send_to(&self, b: &[u8], a: impl ToSocketAddrs) -> io::Result<usize> {
        // :114 the kernel says so if it is connected
        // :117
        let a = *super::resolve(a)?.first().ok_or_else(super::missing_address)?;
        self.fd.write_to(b, &a.into()) // :121
    }

    /// Receives a packet from the peer of [`connect`](Self::connect).
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UdpSocket;
    /// let (a, b) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    /// b.connect(a.local_addr().unwrap()).unwrap();
    /// a.send_to(b"news", b.local_addr().unwrap()).unwrap();
    /// assert_eq!(b.recv(&mut [0; 8]).unwrap(), 4);
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's (`ECONNREFUSED`: nobody there got the last one
    /// sent).
    pub fn recv(&self, b: &mut [u8]) -> io::Result<usize> {
        self.fd.read(b)
    }

    /// Sends a packet to the peer of [`connect`](Self::connect).
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::net::UdpSocket;
    /// let s = UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(s.send(b"to whom?").is_err());
    /// s.connect(s.local_addr().unwrap()).unwrap();
    /// assert_eq!(s.send(b"to myself").unwrap(), 9);
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    pub fn send(&self, b: &[u8]) -> io::Result<usize> {
        self.fd.write(b)
    }

    /// The address of this side, as it was when the socket was made.
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::net::UdpSocket::bind("[::1]:0").or_else(|_| gort::net::UdpSocket::bind("127.0.0.1:0"));
    /// assert!(s.unwrap().local_addr().unwrap().ip().is_loopback());
    /// # })
    /// ```
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.laddr.inet().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
    }

    /// The peer of [`connect`](Self::connect).
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    /// assert!(s.peer_addr().is_err());
    /// s.connect(s.local_addr().unwrap()).unwrap();
    /// assert_eq!(s.peer_addr().unwrap(), s.local_addr().unwrap());
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed, or there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.peer()?.inet().ok_or_else(|| io::Error::from_raw_os_error(libc::ENOTCONN))
    }
}
