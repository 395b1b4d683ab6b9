//! Go's `runtime2.go` in Rust: G, M, P, the scheduler's state, goroutine and processor states, wait reasons
//! and the global variables. No logic; the other crates of the workspace have that, one per Go file.
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
//! | [`linkname`] | calls against the crate order | `//go:linkname` |

pub mod atomic;
pub mod globals;
#[cfg(not(loom))]
pub mod linkname;
pub mod lockrank;
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
