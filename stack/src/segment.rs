//! Segmented stacks, as Go had them up to 1.2, for code that checks its stack with `-fsplit-stack`:
//! what gccgo makes of Go, and C.
//!
//! A stack is a list of segments. The first is what any goroutine gets; it counts as full after
//! [`FIRST_SPACE`] bytes. A call that finds too little room runs on the next segment (`__morestack`
//! in the crate asm) and comes back when it returns. Segments are [`stackalloc`]'s stacks, with
//! their guard pages and pools, twice as large each time up to [`MAX_SEGMENT`].
//!
//! # When segments are freed
//! A segment that has been left is kept for the next call from the same place, and the one beyond
//! it, if any, is freed. So a loop whose calls cross a boundary allocates nothing (the *hot split*
//! that made Go give this design up), and a recursion that has gone deep gives its memory back on
//! its way up. `GORTSPLIT=free` frees each segment at once, as Go 1.2 did: for measuring.
//! `GORTSPLIT=tight` makes each segment just large enough for the call that asks for it, so that
//! nearly every call of checked code goes to a segment of its own: for tests.
//!
//! # What code that does not check may use
//! At least [`HEADROOM`] bytes below the guard, on each segment; untouched they cost nothing but
//! address space.

use crate::newstack::preempt_check;
use crate::pool::{MAXSTACKCEILING, MAXSTACKSIZE, stackalloc, stackfree};
use core::ffi::c_void;
use core::ptr::null_mut;
use gort_asm::{getg, set_split_free, set_split_guard, split_free, systemstack};
use gort_print::print;
use gort_runtime2::atomic::Bool;
use gort_runtime2::linkname::throw;
use gort_runtime2::{G, Segment, Stack, StackKind};

/// Bytes of the first segment that checked code fills before it asks for a second one.
pub const FIRST_SPACE: usize = 16 << 10;
/// The least that is left below the guard: for the C library, for Rust, and for the injected call
/// of a preemption.
pub const HEADROOM: usize = 128 << 10;
/// The size of a goroutine's second segment: half of it is headroom.
pub const MIN_SEGMENT: usize = 256 << 10;
/// Segments do not grow beyond this, unless a single frame asks for more.
pub const MAX_SEGMENT: usize = 64 << 20;

/// `GORTSPLIT=tight`
static TIGHT: Bool = Bool::new(false);

/// Reads `GORTSPLIT`.
///
/// # Safety
/// Before the first goroutine runs.
pub(crate) unsafe fn segment_mode_init() {
    let mode = std::env::var("GORTSPLIT").unwrap_or_default();
    TIGHT.set(mode == "tight");
    // SAFETY: the caller's contract.
    unsafe { set_split_free(mode == "free" || mode == "tight") }
}

/// Makes a segment of `stk`, after `prev`; at most `want` of it counts as room.
///
/// # Safety
/// The memory is the caller's, and nothing on it is in use.
unsafe fn describe(stk: Stack, prev: *mut Segment, want: usize) -> *mut Segment {
    // SAFETY: the top of the caller's memory; `prev`, if there is one, is alive.
    unsafe {
        let s = (stk.hi - size_of::<Segment>()) as *mut Segment;
        let lowest = (stk.lo + HEADROOM).min(s as usize);
        let guard = (s as usize).saturating_sub(want).max(lowest);
        let space = s as usize - guard;
        let total = space + if prev.is_null() { 0 } else { (*prev).total };
        s.write(Segment {
            prev,
            next: null_mut(),
            stack: stk,
            guard,
            space,
            total,
            frame: 0,
            blocks: null_mut(),
        });
        s
    }
}

/// Makes the stack of a new goroutine a segmented one. Where frames begin on it.
///
/// # Safety
/// `gp` has not started and is nobody else's.
pub unsafe fn segment_first(gp: *mut G) -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        // A call of checked code comes first, and in this mode it is to split.
        let want = if TIGHT.get() { 0 } else { FIRST_SPACE };
        let s = describe((*gp).stack, null_mut(), want);
        (*gp).stack_kind = StackKind::Segmented;
        (*gp).seg = s;
        (*gp).split_guard = (*s).guard;
        s as usize
    }
}

