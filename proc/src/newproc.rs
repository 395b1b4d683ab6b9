//! proc.go:4955–5133: making goroutines.

#[cfg(not(gort_inside))]
use crate::atomic::{Pointer, Uint64, Uintptr};
use crate::*;

/// A new G, with a stack of at least `stacksize` bytes unless that is negative. Its memory is never
/// given back; that of an M's Gs is used again ([`free_g`]).
///
/// # Safety
/// The runtime's stacks must have been initialised.
///
/// Go: proc.go:4955 malg
#[cfg(not(gort_inside))]
pub unsafe fn malg(stacksize: i32) -> *mut G {
    // SAFETY: the G is new and nobody else's yet.
    unsafe {
        // :4956
        let newg = alloc_g();
        if stacksize >= 0 {
            // :4958
            let stacksize = round2(STACK_SYSTEM as i32 + stacksize);
            systemstack(|| {
                (*newg).stack = stackalloc(stacksize as u32);
            });
            // :4962
            (*newg).stackguard0.set((*newg).stack.lo + STACK_GUARD);
            (*newg).stackguard1 = !0;
            // :4966 the lowest word matters on ARM only, and clearing it would commit a page of
            // every stack
        }
        // gort's own: what every change of its state, and every switch, looks at
        #[cfg(not(gort_inside))]
        {
            (*newg).nocgocallback = !asymmetric_fences();
            (*newg).carries = cxx_carries();
        }
        // :4968
        newg
    }
}

/// Where the next Gs come from: Gs are never freed, so they are cut from chunks, one behind the
/// other.
#[cfg(not(gort_inside))]
struct GSlab {
    lock: Mutex,
    next: *mut G,
    left: usize,
    /// What [`free_g`] was given, linked through `schedlink`.
    free: *mut G,
}

// SAFETY: all zeroes is an unlocked mutex, nil pointers and 0.
#[cfg(not(gort_inside))]
static SLAB: Global<GSlab> = Global::new(unsafe { core::mem::zeroed() });

/// Gs in a chunk.
#[cfg(not(gort_inside))]
const G_SLAB: usize = 128;

/// Memory for a G, initialised. gort's own: Go's allocator has size classes for that.
#[cfg(not(gort_inside))]
unsafe fn alloc_g() -> *mut G {
    // SAFETY: the lock guards the slab; what is cut from it belongs to the caller alone.
    unsafe {
        let slab = SLAB.get();
        lock(&raw mut (*slab).lock);
        if !(*slab).free.is_null() {
            let gp = (*slab).free;
            (*slab).free = (*gp).schedlink.ptr();
            unlock(&raw mut (*slab).lock);
            gp.write(G::default());
            return gp;
        }
        if (*slab).left == 0 {
            let Ok(layout) = core::alloc::Layout::array::<G>(G_SLAB) else {
                throw("malg: bad layout")
            };
            let chunk = std::alloc::alloc(layout);
            if chunk.is_null() {
                throw("out of memory");
            }
            (*slab).next = chunk.cast();
            (*slab).left = G_SLAB;
        }
        let gp = (*slab).next;
        (*slab).next = gp.add(1);
        (*slab).left -= 1;
        unlock(&raw mut (*slab).lock);
        gp.write(G::default());
        gp
    }
}

/// Keeps a G for the next [`malg`]: the g0 or gsignal of an M that has ended. gort's own: Go leaves
/// them to the garbage collector.
///
/// # Safety
/// It is not in allgs, nobody uses it any more, and its stack has been freed or is its thread's.
#[cfg(not(gort_inside))]
pub unsafe fn free_g(gp: *mut G) {
    // SAFETY: the caller's G; the list is under the lock.
    unsafe {
        let slab = SLAB.get();
        lock(&raw mut (*slab).lock);
        (*gp).schedlink.set((*slab).free);
        (*slab).free = gp;
        unlock(&raw mut (*slab).lock);
    }
}

