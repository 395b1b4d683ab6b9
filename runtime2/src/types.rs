//! The structures of runtime2.go, in its order, and those of other files that they embed by value.
//!
//! # Who may touch what
//! A field is *plain* when only its owner touches it: for a G the thread that runs it (or, while it
//! is parked, whoever holds its scan bit or the lock it waits under); for an M its own thread; for
//! a P the M that is wired to it. Everything that others look at is an atomic type from
//! [`crate::atomic`] or a [`Guintptr`]-like cell. `docs/ownership.md` has the table.

use crate::atomic::{Bool, Int32, Int64, Ordering, Pointer, Uint8, Uint32, Uint64, Uintptr};
use crate::lockrank::LockRank;
use crate::ptrs::{Guintptr, Muintptr, Puintptr, Slice};
use crate::states::GStatus;
use crate::wait_reason::WaitReason;
use core::cell::UnsafeCell;
use core::ffi::c_void;

#[cfg(gort_inside)]
use crate::Vec;

/// A lock of the runtime itself: it blocks the thread, not the goroutine. `0` is unlocked.
///
/// Go: runtime2.go:164 mutex
#[repr(C, align(8))]
#[derive(Default)]
pub struct Mutex {
    /// 0 unlocked, 1 locked, 2 locked with sleepers (lock_futex.go:27). In Go a word, of which the
    /// futex is the low half.
    pub key: Uint32,
    /// The rank, looked at in debug builds, in the half of the word that Go leaves alone; Go's
    /// `lockRankStruct`, which is empty without the experiment.
    ///
    /// Go: lockrank_on.go:21 lockRankStruct
    pub rank: RankCell,
}

/// The rank of a [`Mutex`]: written once by `lockInit`, read by every `lock`.
#[repr(C)]
#[derive(Default)]
pub struct RankCell(Int32);

impl RankCell {
    /// The rank.
    pub fn get(&self) -> LockRank {
        LockRank(self.0.get())
    }
    /// Sets the rank.
    pub fn set(&self, r: LockRank) {
        self.0.set(r.0)
    }
}

/// A one-shot event: `notesleep` waits for one `notewakeup`.
///
/// Go: runtime2.go:193 note
#[repr(C, align(8))]
#[derive(Default)]
pub struct Note {
    /// 0 clear, 1 signalled. In Go a word, of which the futex is the low half.
    pub key: Uint32,
    /// The high half.
    pub high: u32,
}

/// A function value: the first word is the code; what it captured follows.
///
/// The code is called with the address of the `Funcval` as its only argument (Go passes it in rdx;
/// the switch loads rdi, rdx and r10 alike).
///
/// Go: runtime2.go:200 funcval
#[repr(C)]
pub struct Funcval {
    /// Entry point.
    pub fn_: unsafe extern "C-unwind" fn(*mut Funcval),
}

/// The saved state of a goroutine that does not run: all the rest is on its stack.
///
/// Go: runtime2.go:324 gobuf
#[repr(C)]
#[derive(Default)]
pub struct Gobuf {
    /// Stack pointer.
    pub sp: usize,
    /// Where to continue.
    pub pc: usize,
    /// The goroutine itself.
    pub g: Guintptr,
    /// The [`Funcval`] of a goroutine that has not started yet.
    pub ctxt: *mut c_void,
    /// Unused on amd64.
    pub ret: usize,
    /// Unused on amd64.
    pub lr: usize,
    /// Frame pointer.
    pub bp: usize,
}

/// A deferred call of managed code, on the stack of the function that defers, or on the heap.
///
/// Go: runtime2.go:992 _defer
#[doc(alias = "_defer")]
#[repr(C)]
pub struct Defer {
    /// It is on the heap.
    pub heap: bool,
    /// It is the head of a list: of a loop over a function.
    pub rangefunc: bool,
    /// The stack pointer of the function that defers.
    pub sp: usize,
    /// Where it does.
    pub pc: usize,
    /// What to call.
    pub fn_: *mut Funcval,
    /// The next one of the goroutine.
    pub link: *mut Defer,
    /// The list, if it is the head of one.
    pub head: *mut c_void,
}

/// A goroutine in a wait list: one for each channel or semaphore it waits on.
///
/// Go: runtime2.go:356 sudog
#[repr(C)]
#[derive(Default)]
pub struct Sudog {
    /// Who waits.
    pub g: *mut G,
    /// Next in the wait queue (or right child in a semaRoot's treap).
    pub next: *mut Sudog,
    /// Previous in the wait queue (or left child in a treap).
    pub prev: *mut Sudog,
    /// The data element, which may lie on the stack of `g`; for a semaphore its address.
    pub elem: *mut c_void,
    /// When the wait began, for profiles.
    pub acquiretime: i64,
    /// When it ended; -1 asks the waker to fill it in.
    pub releasetime: i64,
    /// Treap priority, notify list ticket, or 1 for a direct semaphore hand-off.
    pub ticket: u32,
    /// Whether `g` takes part in a select, and so must win `g.select_done` to be woken.
    pub is_select: bool,
    /// Whether the communication happened (false: woken by close).
    pub success: bool,
    /// Length of the semaRoot list other than its head, kept at 65535 at most; only in the head.
    pub waiters: u16,
    /// Parent in a treap.
    pub parent: *mut Sudog,
    /// `g.waiting` list, or list of the same semaphore.
    pub waitlink: *mut Sudog,
    /// Tail of that list.
    pub waittail: *mut Sudog,
    /// The channel, if it is one.
    pub c: *mut Hchan,
}

/// Bounds of a stack: `[lo, hi)`.
///
/// Go: runtime2.go:411 stack
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Lowest address.
    pub lo: usize,
    /// One past the highest.
    pub hi: usize,
}

/// A lock that an M holds, for the rank checks.
///
/// Go: runtime2.go:417 heldLockInfo
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct HeldLockInfo {
    /// Address of the [`Mutex`].
    pub lock_addr: usize,
    /// Its rank. In Go a word.
    pub rank: LockRank,
    /// The rest of that word.
    pub high: u32,
}

/// What a goroutine was created by, for `GODEBUG=tracebackancestors=N`.
///
/// Go: runtime2.go:1050 ancestorInfo
#[derive(Clone, Debug, Default)]
pub struct AncestorInfo {
    /// Stack of the creator when it made the goroutine.
    pub pcs: Vec<usize>,
    /// Its id.
    pub goid: u64,
    /// Its own `go` statement.
    pub gopc: usize,
}

/// The kind of stack that a goroutine runs on (design: three kinds, chosen at creation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum StackKind {
    /// Rust or C code without stack checks: reserved address space with a guard page.
    #[default]
    Native = 0,
    /// `-fsplit-stack` code: a chain of segments.
    Segmented = 1,
    /// Code with registered stack maps: moved to grow.
    Copying = 2,
}

