//! Go's own variables, by the names that the linker has for them.

use crate::atomic::{Bool, Int32, Int64, Pointer, Uint32};
use crate::types::{Forcegcstate, G, M, Mutex, P, PMask, Schedt};
use crate::ptrs::Slice;
use core::cell::UnsafeCell;

/// See runtime2's.
#[repr(transparent)]
pub struct Global<T>(UnsafeCell<T>);
// SAFETY: as in runtime2: only raw pointers leave it.
unsafe impl<T> Sync for Global<T> {}
impl<T> Global<T> {
    #[inline(always)]
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }
}

macro_rules! vars {
    ($($name:literal $f:ident: $t:ty;)*) => {$(
        #[inline(always)]
        pub fn $f() -> *mut $t {
            unsafe extern "C" {
                #[link_name = $name]
                safe static V: Global<$t>;
            }
            V.get()
        }
    )*};
}
vars! {
    "runtime.sched" sched: Schedt;
    "runtime.forcegc" forcegc: Forcegcstate;
    "runtime.allpLock" allp_lock: Mutex;
    "runtime.allglock" allglock: Mutex;
    "runtime.deadlock" deadlock: Mutex;
    "runtime.allp" allp: Slice<*mut P>;
    "runtime.idlepMask" idlep_mask: PMask;
    "runtime.timerpMask" timerp_mask: PMask;
    "runtime.allgs" allgs: Slice<*mut G>;
}

unsafe extern "C" {
    #[link_name = "runtime.allm"]
    pub safe static ALLM: Pointer<M>;
    #[link_name = "runtime.gomaxprocs"]
    pub safe static GOMAXPROCS: Int32;
    #[link_name = "runtime.ncpu"]
    pub safe static NCPU: Int32;
    #[link_name = "runtime.newprocs"]
    pub safe static NEWPROCS: Int32;
    #[link_name = "runtime.mainStarted"]
    pub safe static MAIN_STARTED: Bool;
}
