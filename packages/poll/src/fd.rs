//! fd.go: the errors.

use core::fmt;

/// Why an operation failed. Go has one variable or type for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The kernel's answer.
    ///
    /// Go (internal/poll): errno_unix.go:21 errnoErr
    // :22 a plain value: there is no allocation to spare
    Errno(i32), // :32
    /// The end of the file. Go's `io.EOF`.
    Eof,
    /// The kernel took nothing and said nothing. Go's `io.ErrUnexpectedEOF`.
    UnexpectedEof,
    /// Use of a network descriptor that has been closed, or closing it while it was in use.
    ///
    /// Go (internal/poll): fd.go:31 ErrNetClosing
    NetClosing,
    /// The same for files.
    ///
    /// Go (internal/poll): fd.go:35 ErrFileClosing
    FileClosing,
    /// A deadline for something that the poller does not know.
    ///
    /// Go (internal/poll): fd.go:39 ErrNoDeadline
    NoDeadline,
    /// The deadline has passed.
    ///
    /// Go (internal/poll): fd.go:51 ErrDeadlineExceeded
    DeadlineExceeded,
    /// The kernel reports an error event and no more.
    ///
    /// Go (internal/poll): fd.go:66 ErrNotPollable
    NotPollable,
    /// Waiting for something that the poller does not know (fd_poll_runtime.go:82).
    UnsupportedFileType,
    /// Somebody gave it up. Go's `net.errCanceled` (net.go:434).
    Canceled,
}

impl Error {
    /// Whether it is a timeout. Go's `net.Error`.
    ///
    /// Go (internal/poll): fd.go:61 Timeout
    pub fn timeout(self) -> bool {
        matches!(self, Error::DeadlineExceeded) // :61
    }

    /// Whether trying again may help. Go's `net.Error`.
    ///
    /// Go (internal/poll): fd.go:62 Temporary
    pub fn temporary(self) -> bool {
        matches!(self, Error::DeadlineExceeded) // :62
    }

    /// The errno, if it is one.
    pub fn errno(self) -> Option<i32> {
        if let Error::Errno(e) = self { Some(e) } else { None }
    }
}

impl fmt::Display for Error {
    /// Go's words: programs look for them.
    ///
    /// Go (internal/poll): fd.go:24 Error
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Errno(e) => return std::io::Error::from_raw_os_error(*e).fmt(f),
            Error::Eof => "EOF",
            Error::UnexpectedEof => "unexpected EOF",
            Error::NetClosing => "use of closed network connection", // :24
            Error::FileClosing => "use of closed file",
            Error::NoDeadline => "file type does not support deadline",
            Error::DeadlineExceeded => "i/o timeout",
            Error::NotPollable => "not pollable",
            Error::UnsupportedFileType => "waiting for unsupported file type",
            Error::Canceled => "operation was canceled",
        })
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(e: Error) -> Self {
        use std::io::ErrorKind::*;
        let kind = match e {
            Error::Errno(n) => return Self::from_raw_os_error(n),
            Error::Eof | Error::UnexpectedEof => UnexpectedEof,
            Error::NetClosing => NotConnected,
            Error::DeadlineExceeded => TimedOut,
            Error::NoDeadline | Error::UnsupportedFileType => Unsupported,
            Error::FileClosing | Error::NotPollable | Error::Canceled => Other,
        };
        Self::new(kind, e)
    }
}

/// The error of a descriptor that has been closed.
///
/// Go (internal/poll): fd.go:42 errClosing
#[doc(alias = "errClosing")]
pub fn err_closing(is_file: bool) -> Error {
    // :43
    if is_file {
        return Error::FileClosing;
    }
    Error::NetClosing // :46
}

/// Takes `n` bytes from the front of a list of buffers.
///
/// Go (internal/poll): fd.go:69 consume
pub fn consume(v: &mut &mut [std::io::IoSlice<'_>], n: usize) {
    // :70
    std::io::IoSlice::advance_slices(v, n);
}
