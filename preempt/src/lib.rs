//! Go's preempt.go: goroutine suspension and preemption points.
//!
//! # Which code may be interrupted
//! Go asks its function table whether a pc is Go code, outside package runtime, and at a safe
//! point. gort has no such table: it asks its own list of *registered text ranges*
//! ([`register_text_range`]): compiled Go, code of a language with its own compiler; and Rust code
//! inside a [`scope()`]. Any other code may hold a lock of the C library or of std, and a goroutine
//! that is switched out inside it would stop the next one that wants the lock, so it is preempted
//! at its calls into the runtime only.

pub mod scope;

pub use scope::scope;

use core::ptr::null_mut;
use gort_asm::{
    ASYNC_PREEMPT_FRAME, async_preempt_init, getg, in_async_preempt, mcall, procyield, xsave_size,
};
use gort_os_linux::{nanotime, osyield, syscall6};
use gort_proc::{
    cas_g_from_preempted, casfrom_gscanstatus, castogscanstatus, dumpgstatus, readgstatus, ready,
};
use gort_runtime1::DEBUG;
use gort_runtime2::atomic::{Pointer, Uintptr};
use gort_runtime2::linkname::{gopreempt_m, preempt_m, preempt_park, throw};
use gort_runtime2::{
    G, GCOPYSTACK, GDEAD, GPREEMPTED, GRUNNABLE, GRUNNING, GSCAN, GSCANRUNNABLE, GSCANRUNNING,
    GSCANSYSCALL, GSCANWAITING, GSYSCALL, GWAITING, M, PRUNNING, STACK_PREEMPT, Stack, StackKind,
};
use gort_stack::{STACK_GUARD, guard_size};

/// What [`suspend_g`] did, for [`resume_g`].
///
/// Go: preempt.go:61 suspendGState
#[doc(alias = "suspendGState")]
#[derive(Clone, Copy, Debug)]
pub struct SuspendGState {
    /// The goroutine.
    pub g: *mut G,
    /// It was dead and so was not suspended; by now it may be in use again.
    pub dead: bool,
    /// The state that it is held in, [`GDEAD`] if it has ended. gort's own: while it is held, who
    /// wants to change the state has stored the next one already, maybe, and waits
    /// (`gort_proc::status`), so `readgstatus` does not say.
    pub status: u32,
    /// It stopped itself on request, so whoever suspended it must make it runnable again.
    pub stopped: bool,
}

/// Brings `gp` to a safe point and holds it there by its scan bit until [`resume_g`]. Several
/// callers may try at the same time; they get their turn one after the other.
///
/// # Safety
/// On the system stack; the goroutine of this M, if there is one, must not be running in the sense
/// of its status, or two that suspend each other would wait for ever. `gp` is a G of this runtime.
///
/// Go: preempt.go:105 suspendG
#[doc(alias = "suspendG")]
pub unsafe fn suspend_g(gp: *mut G) -> SuspendGState {
    // SAFETY: plain fields of `gp` are written under its scan bit only; those that are read without
    // it are read as volatile, as a hint that is checked again under the bit.
    unsafe {
        // :106
        let mp = (*getg()).m;
        let curg = (*mp).curg.ptr();
        if !curg.is_null() && readgstatus(curg) == GRUNNING {
            throw("suspendG from non-preemptible goroutine");
        }

        // :114
        const YIELD_DELAY: i64 = 10 * 1000;
        let mut next_yield = 0i64;

        // :118
        let mut async_m: *mut M = null_mut();
        let mut async_gen = 0u32;
        let mut next_preempt_m = 0i64;
        let mut i = 0u64; // :122
        loop {
            let s = readgstatus(gp); // :123
            match s {
                // :145 its stack moves: wait.
                GCOPYSTACK => {}

                GDEAD | GPREEMPTED | GRUNNABLE | GSYSCALL | GWAITING => {
                    if let Some(state) = suspend_if_stopped(gp) {
                        return state;
                    }
                }

                GRUNNING => 'case: {
                    // :195 the request of the last round still stands.
                    if (&raw const (*gp).preempt_stop).read_volatile()
                        && (*gp).preempt.get()
                        && (*gp).stackguard0.get() == STACK_PREEMPT
                        && !async_m.is_null()
                        && async_m == (&raw const (*gp).m).read_volatile()
                        && (*async_m).preempt_gen.load() == async_gen
                    {
                        break 'case;
                    }
                    // :200
                    if !castogscanstatus(gp, GRUNNING, GSCANRUNNING) {
                        break 'case;
                    }
                    // :205
                    (*gp).preempt_stop = true;
                    (*gp).preempt.set(true);
                    (*gp).stackguard0.set(STACK_PREEMPT);

                    // :210
                    let async_m2 = (*gp).m;
                    let async_gen2 = (*async_m2).preempt_gen.load();
                    let need_async = async_m != async_m2 || async_gen != async_gen2;
                    async_m = async_m2;
                    async_gen = async_gen2;

                    casfrom_gscanstatus(gp, GSCANRUNNING, GRUNNING); // :216

                    // :223
                    if DEBUG.asyncpreemptoff.get() == 0 && need_async {
                        let now = nanotime(); // :229
                        if now >= next_preempt_m {
                            next_preempt_m = now + YIELD_DELAY / 2;
                            preempt_m(async_m);
                        }
                    }
                }

                // :124 first in Go's order
                _ => {
                    // :125 somebody else holds it: wait.
                    if s & GSCAN == 0 {
                        dumpgstatus(gp); // :134
                        throw("invalid g status");
                    }
                }
            }

            // :244
            if i == 0 {
                next_yield = nanotime() + YIELD_DELAY;
            }
            if nanotime() < next_yield {
                procyield(10); // :248
            } else {
                osyield();
                next_yield = nanotime() + YIELD_DELAY / 2;
            }
            i += 1;
        }
    }
}

