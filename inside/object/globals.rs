//! Go's own variables, by the names that the linker has for them.

use crate::atomic::{Bool, Int32, Int64, Pointer, Uint32};
use crate::RandomOrder;
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

/// Variables that are part of another one, and so have no name of their own: gort.go fills `gortVars` with their addresses.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Var {
    TraceEnabled,
    TraceShutdown,
    Dontfreezetheworld,
    Asyncpreemptoff,
    GoroutineProfileActive,
    CgoYield,
}

/// The address of one.
#[inline(always)]
pub fn var(v: Var) -> *mut u8 {
    unsafe extern "C" {
        #[link_name = "runtime.gortVars"]
        safe static VARS: [Pointer<u8>; 6];
    }
    VARS[v as usize].get()
}

/// A number of GODEBUG.
pub struct DebugVar(Var);
impl DebugVar {
    #[inline(always)]
    pub fn get(&self) -> i32 {
        // SAFETY: an int32 of Go's.
        unsafe { (*var(self.0).cast::<Int32>()).get() }
    }
}
/// Those of GODEBUG's numbers that the scheduler looks at.
pub struct DebugVars {
    pub dontfreezetheworld: DebugVar,
    pub asyncpreemptoff: DebugVar,
}
pub static DEBUG: DebugVars =
    DebugVars { dontfreezetheworld: DebugVar(Var::Dontfreezetheworld), asyncpreemptoff: DebugVar(Var::Asyncpreemptoff) };

unsafe extern "C" {
    #[link_name = "runtime.freezing"]
    pub safe static FREEZING: Bool;
    #[link_name = "runtime.startingStackSize"]
    pub safe static STARTING_STACK_SIZE: Uint32;
    #[link_name = "runtime.faketime"]
    pub safe static FAKETIME: Int64;
    #[link_name = "runtime.gcBlackenEnabled"]
    pub safe static GC_BLACKEN_ENABLED: Uint32;
    #[link_name = "runtime.fingStatus"]
    pub safe static FING_STATUS: Uint32;
    #[link_name = "runtime.netpollInited"]
    pub safe static NETPOLL_INITED: Uint32;
    #[link_name = "runtime.netpollWaiters"]
    pub safe static NETPOLL_WAITERS: Uint32;
    #[link_name = "runtime.casgstatusAlwaysTrack"]
    pub safe static CASGSTATUS_ALWAYS_TRACK: Bool;
}
vars! {
    "runtime.stealOrder" steal_order: RandomOrder;
}
