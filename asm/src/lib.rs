//! Go's `asm_amd64.s`: the context switch, and the thread-local that holds the current goroutine;
//! and `preempt_amd64.s`: the call that a preemption signal injects; the growth of segmented
//! stacks; and the ways in and out of managed code.
//!
//! # The thread-local `g`
//! Goroutines move between threads, so the address of a thread-local must never survive a switch.
//! Compilers assume that it may. Therefore `g` is a TLS symbol defined in assembly and read by an
//! `asm!` block that is neither `pure` nor `nomem`; only its value leaves [`getg`].
//! `tests/codegen.rs` guards this.
//!
//! # Contracts
//! [`gogo`], [`mcall`] and [`systemstack`] keep Go's. What System V adds is the set of callee-saved
//! registers: `mcall` pushes them on the goroutine's stack before it saves sp, and the resume label
//! pops them.
//!
//! The stack of a goroutine that parked in `mcall`:
//!
//! ```text
//!   high   return address into the caller of mcall     <- CFA = sched.sp + 64
//!          rbp                                          sp+48   frame pointer chain
//!          rbx                                          sp+40
//!          r12                                          sp+32
//!          r13                                          sp+24
//!          r14                                          sp+16
//!          r15                                          sp+8
//!          mxcsr (4 bytes), x87 control word (2), pad   sp      <- sched.sp
//! ```
//!
//! A goroutine that has not started yet: `sched.pc` is its function, `sched.ctxt` its
//! [`Funcval`](gort_runtime2::Funcval), and the word at `sched.sp` is `goexit+1`, the outermost
//! return address.

pub mod asan;
#[cfg(loom)]
mod loom_g;
#[cfg(loom)]
pub use loom_g::*;

#[cfg(all(not(loom), target_arch = "x86_64"))]
mod amd64;
#[cfg(all(not(loom), target_arch = "x86_64"))]
pub use amd64::*;
#[cfg(all(not(any(loom, gort_inside)), target_arch = "x86_64"))]
mod managed_amd64;
#[cfg(all(not(any(loom, gort_inside)), target_arch = "x86_64"))]
pub use managed_amd64::*;
#[cfg(all(not(loom), target_arch = "x86_64"))]
mod morestack_amd64;
#[cfg(all(not(loom), target_arch = "x86_64"))]
pub use morestack_amd64::*;
#[cfg(all(not(loom), target_arch = "x86_64"))]
mod preempt_amd64;
#[cfg(all(not(loom), target_arch = "x86_64"))]
pub use preempt_amd64::*;

#[cfg(not(any(loom, target_arch = "x86_64")))]
compile_error!("gort runs on x86-64; another architecture is another file beside amd64.rs");
