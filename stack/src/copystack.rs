//! Stacks that move: stack.go:540–950 and 1193–1248. Managed code's only, of which each frame has a
//! map.
//!
//! A stack is moved by whoever owns it: its goroutine on g0 (status `GCOPYSTACK`), or who holds its
//! scan bit. It is copied to the top of another one, and then each word that pointed into the old
//! one is changed: those that the frames' maps name, saved frame pointers, stack objects, and what
//! the runtime itself knows (`g.sched`, sudogs). Nothing else may point into it.

use crate::newstack::is_shrink_stack_safe;
use crate::pool::{FIXED_STACK, STACK_GUARD, STACK_NOSPLIT, stackalloc_kind, stackfree_kind};
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use gort_asm::getg;
use gort_lock_futex::{lock_with_rank, unlock};
use gort_print::{Hex, print};
use gort_runtime1::DEBUG;
use gort_runtime2::atomic::{Bool, Pointer, Uint32};
use gort_runtime2::linkname::throw;
use gort_runtime2::{Defer, G, GRUNNING, GSCAN, Hchan, LOCK_RANK_HCHAN_LEAF, Stack, StackKind};
use gort_symtab::{
    Bitvector, Frames, FuncID, FuncInfo, Stkframe, findfunc, funcname, stack_objects,
};

/// How much of its work on stacks the runtime tells: 1 each stack, 2 each frame, 3 each word that
/// is changed, 4 each that is looked at. `GORTSTACKDEBUG` sets it; in Go it is a constant.
///
/// Go: stack.go:108 stackDebug
static STACK_DEBUG: Uint32 = Uint32::new(0);

/// New stacks are filled with 0xfd before they are copied to, old ones with 0xfc: a pointer that
/// was forgotten leads to one of those.
///
/// Go: stack.go:118 stackPoisonCopy
static STACK_POISON_COPY: Bool = Bool::new(false);

/// How much is told.
pub(crate) fn stack_debug() -> u32 {
    STACK_DEBUG.get()
}

/// Stacks come straight from the system, and old ones cannot be read or written: a pointer that was
/// forgotten faults. An address is used again after [`FAULT_KEPT`] stacks have been freed.
///
/// Go: stack.go:110 stackFaultOnFree
static STACK_FAULT_ON_FREE: Bool = Bool::new(false);

/// Free stacks are not kept in the Ps, so one that has been freed is often the next that is used.
///
/// Go: stack.go:111 stackNoCache
static STACK_NO_CACHE: Bool = Bool::new(false);

/// Whether managed stacks come from the system and fault when freed.
#[inline]
pub(crate) fn stack_fault_on_free() -> bool {
    STACK_FAULT_ON_FREE.get()
}

/// Whether Ps keep no managed stacks.
#[inline]
pub(crate) fn stack_no_cache() -> bool {
    STACK_NO_CACHE.get()
}

/// Sets what the environment variable `GORTSTACKDEBUG` sets: a level from 0 to 4, and any of
/// `poison`, `fault` and `nocache`, separated by commas. False, and nothing changes, if `s` is not
/// of that form.
///
/// # Safety
/// With `fault`: no managed goroutine has been started. How a stack is freed depends on it.
pub unsafe fn set_stack_debug(s: &str) -> bool {
    let (mut level, mut poison, mut fault, mut nocache) = (0, false, false, false);
    for (i, word) in s.split(',').enumerate() {
        match (word, word.parse::<u32>()) {
            ("poison", _) => poison = true,
            ("fault", _) => fault = true,
            ("nocache", _) => nocache = true,
            (_, Ok(n @ 0..=4)) if i == 0 => level = n,
            _ => return false,
        }
    }
    STACK_DEBUG.set(level);
    STACK_POISON_COPY.set(poison);
    STACK_NO_CACHE.set(nocache);
    STACK_FAULT_ON_FREE.set(STACK_FAULT_ON_FREE.get() || fault);
    true
}

/// Reads the environment, for `stackinit`.
pub(crate) fn stack_debug_init() {
    let Ok(v) = std::env::var("GORTSTACKDEBUG") else { return };
    // SAFETY: at the start of the runtime.
    if !unsafe { set_stack_debug(&v) } {
        print!(
            "runtime: GORTSTACKDEBUG is LEVEL[,poison][,fault][,nocache] with a level from 0 to 4, not {v:?}\n"
        );
    }
}