/// One piece of a segmented stack. The descriptor stands at the top of the memory that it
/// describes, so a segment needs no memory but its own. A goroutine's segments are linked from the
/// oldest to the newest; `g.seg` is the one in use, and `g.stack` has its bounds.
///
/// ```text
///   stack.hi   this descriptor                            <- its address is where frames begin, downwards
///              frames of code that checks its stack
///   guard      what `%fs:0x70` holds while this segment is in use
///              room for code that does not check: the C library, Rust
///   stack.lo   guard page
/// ```
///
/// gort's own; in Go up to 1.2 `Stktop`.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct Segment {
    /// The older one; nil: this is the goroutine's first.
    pub prev: *mut Segment,
    /// A newer one, not in use now: kept for the next call that needs it.
    pub next: *mut Segment,
    /// Its memory.
    pub stack: Stack,
    /// Checked code stays above this.
    pub guard: usize,
    /// Bytes from `guard` to the descriptor.
    pub space: usize,
    /// The same for this and all older ones together: what the limit of a stack's size is about.
    pub total: usize,
    /// The frame of `__morestack`, on the older segment, that has come here last; its stack is in
    /// use from below there on.
    pub frame: usize,
    /// Memory for frames whose size is known only when they run, if that was too much for the
    /// segment; freed with the last call on it.
    pub blocks: *mut c_void,
}

/// A goroutine.
///
/// Type-stable: once allocated it is never freed, only reused (`gfput`, `gfget`).
///
/// The layout is Go's, field by field, up to Go's last ([`crate::layout`]).
///
/// Go: runtime2.go:422 g
#[repr(C)]
#[cfg_attr(not(gort_inside), repr(align(64)))]
#[derive(Default)]
pub struct G {
    /// Its stack.
    pub stack: Stack,
    /// Compared with sp by prologues of managed code; `STACK_PREEMPT` asks for preemption. Written
    /// by others.
    pub stackguard0: Uintptr,
    /// The same for runtime code on g0 and gsignal.
    pub stackguard1: usize,
    /// Innermost panic; owned by the `panic` crate.
    pub panic_: *mut c_void,
    /// Innermost defer; used by compiled Go only.
    pub defer_: *mut c_void,
    /// The M that runs it; nil if none does.
    pub m: *mut M,
    /// Saved registers while it does not run.
    pub sched: Gobuf,
    /// In a system call: sp at its entry.
    pub syscallsp: usize,
    /// In a system call: the caller's pc.
    pub syscallpc: usize,
    /// In a system call: frame pointer.
    pub syscallbp: usize,
    /// Expected sp at the root of the stack.
    pub stktopsp: usize,
    /// Pointer handed over by the waker: in chan and sema the sudog that woke it.
    pub param: *mut c_void,
    /// Its state, with the scan bit.
    pub atomicstatus: GStatus,
    /// Depth of sections in which it must not park: what it holds belongs to its thread. gort's
    /// own, in the place of a lock that Go does not use, as the line is touched anyway.
    pub stack_lock: u32,
    /// Its number.
    pub goid: u64,
    /// Next in a run queue or free list.
    pub schedlink: Guintptr,
    /// About when it blocked: when sysmon has first seen it so; 0 if it has not, or it is not
    /// blocked.
    pub waitsince: Int64,
    /// Why it waits, while it does.
    pub waitreason: WaitReason,
    /// Preemption was asked for; doubles `stackguard0 == STACK_PREEMPT`.
    pub preempt: Bool,
    /// On preemption go to `GPREEMPTED` rather than to the run queue.
    pub preempt_stop: bool,
    /// Shrink the stack at the next synchronous safe point.
    pub preempt_shrink: bool,
    /// Stopped at an asynchronous safe point.
    pub async_safe_point: bool,
    /// Turn a fault at an unexpected address into a panic.
    pub paniconfault: bool,
    /// Scanned in this cycle.
    pub gcscandone: bool,
    /// Must not split its stack.
    pub throwsplit: bool,
    /// Unlocked channels point into this stack.
    pub active_stack_chans: bool,
    /// About to park on a channel: shrinking is unsafe.
    pub parking_on_chan: Bool,
    /// In a mark assist; unused without a collector.
    pub in_mark_assist: bool,
    /// Argument of `coroswitch_m`.
    pub coroexit: bool,
    /// Not 0: `bubble` is not nil. gort's own, in the place of something of the race detector's, as
    /// the fields around it are looked at in every change of state.
    pub raceignore: i8,
    /// Changes of its state need a fence, as there is no `membarrier`. gort's own, in the place of
    /// a flag of Go's callbacks: `casgstatus` looks at this byte and its neighbours in one load.
    pub nocgocallback: bool,
    /// Its scheduling latency is being measured.
    pub tracking: bool,
    /// Decides when to measure: every [`G_TRACKING_PERIOD`]th time.
    pub tracking_seq: u8,
    /// When tracking began last.
    pub tracking_stamp: i64,
    /// Time spent runnable while tracked.
    pub runnable_time: i64,
    /// The M it is locked to.
    pub lockedm: Muintptr,
    /// Signal that made it panic.
    pub sig: u32,
    // gort's own, four bytes in the gap that alignment leaves here in Go: on a line that every
    // switch touches anyway.
    /// The kind of `stack`. gort's own.
    pub stack_kind: StackKind,
    /// What of the thread's it carries along: [`CARRIES_PANIC`], [`CARRIES_EXCEPTIONS`],
    /// [`CARRIES_CXX`]. gort's own: see proc/src/carry.rs.
    pub carries: u8,
    /// Depth of `preempt::scope`: not 0 while it runs code that a signal may interrupt. gort's own.
    pub preempt_scope: Uint8,
    /// A call of `asyncPreempt` was injected and has not returned, so `xsave` is in use. gort's
    /// own.
    pub async_injected: Uint8,
    /// Where its panic message is being written, if not to standard error.
    pub writebuf: SliceOf<Vec<u8>>,
    /// Signal code.
    pub sigcode0: usize,
    /// Fault address.
    pub sigcode1: usize,
    /// Faulting pc.
    pub sigpc: usize,
    /// Who created it.
    pub parent_goid: u64,
    /// The pc of the `go` statement that did.
    pub gopc: usize,
    /// Its ancestors, if `tracebackancestors` is on; freed when the G is used again.
    pub ancestors: *mut Vec<AncestorInfo>,
    /// Its first function.
    pub startpc: usize,
    /// Unused: no race detector.
    pub racectx: usize,
    /// What it waits on, in lock order.
    pub waiting: *mut Sudog,
    /// Unused: tracebacks of foreign code.
    pub cgo_ctxt: Slice<usize>,
    /// Profiler labels; inherited by its children.
    pub labels: *mut c_void,
    /// Cached timer of `time.Sleep`.
    pub timer: *mut Timer,
    /// Until when it sleeps.
    pub sleep_when: i64,
    /// In a select: 0, or 1 once somebody has won it.
    pub select_done: Uint32,
    /// Unused: goroutine profiles.
    pub goroutine_profiled: Uint32,
    /// Argument of coroutine transfers.
    pub coroarg: *mut Coro,
    /// The tracer's.
    pub trace: GTraceState,
    /// Bytes of assist credit; unused without a collector.
    pub gc_assist_bytes: i64,
    // Behind Go's last field: gort's own.
    /// The value of `%fs:0x70` while it runs: the guard of its segment. Looked at if `stack_kind`
    /// says segmented; 0 otherwise.
    #[cfg(not(gort_inside))]
    pub split_guard: usize,
    /// The segment it runs on; nil unless `stack_kind` says segmented. gort's own.
    #[cfg(not(gort_inside))]
    pub seg: *mut Segment,
    /// Where `asyncPreempt` saves the extended registers; made when it is needed first, kept as
    /// long as the G. gort's own.
    #[cfg(not(gort_inside))]
    pub xsave: *mut u8,
    /// C++ exceptions that it has caught or thrown and not done with, while `carries` says so.
    /// gort's own.
    #[cfg(not(gort_inside))]
    pub eh: EhGlobals,
    /// What `goroutine_local!` keeps for it; nil if there is nothing, [`LOCALS_GONE`] when its
    /// destructors have run. gort's own.
    #[cfg(not(gort_inside))]
    pub locals: *mut Locals,
    /// Its name, which is never freed; nil without one. gort's own.
    #[cfg(not(gort_inside))]
    pub name: Pointer<&'static str>,
    /// The bubble or test that it belongs to, or nil. Of Go 1.25: see [`SynctestBubble`].
    ///
    /// Go 1.25: runtime2.go line 493 bubble
    #[cfg(not(gort_inside))]
    pub bubble: *mut SynctestBubble,
}

