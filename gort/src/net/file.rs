//! Files: os/file_unix.go, file_posix.go, pipe2_unix.go.

use super::Error;
use gort_poll::{Fd, sys};
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

/// An open file. Go's `os.File`.
///
/// ```
/// # gort::run(|| {
/// use gort::os::File;
/// use std::io::{Read, Write};
/// let path = std::env::temp_dir().join(format!("gort-doc-file-{}", std::process::id()));
/// File::create(&path).unwrap().write_all(b"text").unwrap();
/// let mut s = String::new();
/// File::open(&path).unwrap().read_to_string(&mut s).unwrap();
/// std::fs::remove_file(&path).unwrap();
/// assert_eq!(s, "text");
/// # })
/// ```
///
/// Pipes, ttys, sockets and whatever else the kernel's poller takes are waited for without a
/// thread; such files have deadlines, and [`close`](Self::close) ends what other goroutines do with
/// them. Regular files are read and written in [`blocking`](crate::blocking) sections.
#[derive(Clone, Debug)]
pub struct File {
    pub(super) fd: Arc<Fd>,
}

/// What `newFile` is told about a descriptor.
///
/// Go (os): file_unix.go:140 newFileKind
#[derive(PartialEq, Eq)]
enum Kind {
    /// Given by the user.
    NewFile,
    /// From `open(2)`.
    OpenFile,
    /// From `pipe2(2)`.
    Pipe,
}

impl File {
    /// Puts the descriptor into non-blocking mode and in the poller's care, if that is possible.
    ///
    /// Go (os): file_unix.go:162 newFile
    fn new(fd: OwnedFd, kind: Kind, non_blocking: bool) -> Self {
        // :164 below
        let mut pollable = kind == Kind::OpenFile || kind == Kind::Pipe || non_blocking; // :173

        // :180 the BSDs' kqueue has more exceptions
        let mut clear_non_block = false; // :212
        // :217 sockets are no files here
        if pollable && !non_blocking {
            // :222
            if sys::set_nonblock(fd.as_fd(), true).is_ok() {
                clear_non_block = true;
            } else {
                pollable = false; // :226
            }
        }

        // :230 epoll refuses regular files: back to blocking mode then
        let mut f = Fd::new(fd, true, true);
        // :237
        if f.init("file", pollable).is_err()
            && clear_non_block
            && let Some(fd) = f.get_mut()
        {
            let _ = sys::set_nonblock(fd, false); // :238
        }
        // :243 no finalizer: the last handle closes it
        Self { fd: Arc::new(f) }
    }