/// A stack has been moved: what [`set_on_move`]'s function is told.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Whose it is.
    pub goid: u64,
    /// Where it was. That is still there, but about to be freed.
    pub old: Stack,
    /// Where it is.
    pub new: Stack,
    /// Bytes in use, at the high end.
    pub used: usize,
    /// Frames on it.
    pub frames: usize,
    /// Words that pointed into the old one and have been changed.
    pub adjusted: usize,
    /// Where the goroutine goes on.
    pub pc: usize,
}

/// What [`set_on_move`] takes.
pub type OnMove = fn(&Move);

static ON_MOVE: Pointer<OnMove> = Pointer::null();

/// Has `f` called after each move of a stack. `None`: nothing is called.
///
/// # Safety
/// `f` is called on g0, with locks of the runtime held, maybe: it only counts, prints or stores.
pub unsafe fn set_on_move(f: Option<&'static OnMove>) {
    ON_MOVE.store(f.map_or(core::ptr::null_mut(), |f| (&raw const *f).cast_mut()));
}

/// Below this no pointer is one.
///
/// Go: malloc.go:323 minLegalPointer
const MIN_LEGAL_POINTER: usize = 4096;

/// From where to where.
///
/// Go: stack.go:569 adjustinfo
struct Adjustinfo {
    old: Stack,
    /// What is added to a pointer into the old stack.
    delta: usize,
    /// The end of the highest slot that a channel operation of another goroutine may write to; 0 if
    /// there is none.
    sghi: usize,
    /// How many words have been changed. gort's own.
    adjusted: Cell<usize>,
}

impl Adjustinfo {
    fn has(&self, p: usize) -> bool {
        self.old.lo <= p && p < self.old.hi
    }
}

/// Changes a word if it points into the old stack.
///
/// # Safety
/// The word is the caller's.
///
/// Go: stack.go:579 adjustpointer
unsafe fn adjustpointer(adjinfo: &Adjustinfo, pp: *mut usize) {
    // SAFETY: the caller's contract.
    unsafe {
        // :580
        let p = pp.read();
        if STACK_DEBUG.get() >= 4 {
            print!("        {pp:p}:{}\n", Hex(p));
        }
        // :585
        if adjinfo.has(p) {
            pp.write(p.wrapping_add(adjinfo.delta));
            adjinfo.adjusted.set(adjinfo.adjusted.get() + 1);
            if STACK_DEBUG.get() >= 3 {
                print!(
                    "        adjust ptr {pp:p}:{} -> {}\n",
                    Hex(p),
                    Hex(p.wrapping_add(adjinfo.delta))
                );
            }
        }
    }
}

/// Changes those of the words from `scanp` on that the bits name, if they point into the old stack.
///
/// # Safety
/// The words are the caller's; those below `sghi` other goroutines may write to as well, under the
/// locks of their channels.
///
/// Go: stack.go:611 adjustpointers
unsafe fn adjustpointers(scanp: usize, bv: &Bitvector, adjinfo: &Adjustinfo, f: FuncInfo<'_>) {
    // SAFETY: the caller's contract.
    unsafe {
        // :615
        let num = bv.n as usize;
        // :621 Something may be received into such a slot meanwhile. It can be no pointer into a
        // stack, so if the slot changes it is right.
        let use_cas = scanp < adjinfo.sghi;
        for i in (0..num).step_by(8) {
            // :623
            if STACK_DEBUG.get() >= 4 {
                for j in i..num.min(i + 8) {
                    let at = (scanp + 8 * j) as *const usize;
                    let kind = ["scalar", "ptr"][bv.ptrbit(j) as usize];
                    print!(
                        "        {at:p}:{kind}:{} # {i} {}\n",
                        Hex(at.read()),
                        bv.bytedata[i / 8]
                    );
                }
            }
            // :628
            let mut b = bv.bytedata[i / 8];
            while b != 0 {
                let j = b.trailing_zeros() as usize;
                b &= b - 1;
                // :632
                let pp = (scanp + 8 * (i + j)) as *mut usize;
                // Relaxed, as everywhere here: the words are handed over by the channels' locks,
                // and by the status.
                let slot = AtomicUsize::from_ptr(pp);
                loop {
                    // :634
                    let p = slot.load(Ordering::Relaxed);
                    if f.valid() && 0 < p && p < MIN_LEGAL_POINTER && DEBUG.invalidptr.get() != 0 {
                        // :638
                        (*(*getg()).m).traceback = 2;
                        print!(
                            "runtime: bad pointer in frame {} at {pp:p}: {}\n",
                            funcname(f),
                            Hex(p)
                        );
                        throw("invalid pointer found on stack");
                    }
                    // :642
                    if !adjinfo.has(p) {
                        break;
                    }
                    if STACK_DEBUG.get() >= 3 {
                        print!("adjust ptr {} {}\n", Hex(p), funcname(f));
                    }
                    // :646
                    let new = p.wrapping_add(adjinfo.delta);
                    if !use_cas {
                        slot.store(new, Ordering::Relaxed);
                    } else if slot
                        .compare_exchange(p, new, Ordering::SeqCst, Ordering::Relaxed)
                        .is_err()
                    {
                        // :649
                        continue;
                    }
                    adjinfo.adjusted.set(adjinfo.adjusted.get() + 1);
                    break;
                }
            }
        }
    }
}

