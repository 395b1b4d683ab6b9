//! Go's mprof.go: profiles of what goroutines wait for. Stacks with a count and a time, in a table.
//!
//! The *block* profile has who waited (a channel, a select, a lock, a Cond), and for how long; the
//! *mutex* profile who kept others waiting: the stack is that of the unlock. Both are off until a
//! rate is set: a load where somebody begins to wait.
//!
//! Times are nanoseconds; Go's are ticks of the processor's clock, which it converts when they are
//! read.

#[cfg(not(loom))]
mod block;
#[cfg(not(loom))]
pub use block::*;

/// Models take no profiles.
#[cfg(loom)]
mod none {
    /// Off.
    pub fn blockprofilerate() -> i64 {
        0
    }
    /// Off.
    pub fn mutexprofilerate() -> i64 {
        0
    }
    /// Never asked for.
    pub fn ticks() -> i64 {
        1
    }
    /// Never called.
    ///
    /// # Safety
    /// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
    pub unsafe fn blockevent(_cycles: i64) {}
    /// Never called.
    ///
    /// # Safety
    /// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
    pub unsafe fn mutexevent(_cycles: i64) {}
}
#[cfg(loom)]
pub use none::*;