/// In `g.carries`: it has left its M while a Rust panic or Goexit unwound it, so it is locked to
/// that M. gort's own.
pub const CARRIES_PANIC: u8 = 1;
/// In `g.carries`: the program has a C++ runtime, so [`EhGlobals`] are to be looked at. gort's own.
pub const CARRIES_CXX: u8 = 4;
/// In `g.carries`: `g.eh` is what the C++ runtime has to find on the thread that runs it next.
/// gort's own.
pub const CARRIES_EXCEPTIONS: u8 = 2;

/// What the C++ runtime keeps for each thread: `__cxa_eh_globals` of the Itanium C++ ABI. gort's
/// own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EhGlobals {
    /// The exceptions whose catch blocks are being run, innermost first.
    pub caught: *mut c_void,
    /// How many have been thrown and not been caught yet.
    pub uncaught: u32,
}

impl EhGlobals {
    /// No exception.
    pub const NONE: Self = Self { caught: core::ptr::null_mut(), uncaught: 0 };
}

impl Default for EhGlobals {
    fn default() -> Self {
        Self::NONE
    }
}

/// The head of a goroutine's local variables; the crate `gort` knows the rest. gort's own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Locals {
    /// Runs the destructors, on the goroutine, and frees the table.
    pub end: unsafe fn(*mut Locals),
}

/// No more local variables: the goroutine is at its end.
pub const LOCALS_GONE: *mut Locals = core::ptr::without_provenance_mut(1);

/// A set of goroutines that is watched: whether any of them can still go on by itself. Two kinds of
/// it:
///
/// * a *bubble* (Go 1.25's `testing/synctest`): its clock stands still while a goroutine of it can
///   go on, and jumps to the next timer when none can. What was made in it must not be used from
///   outside;
/// * a *test* (gort's own, `real`): with the real clock, to find out that a test is deadlocked
///   while others go on.
///
/// Type-stable: used again, under another `id`, when all of its goroutines have ended, and never
/// freed.
///
/// Go 1.25: synctest.go line 14 synctestBubble
pub struct SynctestBubble {
    /// Guards what is no atomic below.
    pub mu: Mutex,
    /// Timers on the bubble's clock.
    pub timers: Timers,
    /// Not used by another one before 2^32 have been; what channels, timers and wait groups
    /// remember. 0: not in use.
    pub id: Uint32,
    /// The time in it. Written by the root while nobody else runs.
    pub now: Int64,
    /// Who made it, and moves its clock.
    pub root: *mut G,
    /// Who waits for the others to block.
    pub waiter: *mut G,
    /// The first goroutine in it.
    pub main: *mut G,
    /// Somebody is in `wait`.
    pub waiting: bool,
    /// `main` has ended.
    pub done: bool,
    /// Goroutines, including the root of a bubble (but not that of a test).
    pub total: i32,
    /// Those that are not durably blocked.
    pub running: i32,
    /// Other reasons why it must not count as blocked: a goroutine that is between two states.
    pub active: i32,
    /// gort's own: a test, with the real clock.
    pub real: bool,
    /// gort's own: the root is parked, and wants to be woken when something is to be decided.
    pub root_waits: bool,
    /// gort's own: a goroutine of it has panicked, or of a bubble in it.
    pub failed: bool,
    /// gort's own: how often `running` or `total` has changed.
    pub epoch: u64,
    /// gort's own: that in which the root has seen that all are asleep.
    pub quiet: u64,
    /// gort's own: the test that a bubble was made in.
    pub group: *mut SynctestBubble,
    /// gort's own: what `failed` is about; owned by the crate `gort`.
    pub report: *mut c_void,
    /// gort's own: next in the list of free ones, or of all tests.
    pub link: *mut SynctestBubble,
}

/// What the tracer knows of a resource in the generations that it may be writing. The logic is in
/// `traceruntime`.
///
/// Go: tracestatus.go:160 traceSchedResourceState
#[repr(C)]
#[derive(Default)]
pub struct TraceSchedResourceState {
    /// Whether its status has been written in generation `gen % 3`.
    pub status_traced: [Uint32; 3],
    /// Its sequence counters for generation `gen % 2`. Plain in Go: the one who moves the resource
    /// from one state to the next.
    pub seq: [Uint64; 2],
}

/// Go: traceruntime.go:15 gTraceState
pub type GTraceState = TraceSchedResourceState;

/// Go: traceruntime.go:26 mTraceState
#[repr(C)]
#[derive(Default)]
pub struct MTraceState {
    /// Odd while the M writes.
    pub seqlock: Uintptr,
    /// Its buffer for generation `gen % 2`: a `TraceBuf` of the crate `traceruntime`. Its own while
    /// `seqlock` is odd.
    pub buf: [*mut c_void; 2],
    /// Snapshot of `alllink` or `freelink`.
    pub link: *mut M,
}

/// Go: traceruntime.go:33 pTraceState
#[repr(C)]
#[derive(Default)]
pub struct PTraceState {
    /// Of the P.
    pub resource: TraceSchedResourceState,
    /// The M that is in a system call with it.
    pub m_syscall_id: i64,
    /// Unused: the sweeper.
    pub may_sweep: bool,
    /// Unused: the sweeper.
    pub in_sweep: bool,
    /// Unused: the sweeper.
    pub swept: usize,
    /// Unused: the sweeper.
    pub reclaimed: usize,
}

/// How often the scheduling latency of a G is measured.
///
/// Go: runtime2.go:536 gTrackingPeriod
pub const G_TRACKING_PERIOD: u8 = 8;

/// M done, free its stack and the reference.
///
/// Go: runtime2.go:547 freeMStack
pub const FREE_M_STACK: u32 = 0;
/// M done, free the reference only.
///
/// Go: runtime2.go:548 freeMRef
pub const FREE_M_REF: u32 = 1;
/// M still in use.
///
/// Go: runtime2.go:549 freeMWait
pub const FREE_M_WAIT: u32 = 2;

/// What a fatal error is about, and so how much it prints.
///
/// Go: panic.go:18 throwType
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum ThrowType {
    /// Not throwing.
    #[default]
    None = 0,
    /// The program's fault: no runtime frames, no system goroutines.
    User = 1,
    /// The runtime's fault: everything.
    Runtime = 2,
}

/// Contention on runtime locks, per M; only the time is kept.
///
/// Go: mprof.go:715 mLockProfile
#[repr(C)]
#[derive(Default)]
pub struct MLockProfile {
    /// Nanoseconds waited in `lock`.
    pub wait_time: Int64,
    /// Unused: the stack to charge.
    pub stack: Slice<usize>,
    /// Unused: the lock that is waited for.
    pub pending: usize,
    /// Unused: cycles of the stack.
    pub cycles: i64,
    /// Unused: cycles that no stack got.
    pub cycles_lost: i64,
    /// Unused: not to be recorded.
    pub disabled: bool,
}

