//! The half of Go's execution tracer that is below the scheduler: buffers, events, statuses,
//! strings.
//!
//! | module | what | Go |
//! |---|---|---|
//! | `state` | the tracer's variables | trace.go:30–144 |
//! | `runtime` | what the scheduler calls: acquire, one method per event, release | traceruntime.go |
//! | `buf` | buffers and the queue of full ones | tracebuf.go |
//! | `event` | event numbers, the writer of events | traceevent.go |
//! | `status` | statuses of goroutines and Ps, sequence numbers | tracestatus.go |
//! | `map`, `region`, `string` | the table of strings, and its memory | tracemap.go, traceregion.go, tracestring.go |
//! | `stack` | the table of stacks | tracestack.go:1–160 |
//! | `time` | the clock | tracetime.go |
//! | `finish` | taking the buffers of all Ms | gort's own, after trace.go:454–533 |
//! | `handler` | states that a signal handler writes | gort's own |
//! | [`quiet`] | a trace without a reader: `GORT_TRACE=FILE` | gort's own |
//!
//! # The protocol
//! Everything is counted in *generations*. An M that writes makes its `seqlock` odd, and only then
//! reads the number of the generation: so who has stored a new number, and has then seen each M's
//! `seqlock` even once, knows that nobody writes into the old generation any more, and may take its
//! buffers. Each M has two buffers, for even and for odd generations; each G and P has three flags
//! "its status is in the trace of generation `gen % 3`", since that of the next generation is
//! cleared while this one is written and the last one may still be looked at.
//!
//! A generation has to say of each P and each goroutine that it mentions what state that was in.
//! [`TraceLocker::event_writer`] writes the status of the M's own P and goroutine before the first
//! event that is about them; whoever steals a P or wakes a goroutine writes the other one's.
//!
//! # Costs
//! Where the scheduler changes a state there is one relaxed load of a byte that is not written
//! while tracing is off; the rest is in functions that are not inlined ([`trace_around`] and its
//! kin).

#[cfg(not(loom))]
mod alloc;
#[cfg(loom)]
#[path = "alloc_loom.rs"]
mod alloc;
mod buf;
mod event;
mod finish;
#[cfg(not(loom))]
mod handler;
mod map;
#[cfg(not(loom))]
pub mod quiet;
mod region;
mod runtime;
mod stack;
mod state;
mod status;
mod string;
mod time;

pub use buf::*;
pub use event::*;
pub use finish::*;
#[cfg(not(loom))]
pub use handler::*;
pub use map::*;
pub use region::*;
pub use runtime::*;
pub use stack::*;
pub use state::*;
pub use status::*;
pub use string::*;
pub use time::*;

#[cfg(not(loom))]
use gort_runtime2::linkname::throw;

/// Under loom a fatal error is a panic, which ends the model.
#[cfg(loom)]
fn throw(s: &str) -> ! {
    panic!("{s}")
}
