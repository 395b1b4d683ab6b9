//! The part of package syscall that package poll and `gort::net` need. Calls that may take long let
//! the P go, as Go's `Syscall` does; those that cannot (Go's `sysnb`) do not. No `errno`: the
//! goroutine may be on another thread when the call has returned.
//!
//! Descriptors are std's, not numbers as in Go: a number may be another's by the time of the call.

use crate::fd::Error;
use crate::fd_mutex::need_goroutine;
use core::mem::{MaybeUninit, size_of};
use gort_os_linux::syscall6;
use gort_proc::{entersyscall, exitsyscall};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr as UnixAddr;

/// A result of the kernel.
pub type Result<T> = core::result::Result<T, Error>;

/// `-errno` as an error.
#[inline]
fn ret(r: isize) -> Result<usize> {
    if r < 0 { Err(Error::Errno(-r as i32)) } else { Ok(r as usize) }
}

/// A system call that cannot block.
///
/// # Safety
/// As the system call itself.
///
/// Go (syscall): syscall_linux.go:62 RawSyscall6
#[doc(alias = "RawSyscall6")]
#[inline]
pub unsafe fn raw_syscall(nr: i64, a: [usize; 6]) -> Result<usize> {
    // :64
    // SAFETY: the caller's contract.
    ret(unsafe { syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]) })
}

/// A system call that may block its thread: sysmon hands the P on if it does.
///
/// # Safety
/// As the system call itself; on a user goroutine.
///
/// Go (syscall): syscall_linux.go:94 Syscall6
#[doc(alias = "Syscall6")]
#[inline]
pub unsafe fn syscall(nr: i64, a: [usize; 6]) -> Result<usize> {
    if !gort_proc::has_goroutine() {
        // A thread that runs no goroutine: there is nobody to make room for. Or a blocking section:
        // the room has been made.
        // SAFETY: the caller's contract.
        return ret(unsafe { syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]) });
    }
    need_goroutine();
    // SAFETY: the caller's contract; both calls are in this frame, or in the one that this is
    // inlined into.
    unsafe {
        entersyscall(); // :95
        let r = syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        exitsyscall(); // :97
        ret(r)
    }
}

/// Any socket address, as the kernel wants it. Go's `syscall.Sockaddr` and `RawSockaddrAny`.
#[derive(Clone, Copy)]
pub struct SockAddr {
    raw: libc::sockaddr_storage,
    len: libc::socklen_t,
}

impl Default for SockAddr {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl SockAddr {
    /// No address.
    // SAFETY: all zeroes is a valid sockaddr_storage.
    pub const EMPTY: Self = Self { raw: unsafe { core::mem::zeroed() }, len: 0 };

    /// Room for any address.
    fn room() -> Self {
        Self { len: size_of::<libc::sockaddr_storage>() as u32, ..Self::EMPTY }
    }

    fn of<T: Copy>(v: T, len: usize) -> Self {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) }
        let mut a = Self::EMPTY;
        // SAFETY: it fits, and sockaddr_storage has the alignment of all socket addresses.
        unsafe { (&raw mut a.raw).cast::<T>().write(v) };
        a.len = len as u32;
        a
    }

    /// # Safety
    /// The address is of the family that `T` is for.
    unsafe fn as_<T: Copy>(&self) -> T {
        // SAFETY: T fits (asserted by `of`), is aligned, and any bits are valid in it.
        unsafe { (&raw const self.raw).cast::<T>().read() }
    }

    /// Whether there is one.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `AF_INET` and kin; 0 (`AF_UNSPEC`) if there is none.
    pub fn family(&self) -> i32 {
        if self.len < 2 { libc::AF_UNSPEC } else { self.raw.ss_family.into() }
    }

    /// The Internet address.
    ///
    /// Go (syscall): syscall_linux.go:619 anyToSockaddr
    #[doc(alias = "anyToSockaddr")]
    pub fn inet(&self) -> Option<SocketAddr> {
        match self.family() {
            // :665
            libc::AF_INET => {
                // SAFETY: the family says so.
                let a = unsafe { self.as_::<libc::sockaddr_in>() };
                let ip = Ipv4Addr::from(a.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(a.sin_port)))
            }
            // :673
            libc::AF_INET6 => {
                // SAFETY: the family says so.
                let a = unsafe { self.as_::<libc::sockaddr_in6>() };
                let ip = Ipv6Addr::from(a.sin6_addr.s6_addr);
                let port = u16::from_be(a.sin6_port);
                Some(SocketAddrV6::new(ip, port, a.sin6_flowinfo, a.sin6_scope_id).into())
            }
            _ => None,
        }
    }

    /// The Unix address. That of a socket without one is unnamed.
    pub fn unix(&self) -> Option<UnixAddr> {
        if self.is_empty() {
            return UnixAddr::from_pathname("").ok();
        }
        if self.family() != libc::AF_UNIX {
            return None;
        }
        // SAFETY: the family says so.
        let a = unsafe { self.as_::<libc::sockaddr_un>() };
        let path: [u8; 108] = a.sun_path.map(|c| c as u8);
        let name = &path[..(self.len as usize).saturating_sub(2).min(path.len())];
        match name.first() {
            None => UnixAddr::from_pathname("").ok(),
            Some(0) => UnixAddr::from_abstract_name(&name[1..]).ok(),
            Some(_) => {
                let n = name.iter().position(|&c| c == 0).unwrap_or(name.len());
                UnixAddr::from_pathname(std::ffi::OsStr::from_bytes(&name[..n])).ok()
            }
        }
    }
}

