//! The runtime's global variables, as runtime2.go and proc.go declare them.
//!
//! Scalars are statics of atomic types, in upper case. Structures are reached through a function
//! that returns a raw pointer (`sched()`, `allp()`, ...): never a `&mut`, as many threads hold that
//! pointer.

use crate::atomic::{Bool, Int32, Int64, Pointer, Uint32};
#[cfg(not(loom))]
use crate::atomic::{Uint64, Uintptr};
use crate::ptrs::Slice;
use crate::types::{Forcegcstate, G, M, Mutex, P, PMask, Schedt};
use core::cell::UnsafeCell;

/// A global that many threads reach by raw pointer; its own fields say how they may be used.
#[repr(transparent)]
pub struct Global<T>(UnsafeCell<T>);

// SAFETY: only a raw pointer ever leaves it; each use of that pointer is unsafe and obeys the Go
// rule for the field in question.
unsafe impl<T> Sync for Global<T> {}

impl<T> Global<T> {
    /// Wraps a value.
    pub const fn new(v: T) -> Self {
        Self(UnsafeCell::new(v))
    }
    /// The address.
    #[inline(always)]
    pub const fn get(&self) -> *mut T {
        self.0.get()
    }
}

#[cfg(not(loom))]
mod vars {
    use super::*;