/// The `go` statement: a new goroutine that runs `f`, in the queue of this P, next in line.
///
/// # Safety
/// On a goroutine or g0, with a P. `f` and what it refers to must live until the new goroutine is
/// done with it.
///
/// Go: proc.go:4974 newproc
#[inline(always)]
#[cfg(not(gort_inside))]
pub unsafe fn newproc(f: *mut Funcval) {
    // :4976 a pc of the caller, as this is inlined there
    // SAFETY: the caller's contract.
    unsafe { newproc_pc(f, getpcspbp().0) }
}

/// [`newproc()`] for callers that know better which pc the goroutine was created at.
///
/// # Safety
/// As [`newproc()`].
///
/// Go: proc.go:4974 newproc
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn newproc_pc(f: *mut Funcval, callerpc: usize) {
    // SAFETY: the same contract.
    unsafe { newproc_args(f, 0, callerpc) }
}

/// The most bytes of a function value that [`newproc_args`] copies.
#[cfg(not(gort_inside))]
pub const MAX_ARGS: usize = 512;

/// [`newproc_pc()`] for a function value of `narg` bytes that is copied to the new goroutine's
/// stack, as Go did with the arguments of `go` until 1.16: no memory is allocated, and none is
/// freed by another thread.
///
/// # Safety
/// As [`newproc()`], but `f` need not outlive the call: its bytes move. `narg` is at most
/// [`MAX_ARGS`], and the alignment at most 16.
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn newproc_args(f: *mut Funcval, narg: usize, callerpc: usize) {
    // SAFETY: the same contract.
    unsafe { newproc_kind(f, narg, callerpc, StackKind::Native) }
}

/// [`newproc_pc()`] for a goroutine whose stack is of that kind: a segmented one for code compiled
/// with `-fsplit-stack`.
///
/// # Safety
/// As [`newproc_args()`].
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn newproc_kind(f: *mut Funcval, narg: usize, callerpc: usize, kind: StackKind) {
    // SAFETY: the same contract.
    unsafe { newproc_sized(f, narg, callerpc, kind, 0) }
}

/// [`newproc_kind()`] for a goroutine whose native stack has at least so many bytes; 0: as many as
/// others have. gort's own: Go's stacks grow.
///
/// # Safety
/// As [`newproc_args()`].
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn newproc_sized(
    f: *mut Funcval,
    narg: usize,
    callerpc: usize,
    kind: StackKind,
    stack: usize,
) {
    if kind == StackKind::Copying {
        throw("gort: a stack that moves is for managed code: see gort::managed");
    }
    // SAFETY: on the system stack the thread keeps its P, as newproc1 and runqput need.
    unsafe {
        // :4975
        let gp = getg();
        // :4977
        systemstack(|| {
            let newg =
                newproc1_args::<false>(f, narg, gp, callerpc, false, WaitReason::Zero, kind, stack);

            // :4980
            let pp = (*(*getg()).m).p.ptr();
            runqput(pp, newg, true);

            // :4983
            if MAIN_STARTED.get() {
                wakep();
            }
        });
    }
}

/// What a goroutine of managed code begins with, for [`newproc_managed`].
#[cfg(not(gort_inside))]
#[repr(C)]
pub struct ManagedStart {
    /// The function's address, first: this is a [`Funcval`] as far as its code goes.
    pub fn_: usize,
    /// Its closure, or nil.
    pub ctxt: *mut c_void,
    /// Words that are copied to where the function has its arguments on the stack.
    pub args: *const u8,
}

/// The `go` statement for managed code: the goroutine's stack is one that moves.
///
/// # Safety
/// On g0 or a native goroutine, with a P. `start.fn_` is the entry of managed code, whose tables
/// are registered; `narg` bytes, [`MAX_ARGS`] at most, are what its map for the entry describes.
/// `callergp` is the goroutine that this thread runs.
///
/// Go: proc.go:4974 newproc
#[cfg(not(gort_inside))]
pub unsafe fn newproc_managed(
    start: &ManagedStart,
    narg: usize,
    callergp: *mut G,
    callerpc: usize,
) {
    // SAFETY: as for newproc_sized; a `ManagedStart` begins as a Funcval does.
    unsafe {
        let f = (&raw const *start).cast_mut().cast::<Funcval>();
        // :4977
        systemstack(|| {
            let kind = StackKind::Copying;
            let newg = newproc1_args::<true>(
                f,
                narg,
                callergp,
                callerpc,
                false,
                WaitReason::Zero,
                kind,
                0,
            );
            // :4980
            let pp = (*(*getg()).m).p.ptr();
            runqput(pp, newg, true);
            // :4983
            if MAIN_STARTED.get() {
                wakep();
            }
        });
    }
}

