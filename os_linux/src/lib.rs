//! Go's os_linux.go: futex, clock, threads.
//!
//! | module | what | Go |
//! |---|---|---|
//! | `sys` | raw system calls and clocks | sys_linux_amd64.s, runtime.go:231 |
//! | `futex` | `futexsleep`, `futexwakeup` | os_linux.go:62–92 |
//! | `os` | `osinit`, `getproccount`, randomness, standard descriptors | os_linux.go:97–120, 343–356, fds_unix.go |
//! | `membarrier` | fences that cost one side nothing | |
//! | `thread` | `newosproc`, stack bounds | os_linux.go:166, runtime/cgo |
//!
//! System calls are made by an inline `syscall` instruction that returns `-errno`: `errno` is a
//! thread-local, and a goroutine may be on another thread by the time it looks.
//!
//! What os_linux.go has on signals, `minit` and its kin is in the `signal` crate.

#[cfg(not(loom))]
mod futex;
#[cfg(loom)]
#[path = "futex_loom.rs"]
mod futex;
mod membarrier;
#[cfg(not(loom))]
mod os;
mod sys;
#[cfg(not(loom))]
mod thread;

pub use futex::*;
pub use membarrier::*;
#[cfg(not(loom))]
pub use os::*;
pub use sys::*;
#[cfg(not(loom))]
pub use thread::*;
