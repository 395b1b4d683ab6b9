//! What stands in a Go program: the port's own sources, built a second time without std, on Go's `g`, `m`, `p` and `sched`.
//!
//! Not a crate of the workspace: `build.rs` compiles it to one relocatable object. The modules with a path are those of native
//! gort, file by file; the few that are here stand where native gort has what a Go program has itself: [`globals`] names Go's
//! variables, [`linkname`] calls Go's functions, [`entries`] are the doors that Go comes in by.
//!
//! There is no allocator, no thread-local, no unwinding; a Rust panic is Go's `throw`. All of it runs on g0 or gsignal.
#![no_std]
#![allow(improper_ctypes, improper_ctypes_definitions, missing_docs, clippy::missing_safety_doc, dead_code, unused_imports)]

extern crate self as gort_asm;
extern crate self as gort_histogram;
extern crate self as gort_lock_futex;
extern crate self as gort_os_linux;
extern crate self as gort_print;
extern crate self as gort_proc;
extern crate self as gort_rand;
extern crate self as gort_runtime1;
extern crate self as gort_runtime2;
extern crate self as memoffset;
extern crate self as static_assertions;

pub use core::ffi::c_void;
pub use core::mem::offset_of;

/// As in `runtime2`: bugs on purpose are for models.
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        false
    };
}
/// As in `proc`.
#[macro_export]
macro_rules! on_g0 {
    ($($t:tt)*) => { $($t)* };
}
/// Of the crate static_assertions.
#[macro_export]
macro_rules! const_assert {
    ($x:expr $(,)?) => {
        const _: () = assert!($x);
    };
}
/// Of the crate static_assertions.
#[macro_export]
macro_rules! const_assert_eq {
    ($x:expr, $y:expr $(,)?) => {
        const _: () = assert!($x == $y);
    };
}
/// `gort_print`'s: by Go's print functions.
#[macro_export]
macro_rules! print {
    ($($t:tt)*) => { $crate::linkname::print_args(format_args!($($t)*)) };
}

/// In the place of std's: a Go slice. Nothing here makes or grows one.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct Vec<T> {
    ptr: *mut T,
    len: usize,
    cap: usize,
}
impl<T> Default for Vec<T> {
    fn default() -> Self {
        Self { ptr: core::ptr::null_mut(), len: 0, cap: 0 }
    }
}

// runtime2
#[path = "../../runtime2/src/atomic.rs"]
pub mod atomic;
pub mod globals;
#[path = "../../runtime2/src/layout.rs"]
pub mod layout;
pub mod linkname;
#[path = "../../runtime2/src/lockrank.rs"]
pub mod lockrank;
#[path = "../../runtime2/src/ptrs.rs"]
pub mod ptrs;
#[path = "../../runtime2/src/states.rs"]
pub mod states;
#[path = "../../runtime2/src/types.rs"]
pub mod types;
#[path = "../../runtime2/src/wait_reason.rs"]
pub mod wait_reason;
// asm, runtime1, rand, lock_futex, os_linux
pub mod sys;
#[path = "../../runtime1/src/m.rs"]
pub mod m_locks;
#[path = "../../rand/src/cheap.rs"]
pub mod cheap;
// proc
#[path = "../../proc/src/checkdead.rs"]
pub mod checkdead;
#[path = "../../proc/src/find_runnable.rs"]
pub mod find_runnable;
#[path = "../../proc/src/for_each_p.rs"]
pub mod for_each_p;
#[path = "../../proc/src/gfree.rs"]
pub mod gfree;
#[path = "../../proc/src/glist.rs"]
pub mod glist;
#[path = "../../proc/src/globrunq.rs"]
pub mod globrunq;
#[path = "../../proc/src/mgclimit.rs"]
pub mod mgclimit;
#[path = "../../proc/src/park_m.rs"]
pub mod park_m;
#[path = "../../proc/src/pidle.rs"]
pub mod pidle;
#[path = "../../proc/src/procresize.rs"]
pub mod procresize;
#[path = "../../proc/src/random_order.rs"]
pub mod random_order;
#[path = "../../proc/src/ready.rs"]
pub mod ready;
#[path = "../../proc/src/runq.rs"]
pub mod runq;
#[path = "../../proc/src/sched_enable.rs"]
pub mod sched_enable;
#[path = "../../proc/src/schedule.rs"]
pub mod schedule;
#[path = "../../proc/src/startm.rs"]
pub mod startm;
#[path = "../../proc/src/status.rs"]
pub mod status;
#[path = "../../proc/src/stw.rs"]
pub mod stw;
#[path = "../../proc/src/syscall.rs"]
pub mod syscall;
// sysmon, histogram
#[path = "../../histogram/src/lib.rs"]
pub mod histogram;
#[path = "../../sysmon/src/retake.rs"]
pub mod retake;
pub mod trace;
pub mod entries;

pub use cheap::*;
pub use checkdead::incidlelocked;
pub use find_runnable::*;
pub use for_each_p::*;
pub use gfree::*;
pub use glist::*;
pub use globals::*;
pub use globrunq::*;
pub use histogram::record;
pub use linkname::{
    checkdead, dumpgstatus, fatal, gdestroy, gogo, is_system_goroutine, m_park, m_reserve_id, newm, noteclear, notetsleep, notewakeup, procresize, stackalloc, stackfree, throw,
};
pub use lockrank::*;
pub use m_locks::*;
pub use mgclimit::*;
pub use park_m::*;
pub use pidle::*;
pub use procresize::*;
pub use ptrs::*;
pub use random_order::*;
pub use ready::*;
pub use retake::*;
pub use runq::*;
pub use sched_enable::*;
pub use schedule::*;
pub use startm::*;
pub use states::*;
pub use status::*;
pub use stw::*;
pub use syscall::*;
pub use sys::*;
pub use trace::*;
pub use types::*;
pub use wait_reason::WaitReason;

#[panic_handler]
fn panic(i: &core::panic::PanicInfo<'_>) -> ! {
    linkname::print_args(format_args!("gort: {i}\n"));
    throw("gort: panic in Rust")
}