/// Takes a dead goroutine's segments back, all but the first, which is its stack again.
///
/// # Safety
/// On g0; `gp` is not going to run.
pub unsafe fn segment_exit(gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut first = (*gp).seg;
        free_blocks(first);
        while !(*first).prev.is_null() {
            first = (*first).prev;
            free_blocks(first);
        }
        (*gp).stack = (*first).stack;
        free_after(first);
        (*gp).stack_kind = StackKind::Native;
        (*gp).seg = null_mut();
        (*gp).split_guard = 0;
    }
}

/// Frees the segments that come after `s`.
///
/// # Safety
/// On g0; nothing on them is in use.
unsafe fn free_after(s: *mut Segment) {
    // SAFETY: the caller's contract; a descriptor goes with its segment, so it is read before.
    unsafe {
        let mut n = (*s).next;
        (*s).next = null_mut();
        while !n.is_null() {
            let after = (*n).next;
            stackfree((*n).stack);
            n = after;
        }
    }
}

/// `__morestack` asks for a segment with `need` bytes for its callee: makes one and returns it.
///
/// This is where Go 1.23 moves the stack to a larger one; what precedes that, the limit and its
/// message are Go's.
///
/// # Safety
/// By `__morestack` only.
///
/// Go: stack.go:976 newstack
#[unsafe(export_name = "gort.newsegment")]
unsafe extern "C" fn newsegment(need: usize) -> *mut Segment {
    // SAFETY: on a goroutine whose code called `__morestack`, on its stack; the list of segments is
    // its own.
    unsafe {
        let gp = getg();
        // stack.go:982
        if (*gp).seg.is_null() || gp != (*(*gp).m).curg.ptr() {
            print!("runtime: newstack called from g={:p}, whose stack has no segments\n", gp);
            throw("runtime: wrong goroutine in newstack");
        }
        // stack.go:1035 a request to give way is answered here too. Code that is in a system call,
        // or about to fork, cannot.
        if !(*gp).throwsplit {
            preempt_check();
        }
        let cur = (*gp).seg;
        let sp = &raw const need as usize;
        let s = systemstack(|| {
            // One that is there is too small.
            free_after(cur);
            let s = grow(cur, need);
            if s.is_null() {
                // stack.go:1110
                let limit = MAXSTACKSIZE.get().min(MAXSTACKCEILING.get());
                print!("runtime: goroutine stack exceeds {}-byte limit\n", limit);
                // stack.go:1116
                let Stack { lo, hi } = (*gp).stack;
                print!("runtime: sp={:#x} stack=[{:#x}, {:#x}]\n", sp, lo, hi);
                throw("stack overflow");
            }
            s
        });
        (*cur).next = s;
        s
    }
}

/// A new segment after `cur` with `need` bytes of room; nil if that goes beyond the limit.
///
/// # Safety
/// On g0.
unsafe fn grow(cur: *mut Segment, need: usize) -> *mut Segment {
    // SAFETY: the caller's contract.
    unsafe {
        const EXTRA: usize = HEADROOM + size_of::<Segment>();
        let limit = MAXSTACKSIZE.get().min(MAXSTACKCEILING.get());
        let left = limit.saturating_sub((*cur).total);
        if need > left {
            return null_mut();
        }
        // stack.go:1089 at least as much as the new frame needs
        let least = (need + EXTRA).next_power_of_two().max(MIN_SEGMENT);
        let tight = TIGHT.get();
        let mut n = least;
        if !(tight || (*cur).prev.is_null()) {
            let Stack { lo, hi } = (*cur).stack;
            n = n.max((2 * (hi - lo)).min(MAX_SEGMENT));
        }
        let room = |n: usize| if tight { need } else { n - EXTRA };
        // What is left of the limit is used up before it is exceeded.
        while room(n) > left && n > least {
            n /= 2;
        }
        describe(stackalloc(n as u32), cur, room(n).min(left))
    }
}