/// A dead G with a stack that moves.
///
/// # Safety
/// As [`newproc1_args`], where it is called.
#[cold]
#[inline(never)]
#[cfg(not(gort_inside))]
unsafe fn managed_g(pp: *mut P) -> *mut G {
    // SAFETY: the G is new, and nobody else's while it is dead.
    unsafe {
        let mut newg = gfget_in::<true>(pp);
        if newg.is_null() {
            // :5001
            newg = malg(-1);
            (*newg).stack_kind = StackKind::Copying;
            systemstack(|| (*newg).stack = stackalloc_kind(FIXED_STACK as u32, StackKind::Copying));
            (*newg).stackguard0.set((*newg).stack.lo + STACK_GUARD);
            (*newg).stackguard1 = !0;
            casgstatus(newg, GIDLE, GDEAD);
            allgadd(newg); // :5003
        }
        newg
    }
}

/// Where a managed goroutine begins, and with what on its stack. Its stack pointer.
///
/// # Safety
/// `newg` is dead and has a stack; the others as for [`newproc_managed`].
#[cold]
#[inline(never)]
#[cfg(not(gort_inside))]
unsafe fn managed_start(newg: *mut G, start: &ManagedStart, narg: usize) -> usize {
    // SAFETY: the stack is the caller's.
    unsafe {
        // :5013
        let sp = (*newg).stack.hi - ((4 * size_of::<usize>() + narg + 15) & !15);
        core::ptr::copy_nonoverlapping(start.args, sp as *mut u8, narg);
        (*newg).sched = Gobuf::default();
        (*newg).sched.sp = sp;
        // :5029
        (*newg).sched.pc = managed_goexit_pc() + 1;
        (*newg).sched.g.set(newg);
        gostartcall(&raw mut (*newg).sched, start.fn_, start.ctxt);
        sp
    }
}

/// A new goroutine that will run `f`: runnable, or waiting for `waitreason` if `parked`. It is in
/// no queue yet.
///
/// # Safety
/// On the system stack, with a P. `callergp` is the goroutine that this thread runs; `f` as in
/// [`newproc()`].
///
/// Go: proc.go:4992 newproc1
#[inline]
pub unsafe fn newproc1(
    f: *mut Funcval,
    callergp: *mut G,
    callerpc: usize,
    parked: bool,
    waitreason: WaitReason,
) -> *mut G {
    // SAFETY: the same contract.
    unsafe {
        newproc1_args::<false>(f, 0, callergp, callerpc, parked, waitreason, StackKind::Native, 0)
    }
}