    /// Opens for reading.
    ///
    /// ```
    /// # gort::run(|| {
    /// let f = gort::os::File::open("/proc/self/comm").unwrap();
    /// assert!(std::io::read_to_string(&f).unwrap().ends_with('\n'));
    /// assert!(gort::os::File::open("/no/such/file").is_err());
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with(OpenOptions::new().read(true), path)
    }

    /// Makes a new, empty file, or empties an old one, for writing.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::Write;
    /// let path = std::env::temp_dir().join(format!("gort-doc-create-{}", std::process::id()));
    /// gort::os::File::create(&path).unwrap().write_all(b"new").unwrap();
    /// assert_eq!(gort::blocking(|| std::fs::read(&path)).unwrap(), b"new");
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with(OpenOptions::new().write(true).create(true).truncate(true), path)
    }

    /// Opens as std's options say.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::Write;
    /// let path = std::env::temp_dir().join(format!("gort-doc-with-{}", std::process::id()));
    /// let mut appending = std::fs::OpenOptions::new();
    /// appending.append(true).create(true);
    /// for line in ["one\n", "two\n"] {
    ///     let mut f = gort::os::File::open_with(&appending, &path).unwrap();
    ///     f.write_all(line.as_bytes()).unwrap();
    /// }
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// The kernel's.
    ///
    /// Go (os): file_unix.go:264 openFileNolog
    pub fn open_with(options: &OpenOptions, path: impl AsRef<Path>) -> io::Result<Self> {
        // :265 no exception about the sticky bit on Linux
        let path = path.as_ref();
        let f = crate::blocking(|| options.open(path))?; // :278 std repeats it after EINTR
        let non_blocking = is_nonblocking(f.as_fd());
        Ok(Self::new(f.into(), Kind::OpenFile, non_blocking)) // :297
    }

    /// Takes over a descriptor. One in non-blocking mode is given to the poller, and so is a pipe:
    /// if it is in blocking mode it is opened anew (under the same number), as the mode belongs to
    /// the open file, which others may share. All else blocks its thread.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::{Read, Write};
    /// let (r, mut w) = std::io::pipe().unwrap();
    /// let mut r = gort::os::File::from_fd(r.into()); // its reads park from now on
    /// w.write_all(b"x").unwrap();
    /// assert_eq!(r.read(&mut [0; 8]).unwrap(), 1);
    /// # })
    /// ```
    ///
    /// Go (os): file_unix.go:106 NewFile
    pub fn from_fd(fd: OwnedFd) -> Self {
        let mut non_blocking = is_nonblocking(fd.as_fd()); // :112
        // gort's own: Go reads pipes that it has not made in threads
        if !non_blocking && is_a(&fd, libc::S_IFIFO) {
            non_blocking = reopen_nonblocking(&fd);
        }
        Self::new(fd, Kind::NewFile, non_blocking)
    }

    /// Whether the poller looks after it (else its operations block their threads).
    ///
    /// ```
    /// # gort::run(|| {
    /// assert!(gort::os::pipe().unwrap().0.pollable());
    /// assert!(!gort::os::File::open("/proc/self/exe").unwrap().pollable());
    /// # })
    /// ```
    pub fn pollable(&self) -> bool {
        self.fd.pollable()
    }

    /// Reads at a place, without moving the file's own.
    ///
    /// ```
    /// # gort::run(|| {
    /// let f = gort::os::File::open("/proc/self/exe").unwrap();
    /// let mut magic = [0; 3];
    /// assert_eq!(f.read_at(&mut magic, 1).unwrap(), 3);
    /// assert_eq!(&magic, b"ELF");
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (os): file_posix.go:37 pread
    pub fn read_at(&self, b: &mut [u8], offset: u64) -> io::Result<usize> {
        eof(self.fd.pread(b, offset as i64)) // :38
    }

    /// Writes at a place, without moving the file's own.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-at-{}", std::process::id()));
    /// let f = gort::os::File::create(&path).unwrap();
    /// f.write_at(b"world", 6).unwrap();
    /// f.write_at(b"hello ", 0).unwrap();
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello world");
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    ///
    /// Go (os): file_posix.go:53 pwrite
    pub fn write_at(&self, b: &[u8], offset: u64) -> io::Result<usize> {
        part(self.fd.pwrite(b, offset as i64)) // :54
    }

    /// Makes it that long.
    ///
    /// ```
    /// # gort::run(|| {
    /// let path = std::env::temp_dir().join(format!("gort-doc-len-{}", std::process::id()));
    /// let f = gort::os::File::create(&path).unwrap();
    /// f.set_len(1 << 20).unwrap();
    /// assert_eq!(f.size().unwrap(), 1 << 20);
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn set_len(&self, size: u64) -> io::Result<()> {
        Ok(self.fd.ftruncate(size as i64)?)
    }

    /// Writes everything to the disk.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::Write;
    /// let path = std::env::temp_dir().join(format!("gort-doc-sync-{}", std::process::id()));
    /// let mut f = gort::os::File::create(&path).unwrap();
    /// f.write_all(b"to be kept").unwrap();
    /// f.sync_all().unwrap();
    /// std::fs::remove_file(&path).unwrap();
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn sync_all(&self) -> io::Result<()> {
        Ok(self.fd.fsync()?)
    }

    /// Its length.
    ///
    /// ```
    /// # gort::run(|| {
    /// let exe = std::env::current_exe().unwrap();
    /// let size = gort::os::File::open(&exe).unwrap().size().unwrap();
    /// assert_eq!(size, std::fs::metadata(&exe).unwrap().len());
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.fd.fstat()?.st_size as u64)
    }

    /// Sets the deadline of reads and writes, those under way as well; None: they may wait for
    /// ever.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::ErrorKind;
    /// let (r, _w) = gort::os::pipe().unwrap();
    /// r.set_deadline(Some(gort::time::now())).unwrap();
    /// let e = std::io::Read::read(&mut &r, &mut [0]).unwrap_err();
    /// assert_eq!(e.kind(), ErrorKind::TimedOut);
    /// let plain = gort::os::File::open("/proc/self/exe").unwrap();
    /// assert_eq!(plain.set_deadline(None).unwrap_err().kind(), ErrorKind::Unsupported);
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; `file type does not support deadline` (kind `Unsupported`) unless the poller
    /// looks after it.
    pub fn set_deadline(&self, t: Option<Instant>) -> io::Result<()> {
        Ok(self.fd.set_deadline(t)?)
    }

    /// Sets the deadline of reads.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::{Read, Write};
    /// let (mut r, mut w) = gort::os::pipe().unwrap();
    /// let d = std::time::Duration::from_millis(1);
    /// r.set_read_deadline(Some(gort::time::now() + d)).unwrap();
    /// assert!(r.read(&mut [0]).is_err());
    /// r.set_read_deadline(None).unwrap();
    /// w.write_all(b"x").unwrap();
    /// assert_eq!(r.read(&mut [0]).unwrap(), 1);
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`set_deadline`](Self::set_deadline).
    pub fn set_read_deadline(&self, t: Option<Instant>) -> io::Result<()> {
        Ok(self.fd.set_read_deadline(t)?)
    }

    /// Sets the deadline of writes.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::Write;
    /// let (_r, mut w) = gort::os::pipe().unwrap();
    /// w.set_write_deadline(Some(gort::time::now() + std::time::Duration::from_millis(1))).unwrap();
    /// let e = w.write_all(&[0; 1 << 20]).unwrap_err(); // more than a pipe holds, and nobody reads
    /// assert_eq!(e.kind(), std::io::ErrorKind::TimedOut);
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`set_deadline`](Self::set_deadline).
    pub fn set_write_deadline(&self, t: Option<Instant>) -> io::Result<()> {
        Ok(self.fd.set_write_deadline(t)?)
    }

    /// Closes it, for all handles: what other goroutines do with it ends with `use of closed file`,
    /// unless it blocks its thread.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (r, _w) = gort::os::pipe().unwrap();
    /// let other = r.clone();
    /// let reader = gort::task::spawn(move || std::io::Read::read(&mut &other, &mut [0]));
    /// r.close().unwrap();
    /// assert!(reader.join().unwrap().unwrap_err().to_string().contains("closed"));
    /// # })
    /// ```
    ///
    /// # Errors
    /// If it has been closed before.
    pub fn close(&self) -> io::Result<()> {
        Ok(self.fd.close()?)
    }

    /// The same file for code that blocks its thread: a duplicate of the descriptor, in blocking
    /// mode. As the mode belongs to both, this handle must not be used any more, nor its clones:
    /// close them. May be called inside of [`gort::blocking`](crate::blocking).
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::Read;
    /// let (r, w) = gort::os::pipe().unwrap();
    /// drop(w);
    /// let text = gort::blocking(|| std::io::read_to_string(r.into_std()?)).unwrap();
    /// assert_eq!(text, "");
    /// # })
    /// ```
    ///
    /// # Errors
    /// If closed; the kernel's.
    pub fn into_std(self) -> io::Result<std::fs::File> {
        let fd = self.fd.dup()?;
        sys::set_nonblock(fd.as_fd(), false)?;
        Ok(fd.into())
    }

    /// Another handle of the same file (no duplicate of the descriptor).
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::io::{Read, Write};
    /// let (mut r, w) = gort::os::pipe().unwrap();
    /// for mut w in [w.try_clone().unwrap(), w] {
    ///     w.write_all(b"x").unwrap();
    /// }
    /// let mut s = String::new();
    /// r.read_to_string(&mut s).unwrap(); // to the end: the last handle is gone
    /// assert_eq!(s, "xx");
    /// # })
    /// ```
    ///
    /// # Errors
    /// None; as std's.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(self.clone())
    }
}