/// Changes the pointers of one frame; its arguments' are the callee's to change.
///
/// # Safety
/// The frame is of the new stack, which the caller owns.
///
/// Go: stack.go:660 adjustframe
unsafe fn adjustframe(frame: &Stkframe, adjinfo: &Adjustinfo) {
    // SAFETY: the caller's contract; what the tables say of a frame has been checked with them.
    unsafe {
        // :661
        if frame.continpc == 0 {
            return;
        }
        let f = frame.f;
        // :666
        if STACK_DEBUG.get() >= 2 {
            let (sp, fp) = (Hex(frame.sp), Hex(frame.fp));
            let (name, pc, continpc) = (funcname(f), Hex(frame.pc), Hex(frame.continpc));
            print!("    adjusting {name} frame=[{sp},{fp}] pc={pc} continpc={continpc}\n");
        }
        // :671
        if frame.argp - frame.varp == 16 {
            if STACK_DEBUG.get() >= 3 {
                print!("      saved bp\n");
            }
            // :675 (debugCheckBP is false)
            // :688
            adjustpointer(adjinfo, frame.varp as *mut usize);
        }

        // :692
        let (locals, args) = frame.get_stack_map();
        // :694
        if locals.n > 0 {
            let size = locals.n as usize * 8;
            adjustpointers(frame.varp - size, &locals, adjinfo, f);
        }
        // :700
        if args.n > 0 {
            if STACK_DEBUG.get() >= 3 {
                print!("      args\n");
            }
            adjustpointers(frame.argp, &args, adjinfo, FuncInfo::default());
        }

        // :709 stack objects, live or not
        for obj in stack_objects(f) {
            // :712
            let base = if obj.off >= 0 { frame.argp } else { frame.varp };
            let p = base.wrapping_add_signed(obj.off as isize);
            // :718 the frame has not been made yet
            if p < frame.sp {
                continue;
            }
            // :724
            let gcdata = obj.gcdata(f);
            // :726 (no programs of the collector's: a module cannot have them)
            for i in 0..obj.ptrdata() / 8 {
                if gcdata[i / 8] >> (i % 8) & 1 != 0 {
                    adjustpointer(adjinfo, (p + 8 * i) as *mut usize);
                }
            }
        }
    }
}

/// Changes what the goroutine's registers hold, where it goes on.
///
/// # Safety
/// The caller owns the stack of `gp`.
///
/// Go: stack.go:745 adjustctxt
unsafe fn adjustctxt(gp: *mut G, adjinfo: &Adjustinfo) {
    // SAFETY: the caller's contract.
    unsafe {
        // :746
        adjustpointer(adjinfo, (&raw mut (*gp).sched.ctxt).cast());
        // :750 (debugCheckBP is false)
        // :759
        adjustpointer(adjinfo, &raw mut (*gp).sched.bp);
    }
}

/// Changes the goroutine's list of deferred calls: records on its stack, and what they say of it.
///
/// # Safety
/// The caller owns the stack of `gp`, which has been copied.
///
/// Go: stack.go:771 adjustdefers
unsafe fn adjustdefers(gp: *mut G, adjinfo: &Adjustinfo) {
    // SAFETY: the caller's contract; records on the stack are looked at on the new one, as each
    // link has been changed before it is followed.
    unsafe {
        // :775
        adjustpointer(adjinfo, (&raw mut (*gp).defer_).cast());
        let mut d = (*gp).defer_.cast::<Defer>();
        while !d.is_null() {
            // :777
            adjustpointer(adjinfo, (&raw mut (*d).fn_).cast());
            adjustpointer(adjinfo, &raw mut (*d).sp);
            adjustpointer(adjinfo, (&raw mut (*d).link).cast());
            d = (*d).link;
        }
    }
}

/// Changes where the goroutine's panics are. The records themselves are stack objects.
///
/// # Safety
/// The caller owns the stack of `gp`.
///
/// Go: stack.go:783 adjustpanics
unsafe fn adjustpanics(gp: *mut G, adjinfo: &Adjustinfo) {
    // :786
    // SAFETY: the caller's contract.
    unsafe { adjustpointer(adjinfo, (&raw mut (*gp).panic_).cast()) }
}

