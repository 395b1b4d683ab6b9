//! Go's runtime1.go and env_posix.go: GODEBUG, GOTRACEBACK, environment.
//!
//! | module | what | Go |
//! |---|---|---|
//! | `traceback_cache` | `gotraceback`, `setTraceback` | runtime1.go:14–52, 534 |
//! | `args` | arguments and environment | runtime1.go:54–99, env_posix.go |
//! | `check` | self-test at start | runtime1.go:101–296 |
//! | `debugvars` | GODEBUG | runtime1.go:298–531 |
//! | `m` | `acquirem`, `releasem`, `timediv` | runtime1.go:578–617 |
//! | `string` | number parsing | string.go:362–423 |

mod m;
pub use m::*;

#[cfg(not(loom))]
mod args;
#[cfg(not(loom))]
mod check;
#[cfg(not(loom))]
mod debugvars;
mod string;
#[cfg(not(loom))]
mod traceback_cache;
#[cfg(not(loom))]
pub use {args::*, check::*, debugvars::*, traceback_cache::*};

pub use string::*;

/// GODEBUG in models: nothing is set.
#[cfg(loom)]
#[derive(Default)]
pub struct DebugVars {
    /// See the real one.
    pub dontfreezetheworld: gort_runtime2::atomic::Int32,
    /// See the real one.
    pub asynctimerchan: gort_runtime2::atomic::Int32,
    /// See the real one.
    pub asyncpreemptoff: gort_runtime2::atomic::Int32,
    /// See the real one.
    pub timeslice: gort_runtime2::atomic::Int32,
}
#[cfg(loom)]
loom::lazy_static! {
    /// The values in force.
    pub static ref DEBUG: DebugVars = DebugVars::default();
}