/// A pipe: what is written to the second can be read from the first. Go's `os.Pipe`.
///
/// ```
/// # gort::run(|| {
/// use std::io::{Read, Write};
/// let (mut r, mut w) = gort::os::pipe().unwrap();
/// w.write_all(b"hi").unwrap();
/// drop(w);
/// let mut s = String::new();
/// r.read_to_string(&mut s).unwrap();
/// assert_eq!(s, "hi");
/// # })
/// ```
///
/// # Errors
/// The kernel's.
///
/// Go (os): pipe2_unix.go:13 Pipe
pub fn pipe() -> io::Result<(File, File)> {
    let [r, w] = sys::pipe2(libc::O_CLOEXEC)?; // :16
    Ok((File::new(r, Kind::Pipe, false), File::new(w, Kind::Pipe, false))) // :21
}

pub(crate) fn is_a(fd: &OwnedFd, kind: u32) -> bool {
    sys::fstat(fd.as_fd()).is_ok_and(|st| st.st_mode & libc::S_IFMT == kind)
}

/// Puts another open file of the same pipe or terminal, in non-blocking mode, in the place of this
/// one. False if that cannot be done; nothing has changed then.
pub(crate) fn reopen_nonblocking(fd: &OwnedFd) -> bool {
    use std::os::unix::fs::OpenOptionsExt;
    let n = fd.as_raw_fd();
    let Ok(flags) = sys::flags(fd.as_fd()) else { return false };
    let mode = flags & libc::O_ACCMODE;
    let mut o = OpenOptions::new();
    o.read(mode != libc::O_WRONLY)
        .write(mode != libc::O_RDONLY)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let Ok(other) = o.open(format!("/proc/self/fd/{n}")) else { return false };
    // SAFETY: two descriptors that this function's caller and itself own; the old open file is
    // closed.
    unsafe { libc::dup3(other.as_raw_fd(), n, libc::O_CLOEXEC) >= 0 }
}

