//! Go's `runtime2.go` in Rust: G, M, P, the scheduler's state, goroutine and processor states, wait
//! reasons and the global variables. No logic; the other crates of the workspace have that, one per
//! Go file.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`states`] | `GRUNNABLE`, `PIDLE`, ... | runtime2.go:17–157, stack.go:130–138 |
//! | [`types`] | the structures | runtime2.go:164–1054, and those of other files embedded in them |
//! | [`ptrs`] | `guintptr` and kin, slices | runtime2.go:263–322 |
//! | [`wait_reason`] | `WaitReason` | runtime2.go:1058–1174 |
//! | [`globals`] | `sched`, `allp`, `allm`, ... | runtime2.go:1176–1233 |
//! | [`lockrank`] | ranks of runtime locks | lockrank.go |
//! | [`atomic`] | typed atomics, loom façade | internal/runtime/atomic |
//! | [`layout`] | Go's layout, asserted | go_asm.h |
//! | [`linkname`] | calls against the crate order | `//go:linkname` |

/// A bug on purpose, to show that a model or a comparison with Go would notice: always `false`, at
/// compile time, but under loom, where `mutant::set` turns one of them on, and in builds with
/// `--cfg gort_planted`, where the environment does.
#[cfg(not(any(loom, gort_planted)))]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        false
    };
}
/// A bug on purpose: see `mutant::is`.
#[cfg(any(loom, gort_planted))]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        $crate::mutant::is($name)
    };
}

pub mod atomic;
pub mod globals;
#[cfg(not(loom))]
pub mod layout;
#[cfg_attr(loom, path = "linkname_loom.rs")]
pub mod linkname;
pub mod lockrank;
#[cfg(loom)]
pub mod model;
#[cfg(any(loom, gort_planted))]
#[cfg_attr(not(loom), path = "planted.rs")]
pub mod mutant;
pub mod ptrs;
pub mod states;
pub mod types;
pub mod wait_reason;

pub use globals::*;
pub use lockrank::*;
pub use ptrs::*;
pub use states::*;
pub use types::*;
pub use wait_reason::WaitReason;
