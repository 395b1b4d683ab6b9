//! proc.go:6039–6423: sysmon, the one thread that needs no P; retaking Ps; asking for preemption;
//! `GODEBUG=schedtrace`.
//!
//! sysmon wakes every 20 µs while it finds something to do, and ever less often, down to every 10
//! ms, while it does not. When all Ps are idle or the world is stopped it sleeps on a note until a
//! P leaves a system call.
//!
//! | lines of proc.go | module |
//! |---|---|
//! | 6029–6194 | [`monitor`] |
//! | 6196–6329 | [`mod@retake`] |
//! | 6331–6423 | [`mod@schedtrace`] |
//!
//! [`hog`] is gort's own.

#[cfg(not(loom))]
mod hog;
#[cfg(not(loom))]
pub mod monitor;
pub mod retake;
#[cfg(not(loom))]
pub mod schedtrace;

#[cfg(not(loom))]
pub use monitor::*;
pub use retake::*;
#[cfg(not(loom))]
pub use schedtrace::*;
