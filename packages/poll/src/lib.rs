//! Go's package `internal/poll`: file descriptors that may be used by many goroutines at once,
//! where an operation that cannot go on parks its goroutine until the poller says that the
//! descriptor is ready, its deadline has passed, or somebody has closed it.
//!
//! | Go file | module |
//! |---|---|
//! | fd.go, errno_unix.go | [`fd`] |
//! | fd_mutex.go | [`fd_mutex`] |
//! | fd_poll_runtime.go | [`fd_poll_runtime`] |
//! | fd_posix.go, fd_fsync_posix.go | [`fd_posix`] |
//! | fd_unix.go, fd_unixjs.go, sock_cloexec.go, hook_unix.go | [`fd_unix`] |
//! | copy_file_range_linux.go | [`copy_file_range_linux`] |
//! | sendfile_linux.go | [`sendfile_linux`] |
//! | splice_linux.go | [`splice_linux`] |
//! | sockopt.go, sockopt_linux.go, sockopt_unix.go, sockoptip.go | [`sockopt`] |
//! | writev.go, fd_writev_unix.go | [`writev`] |
//! | what it uses of package syscall | [`sys`] |
//!
//! Every operation must run on a goroutine; it panics elsewhere, and inside `gort::blocking` it
//! ends the program.

pub mod copy_file_range_linux;
pub mod fd;
pub mod fd_mutex;
pub mod fd_poll_runtime;
pub mod fd_posix;
pub mod fd_unix;
pub mod sendfile_linux;
pub mod sockopt;
pub mod splice_linux;
pub mod sys;
pub mod writev;

pub use fd::Error;
pub use fd_poll_runtime::is_poll_descriptor;
pub use fd_unix::{Fd, dup_close_on_exec};
pub use sys::SockAddr;