/// The park callback of `gopark`: false means "do not park after all".
pub type UnlockF = unsafe fn(*mut G, *mut c_void) -> bool;

/// Go: signal_unix.go:1377 gsignalStack
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct GsignalStack {
    /// The previous stack bounds of gsignal.
    pub stack: Stack,
    /// Its guard.
    pub stackguard0: usize,
    /// Its guard.
    pub stackguard1: usize,
    /// Its top.
    pub stktopsp: usize,
}

/// The signal mask of a thread: Linux' 64 bits.
///
/// Go: os_linux_generic.go:20 sigset
pub type Sigset = u64;

/// Why an M's goroutine has to keep running there. One word, as `schedtrace` reads it on other
/// threads, and signal handlers on the M's own: of a `&str` they could meet the address of one text
/// with the length of another. In Go that is printed, or not (print ignores a fault).
#[repr(C)]
#[derive(Default)]
pub struct Preemptoff(core::sync::atomic::AtomicPtr<&'static str>, usize);

impl Preemptoff {
    /// Whether there is a reason. Inside of a Go program the two words are a string of Go's.
    #[cfg(gort_inside)]
    #[inline(always)]
    pub fn is_set(&self) -> bool {
        self.1 != 0
    }
    /// The text, which is Go's: address and length.
    #[cfg(gort_inside)]
    #[inline(always)]
    pub fn words(&self) -> (*const u8, usize) {
        (self.0.load(Ordering::Relaxed).cast(), self.1)
    }
    /// The reason; empty if there is none.
    #[cfg(not(gort_inside))]
    #[inline(always)]
    pub fn get(&self) -> &'static str {
        let p = self.0.load(Ordering::Relaxed);
        // SAFETY: nil, or what `set` was given.
        if p.is_null() { "" } else { unsafe { *p } }
    }
    /// Sets the reason.
    #[inline(always)]
    pub fn set(&self, reason: &'static &'static str) {
        self.0.store((&raw const *reason).cast_mut(), Ordering::Relaxed);
    }
    /// There is no reason any more.
    #[inline(always)]
    pub fn clear(&self) {
        self.0.store(core::ptr::null_mut(), Ordering::Relaxed);
    }
}

/// The operating system's part of an M.
///
/// Go: os_linux.go:20 mOS
#[repr(C)]
#[derive(Default)]
pub struct MOS {
    /// The profiler's timer.
    pub profile_timer: i32,
    /// Whether there is one.
    pub profile_timer_valid: Bool,
    /// Unused: a system call that every thread has to make.
    pub need_per_thread_syscall: Uint8,
}

/// The registers of a call into a system's library; other systems than Linux.
///
/// Go: runtime2.go:617 libcall
#[repr(C)]
#[derive(Default)]
#[allow(missing_docs)]
pub struct Libcall {
    pub fn_: usize,
    pub n: usize,
    pub args: usize,
    pub r1: usize,
    pub r2: usize,
    pub err: usize,
}

/// Room for a field of Go's that the native runtime has no use for: `N` words.
#[repr(C)]
pub struct Words<const N: usize>([usize; N]);

impl<const N: usize> Default for Words<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

/// What was found in a table by pc.
///
/// Go: symtab.go:940 pcvalueCacheEnt
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct PcvalueCacheEnt {
    /// The pc that was looked up; with `off` the key.
    pub targetpc: usize,
    /// The table, an offset of `pctab`.
    pub off: u32,
    /// The value there.
    pub val: i32,
    /// Where it begins.
    pub val_pc: usize,
}

/// Of an M. Signal handlers use it too: `in_use` keeps them out if they come in the middle.
///
/// Go: symtab.go:935 pcvalueCache
#[derive(Default)]
#[repr(C)]
pub struct PcvalueCache {
    /// Two sets by the pc, newest first.
    pub entries: [[PcvalueCacheEnt; 8]; 2],
    /// How many look at it, one inside of the other.
    pub in_use: isize,
}

/// A Go slice of which only the first word is used here, as a pointer to a `T`.
#[repr(C)]
pub struct SliceOf<T> {
    /// What stands in the place of the array.
    pub ptr: *mut T,
    rest: Words<2>,
}

impl<T> Default for SliceOf<T> {
    fn default() -> Self {
        Self { ptr: core::ptr::null_mut(), rest: Words::default() }
    }
}