    macro_rules! zeroed {
        ($(#[$m:meta])* $f:ident, $t:ty) => {
            $(#[$m])*
            #[inline(always)]
            pub fn $f() -> *mut $t {
                // SAFETY: atomics, integers and nullable pointers only: all zeroes is a valid
                // value.
                static V: Global<$t> = Global::new(unsafe { core::mem::zeroed() });
                V.get()
            }
        };
    }

    zeroed!(/// The scheduler's state.
        ///
        /// Go: runtime2.go:1181 sched
        sched, Schedt);
    zeroed!(/// The forcegc helper.
        ///
        /// Go: runtime2.go:1180 forcegc
        forcegc, Forcegcstate);
    zeroed!(/// Guards the P-less reads of `allp` and changes of `allp`, `idlep_mask` and `timerp_mask`.
        ///
        /// Go: runtime2.go:1188 allpLock
        allp_lock, Mutex);
    zeroed!(/// Guards growth of `allgs`.
        ///
        /// Go: proc.go:631 allglock
        allglock, Mutex);
    zeroed!(/// Held while a message is printed. The rank checks leave it alone, so it stands here.
        ///
        /// Go: print.go:55 debuglock
        debuglock, Mutex);
    zeroed!(/// Held while a panic is printed. The rank checks leave it alone, so it stands here.
        ///
        /// Go: panic.go:1100 paniclk
        paniclk, Mutex);
    zeroed!(/// Locked twice to stop a thread for good.
        ///
        /// Go: panic.go:1361 deadlock
        deadlock, Mutex);

    static ALLP: Global<Slice<*mut P>> = Global::new(Slice::nil());
    static IDLEP_MASK: Global<PMask> = Global::new(Slice::nil());
    static TIMERP_MASK: Global<PMask> = Global::new(Slice::nil());
    static ALLGS: Global<Slice<*mut G>> = Global::new(Slice::nil());

    /// All Ps; its length is gomaxprocs. Changes only while the world is stopped and under
    /// `allp_lock`.
    ///
    /// Go: runtime2.go:1192 allp
    #[inline(always)]
    pub fn allp() -> *mut Slice<*mut P> {
        ALLP.get()
    }
    /// A bit for each idle P.
    ///
    /// Go: runtime2.go:1204 idlepMask
    #[inline(always)]
    pub fn idlep_mask() -> *mut PMask {
        IDLEP_MASK.get()
    }
    /// A bit for each P that may have timers.
    ///
    /// Go: runtime2.go:1232 timerpMask
    #[inline(always)]
    pub fn timerp_mask() -> *mut PMask {
        TIMERP_MASK.get()
    }
    /// All Gs ever made, under `allglock`.
    ///
    /// Go: proc.go:632 allgs
    #[inline(always)]
    pub fn allgs() -> *mut Slice<*mut G> {
        ALLGS.get()
    }
}

/// Under loom every model run needs fresh globals: they are made lazily per execution.
#[cfg(loom)]
mod vars {
    use super::*;

    struct Vars {
        sched: *mut Schedt,
        forcegc: *mut Forcegcstate,
        allp_lock: *mut Mutex,
        allglock: *mut Mutex,
        allp: *mut Slice<*mut P>,
        idlep_mask: *mut PMask,
        timerp_mask: *mut PMask,
        allgs: *mut Slice<*mut G>,
        deadlock: *mut Mutex,
        debuglock: *mut Mutex,
    }
    // SAFETY: as for Global: only raw pointers leave.
    unsafe impl Sync for Vars {}
    // SAFETY: the same.
    unsafe impl Send for Vars {}

    fn leak<T: Default>() -> *mut T {
        Box::leak(Box::default())
    }

    loom::lazy_static! {
        static ref VARS: Vars = Vars {
            sched: leak(), forcegc: leak(), allp_lock: leak(), allglock: leak(), allp: leak(),
            idlep_mask: leak(), timerp_mask: leak(), allgs: leak(), deadlock: leak(),
            debuglock: leak(),
        };
    }

    macro_rules! var {
        ($($f:ident: $t:ty),*) => { $(#[allow(missing_docs)] pub fn $f() -> *mut $t { VARS.$f })* };
    }
    var!(sched: Schedt, forcegc: Forcegcstate, allp_lock: Mutex, allglock: Mutex, allp: Slice<*mut P>,
        idlep_mask: PMask, timerp_mask: PMask, allgs: Slice<*mut G>, deadlock: Mutex, debuglock: Mutex);
}

pub use vars::*;

#[cfg(not(loom))]
mod scalars {
    use super::*;

    /// All Ms, linked through `alllink`; never freed from the list but by `mexit`.
    ///
    /// Go: runtime2.go:1177 allm
    pub static ALLM: Pointer<M> = Pointer::null();
    /// Go: runtime2.go:1178 gomaxprocs
    pub static GOMAXPROCS: Int32 = Int32::new(0);
    /// Go: runtime2.go:1179 ncpu
    pub static NCPU: Int32 = Int32::new(0);
    /// The value that the next `startTheWorld` gives to gomaxprocs, if not 0.
    ///
    /// Go: runtime2.go:1182 newprocs
    pub static NEWPROCS: Int32 = Int32::new(0);
    /// The M of the main thread.
    ///
    /// Go: proc.go:117 m0
    pub static M0: Pointer<M> = Pointer::null();
    /// gort's own: the M of sysmon.
    pub static SYSMON_M: Pointer<M> = Pointer::null();
    /// g0 of m0.
    ///
    /// Go: proc.go:118 g0
    pub static G0: Pointer<G> = Pointer::null();
    /// Published length of `allgs`, for lock-free walks.
    ///
    /// Go: proc.go:646 allglen
    pub static ALLGLEN: Uintptr = Uintptr::new(0);
    /// Published array of `allgs`, for lock-free walks.
    ///
    /// Go: proc.go:647 allgptr
    pub static ALLGPTR: Pointer<*mut G> = Pointer::null();
    /// Signal mask that new Ms start with: that of the thread which started the runtime.
    ///
    /// Go: proc.go:144 initSigmask
    pub static INIT_SIGMASK: Uint64 = Uint64::new(0);
    /// `runtime.main` has started, so newproc may start Ms.
    ///
    /// Go: proc.go:138 mainStarted
    pub static MAIN_STARTED: Bool = Bool::new(false);
    /// When `runtime.main` began (nanotime).
    ///
    /// Go: proc.go:141 runtimeInitTime
    pub static RUNTIME_INIT_TIME: Int64 = Int64::new(0);
    /// The number of goroutines that run deferred functions of a panic.
    ///
    /// Go: panic.go:1093 runningPanicDefers
    pub static RUNNING_PANIC_DEFERS: Uint32 = Uint32::new(0);
    /// Not 0 once a panic is being printed.
    ///
    /// Go: panic.go:1096 panicking
    pub static PANICKING: Uint32 = Uint32::new(0);
    /// Foreign (cgo) calls of Ms that have ended.
    ///
    /// Go: cgocall.go:116 ncgocall
    pub static NCGOCALL: Uint64 = Uint64::new(0);
    /// Host program owns `main`: gort was started as a library, so other threads may exist and call
    /// in.
    ///
    /// Go: cgo.go:48 iscgo
    pub static ISCGO: Bool = Bool::new(false);
    /// Handles (`gort::Runtime`) through which a host program may call in at any time: as long as
    /// there is one, nothing is a deadlock. gort's own; Go's islibrary and isarchive (proc.go:140)
    /// are constants of the program.
    pub static HANDLES: Uint32 = Uint32::new(0);
    /// The first extra M has been made: foreign threads may call in.
    ///
    /// Go: cgo.go:64 cgoHasExtraM
    pub static CGO_HAS_EXTRA_M: Bool = Bool::new(false);
}
#[cfg(not(loom))]
pub use scalars::*;

/// The scalars that models reach, made anew for each execution.
#[cfg(loom)]
mod scalars {
    #![allow(missing_docs)]
    use super::*;

    loom::lazy_static! {
        pub static ref ALLM: Pointer<M> = Pointer::default();
        pub static ref GOMAXPROCS: Int32 = Int32::new(0);
        pub static ref NCPU: Int32 = Int32::new(1);
        pub static ref NEWPROCS: Int32 = Int32::new(0);
        pub static ref M0: Pointer<M> = Pointer::default();
        pub static ref MAIN_STARTED: Bool = Bool::default();
        pub static ref RUNTIME_INIT_TIME: Int64 = Int64::new(0);
        pub static ref PANICKING: Uint32 = Uint32::new(0);
    }
}
#[cfg(loom)]
pub use scalars::*;
