//! What stands in a Go program: the port's own sources, built a second time without std, on Go's
//! `g`, `m`, `p` and `sched`.
//!
//! Not a crate of the workspace: `build.rs` compiles it to one relocatable object. The modules with
//! a path are those of native gort, file by file; the few that are here stand where native gort has
//! what a Go program has itself: [`globals`] names Go's variables, [`linkname`] calls Go's
//! functions, [`entries`] are the doors that Go comes in by.
//!
//! There is no allocator, no thread-local, no unwinding; a Rust panic is Go's `throw`. All of it
//! runs on g0 or gsignal.
#![no_std]
#![allow(improper_ctypes, improper_ctypes_definitions, missing_docs, clippy::missing_safety_doc, dead_code, unused_imports, non_camel_case_types, non_upper_case_globals)]

extern crate self as gort_asm;
extern crate self as libc;
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

/// As in `runtime2`: a bug on purpose, in an object that was compiled with its name.
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        const { $crate::planted($name) }
    };
}
/// Whether the object is compiled with this bug.
pub const fn planted(name: &str) -> bool {
    let Some(p) = option_env!("GORT_PLANTED_INSIDE") else { return false };
    let (a, b) = (name.as_bytes(), p.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
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

impl<T> Vec<T> {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Of the crate libc.
pub const SYS_futex: i64 = 202;
/// Of the crate libc.
pub const SYS_sched_yield: i64 = 24;
/// Of the crate libc.
#[repr(C)]
pub struct timespec {
    pub tv_sec: i64,
    pub tv_nsec: i64,
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
#[path = "../../os_linux/src/futex.rs"]
pub mod futex;
#[path = "../../lock_futex/src/lockrank_off.rs"]
pub mod ranks;
#[path = "../../lock_futex/src/mprof.rs"]
pub mod mprof;
#[path = "../../lock_futex/src/mutex.rs"]
pub mod mutex;
#[path = "../../lock_futex/src/note.rs"]
pub mod note;
// proc
#[path = "../../proc/src/allgs.rs"]
pub mod allgs;
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
#[path = "../../proc/src/goexit.rs"]
pub mod goexit;
#[path = "../../proc/src/lockosthread.rs"]
pub mod lockosthread;
#[path = "../../proc/src/m.rs"]
pub mod m;
#[path = "../../proc/src/mgclimit.rs"]
pub mod mgclimit;
#[path = "../../proc/src/newm.rs"]
pub mod newm;
#[path = "../../proc/src/newproc.rs"]
pub mod newproc;
#[path = "../../proc/src/park_m.rs"]
pub mod park_m;
#[path = "../../proc/src/procpin.rs"]
pub mod procpin;
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
#[path = "../../proc/src/schedinit.rs"]
pub mod schedinit;
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
#[path = "../../sysmon/src/monitor.rs"]
pub mod monitor;
#[path = "../../sysmon/src/retake.rs"]
pub mod retake;
#[path = "../../sysmon/src/schedtrace.rs"]
pub mod schedtrace;
pub mod trace;
pub mod entries;

pub use allgs::*;
pub use cheap::*;
pub use checkdead::*;
pub use find_runnable::*;
pub use for_each_p::*;
pub use futex::*;
pub use gfree::*;
pub use glist::*;
pub use globals::*;
pub use globrunq::*;
pub use goexit::*;
pub use histogram::record;
pub use linkname::{
    allgadd, allocm, fatal, gogo, gostartcallfn, is_system_goroutine, malg, newosproc, stackalloc, stackfree, throw,
};
pub use lockosthread::*;
pub use lockrank::*;
pub use m::*;
pub use m_locks::*;
pub use mgclimit::*;
pub use monitor::*;
pub use mutex::*;
pub use newm::*;
pub use newproc::*;
pub use note::*;
pub use park_m::*;
pub use pidle::*;
pub use procpin::*;
pub use procresize::*;
pub use ptrs::*;
pub use random_order::*;
pub use ranks::*;
pub use ready::*;
pub use retake::*;
pub use runq::*;
pub use sched_enable::*;
pub use schedinit::*;
pub use schedtrace::*;
pub use schedule::*;
pub use startm::*;
pub use states::*;
pub use status::*;
pub use stw::*;
pub use sys::*;
pub use syscall::*;
pub use trace::*;
pub use types::*;
pub use wait_reason::WaitReason;

#[panic_handler]
fn panic(i: &core::panic::PanicInfo<'_>) -> ! {
    linkname::print_args(format_args!("gort: {i}\n"));
    throw("gort: panic in Rust")
}
