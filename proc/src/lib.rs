//! Go's `proc.go`: the scheduler. One module per region of the file, in its order.
//!
//! | lines of proc.go | module |
//! |---|---|
//! | 1–350 | [`mod@main`] |
//! | 351–449 | [`mod@park`] |
//! | 450–537 | [`mod@sudog`] |
//! | 538–618 | [`mod@badcall`] |
//! | 619–713 | [`mod@allgs`] |
//! | 714–1006 | [`mod@schedinit`] |
//! | 1007–1045 | [`mod@ready`] |
//! | 1046–1339 | [`mod@status`] |
//! | 1340–1729 | [`mod@stw`] |
//! | 1730–1998 | [`mod@m`] |
//! | 1999–2143 | [`mod@for_each_p`] |
//! | 2144–2686 | [`mod@extram`] |
//! | 2687–2868 | [`mod@newm`] |
//! | 2869–3207 | [`mod@startm`] |
//! | 3208–3846 | [`mod@find_runnable`] |
//! | 3847–4054 | [`mod@schedule`] |
//! | 4055–4252 | [`mod@park_m`] |
//! | 4253–4340 | [`mod@goexit`] |
//! | 4341–4844 | [`mod@syscall`] |
//! | 4845–4954 | [`mod@fork`] |
//! | 4955–5133 | [`mod@newproc`] |
//! | 5134–5258 | [`mod@gfree`] |
//! | 5259–5386 | [`mod@lockosthread`] |
//! | 5387–5564 | [`mod@prof`] |
//! | 5565–5909 | [`mod@procresize`] |
//! | 5910–6038 | [`mod@checkdead`] |
//! | 6039–6423 | `gort_sysmon` |
//! | 6424–6461 | [`mod@sched_enable`] |
//! | 6462–6556 | [`mod@globrunq`] |
//! | 6557–6664 | [`mod@pidle`] |
//! | 6665–6960 | [`mod@runq`] |
//! | 6961–7060 | [`mod@glist`] |
//! | 7061–7179 | [`mod@procpin`] |
//! | 7180–7312 | [`mod@random_order`] |
//!
//! Under `cfg(loom)` a module `model` stands in for what models do not have: new threads, stacks,
//! deadlock detection.
//!
//! [`foreign`] is gort's own: operations on threads that the runtime did not start. [`mgclimit`]
//! has the one part of mgclimit.go that proc.go needs.

#![cfg_attr(loom, allow(unused_imports))]
// The module of `runtime.main` is called main.
#![allow(special_module_name)]

use core::ffi::c_void;

pub use gort_asm::*;
pub use gort_lock_futex::*;
pub use gort_os_linux::*;
pub use gort_rand::*;
pub use gort_runtime1::*;
pub use gort_runtime2::linkname::{fatal, throw};
pub use gort_runtime2::*;
pub use gort_stack::*;
pub use gort_traceruntime::*;

/// Marks what [`mcall`] calls. Under loom leaving a stack is an unwinding, which may not pass
/// `extern "C"`.
#[cfg(not(loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! on_g0 {
    ($($t:tt)*) => { $($t)* };
}
#[cfg(loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! on_g0 {
    ($(#[$m:meta])* $v:vis unsafe extern "C" fn $($t:tt)*) => { $(#[$m])* $v unsafe fn $($t)* };
}

#[cfg(not(loom))]
pub mod allgs;
#[cfg(not(loom))]
pub mod badcall;
#[cfg(not(loom))]
pub mod carry;
#[cfg(not(loom))]
pub mod checkdead;
#[cfg(not(loom))]
pub mod extram;
pub mod find_runnable;
pub mod for_each_p;
#[cfg(not(loom))]
pub mod foreign;
#[cfg(not(loom))]
pub mod fork;
#[cfg(not(loom))]
pub mod gfree;
pub mod glist;
pub mod globrunq;
#[cfg(not(loom))]
pub mod goexit;
#[cfg(not(loom))]
pub mod labels;
#[cfg(not(loom))]
pub mod lockosthread;
pub mod m;
#[cfg(not(loom))]
pub mod main;
pub mod mgclimit;
#[cfg(loom)]
pub mod model;
#[cfg(not(loom))]
pub mod newm;
#[cfg(not(loom))]
pub mod newproc;
pub mod park;
pub mod park_m;
pub mod pidle;
#[cfg(not(loom))]
pub mod procpin;
pub mod procresize;
#[cfg(not(loom))]
pub mod prof;
pub mod random_order;
pub mod ready;
pub mod runq;
pub mod sched_enable;
pub mod schedinit;
pub mod schedule;
pub mod startm;
pub mod status;
pub mod stw;
pub mod sudog;
#[cfg(not(loom))]
pub mod synctest;
pub mod syscall;

#[cfg(not(loom))]
pub use allgs::*;
#[cfg(not(loom))]
pub use badcall::*;
#[cfg(not(loom))]
pub use carry::*;
#[cfg(not(loom))]
pub use checkdead::*;
#[cfg(not(loom))]
pub use extram::*;
pub use find_runnable::*;
pub use for_each_p::*;
#[cfg(not(loom))]
pub use foreign::*;
#[cfg(not(loom))]
pub use fork::*;
#[cfg(not(loom))]
pub use gfree::*;
pub use glist::*;
pub use globrunq::*;
#[cfg(not(loom))]
pub use goexit::*;
#[cfg(not(loom))]
pub use labels::{LabelSet, labels_of_go, release_labels, retain_labels};
#[cfg(not(loom))]
pub use lockosthread::breakpoint;
#[cfg(not(loom))]
pub use lockosthread::*;
pub use m::*;
#[cfg(not(loom))]
pub use main::*;
pub use mgclimit::*;
#[cfg(loom)]
pub use model::*;
#[cfg(not(loom))]
pub use newm::*;
#[cfg(not(loom))]
pub use newproc::*;
pub use park::*;
pub use park_m::*;
pub use pidle::*;
#[cfg(not(loom))]
pub use procpin::*;
pub use procresize::*;
pub use random_order::*;
pub use ready::*;
pub use runq::*;
pub use sched_enable::*;
pub use schedinit::*;
pub use schedule::*;
pub use startm::*;
pub use status::*;
pub use stw::*;
pub use sudog::*;
#[cfg(not(loom))]
pub use synctest::*;
pub use syscall::*;
