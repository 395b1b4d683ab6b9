//! Go's own variables, by the names that the linker has for them.

use crate::atomic::{Bool, Int32, Int64, Pointer, Uint32, Uint64, Uintptr};
use crate::{NewmHandoff, RandomOrder};
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
    "runtime.newmHandoff" newm_handoff: NewmHandoff;
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
    #[link_name = "runtime.allglen"]
    pub safe static ALLGLEN: Uintptr;
    #[link_name = "runtime.allgptr"]
    pub safe static ALLGPTR: Pointer<*mut G>;
    #[link_name = "runtime.islibrary"]
    pub safe static ISLIBRARY: Bool;
    #[link_name = "runtime.isarchive"]
    pub safe static ISARCHIVE: Bool;
    #[link_name = "runtime.iscgo"]
    pub safe static ISCGO: Bool;
    #[link_name = "runtime.cgoHasExtraM"]
    pub safe static CGO_HAS_EXTRA_M: Bool;
    #[link_name = "runtime.extraMLength"]
    pub safe static EXTRA_M_LENGTH: Uint32;
    #[link_name = "runtime.extraMInUse"]
    pub safe static EXTRA_M_IN_USE: Uint32;
    #[link_name = "runtime.panicking"]
    pub safe static PANICKING: Uint32;
    #[link_name = "runtime.forcegcperiod"]
    pub safe static FORCEGCPERIOD: Int64;
    #[link_name = "runtime.mutexprofilerate"]
    pub safe static MUTEXPROFILERATE: Uint64;
    #[link_name = "runtime.initSigmask"]
    pub safe static INIT_SIGMASK: Mask;
}

/// A set of signals, which in Go is two halves.
#[repr(C)]
pub struct Mask(Uint32, Uint32);
impl Mask {
    /// It in one word.
    pub fn get(&self) -> u64 {
        u64::from(self.0.get()) | u64::from(self.1.get()) << 32
    }
}

/// Variables that are part of another one, and so have no name of their own: gort.go fills
/// `gortVars` with their addresses.
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Var {
    TraceEnabled,
    TraceShutdown,
    Dontfreezetheworld,
    Asyncpreemptoff,
    GoroutineProfileActive,
    CgoYield,
    Schedtrace,
    Scheddetail,
    Tracebackancestors,
    ScavengerWake,
    ParkunlockC,
    Mspinning,
    TemplateThread,
    Goexit,
}
/// How many there are.
pub const VARS: usize = Var::Goexit as usize + 1;

/// The address of one.
#[inline(always)]
pub fn var(v: Var) -> *mut u8 {
    unsafe extern "C" {
        #[link_name = "runtime.gortVars"]
        safe static WHERE: [Pointer<u8>; VARS];
    }
    WHERE[v as usize].get()
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
    pub schedtrace: DebugVar,
    pub scheddetail: DebugVar,
    pub tracebackancestors: DebugVar,
}
pub static DEBUG: DebugVars = DebugVars {
    dontfreezetheworld: DebugVar(Var::Dontfreezetheworld),
    asyncpreemptoff: DebugVar(Var::Asyncpreemptoff),
    schedtrace: DebugVar(Var::Schedtrace),
    scheddetail: DebugVar(Var::Scheddetail),
    tracebackancestors: DebugVar(Var::Tracebackancestors),
};

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