fn is_nonblocking(fd: BorrowedFd<'_>) -> bool {
    sys::flags(fd).is_ok_and(|flags| flags & libc::O_NONBLOCK != 0)
}

/// The end is no error for std.
fn eof(r: Result<usize, Error>) -> io::Result<usize> {
    match r {
        Err(Error::Eof) => Ok(0),
        r => Ok(r?),
    }
}

/// A part that has been written is no error for std; the next write tells.
fn part((n, r): (usize, Result<(), Error>)) -> io::Result<usize> {
    match r {
        Err(e) if n == 0 => Err(e.into()),
        _ => Ok(n),
    }
}

impl Read for &File {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        eof(self.fd.read(b))
    }
}

impl Write for &File {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        part(self.fd.write(b))
    }
    fn write_all(&mut self, b: &[u8]) -> io::Result<()> {
        Ok(self.fd.write(b).1?)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for &File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (off, whence) = match to {
            SeekFrom::Start(n) => (n as i64, libc::SEEK_SET),
            SeekFrom::End(n) => (n, libc::SEEK_END),
            SeekFrom::Current(n) => (n, libc::SEEK_CUR),
        };
        Ok(self.fd.seek(off, whence)? as u64)
    }
}

impl Read for File {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        (&*self).read(b)
    }
}

impl Write for File {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        (&*self).write(b)
    }
    fn write_all(&mut self, b: &[u8]) -> io::Result<()> {
        (&*self).write_all(b)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        (&*self).seek(to)
    }
}

impl From<OwnedFd> for File {
    /// [`File::from_fd`]
    fn from(fd: OwnedFd) -> Self {
        Self::from_fd(fd)
    }
}

impl FromRawFd for File {
    /// [`File::from_fd`]
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        // SAFETY: the caller's contract: it is open, and nobody else's.
        Self::from_fd(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

// No `IntoRawFd`, which may not fail: handles share the descriptor, so it takes a duplicate.
impl TryFrom<File> for OwnedFd {
    type Error = io::Error;
    /// [`File::into_std`], as a descriptor.
    fn try_from(f: File) -> io::Result<Self> {
        Ok(f.into_std()?.into())
    }
}

impl TryFrom<File> for Stdio {
    type Error = io::Error;
    /// [`File::into_std`], for a child process.
    fn try_from(f: File) -> io::Result<Self> {
        Ok(f.into_std()?.into())
    }
}

/// What std has opened, or made for a child process.
macro_rules! from_std {
    ($($t:ty)*) => { $(
        impl From<$t> for File {
            /// [`File::from_fd`]
            fn from(f: $t) -> Self {
                Self::from_fd(f.into())
            }
        }
    )* };
}
from_std!(
    std::fs::File std::process::ChildStdin std::process::ChildStdout std::process::ChildStderr
    std::io::PipeReader std::io::PipeWriter
);

// No operation leaves a file half done.
impl std::panic::UnwindSafe for File {}
impl std::panic::RefUnwindSafe for File {}

impl AsFd for File {
    /// From the first call on [`close`](Self::close) ends what is done with the file, and the
    /// descriptor is closed with the last handle.
    ///
    /// # Panics
    /// If it has been closed before it was asked for.
    fn as_fd(&self) -> BorrowedFd<'_> {
        super::borrow(&self.fd)
    }
}

impl AsRawFd for File {
    /// -1 if it has been closed.
    fn as_raw_fd(&self) -> RawFd {
        self.fd.sysfd()
    }
}
