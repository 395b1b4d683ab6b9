//! Go's `proc.go`: the scheduler. One module per region of the file, in its order.
//!
//! | lines of proc.go | module |
//! |---|---|
//! | 1–350 | [`main`] |
//! | 351–449 | [`park`] |
//! | 450–537 | [`sudog`] |
//! | 538–618 | [`badcall`] |
//! | 619–713 | [`allgs`] |
//! | 714–1006 | [`schedinit`] |
//! | 1007–1045 | [`ready`] |
//! | 1046–1339 | [`status`] |
//! | 1340–1729 | [`stw`] |
//! | 1730–1998 | [`m`] |
//! | 1999–2143 | [`for_each_p`] |
//! | 2144–2686 | [`extram`] |
//! | 2687–2868 | [`newm`] |
//! | 2869–3207 | [`startm`] |
//! | 3208–3846 | [`find_runnable`] |
//! | 3847–4054 | [`schedule`] |
//! | 4055–4252 | [`park_m`] |
//! | 4253–4340 | [`goexit`] |
//! | 4341–4844 | [`syscall`] |
//! | 4845–4954 | [`fork`] |
//! | 4955–5133 | [`newproc`] |
//! | 5134–5258 | [`gfree`] |
//! | 5259–5386 | [`lockosthread`] |
//! | 5387–5564 | [`prof`] |
//! | 5565–5909 | [`procresize`] |
//! | 5910–6038 | [`checkdead`] |
//! | 6039–6423 | `gort_sysmon` |
//! | 6424–6461 | [`sched_enable`] |
//! | 6462–6556 | [`globrunq`] |
//! | 6557–6664 | [`pidle`] |
//! | 6665–6960 | [`runq`] |
//! | 6961–7060 | [`glist`] |
//! | 7061–7179 | [`procpin`] |
//! | 7180–7312 | [`random_order`] |

use core::ffi::c_void;

pub use gort_asm::*;
pub use gort_lock_futex::*;
pub use gort_os_linux::*;
pub use gort_rand::*;
pub use gort_runtime1::*;
pub use gort_runtime2::linkname::{fatal, throw};
pub use gort_runtime2::*;
pub use gort_stack::*;

pub mod main;
pub mod park;
pub mod sudog;
pub mod badcall;
pub mod allgs;
pub mod schedinit;
pub mod ready;
pub mod status;
pub mod stw;
pub mod m;
pub mod for_each_p;
pub mod extram;
pub mod newm;
pub mod startm;
pub mod find_runnable;
pub mod schedule;
pub mod park_m;
pub mod goexit;
pub mod syscall;
pub mod fork;
pub mod newproc;
pub mod gfree;
pub mod lockosthread;
pub mod prof;
pub mod procresize;
pub mod checkdead;
pub mod sched_enable;
pub mod globrunq;
pub mod pidle;
pub mod runq;
pub mod glist;
pub mod procpin;
pub mod random_order;

pub use main::*;
pub use park::*;
pub use sudog::*;
pub use badcall::*;
pub use allgs::*;
pub use schedinit::*;
pub use ready::*;
pub use status::*;
pub use stw::*;
pub use m::*;
pub use for_each_p::*;
pub use extram::*;
pub use newm::*;
pub use startm::*;
pub use find_runnable::*;
pub use schedule::*;
pub use park_m::*;
pub use goexit::*;
pub use syscall::*;
pub use fork::*;
pub use newproc::*;
pub use gfree::*;
pub use lockosthread::*;
pub use prof::*;
pub use procresize::*;
pub use checkdead::*;
pub use sched_enable::*;
pub use globrunq::*;
pub use pidle::*;
pub use runq::*;
pub use glist::*;
pub use procpin::*;
pub use random_order::*;