/// A machine: an operating system thread.
///
/// The layout is Go's, field by field, up to Go's last ([`crate::layout`]). "Unused" are here what
/// serves Go's profiler and tracer, tracebacks of foreign code, and other systems; g is in a
/// thread-local of the linker's, not in `tls`.
///
/// Go: runtime2.go:552 m
#[repr(C)]
#[cfg_attr(not(gort_inside), repr(align(64)))]
#[derive(Default)]
pub struct M {
    /// The goroutine that the scheduler itself runs on.
    pub g0: *mut G,
    /// The state that `morestack` saves.
    pub morebuf: Gobuf,
    /// Unused: ARM's division.
    pub divmod: u32,
    /// Keeps `procid` at a multiple of 8.
    pub pad: u32,
    /// Thread id (gettid), for debuggers and signals.
    pub procid: Uint64,
    /// The goroutine that signal handlers run on.
    pub gsignal: *mut G,
    /// Signal stack allocated by the runtime.
    pub go_sig_stack: GsignalStack,
    /// Saved signal mask.
    pub sigmask: Sigset,
    /// Unused: see above.
    pub tls: [usize; 6],
    /// What the thread runs before it schedules.
    pub mstartfn: Option<unsafe fn()>,
    /// The goroutine that runs now.
    pub curg: Guintptr,
    /// The goroutine that ran when a fatal signal came.
    pub caughtsig: Guintptr,
    /// The attached P; nil if it does not run Go code.
    pub p: Puintptr,
    /// The P to take when woken.
    pub nextp: Puintptr,
    /// The P it had before the system call.
    pub oldp: Puintptr,
    /// Its number.
    pub id: i64,
    /// In the allocator.
    pub mallocing: i32,
    /// A fatal error is being reported.
    pub throwing: ThrowType,
    /// If not empty, curg must keep running here.
    pub preemptoff: Preemptoff,
    /// Locks held, and other reasons not to be preempted.
    pub locks: Int32,
    /// Depth of dying.
    pub dying: i32,
    /// CPU profiling rate.
    pub profilehz: i32,
    /// Out of work and looking for it.
    pub spinning: Bool,
    /// Blocked on a note.
    pub blocked: Bool,
    /// `minit` called sigaltstack on a foreign thread.
    pub new_sigstack: bool,
    /// Depth of `printlock`.
    pub printlock: i8,
    /// Running foreign code.
    pub incgo: bool,
    /// One of the extra Ms for foreign threads.
    pub isextra: bool,
    /// An extra M that does not run Go code now.
    pub is_extra_in_c: bool,
    /// An extra M in a signal handler.
    pub is_extra_in_sig: bool,
    /// Whether it may be freed: one of the FREE_M constants.
    pub free_wait: Uint32,
    /// Needs another extra M to be made.
    pub needextram: bool,
    /// Traceback level that a fatal signal asked for.
    pub traceback: u8,
    /// Foreign calls so far.
    pub ncgocall: Uint64,
    /// Foreign calls in progress.
    pub ncgo: i32,
    /// Unused: `cgo_callers` is in use.
    pub cgo_callers_use: Uint32,
    /// Unused: tracebacks of foreign code.
    pub cgo_callers: *mut c_void,
    /// What it sleeps on.
    pub park: Note,
    /// Next in allm.
    pub alllink: Pointer<M>,
    /// Next in an idle list.
    pub schedlink: Muintptr,
    /// The goroutine locked to it.
    pub lockedg: Guintptr,
    /// Unused: the stack that made the thread.
    pub createstack: [usize; 32],
    /// `LockOSThread` calls by the program.
    pub locked_ext: u32,
    /// `lockOSThread` calls by the runtime.
    pub locked_int: u32,
    /// Next M waiting for a lock.
    pub nextwaitm: Muintptr,
    /// Contention on runtime locks.
    pub m_lock_profile: MLockProfile,
    /// Unused: stacks of the profiles.
    pub prof_stack: Slice<usize>,
    /// `gopark`'s callback, for `park_m`.
    pub waitunlockf: Option<UnlockF>,
    /// Its argument.
    pub waitlock: *mut c_void,
    /// Unused: the tracer's.
    pub wait_trace_skip: isize,
    /// Unused: the tracer's.
    pub wait_trace_block_reason: u8,
    /// System calls; must not wrap the P's view of them.
    pub syscalltick: Uint32,
    /// Next in `sched.freem`.
    pub freelink: *mut M,
    /// The tracer's.
    pub trace: MTraceState,
    /// Unused: other systems.
    pub libcall: Libcall,
    /// Unused: other systems.
    pub libcallpc: usize,
    /// Unused: other systems.
    pub libcallsp: usize,
    /// Unused: other systems.
    pub libcallg: Guintptr,
    /// Unused: Windows.
    pub winsyscall: Words<0>,
    /// Unused: sp in a call of the vDSO.
    pub vdso_sp: usize,
    /// Unused: pc in a call of the vDSO.
    pub vdso_pc: usize,
    /// Counts completed preemptions.
    pub preempt_gen: Uint32,
    /// A preemption signal is on its way.
    pub signal_pending: Uint32,
    /// What has been looked up in the tables of managed code.
    pub pcvalue_cache: PcvalueCache,
    /// Unused: the debug log.
    pub dlog_per_m: Words<0>,
    /// Operating system part.
    pub os: MOS,
    /// State of `rand`.
    pub chacha8: ChaCha8State,
    /// State of `cheaprand`.
    pub cheaprand: u64,
    /// How many of `locks_held` are in use.
    pub locks_held_len: isize,
    /// Held runtime locks, debug builds.
    pub locks_held: [HeldLockInfo; 10],
    // Behind Go's last field: gort's own.
    /// Locks that are not listed, all of channels (a select of many).
    #[cfg(not(gort_inside))]
    pub locks_unlisted: i32,
    /// How many of `locked_int` are for goroutines that unwind.
    #[cfg(not(gort_inside))]
    pub locked_unwind: u32,
    /// What the C++ runtime, if the program has one, keeps for this thread; nil if not. gort's own.
    #[cfg(not(gort_inside))]
    pub eh_globals: *mut EhGlobals,
    /// `pthread_t` of the thread, for `pthread_kill` and debuggers; 0 before it runs.
    #[cfg(not(gort_inside))]
    pub pthread: Uint64,
    /// What the tracer's walks know of places; nil before the first one, kept when the M is used
    /// again. gort's own.
    #[cfg(not(gort_inside))]
    pub walk_rows: *mut c_void,
}

// Who adds a field looks at `recycle` as well.
#[cfg(not(any(loom, gort_inside)))]
const _: () = assert!(size_of::<M>() == 1792);
// Inside a Go program they are Go's, to the byte.
#[cfg(gort_inside)]
const _: () = assert!(size_of::<G>() == 432 && size_of::<M>() == 1760 && size_of::<P>() == 8944);

#[cfg(not(gort_inside))]
impl M {
    /// Makes an M whose thread has ended as good as new. gort's own: Go's allocator clears memory.
    /// `preempt_gen` goes on, so that no count of it is met twice; `mrandinit` sets the random
    /// generators.
    ///
    /// # Safety
    /// The M is the caller's. Others may read its atomics: who took it for the M that it was.
    pub unsafe fn recycle(mp: *mut Self) {
        // SAFETY: fields that are no atomics are the caller's alone.
        unsafe {
            (*mp).g0 = core::ptr::null_mut();
            (*mp).morebuf = Gobuf::default();
            (*mp).procid.store(0);
            (*mp).gsignal = core::ptr::null_mut();
            (*mp).go_sig_stack = GsignalStack::default();
            (*mp).sigmask = 0;
            (*mp).mstartfn = None;
            (*mp).curg.set(core::ptr::null_mut());
            (*mp).caughtsig.set(core::ptr::null_mut());
            (*mp).p.set(core::ptr::null_mut());
            (*mp).nextp.set(core::ptr::null_mut());
            (*mp).oldp.set(core::ptr::null_mut());
            (*mp).id = 0;
            (*mp).mallocing = 0;
            (*mp).throwing = ThrowType::default();
            (*mp).preemptoff.clear();
            (*mp).locks.store(0);
            (*mp).dying = 0;
            (*mp).profilehz = 0;
            (*mp).spinning.set(false);
            (*mp).blocked.set(false);
            (*mp).new_sigstack = false;
            (*mp).printlock = 0;
            (*mp).incgo = false;
            (*mp).isextra = false;
            (*mp).is_extra_in_c = false;
            (*mp).is_extra_in_sig = false;
            (*mp).free_wait.store(0);
            (*mp).needextram = false;
            (*mp).traceback = 0;
            (*mp).ncgocall.store(0);
            (*mp).ncgo = 0;
            (*mp).park.key.store(0);
            (*mp).alllink.set(core::ptr::null_mut());
            (*mp).schedlink.set(core::ptr::null_mut());
            (*mp).lockedg.set(core::ptr::null_mut());
            (*mp).locked_ext = 0;
            (*mp).locked_int = 0;
            (*mp).locked_unwind = 0;
            (*mp).nextwaitm.set(core::ptr::null_mut());
            (*mp).m_lock_profile.wait_time.store(0);
            (*mp).waitunlockf = None;
            (*mp).waitlock = core::ptr::null_mut();
            (*mp).eh_globals = core::ptr::null_mut();
            (*mp).syscalltick.store(0);
            (*mp).freelink = core::ptr::null_mut();
            (*mp).signal_pending.store(0);
            (*mp).pthread.store(0);
            (*mp).locks_held_len = 0;
            (*mp).locks_unlisted = 0;
        }
    }
}

/// State of one ChaCha8 generator. The logic is in the `rand` crate.
///
/// Go (internal/chacha8rand): chacha8.go:27 State
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct ChaCha8State {
    /// Values of the current block.
    pub buf: [u64; 32],
    /// The key.
    pub seed: [u64; 4],
    /// The next value to give out.
    pub i: u32,
    /// How many of `buf` may be given out.
    pub n: u32,
    /// Block counter.
    pub c: u32,
}

/// A local run queue's ring of 256.
#[repr(C)]
pub struct RunqArray(pub [Guintptr; RUNQ_LEN]);