impl From<SocketAddr> for SockAddr {
    fn from(a: SocketAddr) -> Self {
        match a {
            SocketAddr::V4(a) => {
                let sa = libc::sockaddr_in {
                    sin_family: libc::AF_INET as u16,
                    sin_port: a.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(a.ip().octets()) },
                    sin_zero: [0; 8],
                };
                Self::of(sa, size_of::<libc::sockaddr_in>())
            }
            SocketAddr::V6(a) => {
                let sa = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as u16,
                    sin6_port: a.port().to_be(),
                    sin6_flowinfo: a.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: a.ip().octets() },
                    sin6_scope_id: a.scope_id(),
                };
                Self::of(sa, size_of::<libc::sockaddr_in6>())
            }
        }
    }
}

impl From<&UnixAddr> for SockAddr {
    fn from(a: &UnixAddr) -> Self {
        // std has checked the length: at most 107 bytes of path, 107 of abstract name.
        let (skip, name) = match (a.as_pathname(), a.as_abstract_name()) {
            (Some(p), _) => (0, p.as_os_str().as_bytes()),
            (_, Some(n)) => (1, n),
            _ => (0, &[][..]),
        };
        let mut sa = libc::sockaddr_un { sun_family: libc::AF_UNIX as u16, sun_path: [0; 108] };
        for (to, &c) in sa.sun_path[skip..].iter_mut().zip(name) {
            *to = c as _;
        }
        // The family, the name, and one byte: the NUL behind a path or before an abstract name.
        let n = if name.is_empty() && skip == 0 { 2 } else { 2 + name.len() + 1 };
        Self::of(sa, n)
    }
}

impl core::fmt::Debug for SockAddr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match (self.inet(), self.family()) {
            (Some(a), _) => a.fmt(f),
            (None, libc::AF_UNIX) => self.unix().fmt(f),
            (None, family) => write!(f, "SockAddr(family {family})"),
        }
    }
}

/// `read(2)`
///
/// Go (syscall): syscall_unix.go:182 Read
#[inline]
pub fn read(fd: BorrowedFd<'_>, p: &mut [u8]) -> Result<usize> {
    // :183
    // :184 no race detector, msan or asan
    // SAFETY: the buffer is ours to write; its goroutine is this one.
    unsafe {
        syscall(
            libc::SYS_read,
            [fd.as_raw_fd() as usize, p.as_mut_ptr() as usize, p.len(), 0, 0, 0],
        )
    }
}

/// `write(2)`
///
/// Go (syscall): syscall_unix.go:201 Write
#[inline]
pub fn write(fd: BorrowedFd<'_>, p: &[u8]) -> Result<usize> {
    // :202 no race detector, msan or asan
    // :205 no faked time
    // :211
    // SAFETY: the kernel only reads the buffer.
    unsafe {
        syscall(libc::SYS_write, [fd.as_raw_fd() as usize, p.as_ptr() as usize, p.len(), 0, 0, 0])
    }
}

