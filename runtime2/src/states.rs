//! States of goroutines and processors.
//!
//! # G
//! | state | on a run queue | owns its stack | runs |
//! |---|---|---|---|
//! | `GIDLE` | no | no | just allocated, not initialised |
//! | `GRUNNABLE` | yes | no | no |
//! | `GRUNNING` | no | yes | user code; has an M and a P |
//! | `GSYSCALL` | no | yes | a system call; has an M |
//! | `GWAITING` | no | no, but for the channel that writes into it under its lock | no: somebody has noted it and will `ready` it |
//! | `GDEAD` | no | no | no: on a free list, being initialised, or just ended |
//! | `GCOPYSTACK` | no | whoever set it | no: its stack moves |
//! | `GPREEMPTED` | no | no | no: stopped itself for `suspendG`, which alone may ready it |
//!
//! `GSCAN` combined with a state: the stack is being looked at and belongs to who set the bit.

macro_rules! states {
    ($($(#[$m:meta])* $n:ident = $v:expr;)*) => { $($(#[$m])* pub const $n: u32 = $v;)* };
}

states! {
    /// Allocated, not initialised.
    ///
    /// Go: runtime2.go:37 _Gidle
    GIDLE = 0;
    /// On a run queue.
    ///
    /// Go: runtime2.go:41 _Grunnable
    GRUNNABLE = 1;
    /// Runs user code, with an M and a P.
    ///
    /// Go: runtime2.go:46 _Grunning
    GRUNNING = 2;
    /// In a system call, with an M.
    ///
    /// Go: runtime2.go:51 _Gsyscall
    GSYSCALL = 3;
    /// Blocked in the runtime.
    ///
    /// Go: runtime2.go:61 _Gwaiting
    GWAITING = 4;
    /// Not used, but numbered.
    ///
    /// Go: runtime2.go:65 _Gmoribund_unused
    GMORIBUND_UNUSED = 5;
    /// Not in use: ended, free, or being set up.
    ///
    /// Go: runtime2.go:73 _Gdead
    GDEAD = 6;
    /// Not used, but numbered.
    ///
    /// Go: runtime2.go:76 _Genqueue_unused
    GENQUEUE_UNUSED = 7;
    /// Its stack is being moved.
    ///
    /// Go: runtime2.go:81 _Gcopystack
    GCOPYSTACK = 8;
    /// Stopped itself because `suspendG` asked for it.
    ///
    /// Go: runtime2.go:88 _Gpreempted
    GPREEMPTED = 9;
    /// The scan bit.
    ///
    /// Go: runtime2.go:101 _Gscan
    GSCAN = 0x1000;
    /// Go: runtime2.go:102 _Gscanrunnable
    GSCANRUNNABLE = GSCAN + GRUNNABLE;
    /// Go: runtime2.go:103 _Gscanrunning
    GSCANRUNNING = GSCAN + GRUNNING;
    /// Go: runtime2.go:104 _Gscansyscall
    GSCANSYSCALL = GSCAN + GSYSCALL;
    /// Go: runtime2.go:105 _Gscanwaiting
    GSCANWAITING = GSCAN + GWAITING;
    /// Go: runtime2.go:106 _Gscanpreempted
    GSCANPREEMPTED = GSCAN + GPREEMPTED;

    /// Runs no code; on the idle list or on its way; its queue is empty.
    ///
    /// Go: runtime2.go:119 _Pidle
    PIDLE = 0;
    /// Owned by an M that runs Go code or the scheduler; only that M may change it.
    ///
    /// Go: runtime2.go:128 _Prunning
    PRUNNING = 1;
    /// Its M is in a system call and has an affinity to it; anyone may take it by CAS.
    ///
    /// Go: runtime2.go:140 _Psyscall
    PSYSCALL = 2;
    /// Stopped with the world, by the M that stopped it.
    ///
    /// Go: runtime2.go:150 _Pgcstop
    PGCSTOP = 3;
    /// Beyond gomaxprocs; reused if that grows.
    ///
    /// Go: runtime2.go:156 _Pdead
    PDEAD = 4;
}

/// `stackguard0` value that asks for preemption: above every real stack pointer.
///
/// Go: stack.go:130 stackPreempt
pub const STACK_PREEMPT: usize = -1314isize as usize;
/// `stackguard0` value during fork: a function must not grow its stack.
///
/// Go: stack.go:134 stackFork
pub const STACK_FORK: usize = -1234isize as usize;
/// `stackguard0` value that forces a copying stack to move, for debugging.
///
/// Go: stack.go:138 stackForceMove
pub const STACK_FORCE_MOVE: usize = -275isize as usize;

/// `g.atomicstatus`: Go's word, of which the state is the low byte and [`GSCAN`] a bit of the next
/// one. Natively each is a cell of its own, so that who owns the transition of a goroutine can
/// store the state while others take the scan bit: see `gort_proc::status` and docs/deviations.md.
/// Inside of a Go program it is one word, as Go's code changes it too.
#[cfg(not(gort_inside))]
#[repr(C)]
#[derive(Debug, Default)]
pub struct GStatus {
    /// The state without the scan bit. Stored by the owner of the transition.
    pub state: crate::atomic::Uint8,
    /// `GSCAN >> 8` while somebody holds the scan bit, else 0. Taken by compare-and-swap.
    pub scan: crate::atomic::Uint8,
    rest: [u8; 2],
}

#[cfg(not(gort_inside))]
impl GStatus {
    /// What `scan` holds when it is taken.
    pub const HELD: u8 = (GSCAN >> 8) as u8;

    /// Go's word. Not one look: who needs both parts to belong together has to take the scan bit.
    #[inline(always)]
    pub fn load(&self) -> u32 {
        u32::from(self.state.load()) | u32::from(self.scan.load()) << 8
    }
    /// Sets both parts, where nobody else can do anything.
    #[inline(always)]
    pub fn store(&self, v: u32) {
        self.state.store_rel(v as u8);
        self.scan.store_rel((v >> 8) as u8);
    }
    /// Whether the state is `s`, with or without the scan bit.
    #[inline(always)]
    pub fn is(&self, s: u32) -> bool {
        u32::from(self.state.get()) == s
    }
}

/// See above.
#[cfg(gort_inside)]
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct GStatus(pub crate::atomic::Uint32);

#[cfg(gort_inside)]
impl GStatus {
    /// Go's `Load`.
    #[inline(always)]
    pub fn load(&self) -> u32 {
        self.0.load()
    }
    /// Whether the state is `s`, with or without the scan bit.
    #[inline(always)]
    pub fn is(&self, s: u32) -> bool {
        self.0.load() & !GSCAN == s
    }
}