/// Slots of a local run queue: 256, as in Go; few under loom so that models reach the overflow.
pub const RUNQ_LEN: usize = if cfg!(loom) { 4 } else { 256 };

impl Default for RunqArray {
    fn default() -> Self {
        Self(core::array::from_fn(|_| Guintptr::default()))
    }
}

/// A stack of at most `N` pointers in place: Go's `x []*T` over `xbuf [N]*T`. Only the length of
/// the slice is used, as it always begins with the buffer.
#[repr(C)]
pub struct PtrBuf<T, const N: usize> {
    array: usize,
    /// How many are in use.
    pub len: usize,
    cap: usize,
    /// The slots; those from `len` on are meaningless.
    pub buf: [*mut T; N],
}

impl<T, const N: usize> Default for PtrBuf<T, N> {
    fn default() -> Self {
        Self { array: 0, len: 0, cap: 0, buf: [core::ptr::null_mut(); N] }
    }
}

impl<T, const N: usize> PtrBuf<T, N> {
    /// `cap(s)`
    pub const CAP: usize = N;
    /// Appends.
    ///
    /// # Panics
    /// If it is full.
    #[inline(always)]
    pub fn push(&mut self, p: *mut T) {
        self.buf[self.len] = p;
        self.len += 1;
    }
    /// Takes the last one; nil if there is none.
    #[inline(always)]
    pub fn pop(&mut self) -> *mut T {
        if self.len == 0 {
            return core::ptr::null_mut();
        }
        self.len -= 1;
        core::mem::replace(&mut self.buf[self.len], core::ptr::null_mut())
    }
}

/// Dead Gs of one P.
///
/// Go: runtime2.go:687 gFree
#[repr(C)]
#[derive(Default)]
pub struct PGFree {
    /// The list.
    pub list: GList,
    /// Its length.
    pub n: Int32,
}

/// A counter of gort's own.
#[cfg(not(gort_inside))]
pub type Own<T> = T;
/// A counter of gort's own, for which Go's P has no room: it counts nothing.
#[cfg(gort_inside)]
#[repr(C)]
#[derive(Default)]
pub struct Own<T>([T; 0]);

#[cfg(gort_inside)]
#[allow(missing_docs)]
impl<T> Own<T> {
    #[inline(always)]
    pub fn bump<V>(&self, _: V) {}
}

/// What a P has done, for `gort run --stats`, summaries and metrics. gort's own: Go has no such
/// counters. Written by the owner without read-modify-write, read by anyone.
#[repr(C)]
#[derive(Default)]
#[allow(missing_docs)]
pub struct PStats {
    pub gocreate: Own<Uint64>,
    pub goexit: Own<Uint64>,
    pub execute: Own<Uint64>,
    pub park: Own<Uint64>,
    pub gosched: Own<Uint64>,
    pub preempt: Own<Uint64>,
    pub steal_tries: Own<Uint64>,
    pub steals: Own<Uint64>,
    pub stolen: Own<Uint64>,
    pub steal_runnext: Own<Uint64>,
    pub global_polls: Own<Uint64>,
    pub netpolls: Own<Uint64>,
    pub handoffs: Own<Uint64>,
    pub syscalls: Own<Uint64>,
    pub spins: Own<Uint64>,
    pub timers_run: Own<Uint64>,
}

/// A processor: the right to run Go code, with the queues and caches that go with it.
///
/// Type-stable and aligned so that two Ps never share a cache line.
///
/// The layout is Go's, field by field, up to Go's last ([`crate::layout`]). "Unused" are here what
/// serves Go's allocator, collector, race detector and tracer, and its defers.
///
/// Go: runtime2.go:649 p
#[repr(C)]
#[cfg_attr(not(gort_inside), repr(align(128)))]
#[derive(Default)]
pub struct P {
    /// Its index in allp.
    pub id: i32,
    /// PIDLE, PRUNNING, ...
    pub status: Uint32,
    /// Next in the idle list.
    pub link: Puintptr,
    /// Goes up at every scheduler round that does not inherit its time slice.
    pub schedtick: Uint32,
    /// Goes up at every system call.
    pub syscalltick: Uint32,
    /// What sysmon saw last.
    pub sysmontick: Sysmontick,
    /// The M it is wired to; nil if idle.
    pub m: Muintptr,
    /// Unused: the allocator (its `stackcache` is below).
    pub mcache: *mut c_void,
    /// Unused: the allocator.
    pub pcache: Words<3>,
    /// Unused: no race detector.
    pub raceprocctx: usize,
    /// Unused: free defers.
    pub deferpool: PtrBuf<c_void, 32>,
    /// Ids reserved from `sched.goidgen`: [`goidcache`, `goidcacheend`).
    pub goidcache: u64,
    /// End of the reserved ids.
    pub goidcacheend: u64,
    /// Consumer's end of the run queue.
    pub runqhead: Uint32,
    /// Producer's end of the run queue.
    pub runqtail: Uint32,
    /// The run queue.
    pub runq: RunqArray,
    /// Runs before the queue, and on the current time slice: the G that the running G just readied.
    pub runnext: Guintptr,
    /// Dead Gs.
    pub g_free: PGFree,
    /// Free sudogs.
    pub sudogcache: PtrBuf<Sudog, 128>,
    /// Unused: the allocator.
    pub mspancache: Words<129>,
    /// Unused: pinned objects.
    pub pinner_cache: usize,
    /// The tracer's.
    pub trace: PTraceState,
    /// Unused: the allocator.
    pub palloc: Words<2>,
    /// Unused: the collector.
    pub gc_assist_time: i64,
    /// Unused: the collector.
    pub gc_fractional_mark_time: i64,
    /// What it spends time on that is not the program's: here only being idle.
    pub limiter_event: LimiterEvent,
    /// Unused: the collector.
    pub gc_mark_worker_mode: isize,
    /// Unused: the collector.
    pub gc_mark_worker_start_time: i64,
    /// Unused: the collector.
    pub gcw: Words<5>,
    /// Unused: the write barrier.
    pub wb_buf: Words<514>,
    /// If 1, run `sched.safe_point_fn` at the next safe point.
    pub run_safe_point_fn: Uint32,
    /// Unused: statistics of the allocator.
    pub stats_seq: Uint32,
    /// Its timers.
    pub timers: Timers,
    /// Unused: the collector.
    pub max_stack_scan_delta: i64,
    /// Unused: the collector.
    pub scanned_stack_size: u64,
    /// Unused: the collector.
    pub scanned_stacks: u64,
    /// Should enter the scheduler as soon as possible, whatever G runs.
    pub preempt: Bool,
    /// When it stopped for a stop of the world.
    pub gc_stop_time: i64,
    // Behind Go's last field: gort's own.
    /// Free stacks by pool (native, managed) and order, Go's `mcache.stackcache`.
    ///
    /// Go: mcache.go:47 stackcache
    #[cfg(not(gort_inside))]
    pub stackcache: [[StackFreeList; NUM_STACK_ORDERS]; NUM_STACK_POOLS],
    /// Nanoseconds that it has been idle, up to its last idle time that has ended. For metrics.
    pub idle: Own<Int64>,
    /// Counters.
    pub stats: PStats,
    /// Dead Gs of managed code, as `g_free`. gort's own.
    #[cfg(not(gort_inside))]
    pub m_free: PGFree,
}