/// `pread(2)`
pub fn pread(fd: BorrowedFd<'_>, p: &mut [u8], off: i64) -> Result<usize> {
    let a = [fd.as_raw_fd() as usize, p.as_mut_ptr() as usize, p.len(), off as usize, 0, 0];
    // SAFETY: the buffer is ours to write.
    unsafe { syscall(libc::SYS_pread64, a) }
}

/// `pwrite(2)`
pub fn pwrite(fd: BorrowedFd<'_>, p: &[u8], off: i64) -> Result<usize> {
    let a = [fd.as_raw_fd() as usize, p.as_ptr() as usize, p.len(), off as usize, 0, 0];
    // SAFETY: the kernel only reads the buffer.
    unsafe { syscall(libc::SYS_pwrite64, a) }
}

/// `writev(2)`
///
/// # Safety
/// Each element says where so many readable bytes are.
pub unsafe fn writev(fd: BorrowedFd<'_>, v: &[libc::iovec]) -> Result<usize> {
    // SAFETY: the caller's contract.
    unsafe {
        syscall(libc::SYS_writev, [fd.as_raw_fd() as usize, v.as_ptr() as usize, v.len(), 0, 0, 0])
    }
}

/// `splice(2)` without offsets.
pub fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, len: usize, flags: u32) -> Result<usize> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(
            libc::SYS_splice,
            [from.as_raw_fd() as usize, 0, to.as_raw_fd() as usize, 0, len, flags as usize],
        )
    }
}

/// `sendfile(2)` from the file's own offset.
pub fn sendfile(to: BorrowedFd<'_>, from: BorrowedFd<'_>, len: usize) -> Result<usize> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(
            libc::SYS_sendfile,
            [to.as_raw_fd() as usize, from.as_raw_fd() as usize, 0, len, 0, 0],
        )
    }
}

/// `copy_file_range(2)` from and to the files' own offsets.
pub fn copy_file_range(from: BorrowedFd<'_>, to: BorrowedFd<'_>, len: usize) -> Result<usize> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(
            libc::SYS_copy_file_range,
            [from.as_raw_fd() as usize, 0, to.as_raw_fd() as usize, 0, len, 0],
        )
    }
}

/// `recvfrom(2)`
///
/// Go (syscall): syscall_unix.go:319 Recvfrom
pub fn recvfrom(fd: BorrowedFd<'_>, p: &mut [u8], flags: i32) -> Result<(usize, SockAddr)> {
    let mut sa = SockAddr::room(); // :320
    let a = [
        fd.as_raw_fd() as usize,
        p.as_mut_ptr() as usize,
        p.len(),
        flags as usize,
        (&raw mut sa.raw) as usize,
        (&raw mut sa.len) as usize,
    ];
    // :322
    // SAFETY: the kernel writes the buffer and the address, at most as much as there is room for.
    let n = unsafe { syscall(libc::SYS_recvfrom, a)? };
    Ok((n, sa)) // :328
}

/// `sendto(2)`
pub fn sendto(fd: BorrowedFd<'_>, p: &[u8], flags: i32, to: &SockAddr) -> Result<usize> {
    let a = [
        fd.as_raw_fd() as usize,
        p.as_ptr() as usize,
        p.len(),
        flags as usize,
        (&raw const to.raw) as usize,
        to.len as usize,
    ];
    // SAFETY: the kernel only reads both.
    unsafe { syscall(libc::SYS_sendto, a) }
}

/// An empty message header with one vector.
fn msghdr(iov: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: all zeroes is a valid msghdr.
    let mut msg: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    msg.msg_iov = iov;
    msg.msg_iovlen = 1;
    msg
}

/// `recvmsg(2)` into one buffer: bytes, bytes of control messages, flags, and who sent it.
///
/// Go (syscall): syscall_linux.go:764 recvmsgRaw
pub fn recvmsg(
    fd: BorrowedFd<'_>,
    p: &mut [u8],
    oob: &mut [u8],
    flags: i32,
) -> Result<(usize, usize, i32, SockAddr)> {
    let mut sa = SockAddr::room();
    let mut iov = libc::iovec { iov_base: p.as_mut_ptr().cast(), iov_len: p.len() }; // :768
    let mut dummy = 0u8; // :773
    if !oob.is_empty()
        && p.is_empty()
        && getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)? != libc::SOCK_DGRAM
    {
        // :781 streams give control messages with a byte of data only
        iov = libc::iovec { iov_base: (&raw mut dummy).cast(), iov_len: 1 };
    }
    let mut msg = msghdr(&mut iov);
    msg.msg_name = (&raw mut sa.raw).cast();
    msg.msg_namelen = sa.len;
    if !oob.is_empty() {
        msg.msg_control = oob.as_mut_ptr().cast(); // :787
        msg.msg_controllen = oob.len();
    }
    // SAFETY: everything that the header points to outlives the call.
    let n = unsafe {
        syscall(
            libc::SYS_recvmsg,
            [fd.as_raw_fd() as usize, (&raw mut msg) as usize, flags as usize, 0, 0, 0],
        )? // :792
    };
    sa.len = msg.msg_namelen;
    Ok((n, msg.msg_controllen, msg.msg_flags, sa)) // :795
}

