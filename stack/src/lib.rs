//! Go's stack.go: stack allocation, pools and growth.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`pool`] | sizes, `stackalloc`, `stackfree`, the pools and the per-P cache | stack.go:67–525, 1250–1376 |
//! | [`newstack`] | preemption at a check; growth of managed code's stacks | stack.go:527–1187 |
//! | [`mod@copystack`] | moving the stacks of managed code | stack.go:540–950, 1193–1248 |
//! | [`segment`] | segmented stacks | Go 1.2's; the end of `newstack` |
//! | [`span`] | address space, guard pages, which stack an address belongs to | the parts of mheap.go below them |
//!
//! # Native stacks
//! A stack for Rust or C code cannot grow: nobody knows its pointers. It is an address range large
//! enough (256 KiB, see [`set_default_stack_size`]) of which only the pages that are touched have
//! memory, with 64 KiB below that fault. Everything else is as in Go: spans for sixteen stacks of
//! the smallest size (and fourteen in them, with the guards), four orders of sizes, a global pool
//! for each order, a cache of sixteen stacks' worth in each P, larger stacks by themselves.

#[cfg(not(loom))]
pub mod copystack;
#[cfg(not(loom))]
mod fault;
#[cfg(not(loom))]
pub mod newstack;
#[cfg(not(loom))]
pub mod pool;
#[cfg(not(loom))]
pub mod segment;
#[cfg(not(loom))]
pub mod span;
#[cfg(not(loom))]
mod sys;
#[cfg(not(loom))]
mod valgrind;

/// Models have no stacks of their own, hence none of this.
#[cfg(loom)]
mod stack_loom;
#[cfg(loom)]
pub use stack_loom::*;

#[cfg(not(loom))]
pub use copystack::{Move, OnMove, copystack, set_on_move, set_stack_debug, shrinkstack};
#[cfg(not(loom))]
pub use fault::FAULT_KEPT;
#[cfg(not(loom))]
pub use newstack::*;
#[cfg(not(loom))]
pub use pool::*;
#[cfg(not(loom))]
pub use segment::*;
#[cfg(not(loom))]
pub use span::{
    GUARD_SIZE, MAX_GUARD, PAGE_SHIFT, PAGE_SIZE, guard_size, stack_address_space, stack_of,
    stack_release_deep, use_mprotect_guards,
};