/// Suspends `gp` as [`suspend_g`] does if it does not run. `None` if it does, or just began to, or
/// somebody else holds it: it was not asked to stop.
///
/// # Safety
/// On the system stack; `gp` is a G of this runtime.
///
/// Go: preempt.go:105 suspendG
#[doc(alias = "suspendG")]
pub unsafe fn suspend_if_stopped(gp: *mut G) -> Option<SuspendGState> {
    // SAFETY: as in suspend_g.
    unsafe {
        let mut s = readgstatus(gp);
        let stopped = s == GPREEMPTED;
        match s {
            // :137
            GDEAD => {
                return Some(SuspendGState {
                    g: null_mut(),
                    dead: true,
                    status: GDEAD,
                    stopped: false,
                });
            }
            // :149
            GPREEMPTED => {
                // :153
                if !cas_g_from_preempted(gp, GPREEMPTED, GWAITING) {
                    return None;
                }
                // :158
                s = GWAITING;
            }
            // :163
            GRUNNABLE | GSYSCALL | GWAITING => {}
            _ => return None,
        }
        // :167
        while !castogscanstatus(gp, s, s | GSCAN) {
            // gort: it waits for this one only, who has to make it runnable again, be it held by
            // another one for a while
            if !stopped {
                return None;
            }
            osyield();
        }
        // :174
        (*gp).preempt_stop = false;
        (*gp).preempt.set(false);
        // gort: in a system call it is not a request, but says that there is no P (reentersyscall)
        if s != GSYSCALL {
            (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
        }
        // :190
        Some(SuspendGState { g: gp, dead: false, status: s, stopped })
    }
}

/// Lets a goroutine go on after [`suspend_g`].
///
/// # Safety
/// `state` is what `suspend_g` returned, used once.
///
/// Go: preempt.go:258 resumeG
#[doc(alias = "resumeG")]
pub unsafe fn resume_g(state: SuspendGState) {
    // SAFETY: the caller holds the goroutine's scan bit.
    unsafe {
        // :259
        if state.dead {
            return;
        }
        let gp = state.g; // :264
        // Not what the word says: its owner may have stored the next state meanwhile, and wait
        // (gort_proc::status). That is any state that a waiting or runnable goroutine, or one in a
        // system call, can come to.
        let s = state.status | GSCAN;
        match s {
            // :270
            GSCANRUNNABLE | GSCANWAITING | GSCANSYSCALL if readgstatus(gp) & GSCAN != 0 => {
                casfrom_gscanstatus(gp, s, s & !GSCAN)
            }
            // :266 first in Go's order
            _ => {
                dumpgstatus(gp);
                throw("unexpected g status");
            }
        }
        // :276
        if state.stopped {
            ready(gp, true);
        }
    }
}

/// Whether the goroutine that runs on `mp` may be taken off it now.
///
/// # Safety
/// `mp` is this thread's M, or its state cannot change; it has a P.
///
/// Go: preempt.go:287 canPreemptM
#[doc(alias = "canPreemptM")]
#[unsafe(export_name = "gort.can_preempt_m")]
pub unsafe fn can_preempt_m(mp: *mut M) -> bool {
    // SAFETY: reads fields of the caller's M and its P.
    unsafe {
        // :288
        let preemptoff = (*mp).preemptoff.get();
        (*mp).locks.get() == 0
            && (*mp).mallocing == 0
            && preemptoff.is_empty()
            && (*(*mp).p.ptr()).status.get() == PRUNNING
    }
}

unsafe extern "C" fn park_preempted(gp: *mut G) -> ! {
    // SAFETY: called by mcall, as preempt_park wants it.
    unsafe { preempt_park(gp) }
}

unsafe extern "C" fn gosched_preempted(gp: *mut G) -> ! {
    // SAFETY: called by mcall, as gopreempt_m wants it.
    unsafe { gopreempt_m(gp) }
}

/// What an injected call of `asyncPreempt` does once the registers are saved.
///
/// # Safety
/// On a goroutine that was interrupted at an asynchronous safe point.
///
/// Go: preempt.go:302 asyncPreempt2
#[doc(alias = "asyncPreempt2")]
pub unsafe extern "C" fn async_preempt2() {
    // SAFETY: the current goroutine is ours; the interrupted code promised that it may be switched
    // out here.
    unsafe {
        let gp = getg(); // :303
        (*gp).async_safe_point = true;
        if (*gp).preempt_stop {
            mcall(park_preempted); // :306
        } else {
            mcall(gosched_preempted);
        }
        (*gp).async_safe_point = false; // :310
        if (*gp).preempt_scope.get() != 0 {
            scope::guard(gp);
        }
    }
}

/// Stack bytes that the injected call needs; until [`init`] more than any stack has.
///
/// Go: preempt.go:315 asyncPreemptStack
#[doc(alias = "asyncPreemptStack")]
static ASYNC_PREEMPT_STACK: Uintptr = Uintptr::new(usize::MAX);

/// Looks at the processor's registers; from now on code may be interrupted. Go does it at the start
/// of every program, gort when the first code asks for it.
///
/// Go: preempt.go:317 init
pub fn init() {
    if ASYNC_PREEMPT_STACK.load() != usize::MAX {
        return;
    }
    // SAFETY: async_preempt2 is made for it.
    unsafe { async_preempt_init(async_preempt2) };
    // :319 Go reads the size of both frames from its tables. :323 it is below what a small stack
    // keeps free.
    const { assert!(ASYNC_PREEMPT_FRAME <= STACK_NOSPLIT) };
    ASYNC_PREEMPT_STACK.store(ASYNC_PREEMPT_FRAME);
}

/// What a function without a stack check may use of a copying stack.
///
/// Go: stack.go:91 stackNosplit
const STACK_NOSPLIT: usize = 800;

/// Decides about one pc of a registered range: the pc to continue at after the preemption (usually
/// the same; another one for a sequence that must start again), or `None` if the code must not be
/// interrupted there. Runs in a signal handler.
pub type SafePointFn = unsafe fn(pc: usize, sp: usize) -> Option<usize>;

struct TextRange {
    lo: usize,
    /// 0 once it has been taken back.
    hi: Uintptr,
    safe_point: SafePointFn,
    next: *mut TextRange,
}

/// The registered ranges. Entries are never freed: a signal handler may be looking at them.
static TEXT_RANGES: Pointer<TextRange> = Pointer::null();

/// Registers `[lo, hi)` as code that can be interrupted where `safe_point` says so.
///
/// # Safety
/// At a pc that `safe_point` accepts the code holds no lock that another goroutine could want (also
/// not the allocator's), does not rely on the thread it runs on, and has 128 bytes below sp to
/// spare.
pub unsafe fn register_text_range(lo: usize, hi: usize, safe_point: SafePointFn) {
    init();
    let n = Box::into_raw(Box::new(TextRange {
        lo,
        hi: Uintptr::new(hi),
        safe_point,
        next: null_mut(),
    }));
    loop {
        let head = TEXT_RANGES.load();
        // SAFETY: the node is ours until the CAS publishes it.
        unsafe { (*n).next = head };
        if TEXT_RANGES.cas(head, n) {
            return;
        }
    }
}

/// Takes a range back before its code goes away; true if it was registered.
pub fn unregister_text_range(lo: usize) -> bool {
    let mut n = TEXT_RANGES.load();
    while !n.is_null() {
        // SAFETY: entries are never freed.
        unsafe {
            if (*n).lo == lo && (*n).hi.swap(0) != 0 {
                return true;
            }
            n = (*n).next;
        }
    }
    false
}

/// Whether a signal to `mp` could interrupt anything: there are registered ranges, or its goroutine
/// is in a scope. If not, none need be sent.
///
/// # Safety
/// `mp` is an M.
#[inline]
pub unsafe fn interruptible(mp: *mut M) -> bool {
    if !TEXT_RANGES.load().is_null() {
        return true;
    }
    // SAFETY: Gs are never freed; a stale answer costs a signal, or a preemption that sysmon asks
    // for again.
    unsafe {
        let gp = (*mp).curg.ptr();
        !gp.is_null() && (*gp).preempt_scope.load() != 0
    }
}

/// Whether an asynchronous preemption of `gp` is wanted.
///
/// # Safety
/// In the signal handler of the thread that runs `gp`.
///
/// Go: preempt.go:342 wantAsyncPreempt
#[doc(alias = "wantAsyncPreempt")]
pub unsafe fn want_async_preempt(gp: *mut G) -> bool {
    // SAFETY: this thread's own g, m and p.
    unsafe {
        // :344
        let pp = (*(*gp).m).p.ptr();
        ((*gp).preempt.get() || !pp.is_null() && (*pp).preempt.get())
            && readgstatus(gp) & !GSCAN == GRUNNING
    }
}

/// Whether `gp`, interrupted at `pc`, may be preempted there; if so the pc at which it has to
/// continue.
///
/// # Safety
/// In the signal handler of the thread that runs `gp`.
///
/// Go: preempt.go:363 isAsyncSafePoint
#[doc(alias = "isAsyncSafePoint")]
pub unsafe fn is_async_safe_point(gp: *mut G, pc: usize, sp: usize, _lr: usize) -> Option<usize> {
    // SAFETY: this thread's own g, m and p; ranges are never freed.
    unsafe {
        let mp = (*gp).m; // :364

        // :369
        if (*mp).curg.ptr() != gp {
            return None;
        }
        // :374
        if (*mp).p.is_null() || !can_preempt_m(mp) {
            return None;
        }
        // :379 a stack that does not move has a guard page at its end; of a segmented one it is the
        // segment in use A change of segments that is interrupted halfway has the bounds of two;
        // then pc is in the runtime, which no range below has, so the difference only must not
        // panic.
        let Stack { lo, hi } = (*gp).stack;
        let guard = if (*gp).stack_kind == StackKind::Copying {
            0
        } else {
            guard_size(hi.wrapping_sub(lo))
        };
        if sp < lo || sp - lo < ASYNC_PREEMPT_STACK.load().saturating_add(guard) {
            return None;
        }
        // gort: native code may have gone to a stack of its own
        if (*gp).stack_kind != StackKind::Copying && sp >= hi {
            return None;
        }
        // gort: on its way into or out of the injected call, which is Rust and assembly in the same
        // text as the program.
        if (*gp).async_injected.get() != 0 || in_async_preempt(pc) {
            return None;
        }
        // :384 the function table is the list of ranges, and the program's own text inside a
        // scope; :400 to :446 (unsafe points, assembly, package runtime, restart sequences) are for
        // the range's own function to say.
        let mut resume = None;
        let mut n = TEXT_RANGES.load();
        while !n.is_null() {
            if (*n).lo <= pc && pc < (*n).hi.load() {
                resume = ((*n).safe_point)(pc, sp);
                break;
            }
            n = (*n).next;
        }
        if resume.is_none() && n.is_null() && (*gp).preempt_scope.get() != 0 && scope::in_text(pc) {
            resume = Some(pc);
        }
        resume?; // :387
        // Go has room for the registers on the stack.
        if (*gp).xsave.is_null() {
            (*gp).xsave = xsave_area()?;
        }
        resume
    }
}

/// Memory for one G's extended registers; `None` if there is none. Straight from the system: this
/// is a signal handler.
fn xsave_area() -> Option<*mut u8> {
    let n = xsave_size().next_multiple_of(4096);
    // SAFETY: a new anonymous mapping, zeroed and aligned to a page.
    let p = unsafe {
        syscall6(
            libc::SYS_mmap,
            0,
            n,
            (libc::PROT_READ | libc::PROT_WRITE) as usize,
            (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize,
            usize::MAX,
            0,
        )
    };
    (p > 0).then_some(p as *mut u8)
}
