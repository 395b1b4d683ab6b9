//! Go's lock_futex.go, lockrank.go, lockrank_on.go: runtime mutex and note, lock ranks.
//!
//! | module | what | Go |
//! |---|---|---|
//! | `mutex` | `lock`, `unlock` | lock_futex.go:47–142 |
//! | `note` | one-shot events | lock_futex.go:145–256 |
//! | `lockrank` | rank checks in debug builds, empty twins otherwise | lockrank.go, lockrank_on.go, lockrank_off.go |
//! | `mprof` | time waited for locks | mprof.go:678–709 |
//!
//! # The mutex
//! One word: 0 unlocked, 1 locked, 2 locked with (presumably) a sleeper. Who finds it taken spins a
//! little, yields once, then writes 2 and sleeps on the word. A thread that has slept once takes
//! the lock as 2, never as 1: other sleepers may exist, and `unlock` wakes one only if it finds 2.
//! That costs a futile wake at times and loses none.
//!
//! An M that holds such a lock has `locks > 0`: it is not preempted and keeps its P.

mod lockrank;
#[cfg(all(debug_assertions, not(loom)))]
mod lockrank_on;
#[cfg(all(debug_assertions, not(loom)))]
use lockrank_on as ranks;
#[cfg(not(all(debug_assertions, not(loom))))]
mod lockrank_off;
#[cfg(not(all(debug_assertions, not(loom))))]
use lockrank_off as ranks;
mod mprof;
mod mutex;
mod note;

pub use lockrank::lock_rank_string;
pub use mutex::*;
pub use note::*;
pub use ranks::*;

#[cfg(not(loom))]
use gort_runtime2::linkname::throw;

/// Under loom a fatal error is a panic, which ends the model.
#[cfg(loom)]
fn throw(s: &str) -> ! {
    panic!("{s}")
}