/// [`newproc1`] for [`newproc_args`], and for managed code.
///
/// # Safety
/// As [`newproc1`] and [`newproc_args`].
///
/// Go: proc.go:4992 newproc1
#[allow(clippy::too_many_arguments)]
unsafe fn newproc1_args<const MANAGED: bool>(
    #[cfg_attr(gort_inside, allow(unused))] mut f: *mut Funcval,
    #[cfg_attr(gort_inside, allow(unused))] narg: usize,
    callergp: *mut G,
    callerpc: usize,
    parked: bool,
    waitreason: WaitReason,
    #[cfg_attr(gort_inside, allow(unused))] kind: StackKind,
    #[cfg_attr(gort_inside, allow(unused))] stack: usize,
) -> *mut G {
    // SAFETY: M and P stay ours between acquirem and releasem; the new G is nobody else's while it
    // is dead.
    unsafe {
        // :4993
        if f.is_null() {
            fatal("go of nil func value");
        }

        // :4997
        let mp = acquirem();
        let pp = (*mp).p.ptr();
        #[cfg(not(gort_inside))]
        let mut newg = if MANAGED { managed_g(pp) } else { gfget(pp) };
        #[cfg(gort_inside)]
        let mut newg = gfget(pp);
        if newg.is_null() {
            // :5001
            #[cfg(not(gort_inside))]
            let size = starting_stack_size() as i32;
            #[cfg(gort_inside)]
            let size = STACK_MIN;
            newg = malg(size);
            casgstatus(newg, GIDLE, GDEAD);
            allgadd(newg); // :5003 dead, so that nobody walks its empty stack
        }
        #[cfg(not(gort_inside))]
        if stack != 0 {
            other_stack(newg, stack);
        }
        // :5005
        if (*newg).stack.hi == 0 {
            throw("newproc1: newg missing stack");
        }

        // :5009
        if !is_dead(newg) {
            throw("newproc1: new g is not Gdead");
        }

        #[cfg(not(gort_inside))]
        if MANAGED {
            let start = &*f.cast::<ManagedStart>();
            (*newg).stktopsp = managed_start(newg, start, narg);
        }
        if !MANAGED {
            // :5013 four words of room above the first frame, to a multiple of 16
            let total_size = (4 * size_of::<usize>() + 15) & !15;
            // Native stacks are far apart by a power of two, so their tops would compete for the
            // same few cache sets: each stack begins a little lower than the one before it.
            #[cfg(not(gort_inside))]
            let top =
                if kind == StackKind::Segmented { segment_first(newg) } else { (*newg).stack.hi };
            #[cfg(not(gort_inside))]
            let mut sp = top - total_size - stack_color((*newg).stack.lo);
            #[cfg(gort_inside)]
            let sp = (*newg).stack.hi - total_size;
            #[cfg(not(gort_inside))]
            if narg != 0 {
                // the function value moves to the new stack, below the four words
                sp -= (narg + 15) & !15;
                core::ptr::copy_nonoverlapping(f.cast::<u8>(), sp as *mut u8, narg);
                f = sp as *mut Funcval;
            }
            // :5016 no link register on amd64

            // :5026
            (*newg).sched = Gobuf::default();
            (*newg).sched.sp = sp;
            (*newg).stktopsp = sp;
            // :5029 plus one, so that pc-1 is inside goexit
            (*newg).sched.pc = goexit_pc() + 1;
            (*newg).sched.g.set(newg);
            // inside: Go's own, as it writes pointers
            gostartcallfn(&raw mut (*newg).sched, f);
        }
        // :5032
        (*newg).parent_goid = (*callergp).goid;
        (*newg).gopc = callerpc;
        #[cfg(gort_inside)]
        if !(*newg).ancestors.is_null() || DEBUG.tracebackancestors.get() > 0 {
            linkname::set_ancestors(newg, callergp);
        }
        #[cfg(not(gort_inside))]
        let old = (*newg).ancestors;
        #[cfg(not(gort_inside))]
        {
            (*newg).ancestors = save_ancestors(callergp);
        }
        #[cfg(not(gort_inside))]
        if !old.is_null() {
            // those of the G's former life; Go leaves them to the collector
            drop(Box::from_raw(old));
        }
        // :5035
        (*newg).startpc = (*f).fn_ as usize;
        if is_system_goroutine(newg, false) {
            (*sched()).ngsys.add(1);
        } else {
            // Go 1.25: proc.go line 5225
            #[cfg(not(gort_inside))]
            if (*callergp).raceignore != 0 {
                set_bubble(newg, (*callergp).bubble);
            }
            // :5040
            let curg = (*mp).curg.ptr();
            #[cfg(not(gort_inside))]
            if !curg.is_null() {
                (*newg).labels = retain_labels((*curg).labels);
            }
            // a dead G has none
            #[cfg(gort_inside)]
            if !curg.is_null() && !(*curg).labels.is_null() {
                linkname::set_labels(newg, curg);
            }
            // :5043 native gort: no goroutine profiles
            #[cfg(gort_inside)]
            linkname::goroutine_profiled(newg);
        }
        // :5053
        (*newg).tracking_seq = cheaprand() as u8;
        if (*newg).tracking_seq.is_multiple_of(G_TRACKING_PERIOD) {
            (*newg).tracking = true;
        }
        // :5057 native gort: no collector that wants to know the size of stacks
        #[cfg(gort_inside)]
        linkname::add_scannable_stack(pp, ((*newg).stack.hi - (*newg).stack.lo) as i64);

        // :5060 number and state are one step for the tracer
        let trace = trace_acquire();
        let mut status = GRUNNABLE;
        if parked {
            status = GWAITING;
            (*newg).waitreason = waitreason;
        }
        // :5066
        casgstatus(newg, GDEAD, status);
        if (*pp).goidcache == (*pp).goidcacheend {
            // :5071 goidgen is the last id given away, so the first goroutine is number 1
            (*pp).goidcache = (*sched()).goidgen.add(GOID_CACHE_BATCH);
            (*pp).goidcache -= GOID_CACHE_BATCH - 1;
            (*pp).goidcacheend = (*pp).goidcache + GOID_CACHE_BATCH;
        }
        // :5075
        (*newg).goid = (*pp).goidcache;
        (*pp).goidcache += 1;
        // :5077
        (*newg).trace.reset();
        if trace.ok() {
            trace.go_create(newg, (*newg).startpc, parked);
            trace_release(trace);
        }
        // gort's own counter
        (*pp).stats.gocreate.bump(1);

        // :5084 no race detector
        // :5093
        releasem(mp);

        // :5095
        newg
    }
}