/// An event of a P whose duration is measured: kind in the top three bits, start time in the
/// others. The logic is in `proc::mgclimit`.
///
/// Go: mgclimit.go:395 limiterEvent
#[repr(C)]
#[derive(Default)]
pub struct LimiterEvent {
    /// 0 if there is none.
    pub stamp: Uint64,
}

/// Pools of stacks: for native and segmented code, whose stacks have guards and stay where they
/// are, and for managed code.
pub const NUM_STACK_POOLS: usize = 2;

/// Orders of pooled stacks: `FIXED_STACK << 0 ..= << 3`.
///
/// Go: malloc.go:147 _NumStackOrders
pub const NUM_STACK_ORDERS: usize = 4;

/// A list of free stacks: of managed code, linked through their own first words; native ones
/// outside of them, in their span.
///
/// Go: mcache.go:77 stackfreelist
#[repr(C)]
#[derive(Default)]
pub struct StackFreeList {
    /// The first one.
    pub list: usize,
    /// Bytes in the list.
    pub size: usize,
}

/// What sysmon remembers of a P.
///
/// Go: proc.go:6190 sysmontick
#[repr(C)]
#[derive(Default)]
pub struct Sysmontick {
    /// `schedtick` then.
    pub schedtick: Uint32,
    /// `syscalltick` then.
    pub syscalltick: Uint32,
    /// When `schedtick` changed last.
    pub schedwhen: Int64,
    /// When `syscalltick` changed last.
    pub syscallwhen: Int64,
}

/// Go: runtime2.go:817 gFree
#[repr(C)]
#[derive(Default)]
pub struct SchedGFree {
    /// Guards the lists.
    pub lock: Mutex,
    /// Gs with stacks.
    pub stack: GList,
    /// Gs without.
    pub no_stack: GList,
    /// Their number; read without the lock by `gcount`.
    pub n: Int32,
}

/// Go: runtime2.go:809 disable
#[repr(C)]
#[derive(Default)]
pub struct SchedDisable {
    /// User goroutines must not run.
    pub user: Bool,
    /// Those that became runnable meanwhile.
    pub runnable: GQueue,
    /// Their number.
    pub n: i32,
}

/// The scheduler's global state.
///
/// The layout is Go's ([`crate::layout`]).
///
/// Go: runtime2.go:775 schedt
#[repr(C)]
#[cfg_attr(not(gort_inside), repr(align(128)))]
#[derive(Default)]
pub struct Schedt {
    /// Last goroutine id given to a P's cache.
    pub goidgen: Uint64,
    /// When the network was polled last; 0 while somebody polls.
    pub lastpoll: Int64,
    /// Until when the current poll sleeps.
    pub poll_until: Int64,
    /// Guards what follows, unless said otherwise.
    pub lock: Mutex,
    /// Idle Ms.
    pub midle: Muintptr,
    /// Their number.
    pub nmidle: Int32,
    /// Locked Ms that wait for work.
    pub nmidlelocked: Int32,
    /// Ms made so far, and the next M's id.
    pub mnext: Int64,
    /// More Ms than this are fatal.
    pub maxmcount: Int32,
    /// System Ms that deadlock detection leaves out.
    pub nmsys: Int32,
    /// Ms that have ended.
    pub nmfreed: Int64,
    /// System goroutines.
    pub ngsys: Int32,
    /// Idle Ps.
    pub pidle: Puintptr,
    /// Their number.
    pub npidle: Int32,
    /// Spinning Ms.
    pub nmspinning: Int32,
    /// 1: the next M that finds work on a P with more must become spinning (delicate dance).
    pub needspinning: Uint32,
    /// The global run queue.
    pub runq: GQueue,
    /// Its length.
    pub runqsize: Int32,
    /// Selective disabling of user goroutines.
    pub disable: SchedDisable,
    /// Global cache of dead Gs.
    pub g_free: SchedGFree,
    /// Guards `sudogcache`.
    pub sudoglock: Mutex,
    /// Central cache of sudogs.
    pub sudogcache: *mut Sudog,
    /// Guards the pool of defers.
    pub deferlock: Mutex,
    /// Unused: free defers.
    pub deferpool: *mut c_void,
    /// Ms that wait to be freed.
    pub freem: Pointer<M>,
    /// A stop of the world is wanted.
    pub gcwaiting: Bool,
    /// Ps still to stop.
    pub stopwait: Int32,
    /// Woken when none is left.
    pub stopnote: Note,
    /// sysmon sleeps deeply.
    pub sysmonwait: Bool,
    /// Wakes it.
    pub sysmonnote: Note,
    /// What `for_each_p` wants run.
    pub safe_point_fn: Pointer<SafePointFn>,
    /// Ps still to run it.
    pub safe_point_wait: Int32,
    /// Woken when none is left.
    pub safe_point_note: Note,
    /// CPU profiling rate; unused.
    pub profilehz: i32,
    /// When gomaxprocs changed last.
    pub procresizetime: i64,
    /// Integral of gomaxprocs over time until then.
    pub totaltime: i64,
    /// Held by sysmon while it works; taking it keeps sysmon away.
    pub sysmonlock: Mutex,
    /// Latency from runnable to running.
    pub time_to_run: TimeHistogram,
    /// Idle time of Ps, ns.
    pub idle_time: Int64,
    /// Goroutine time spent waiting for `sync` mutexes, ns.
    pub total_mutex_wait_time: Int64,
    /// Time to stop the world, by the collector.
    pub stw_stopping_time_gc: TimeHistogram,
    /// Time to stop the world, others.
    pub stw_stopping_time_other: TimeHistogram,
    /// Time the world was stopped, by the collector.
    pub stw_total_time_gc: TimeHistogram,
    /// Time the world was stopped, others.
    pub stw_total_time_other: TimeHistogram,
    /// Time waited for runtime locks by Ms that have ended, ns.
    pub total_runtime_lock_wait_time: Int64,
    // Behind Go's last field: gort's own.
    /// Dead Gs of managed code, as `g_free`. gort's own.
    #[cfg(not(gort_inside))]
    pub m_free: SchedGFree,
}

/// The closure of a `for_each_p` in progress, on the caller's stack.
pub struct SafePointFn {
    /// Called with [`Self::ctx`] and the P.
    pub call: unsafe fn(*mut c_void, *mut P),
    /// The closure's data.
    pub ctx: *mut c_void,
}

/// A dequeue of Gs through `schedlink`; a G is in one list at most.
///
/// Go: proc.go:6961 gQueue
#[repr(C)]
#[derive(Default)]
pub struct GQueue {
    /// Where `pop` takes.
    pub head: Guintptr,
    /// Where `push_back` adds.
    pub tail: Guintptr,
}

/// A stack of Gs through `schedlink`.
///
/// Go: proc.go:7028 gList
#[repr(C)]
#[derive(Default)]
pub struct GList {
    /// The top.
    pub head: Guintptr,
}

/// One bit per P.
///
/// Go: proc.go:6557 pMask
pub type PMask = Slice<Uint32>;

/// A node of a lock-free stack.
///
/// Go: runtime2.go:973 lfnode
#[repr(C)]
#[derive(Default)]
pub struct Lfnode {
    /// Packed pointer and count of the next node.
    pub next: Uint64,
    /// How often this node was pushed: defeats ABA.
    pub pushcnt: Uintptr,
}

/// The helper goroutine that would force collections.
///
/// Go: runtime2.go:978 forcegcstate
#[repr(C)]
#[derive(Default)]
pub struct Forcegcstate {
    /// Guards the rest.
    pub lock: Mutex,
    /// The helper.
    pub g: Guintptr,
    /// It is parked.
    pub idle: Bool,
}

