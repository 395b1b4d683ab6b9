//! Go's trace.go: execution traces that the program starts, reads and stops while it runs.
//!
//! What the scheduler calls is in the crate `traceruntime`, below it; this is what is above.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`start`] | [`start_trace`], [`stop_trace`] | trace.go:147–319 |
//! | [`advance`] | the end of a generation, and of the trace | trace.go:321–717 |
//! | [`last`] | the same when the process ends | gort's own |
//! | [`read`] | [`read_trace`] | trace.go:743–903 |
//! | [`names`] | functions, files and lines of the stacks | tracestack.go:146–243 |
//! | [`advancer`] | the goroutine that ends a generation every second | trace.go:943–1077 |
//!
//! # Generations
//! A trace is a sequence of generations, each of which can be read by itself. To end one,
//! [`trace_advance`] stores the next number; from then on each M, when it next writes, writes into
//! the buffers of the new generation. When all Ms have been seen outside of an event, nobody writes
//! into the old one any more: its buffers, what is known of goroutines that did nothing in it, and
//! the strings go to the reader.
//!
//! A trace of `GORT_TRACE` is none of these: there is no reader, and there are no generations
//! (`gort_traceruntime::quiet`).

pub mod advance;
pub mod advancer;
pub mod last;
pub mod names;
pub mod read;
pub mod start;

pub use advance::trace_advance;
pub use read::read_trace;
pub use start::{AlreadyEnabled, start_trace, stop_trace};

use gort_runtime2::atomic::Uint32;

/// Held by whoever starts, stops or advances.
///
/// Go: trace.go:145 traceAdvanceSema
static TRACE_ADVANCE_SEMA: Uint32 = Uint32::new(1);

/// Held while a trace that was stopped is cleaned up.
///
/// Go: trace.go:146 traceShutdownSema
static TRACE_SHUTDOWN_SEMA: Uint32 = Uint32::new(1);