/// Changes where channel operations of others find the goroutine's values.
///
/// # Safety
/// The caller owns the stack of `gp`, and has the locks of the channels if others know of the
/// sudogs.
///
/// Go: stack.go:789 adjustsudogs
unsafe fn adjustsudogs(gp: *mut G, adjinfo: &Adjustinfo) {
    // SAFETY: the caller's contract.
    unsafe {
        // :792
        let mut s = (*gp).waiting;
        while !s.is_null() {
            adjustpointer(adjinfo, (&raw mut (*s).elem).cast());
            s = (*s).waitlink;
        }
    }
}

/// # Safety
/// Nothing on the stack is needed.
///
/// Go: stack.go:797 fillstack
unsafe fn fillstack(stk: Stack, b: u8) {
    // :798
    // SAFETY: the caller's contract.
    unsafe { core::ptr::write_bytes(stk.lo as *mut u8, b, stk.hi - stk.lo) }
}

/// The end of the highest slot of `stk` that a channel operation may write to or read from; 0 if
/// there is none.
///
/// # Safety
/// The caller owns the stack of `gp`.
///
/// Go: stack.go:803 findsghi
unsafe fn findsghi(gp: *mut G, stk: Stack) -> usize {
    // SAFETY: a goroutine's list of sudogs does not change while it waits.
    unsafe {
        let mut sghi = 0;
        // :805
        let mut sg = (*gp).waiting;
        while !sg.is_null() {
            let p = (*sg).elem.addr() + (*(*sg).c).elemsize;
            // :807
            if stk.lo <= p && p < stk.hi && p > sghi {
                sghi = p;
            }
            sg = (*sg).waitlink;
        }
        sghi
    }
}

/// Changes the sudogs of `gp`, and copies the part of its stack that they point into, while no
/// channel operation can be under way. Returns the bytes copied.
///
/// # Safety
/// The caller owns the stack of `gp`; a new one is at `delta` from it.
///
/// Go: stack.go:817 syncadjustsudogs
unsafe fn syncadjustsudogs(gp: *mut G, used: usize, adjinfo: &Adjustinfo) -> usize {
    // SAFETY: the list of sudogs does not change while `gp` waits; what they point to is touched
    // under the locks of all their channels.
    unsafe {
        // :818
        if (*gp).waiting.is_null() {
            return 0;
        }
        // :823 sudogs are in the order of their channels' locks, and those of one channel stand
        // next to one another
        let mut lastc: *mut Hchan = core::ptr::null_mut();
        let mut sg = (*gp).waiting;
        while !sg.is_null() {
            if (*sg).c != lastc {
                // :835 below the scan bit, which the caller has: see the rank
                lock_with_rank(&raw mut (*(*sg).c).lock, LOCK_RANK_HCHAN_LEAF);
            }
            lastc = (*sg).c;
            sg = (*sg).waitlink;
        }

        // :841
        adjustsudogs(gp, adjinfo);

        // :846
        let mut sgsize = 0;
        if adjinfo.sghi != 0 {
            let old_bot = adjinfo.old.hi - used;
            let new_bot = old_bot.wrapping_add(adjinfo.delta);
            sgsize = adjinfo.sghi - old_bot;
            // :851
            core::ptr::copy(old_bot as *const u8, new_bot as *mut u8, sgsize);
        }

        // :855
        lastc = core::ptr::null_mut();
        sg = (*gp).waiting;
        while !sg.is_null() {
            let next = (*sg).waitlink;
            if (*sg).c != lastc {
                unlock(&raw mut (*(*sg).c).lock);
            }
            lastc = (*sg).c;
            sg = next;
        }
        sgsize
    }
}