/// `sendmsg(2)` from one buffer.
///
/// Go (syscall): syscall_linux.go:800 sendmsgN
#[doc(alias = "sendmsgN")]
pub fn sendmsg(
    fd: BorrowedFd<'_>,
    p: &[u8],
    oob: &[u8],
    to: Option<&SockAddr>,
    flags: i32,
) -> Result<usize> {
    let mut iov = libc::iovec { iov_base: p.as_ptr().cast_mut().cast(), iov_len: p.len() }; // :804
    let mut dummy = 0u8; // :809
    if !oob.is_empty()
        && p.is_empty()
        && getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)? != libc::SOCK_DGRAM
    {
        // :817 a byte of data carries the control messages
        iov = libc::iovec { iov_base: (&raw mut dummy).cast(), iov_len: 1 };
    }
    let mut msg = msghdr(&mut iov);
    if let Some(to) = to {
        msg.msg_name = (&raw const to.raw).cast_mut().cast();
        msg.msg_namelen = to.len;
    }
    if !oob.is_empty() {
        msg.msg_control = oob.as_ptr().cast_mut().cast(); // :823
        msg.msg_controllen = oob.len();
    }
    // SAFETY: everything that the header points to outlives the call, and is only read.
    let n = unsafe {
        syscall(
            libc::SYS_sendmsg,
            [fd.as_raw_fd() as usize, (&raw const msg) as usize, flags as usize, 0, 0, 0],
        )? // :828
    };
    // :831
    Ok(if !oob.is_empty() && p.is_empty() { 0 } else { n })
}

/// `accept4(2)`
///
/// Go (syscall): syscall_linux.go:685 Accept4
pub fn accept4(fd: BorrowedFd<'_>, flags: i32) -> Result<(OwnedFd, SockAddr)> {
    let mut sa = SockAddr::room(); // :686
    let a = [
        fd.as_raw_fd() as usize,
        (&raw mut sa.raw) as usize,
        (&raw mut sa.len) as usize,
        flags as usize,
        0,
        0,
    ];
    // SAFETY: the kernel writes the address, at most as much as there is room for.
    let n = unsafe { syscall(libc::SYS_accept4, a)? };
    Ok((new_fd(n), sa)) // :700
}

/// What a system call has just made.
fn new_fd(n: usize) -> OwnedFd {
    // SAFETY: private to those whose call has returned it: nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(n as i32) }
}

/// `socket(2)`
pub fn socket(domain: i32, sotype: i32, proto: i32) -> Result<OwnedFd> {
    let a = [domain as usize, sotype as usize, proto as usize, 0, 0, 0];
    // SAFETY: takes no pointers.
    unsafe { raw_syscall(libc::SYS_socket, a).map(new_fd) }
}

/// `socketpair(2)`
pub fn socketpair(domain: i32, sotype: i32, proto: i32) -> Result<[OwnedFd; 2]> {
    let mut fds = [0i32; 2];
    let a = [domain as usize, sotype as usize, proto as usize, fds.as_mut_ptr() as usize, 0, 0];
    // SAFETY: the kernel writes two numbers.
    unsafe { raw_syscall(libc::SYS_socketpair, a)? };
    Ok(fds.map(|fd| new_fd(fd as usize)))
}

/// `pipe2(2)`
pub fn pipe2(flags: i32) -> Result<[OwnedFd; 2]> {
    let mut fds = [0i32; 2];
    // SAFETY: the kernel writes two numbers.
    unsafe {
        raw_syscall(libc::SYS_pipe2, [fds.as_mut_ptr() as usize, flags as usize, 0, 0, 0, 0])?
    };
    Ok(fds.map(|fd| new_fd(fd as usize)))
}

