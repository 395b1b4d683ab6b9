//! Go's cpuprof.go: where the processor's time goes, by a signal that each thread gets after a time
//! of its own on a processor.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`profbuf`] | the ring that the signal handler writes | profbuf.go |
//! | [`cpuprof`] | switching on and off, reading | cpuprof.go |
//! | [`prof`] | a sample | proc.go:5387–5564 |
//! | [`timer`] | timers of threads | os_linux.go:411–660 |
//!
//! # The handler
//! It allocates nothing and waits for nobody but another handler that writes a sample. Stacks are
//! walked with what the M knows of places; a place that is not known is looked for if nobody else
//! is at it.

#[cfg(not(loom))]
pub mod cpuprof;
#[cfg(not(loom))]
pub mod prof;
pub mod profbuf;
#[cfg(not(loom))]
pub mod timer;

pub use profbuf::{ProfBuf, ProfBufReadMode};
