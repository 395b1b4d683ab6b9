//! Go's package `os`, as far as it waits: files, pipes, and the standard streams.
//!
//! ```
//! use gort::os;
//! use std::io::{Read, Write};
//! # gort::run(|| {
//! let (mut r, mut w) = os::pipe().unwrap();
//! gort::go(move || w.write_all(b"through the poller").unwrap());
//! let mut s = String::new();
//! r.read_to_string(&mut s).unwrap();
//! assert_eq!(s, "through the poller");
//! # })
//! ```

pub use crate::net::{File, pipe};

use crate::net::file::{is_a, reopen_nonblocking};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// Standard input. If it is a pipe or a terminal a goroutine that reads it is parked, and no thread
/// waits. What std has read ahead into its own buffer is not seen here.
///
/// ```no_run
/// // no_run: it would wait for input
/// use std::io::{BufRead, BufReader};
/// gort::run(|| {
///     for line in BufReader::new(gort::os::stdin().unwrap()).lines() {
///         println!("{}", line.unwrap());
///     }
/// })
/// ```
///
/// # Errors
/// If there are no more descriptors, or standard input has been closed.
pub fn stdin() -> io::Result<File> {
    standard(io::stdin().as_fd())
}

/// Standard output, without a buffer: [`std::io::BufWriter`] has one. What std's own buffer still
/// holds comes later.
///
/// ```
/// use std::io::Write;
/// # gort::run(|| {
/// gort::os::stdout().unwrap().write_all(b"hello\n").unwrap();
/// # })
/// ```
///
/// # Errors
/// As [`stdin`].
pub fn stdout() -> io::Result<File> {
    standard(io::stdout().as_fd())
}

/// Standard error.
///
/// ```
/// # gort::run(|| {
/// use std::io::Write;
/// writeln!(gort::os::stderr().unwrap(), "{} files left", 3).unwrap();
/// # })
/// ```
///
/// # Errors
/// As [`stdin`].
pub fn stderr() -> io::Result<File> {
    standard(io::stderr().as_fd())
}

/// A file for a duplicate of the descriptor. The open file behind it is not put into non-blocking
/// mode, as whoever started this program has it too: a pipe or a terminal is opened anew.
///
/// Go (os): file_unix.go:106 NewFile
fn standard(fd: BorrowedFd<'_>) -> io::Result<File> {
    let fd = fd.try_clone_to_owned()?;
    if is_a(&fd, libc::S_IFCHR) {
        reopen_nonblocking(&fd);
    }
    Ok(File::from_fd(fd))
}
