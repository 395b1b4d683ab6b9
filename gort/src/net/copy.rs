//! Copying between streams and files, in the kernel where it can: net/splice_linux.go,
//! net/sendfile_linux.go, os/zero_copy_linux.go.

use super::fd::NetFd;
use super::{Error, File, TcpStream, UnixStream};
use gort_poll::copy_file_range_linux::copy_file_range;
use gort_poll::sendfile_linux::send_file;
use gort_poll::splice_linux::splice;
use gort_poll::{Fd, sys};
use std::io::{self, Read, Write};

/// What [`copy`] copies from and to: [`TcpStream`], [`UnixStream`], [`File`].
///
/// ```
/// # gort::run(|| {
/// use gort::net::{Endpoint, UnixStream, copy};
/// fn forward(from: &impl Endpoint, to: &impl Endpoint) -> u64 {
///     copy(from, to).unwrap()
/// }
/// let ((a, b), (c, d)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
/// std::io::Write::write_all(&mut &a, b"abc").unwrap();
/// drop(a);
/// assert_eq!(forward(&b, &c), 3);
/// assert_eq!(std::io::Read::read(&mut &d, &mut [0; 8]).unwrap(), 3);
/// # })
/// ```
pub trait Endpoint: sealed::Endpoint {}
impl<T: sealed::Endpoint> Endpoint for T {}

mod sealed {
    pub trait Endpoint {
        fn end(&self) -> super::End<'_>;
        fn read(&self, b: &mut [u8]) -> std::io::Result<usize>;
        fn write_all(&self, b: &[u8]) -> std::io::Result<()>;
    }
}

/// The kinds of descriptors that make a difference.
pub enum End<'a> {
    Tcp(&'a NetFd),
    Unix(&'a NetFd),
    File(&'a Fd),
}

macro_rules! endpoints {
    ($($t:ident $kind:ident),*) => { $(
        impl sealed::Endpoint for $t {
            fn end(&self) -> End<'_> {
                End::$kind(&self.fd)
            }
            fn read(&self, b: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut &*self, b)
            }
            fn write_all(&self, b: &[u8]) -> io::Result<()> {
                Write::write_all(&mut &*self, b)
            }
        }
    )* };
}
endpoints!(TcpStream Tcp, UnixStream Unix, File File);

/// Copies from `src` to `dst` until the end of `src`: how many bytes. Go's `io.Copy`, and
/// `std::io::copy` for these types.
///
/// Like Go's it lets the kernel do it if it can (`splice`, `sendfile`, `copy_file_range`),
/// otherwise it goes through a buffer. With one of std's timeouts set it always does, as each read
/// and write has a time of its own then.
///
/// ```
/// # gort::run(|| {
/// use gort::net::copy;
/// use std::io::{Read, Write};
/// let ((mut a, b), (c, mut d)) =
///     (gort::os::pipe().map(|(r, w)| (w, r)).unwrap(), gort::net::UnixStream::pair().unwrap());
/// a.write_all(b"through the kernel").unwrap();
/// drop(a); // the end
/// assert_eq!(copy(&b, &c).unwrap(), 18);
/// drop(c);
/// let mut s = String::new();
/// d.read_to_string(&mut s).unwrap();
/// assert_eq!(s, "through the kernel");
/// # })
/// ```
///
/// # Errors
/// Those of reading and writing. What has been copied until then has been copied.
pub fn copy(src: &impl Endpoint, dst: &impl Endpoint) -> io::Result<u64> {
    copy_n(src, dst, u64::MAX)
}

/// Copies at most `n` bytes; the rest stays in `src`. Go's `io.Copy` from an `io.LimitedReader`.
///
/// ```
/// # gort::run(|| {
/// use gort::net::{UnixStream, copy_n};
/// use std::io::{Read, Write};
/// let ((mut a, mut b), (c, _d)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
/// a.write_all(b"headbody").unwrap();
/// assert_eq!(copy_n(&b, &c, 4).unwrap(), 4);
/// let mut rest = [0; 4];
/// b.read_exact(&mut rest).unwrap();
/// assert_eq!(&rest, b"body");
/// # })
/// ```
///
/// # Errors
/// As [`copy`].
pub fn copy_n(src: &impl Endpoint, dst: &impl Endpoint, n: u64) -> io::Result<u64> {
    if n == 0 {
        return Ok(0);
    }
    let (written, handled, r) = in_kernel(src.end(), dst.end(), n);
    if handled {
        r?;
        return Ok(written);
    }
    generic(src, dst, n)
}

/// Go's `io.copyBuffer` without the ways that avoid a buffer.
fn generic(src: &impl Endpoint, dst: &impl Endpoint, n: u64) -> io::Result<u64> {
    let mut buf = vec![0; 32 * 1024];
    let mut written = 0;
    while written < n {
        let max = usize::try_from(n - written).unwrap_or(usize::MAX).min(buf.len());
        match src.read(&mut buf[..max])? {
            0 => break,
            got => {
                dst.write_all(&buf[..got])?;
                written += got as u64;
            }
        }
    }
    Ok(written)
}

/// How many bytes; whether this pair can be copied so (if not, nothing has been); why not all.
fn in_kernel(src: End<'_>, dst: End<'_>, remain: u64) -> (u64, bool, Result<(), Error>) {
    let timeouts =
        |e: &End<'_>, read| matches!(e, End::Tcp(fd) | End::Unix(fd) if fd.timeout(read).is_some());
    if timeouts(&src, true) || timeouts(&dst, false) {
        return (0, false, Ok(()));
    }
    match (src, dst) {
        (End::Tcp(s) | End::Unix(s), End::Tcp(d)) => splice(&d.pfd, &s.pfd, remain), // spliceFrom
        (End::Tcp(s), End::Unix(d)) => splice(&d.pfd, &s.pfd, remain),               // spliceTo
        (End::Unix(_), End::Unix(_)) => (0, false, Ok(())),
        (End::File(s), End::Tcp(d) | End::Unix(d)) => send_from(s, d, remain),
        // Neither works with O_APPEND.
        (_, End::File(d)) if appends(d) => (0, false, Ok(())),
        (End::File(s), End::File(d)) => copy_file_range(d, s, remain),
        (End::Tcp(s) | End::Unix(s), End::File(d)) => splice(d, &s.pfd, remain), // spliceToFile
    }
}

/// Go (net): sendfile_linux.go:22 sendFile
#[doc(alias = "sendFile")]
fn send_from(f: &Fd, c: &NetFd, remain: u64) -> (u64, bool, Result<(), Error>) {
    // :25 `copy_n` has the limit
    // :32 the caller knows that it is a file
    let mut r = (0, Ok(()), false);
    // :44 the lock keeps the file open
    let locked = f.raw_read(|fd| {
        r = send_file(&c.pfd, fd, remain);
        true
    });
    (r.0, r.2, locked.and(r.1)) // :48
}

/// Go's `File.appendMode`, from the kernel.
fn appends(f: &Fd) -> bool {
    let flags = f.raw_control(sys::flags);
    matches!(flags, Ok(Ok(flags)) if flags & libc::O_APPEND != 0)
}