/// A timer's function: argument, sequence number, delay in ns.
pub type TimerFn = unsafe fn(arg: *mut c_void, seq: usize, delay: i64);

/// A timer.
///
/// Memory: Go's collector frees timers. Here a timer is owned by whoever made it and, while it
/// stands in a heap, by that heap as well: `heap_ref` takes a reference when it is added and drops
/// it when it leaves.
///
/// Go: time.go:25 timer
#[repr(C)]
#[derive(Default)]
pub struct Timer {
    /// Guards all but the noted exceptions.
    pub mu: Mutex,
    /// Copy of `state` at the last unlock.
    pub astate: Uint8,
    /// TIMER_HEAPED and its kin.
    pub state: u8,
    /// Feeds a channel; never changes.
    pub is_chan: bool,
    /// On the clock of the bubble `bubble`. Of Go 1.25.
    ///
    /// Go 1.25: time.go line 54 isFake
    pub is_fake: bool,
    /// Goroutines blocked on the channel.
    pub blocked: u32,
    /// Fires at this time (nanotime), then every `period`.
    pub when: i64,
    /// 0: once.
    pub period: i64,
    /// What to call.
    pub f: Option<TimerFn>,
    /// First argument. In Go an interface, of two words.
    pub arg: *mut c_void,
    /// The second of them.
    pub arg_data: usize,
    /// Second argument.
    pub seq: usize,
    /// The timers it is in, or nil.
    pub ts: *mut Timers,
    /// Orders sends on the channel.
    pub send_lock: Mutex,
    /// gort's own: called with true when a heap starts, with false when it ceases to hold the
    /// timer.
    pub heap_ref: Option<unsafe fn(*mut Timer, bool)>,
    /// gort's own: the number of the bubble or test that it was made in; 0: none.
    pub bubble: u32,
}

/// The timers of one P, in a 4-ary heap.
///
/// Go: time.go:84 timers
#[repr(C)]
#[derive(Default)]
pub struct Timers {
    /// Guards the heap.
    pub mu: Mutex,
    /// The heap.
    pub heap: UnsafeCell<Vec<TimerWhen>>,
    /// Copy of its length.
    pub len: Uint32,
    /// Timers in it that are marked for removal.
    pub zombies: Int32,
    /// gort's own, in the place of the race detector's `raceCtx`: timers that have left the heap
    /// and whose `heap_ref` is yet to be told; nil until there has been one. Under `mu`.
    pub released: UnsafeCell<*mut Vec<*mut Timer>>,
    /// `heap[0].when`, 0 if it is empty.
    pub min_when_heap: Int64,
    /// Lower bound of `when` over modified timers, 0 if there are none.
    pub min_when_modified: Int64,
}

/// Go: time.go:115 timerWhen
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TimerWhen {
    /// The timer.
    pub timer: *mut Timer,
    /// Its time as the heap knows it.
    pub when: i64,
}

/// Go: chan.go:55 waitq
#[repr(C)]
#[derive(Default)]
pub struct Waitq {
    /// First in line; looked at without the lock by non-blocking operations.
    pub first: Pointer<Sudog>,
    /// Last in line.
    pub last: *mut Sudog,
}

/// The element type of a channel, as far as moving it goes. Dropping is the typed layer's business.
///
/// Go: type.go:18 _type
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElemType {
    /// Bytes.
    pub size: usize,
    /// Alignment.
    pub align: usize,
}

/// A channel.
///
/// Go: chan.go:33 hchan
#[repr(C)]
pub struct Hchan {
    /// Elements in the buffer. First two words: compiled Go reads `len` and `cap` here.
    pub qcount: Uintptr,
    /// Slots of the buffer.
    pub dataqsiz: usize,
    /// The buffer.
    pub buf: *mut u8,
    /// Size of an element.
    pub elemsize: usize,
    /// 1 once closed.
    pub closed: Uint32,
    /// The number of the bubble that it was made in; 0: none. Of Go 1.25, where it is a pointer.
    ///
    /// Go 1.25: chan.go line 46 bubble
    pub bubble: u32,
    /// The timer that feeds it, or nil.
    pub timer: *mut Timer,
    /// Its element type.
    pub elemtype: ElemType,
    /// Where the next send goes.
    pub sendx: usize,
    /// Where the next receive takes.
    pub recvx: usize,
    /// Waiting receivers.
    pub recvq: Waitq,
    /// Waiting senders.
    pub sendq: Waitq,
    /// Guards all of it, and fields of the sudogs that wait here.
    pub lock: Mutex,
    /// gort's own: handles on it in the typed layer.
    pub refs: Uintptr,
    /// gort's own: futures that wait for it; the typed layer's. Nil until the first one does.
    pub waiters: *mut c_void,
}

/// A coroutine: always has one goroutine blocked in it.
///
/// Go: coro.go:24 coro
#[repr(C)]
#[derive(Default)]
pub struct Coro {
    /// The blocked goroutine.
    pub gp: Guintptr,
    /// What the coroutine runs, and its data.
    pub f: Option<unsafe fn(*mut Coro)>,
    /// The M its creator was locked to.
    pub mp: *mut M,
    /// Its external lock count then.
    pub locked_ext: u32,
    /// Its internal lock count then.
    pub locked_int: u32,
    /// gort's own: data for `f`.
    pub arg: *mut c_void,
}

/// Go: histogram.go:65 timeHistMinBucketBits
pub const TIME_HIST_MIN_BUCKET_BITS: u32 = 9;
/// Go: histogram.go:66 timeHistMaxBucketBits
pub const TIME_HIST_MAX_BUCKET_BITS: u32 = if cfg!(loom) { 9 } else { 48 };
/// Go: histogram.go:67 timeHistSubBucketBits
pub const TIME_HIST_SUB_BUCKET_BITS: u32 = 2;
/// Go: histogram.go:68 timeHistNumSubBuckets
pub const TIME_HIST_NUM_SUB_BUCKETS: usize = 1 << TIME_HIST_SUB_BUCKET_BITS;
/// Go: histogram.go:69 timeHistNumBuckets
pub const TIME_HIST_NUM_BUCKETS: usize =
    (TIME_HIST_MAX_BUCKET_BITS - TIME_HIST_MIN_BUCKET_BITS + 1) as usize;
/// Go: histogram.go:71 timeHistTotalBuckets
pub const TIME_HIST_TOTAL_BUCKETS: usize = TIME_HIST_NUM_BUCKETS * TIME_HIST_NUM_SUB_BUCKETS + 2;

/// Durations in power-of-two buckets of four linear sub-buckets. The logic is in the `histogram`
/// crate.
///
/// Go: histogram.go:84 timeHistogram
#[repr(C)]
pub struct TimeHistogram {
    /// Counts per sub-bucket.
    pub counts: [Uint64; TIME_HIST_NUM_BUCKETS * TIME_HIST_NUM_SUB_BUCKETS],
    /// Negative durations.
    pub underflow: Uint64,
    /// Durations beyond the last bucket.
    pub overflow: Uint64,
}

impl Default for TimeHistogram {
    fn default() -> Self {
        Self {
            counts: core::array::from_fn(|_| Uint64::default()),
            underflow: Uint64::default(),
            overflow: Uint64::default(),
        }
    }
}