/// Gives a dead G a stack of at least `size` bytes. It goes when the goroutine ends: `gfput` keeps
/// those of the usual size only.
///
/// # Safety
/// On the system stack; nobody else has the G, and it has not run on its stack yet.
#[cold]
#[cfg(not(gort_inside))]
unsafe fn other_stack(gp: *mut G, size: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let size = size.clamp(starting_stack_size() as usize, MAX_NATIVE_STACK).next_power_of_two();
        if (*gp).stack.hi - (*gp).stack.lo == size {
            return;
        }
        stackfree((*gp).stack);
        (*gp).stack = stackalloc(size as u32);
        (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
    }
}

/// The largest native stack that can be asked for.
#[cfg(not(gort_inside))]
pub const MAX_NATIVE_STACK: usize = 1 << 30;

/// How many pcs of an ancestor's stack are kept.
///
/// Go: traceback.go:30 tracebackInnerFrames
#[cfg(not(gort_inside))]
const TRACEBACK_INNER_FRAMES: usize = 50;

/// Walks the stack of a goroutine that stands in `systemstack`: fills at most `n` pcs, returns how
/// many.
pub type Gcallers = unsafe fn(gp: *mut G, pcs: *mut usize, n: usize) -> usize;

/// The walker that [`save_ancestors`] uses; the crate `traceback`, which is above this one, puts it
/// here.
#[cfg(not(gort_inside))]
static GCALLERS: Pointer<Gcallers> = Pointer::null();

/// Sets the stack walker for [`save_ancestors`].
#[cfg(not(gort_inside))]
pub fn set_gcallers(f: &'static Gcallers) {
    GCALLERS.store((&raw const *f).cast_mut());
}

/// The ancestors of a goroutine that `callergp` makes: `callergp` itself and its own, as many as
/// `GODEBUG=tracebackancestors=N` asks for. Nil if it asks for none.
///
/// # Safety
/// On the system stack; `callergp` is the goroutine that this thread runs.
///
/// Go: proc.go:5101 saveAncestors
#[doc(alias = "saveAncestors")]
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn save_ancestors(callergp: *mut G) -> *mut Vec<AncestorInfo> {
    // SAFETY: the caller's contract.
    unsafe {
        // :5103 the scheduler's own goroutines have number 0
        if DEBUG.tracebackancestors.get() <= 0 || (*callergp).goid == 0 {
            return core::ptr::null_mut();
        }
        save_ancestors_slow(callergp)
    }
}