/// Leaves the segment in use for the older one, and frees what is not to be kept.
///
/// # Safety
/// By `__morestack` only, which is on the older one already.
#[unsafe(export_name = "gort.oldsegment")]
unsafe extern "C" fn oldsegment() {
    // SAFETY: as for newsegment.
    unsafe {
        let gp = getg();
        let s = (*gp).seg;
        let prev = (*s).prev;
        use_segment(gp, prev);
        free_blocks(s);
        let keep = if split_free() { prev } else { s };
        if !(*keep).next.is_null() {
            systemstack(|| free_after(keep));
        }
    }
}

/// Makes `s` the segment in use.
///
/// # Safety
/// On `gp`, whose segment `s` is, with sp on it.
unsafe fn use_segment(gp: *mut G, s: *mut Segment) {
    // SAFETY: the caller's contract.
    unsafe {
        (*gp).seg = s;
        (*gp).stack = (*s).stack;
        (*gp).split_guard = (*s).guard;
        set_split_guard((*s).guard);
    }
}

/// Memory that is part of the stack but for its place.
#[repr(C, align(16))]
struct Block {
    next: *mut Block,
}

/// Memory for a variable-length array or `alloca` of C code, if the segment has no room for it. It
/// is freed with the last call on the segment, not with the function that asked.
///
/// # Safety
/// Called by code compiled with `-fsplit-stack`, on a goroutine.
#[unsafe(no_mangle)]
unsafe extern "C" fn __morestack_allocate_stack_space(size: usize) -> *mut c_void {
    // SAFETY: the goroutine's own list.
    unsafe {
        let gp = getg();
        if gp.is_null() || (*gp).seg.is_null() {
            throw("runtime: split stack overflow");
        }
        let p = size
            .checked_add(size_of::<Block>())
            .map_or(null_mut(), |n| libc::malloc(n))
            .cast::<Block>();
        if p.is_null() {
            throw("runtime: cannot allocate memory");
        }
        p.write(Block { next: (*(*gp).seg).blocks.cast() });
        (*(*gp).seg).blocks = p.cast();
        p.add(1).cast()
    }
}

/// Frees the blocks of a segment.
///
/// # Safety
/// The calls that have them are over.
unsafe fn free_blocks(s: *mut Segment) {
    // SAFETY: the list is the segment's, made of malloc's memory.
    unsafe {
        let mut b = (*s).blocks.cast::<Block>();
        (*s).blocks = null_mut();
        while !b.is_null() {
            let next = (*b).next;
            libc::free(b.cast());
            b = next;
        }
    }
}

/// Before a fork whose child runs in the parent's memory, or alone in a copy of it: the child
/// cannot wait for locks of other threads, so the next segment is made here.
///
/// # Safety
/// On a goroutine.
pub unsafe fn segment_before_fork() {
    // SAFETY: the list is the goroutine's own.
    unsafe {
        let gp = getg();
        if (*gp).stack_kind != StackKind::Segmented {
            return;
        }
        let cur = (*gp).seg;
        if (*cur).next.is_null() {
            (*cur).next = systemstack(|| grow(cur, 0));
        }
    }
}

/// After it, in the parent, whose memory the child may have changed: the segment in use is the one
/// that sp is on.
///
/// # Safety
/// On a goroutine.
pub unsafe fn segment_after_fork() {
    // SAFETY: the list is the goroutine's own.
    unsafe {
        let gp = getg();
        if (*gp).stack_kind != StackKind::Segmented {
            return;
        }
        let here = &raw const gp as usize;
        let mut s = (*gp).seg;
        while !((*s).stack.lo..(*s).stack.hi).contains(&here) {
            s = (*s).prev;
            if s.is_null() {
                throw("runtime: split stack overflow");
            }
        }
        use_segment(gp, s);
    }
}

/// Calls `f` with the bounds of each segment of `gp` but the one in use, newest first: the lower
/// one is where the frame ends that went on to the next.
///
/// # Safety
/// `gp` stands still.
pub unsafe fn for_each_older_segment(gp: *mut G, f: &mut dyn FnMut(Stack)) {
    // SAFETY: the list does not change while `gp` stands still.
    unsafe {
        let mut s = (*gp).seg;
        while !s.is_null() && !(*s).prev.is_null() {
            f(Stack { lo: (*s).frame, hi: (*(*s).prev).stack.hi });
            s = (*s).prev;
        }
    }
}
