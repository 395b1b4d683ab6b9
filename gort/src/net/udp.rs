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
    /// # Errors
    /// The kernel's.
    pub fn from_std(s: std::net::UdpSocket) -> io::Result<Self> {
        Ok(Self { fd: Arc::new(NetFd::from_owned(OwnedFd::from(s), "udp")?) })
    }

    /// From now on only for packets to and from the first of the addresses that works; see
    /// [`send`](Self::send).
    ///
    /// # Errors
    /// That of the first address, if none does.
    pub fn connect(&self, a: impl ToSocketAddrs) -> io::Result<()> {
        each_addr("dial", "udp", a, |a| self.fd.associate(&a.into()).map_err(Fail::at("connect")))
    }

    /// Receives a packet; what does not fit is lost.
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
    /// # Errors
    /// If closed, past the deadline; the kernel's (`ECONNREFUSED`: nobody there got the last one
    /// sent).
    pub fn recv(&self, b: &mut [u8]) -> io::Result<usize> {
        self.fd.read(b)
    }

    /// Sends a packet to the peer of [`connect`](Self::connect).
    ///
    /// # Errors
    /// If closed, past the deadline; the kernel's.
    pub fn send(&self, b: &[u8]) -> io::Result<usize> {
        self.fd.write(b)
    }

    /// The address of this side, as it was when the socket was made.
    ///
    /// # Errors
    /// If the kernel did not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.fd.laddr.inet().ok_or_else(|| io::Error::from_raw_os_error(libc::EAFNOSUPPORT))
    }

    /// The peer of [`connect`](Self::connect).
    ///
    /// # Errors
    /// If closed, or there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.fd.peer()?.inet().ok_or_else(|| io::Error::from_raw_os_error(libc::ENOTCONN))
    }
}