/// `bind(2)`
pub fn bind(fd: BorrowedFd<'_>, a: &SockAddr) -> Result<()> {
    let a = [fd.as_raw_fd() as usize, (&raw const a.raw) as usize, a.len as usize, 0, 0, 0];
    // SAFETY: the kernel reads the address.
    unsafe { syscall(libc::SYS_bind, a).map(drop) }
}

/// `listen(2)`
pub fn listen(fd: BorrowedFd<'_>, backlog: i32) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(libc::SYS_listen, [fd.as_raw_fd() as usize, backlog as usize, 0, 0, 0, 0]).map(drop)
    }
}

/// `connect(2)`
pub fn connect(fd: BorrowedFd<'_>, a: &SockAddr) -> Result<()> {
    let a = [fd.as_raw_fd() as usize, (&raw const a.raw) as usize, a.len as usize, 0, 0, 0];
    // SAFETY: the kernel reads the address.
    unsafe { syscall(libc::SYS_connect, a).map(drop) }
}

/// `shutdown(2)`
pub fn shutdown(fd: BorrowedFd<'_>, how: i32) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(libc::SYS_shutdown, [fd.as_raw_fd() as usize, how as usize, 0, 0, 0, 0]).map(drop)
    }
}

fn getname(nr: i64, fd: BorrowedFd<'_>) -> Result<SockAddr> {
    let mut sa = SockAddr::room();
    let a =
        [fd.as_raw_fd() as usize, (&raw mut sa.raw) as usize, (&raw mut sa.len) as usize, 0, 0, 0];
    // SAFETY: the kernel writes the address, at most as much as there is room for.
    unsafe { raw_syscall(nr, a)? };
    Ok(sa)
}

/// `getsockname(2)`
pub fn getsockname(fd: BorrowedFd<'_>) -> Result<SockAddr> {
    getname(libc::SYS_getsockname, fd)
}

/// `getpeername(2)`
pub fn getpeername(fd: BorrowedFd<'_>) -> Result<SockAddr> {
    getname(libc::SYS_getpeername, fd)
}

/// `setsockopt(2)` with any value.
///
/// # Safety
/// `T` is what the option takes, without padding.
pub unsafe fn setsockopt<T>(fd: BorrowedFd<'_>, level: i32, name: i32, v: &T) -> Result<()> {
    let a = [
        fd.as_raw_fd() as usize,
        level as usize,
        name as usize,
        (&raw const *v) as usize,
        size_of::<T>(),
        0,
    ];
    // SAFETY: the kernel reads the value.
    unsafe { syscall(libc::SYS_setsockopt, a).map(drop) }
}

/// `setsockopt(2)` with a number.
pub fn setsockopt_int(fd: BorrowedFd<'_>, level: i32, name: i32, v: i32) -> Result<()> {
    // SAFETY: a number.
    unsafe { setsockopt(fd, level, name, &v) }
}