/// The rest of [`save_ancestors`].
#[cold]
#[inline(never)]
#[cfg(not(gort_inside))]
unsafe fn save_ancestors_slow(callergp: *mut G) -> *mut Vec<AncestorInfo> {
    // SAFETY: `callergp` is stopped in systemstack below us, so its fields are stable.
    unsafe {
        // :5106
        let caller_ancestors: &[AncestorInfo] =
            if (*callergp).ancestors.is_null() { &[] } else { &*(*callergp).ancestors };
        // :5110
        let mut n = caller_ancestors.len() as i32 + 1;
        if n > DEBUG.tracebackancestors.get() {
            n = DEBUG.tracebackancestors.get();
        }
        // :5114
        let mut ancestors = Vec::with_capacity(n as usize);

        // :5117
        let mut pcs = [0usize; TRACEBACK_INNER_FRAMES];
        let mut npcs = 0;
        let gcallers = GCALLERS.load();
        if !gcallers.is_null() {
            npcs = (*gcallers)(callergp, pcs.as_mut_ptr(), pcs.len());
        }
        // :5121
        ancestors.push(AncestorInfo {
            pcs: pcs[..npcs].to_vec(),
            goid: (*callergp).goid,
            gopc: (*callergp).gopc,
        });
        ancestors.extend_from_slice(&caller_ancestors[..n as usize - 1]);

        // :5127
        Box::into_raw(Box::new(ancestors))
    }
}

/// Start addresses of the runtime's own goroutines; 0 is a free slot.
#[cfg(not(gort_inside))]
static SYSTEM_PCS: [Uintptr; 16] = [const { Uintptr::new(0) }; 16];

/// One bit for each address in [`SYSTEM_PCS`], so that nearly every other goroutine is told apart
/// by one test.
#[cfg(not(gort_inside))]
static SYSTEM_FILTER: Uint64 = Uint64::new(0);

/// The bit of an address: functions are aligned to 16.
#[inline(always)]
#[cfg(not(gort_inside))]
fn system_bit(pc: usize) -> u64 {
    1 << ((pc >> 4) & 63)
}

/// Declares that goroutines which start at `startpc` belong to the runtime. Go knows them by the
/// prefix `runtime.` of their function's name. Must be called before the first one starts.
///
/// Go: traceback.go:1337 isSystemGoroutine
#[cfg(not(gort_inside))]
pub fn register_system_goroutine(startpc: usize) {
    // the filter first: a bit too many does no harm
    SYSTEM_FILTER.or(system_bit(startpc));
    for slot in &SYSTEM_PCS {
        if slot.cas(0, startpc) || slot.load() == startpc {
            return;
        }
    }
    throw("register_system_goroutine: too many");
}

/// Whether `gp` is one of the runtime's own goroutines: left out of tracebacks, counts and deadlock
/// detection.
///
/// # Safety
/// `gp` is a G.
///
/// Go: traceback.go:1337 isSystemGoroutine
#[doc(alias = "isSystemGoroutine")]
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn is_system_goroutine(gp: *mut G, _fixed: bool) -> bool {
    // SAFETY: Gs are never freed.
    let pc = unsafe { (*gp).startpc };
    // traceback.go:1339
    if SYSTEM_FILTER.get() & system_bit(pc) == 0 {
        return false;
    }
    // traceback.go:1343 main and coroutines are not in the table
    // traceback.go:1346 there is no finalizer goroutine, which is what `fixed` is about
    // traceback.go:1356
    is_system_pc(pc)
}

/// The exact answer, for addresses that pass the filter.
#[cold]
#[cfg(not(gort_inside))]
fn is_system_pc(pc: usize) -> bool {
    pc != 0 && SYSTEM_PCS.iter().any(|s| s.get() == pc)
}

/// How far below the (coloured) top of a new stack the first frame begins, about: for prefetching.
#[cfg(not(gort_inside))]
pub(crate) const FIRST_FRAME: usize = 96;

/// How far below its top a native stack begins: one of 16 multiples of a cache line, all within the
/// top page, which is touched anyway. gort's own.
#[inline(always)]
#[cfg(not(gort_inside))]
pub(crate) fn stack_color(lo: usize) -> usize {
    ((lo >> 18) + (lo >> 12)) % 16 * 64
}
