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
//! [`mgclimit`] has the one part of mgclimit.go that proc.go needs.

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

pub mod allgs;
pub mod badcall;
pub mod checkdead;
pub mod extram;
pub mod find_runnable;
pub mod for_each_p;
pub mod fork;
pub mod gfree;
pub mod glist;
pub mod globrunq;
pub mod goexit;
pub mod lockosthread;
pub mod m;
pub mod main;
pub mod mgclimit;
pub mod newm;
pub mod newproc;
pub mod park;
pub mod park_m;
pub mod pidle;
pub mod procpin;
pub mod procresize;
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
pub mod syscall;

pub use allgs::*;
pub use badcall::*;
pub use checkdead::*;
pub use extram::*;
pub use find_runnable::*;
pub use for_each_p::*;
pub use fork::*;
pub use gfree::*;
pub use glist::*;
pub use globrunq::*;
pub use goexit::*;
pub use lockosthread::breakpoint;
pub use lockosthread::*;
pub use m::*;
pub use main::*;
pub use mgclimit::*;
pub use newm::*;
pub use newproc::*;
pub use park::*;
pub use park_m::*;
pub use pidle::*;
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
pub use syscall::*;