/// `getsockopt(2)` with any value.
///
/// # Safety
/// `T` is what the option gives, and any bits are valid in it.
pub unsafe fn getsockopt<T: Copy>(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<T> {
    let (mut v, mut len) = (MaybeUninit::<T>::zeroed(), size_of::<T>() as libc::socklen_t);
    let a = [
        fd.as_raw_fd() as usize,
        level as usize,
        name as usize,
        v.as_mut_ptr() as usize,
        (&raw mut len) as usize,
        0,
    ];
    // SAFETY: the kernel writes at most `len` bytes; all bits are valid.
    unsafe {
        syscall(libc::SYS_getsockopt, a)?;
        Ok(v.assume_init())
    }
}

/// `getsockopt(2)` with a number.
pub fn getsockopt_int(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<i32> {
    // SAFETY: a number.
    unsafe { getsockopt(fd, level, name) }
}

/// `close(2)`, with what it says.
pub fn close(fd: OwnedFd) -> Result<()> {
    // SAFETY: takes no pointers; the number is the caller's to give away.
    unsafe { syscall(libc::SYS_close, [fd.into_raw_fd() as usize, 0, 0, 0, 0, 0]).map(drop) }
}

/// `fcntl(2)` with a number.
///
/// # Safety
/// `cmd` takes a number, or nothing.
pub(crate) unsafe fn fcntl(fd: BorrowedFd<'_>, cmd: i32, arg: i32) -> Result<i32> {
    // SAFETY: the caller's contract: the kernel gets no pointer.
    unsafe {
        raw_syscall(libc::SYS_fcntl, [fd.as_raw_fd() as usize, cmd as usize, arg as usize, 0, 0, 0])
            .map(|v| v as i32)
    }
}

/// The flags of the open file: `O_APPEND`, `O_NONBLOCK` and so on, and how it was opened.
pub fn flags(fd: BorrowedFd<'_>) -> Result<i32> {
    // SAFETY: takes nothing.
    unsafe { fcntl(fd, libc::F_GETFL, 0) }
}

/// A duplicate, by a command of `fcntl(2)` that makes one.
pub(crate) fn dup(fd: BorrowedFd<'_>, close_on_exec: bool) -> Result<OwnedFd> {
    let cmd = if close_on_exec { libc::F_DUPFD_CLOEXEC } else { libc::F_DUPFD };
    // SAFETY: takes a number.
    unsafe { fcntl(fd, cmd, 0).map(|n| new_fd(n as usize)) }
}

/// Sets or clears `O_NONBLOCK`.
///
/// Go (syscall): exec_unix.go:105 SetNonblock
#[doc(alias = "SetNonblock")]
pub fn set_nonblock(fd: BorrowedFd<'_>, nonblocking: bool) -> Result<()> {
    let mut flag = flags(fd)?; // :106
    if (flag & libc::O_NONBLOCK != 0) == nonblocking {
        return Ok(()); // :111
    }
    if nonblocking {
        flag |= libc::O_NONBLOCK;
    } else {
        flag &= !libc::O_NONBLOCK; // :116
    }
    // SAFETY: takes a number.
    unsafe { fcntl(fd, libc::F_SETFL, flag).map(drop) }
}

/// `fchmod(2)`
pub fn fchmod(fd: BorrowedFd<'_>, mode: u32) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(libc::SYS_fchmod, [fd.as_raw_fd() as usize, mode as usize, 0, 0, 0, 0]).map(drop)
    }
}

/// `fchown(2)`
pub fn fchown(fd: BorrowedFd<'_>, uid: u32, gid: u32) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(libc::SYS_fchown, [fd.as_raw_fd() as usize, uid as usize, gid as usize, 0, 0, 0])
            .map(drop)
    }
}

/// `ftruncate(2)`
pub fn ftruncate(fd: BorrowedFd<'_>, size: i64) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(libc::SYS_ftruncate, [fd.as_raw_fd() as usize, size as usize, 0, 0, 0, 0]).map(drop)
    }
}

/// `fsync(2)`
pub fn fsync(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe { syscall(libc::SYS_fsync, [fd.as_raw_fd() as usize, 0, 0, 0, 0, 0]).map(drop) }
}

/// `fchdir(2)`
pub fn fchdir(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: takes no pointers.
    unsafe { syscall(libc::SYS_fchdir, [fd.as_raw_fd() as usize, 0, 0, 0, 0, 0]).map(drop) }
}

/// `lseek(2)`
pub fn seek(fd: BorrowedFd<'_>, off: i64, whence: i32) -> Result<i64> {
    // SAFETY: takes no pointers.
    unsafe {
        syscall(libc::SYS_lseek, [fd.as_raw_fd() as usize, off as usize, whence as usize, 0, 0, 0])
            .map(|n| n as i64)
    }
}

/// `getdents64(2)`
pub fn getdents(fd: BorrowedFd<'_>, p: &mut [u8]) -> Result<usize> {
    // SAFETY: the buffer is ours to write.
    unsafe {
        syscall(
            libc::SYS_getdents64,
            [fd.as_raw_fd() as usize, p.as_mut_ptr() as usize, p.len(), 0, 0, 0],
        )
    }
}

/// `fstat(2)`
pub fn fstat(fd: BorrowedFd<'_>) -> Result<libc::stat> {
    let mut st = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the kernel fills the structure, which is its own on this architecture.
    unsafe {
        syscall(
            libc::SYS_newfstatat,
            [
                fd.as_raw_fd() as usize,
                c"".as_ptr() as usize,
                st.as_mut_ptr() as usize,
                libc::AT_EMPTY_PATH as usize,
                0,
                0,
            ],
        )?;
        Ok(st.assume_init())
    }
}