/// Moves the stack of `gp` to one of `newsize` bytes, a power of two that what is in use fits into.
///
/// # Safety
/// On g0. The caller owns the stack (status `GCOPYSTACK`, or the scan bit); managed code has it to
/// itself, and `gp.sched` says where that goes on.
///
/// Go: stack.go:868 copystack
pub unsafe fn copystack(gp: *mut G, newsize: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        // :869
        if (*gp).syscallsp != 0 {
            throw("stack growth not allowed in system call");
        }
        if (*gp).stack_kind != StackKind::Copying {
            throw("gort: copystack of a stack without maps");
        }
        // :872
        let old = (*gp).stack;
        if old.lo == 0 {
            throw("nil stackbase");
        }
        // :876
        let used = old.hi - (*gp).sched.sp;
        if newsize < used {
            throw("gort: copystack to a stack that is too small");
        }
        // :881 (no collector counts stacks)

        // :884
        let new = stackalloc_kind(newsize as u32, StackKind::Copying);
        if STACK_POISON_COPY.get() {
            fillstack(new, 0xfd);
        }
        // :888
        if STACK_DEBUG.get() >= 1 {
            let (a, b, c) = (Hex(old.lo), Hex(old.hi - used), Hex(old.hi));
            let (x, y, z) = (Hex(new.lo), Hex(new.hi - used), Hex(new.hi));
            print!("copystack gp={gp:p} [{a} {b} {c}] -> [{x} {y} {z}]/{newsize}\n");
        }

        // :893
        let delta = new.hi.wrapping_sub(old.hi);
        let mut adjinfo = Adjustinfo { old, delta, sghi: 0, adjusted: Cell::new(0) };

        // :898
        let mut ncopy = used;
        if !(*gp).active_stack_chans {
            // :900 it is about to let go of the locks: only the goroutine itself may move its stack
            // then
            if newsize < old.hi - old.lo && (*gp).parking_on_chan.load() {
                throw("racy sudog adjustment due to parking on channel");
            }
            // :907
            adjustsudogs(gp, &adjinfo);
        } else {
            // :915 others may be writing to the stack
            adjinfo.sghi = findsghi(gp, old);
            // :919
            ncopy -= syncadjustsudogs(gp, used, &adjinfo);
        }

        // :923
        core::ptr::copy((old.hi - ncopy) as *const u8, (new.hi - ncopy) as *mut u8, ncopy);

        // :928 before the walk, which uses them
        adjustctxt(gp, &adjinfo);
        adjustdefers(gp, &adjinfo);
        adjustpanics(gp, &adjinfo);
        if adjinfo.sghi != 0 {
            adjinfo.sghi = adjinfo.sghi.wrapping_add(adjinfo.delta);
        }

        // :936
        (*gp).stack = new;
        // :937 this may overwrite a request to give way, which stays in `preempt` and is made again
        (*gp).stackguard0.set(new.lo + STACK_GUARD);
        (*gp).sched.sp = new.hi - used;
        (*gp).stktopsp = (*gp).stktopsp.wrapping_add(adjinfo.delta);

        // :943
        let mut u = Frames::new((*gp).sched.pc, (*gp).sched.sp, (*gp).goid);
        let mut frames = 0;
        while u.valid() {
            adjustframe(&u.frame, &adjinfo);
            frames += 1;
            u.next();
        }
        let on_move = ON_MOVE.load();
        if !on_move.is_null() {
            let (goid, pc, adjusted) = ((*gp).goid, (*gp).sched.pc, adjinfo.adjusted.get());
            (*on_move)(&Move { goid, old, new, used, frames, adjusted, pc });
        }

        // :948
        if STACK_POISON_COPY.get() {
            fillstack(old, 0xfc);
        }
        stackfree_kind(old, StackKind::Copying);
    }
}

/// Halves the stack of `gp` if less than a quarter of it is in use.
///
/// # Safety
/// On g0. `gp` is stopped and the caller owns its stack by its scan bit; or it is this M's own
/// goroutine.
///
/// Go: stack.go:1193 shrinkstack
pub unsafe fn shrinkstack(gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe {
        // :1194
        if (*gp).stack.lo == 0 {
            throw("missing stack in shrinkstack");
        }
        // :1197
        let thisg = getg();
        let curg = (*(*thisg).m).curg.ptr();
        let s = (*gp).atomicstatus.load();
        if s & GSCAN == 0 && !(gp == curg && thisg != curg && s == GRUNNING) {
            // :1203
            throw("bad status in shrinkstack");
        }
        // :1206
        if !is_shrink_stack_safe(gp) {
            throw("shrinkstack at bad time");
        }
        // :1212 (libcalls are of other systems)
        // :1216
        if DEBUG.gcshrinkstackoff.get() > 0 {
            return;
        }
        // :1219
        let f = findfunc((*gp).startpc);
        if f.valid() && f.func_id == FuncID::GC_BG_MARK_WORKER {
            return;
        }

        // :1226
        let oldsize = (*gp).stack.hi - (*gp).stack.lo;
        let newsize = oldsize / 2;
        if newsize < FIXED_STACK {
            return;
        }
        // :1238 with what functions that do not check may use
        let used = (*gp).stack.hi - (*gp).sched.sp + STACK_NOSPLIT;
        if used >= oldsize / 4 {
            return;
        }
        // :1243
        if STACK_DEBUG.get() > 0 {
            print!("shrinking stack {oldsize}->{newsize}\n");
        }
        copystack(gp, newsize);
    }
}
