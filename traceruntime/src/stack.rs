//! Go's tracestack.go: the table of stacks.

use crate::*;
#[cfg(not(loom))]
use gort_asm::{getg, getpcspbp, systemstack};
use gort_runtime2::G;

/// Return addresses of a stack that are recorded at most.
///
/// Go: tracestack.go:19 traceStackSize
pub const TRACE_STACK_SIZE: usize = 128;

/// Return addresses and their numbers.
///
/// Go: tracestack.go:132 traceStackTable
#[repr(C)]
#[derive(Default)]
pub struct TraceStackTable {
    /// The numbers.
    pub tab: TraceMap,
}

impl TraceStackTable {
    /// The number of a stack; 0 of an empty one.
    ///
    /// # Safety
    /// The table's generation is prevented from ending.
    ///
    /// Go: tracestack.go:138 put
    pub unsafe fn put(this: *mut Self, pcs: &[usize]) -> u64 {
        // :142 (of no bytes the number is 0)
        // SAFETY: the addresses as bytes; the rest is the caller's contract.
        unsafe {
            let bytes = core::slice::from_raw_parts(pcs.as_ptr().cast::<u8>(), size_of_val(pcs));
            TraceMap::put(&raw mut (*this).tab, bytes).0
        }
    }

    /// Calls `f` with each number and its return addresses, innermost first.
    ///
    /// # Safety
    /// As for [`TraceMap::for_each`].
    pub unsafe fn for_each(this: *const Self, f: &mut dyn FnMut(u64, &[usize])) {
        // SAFETY: what was put are addresses, and pieces of the region are aligned.
        unsafe {
            TraceMap::for_each(&raw const (*this).tab, &mut |id, b| {
                f(id, core::slice::from_raw_parts(b.as_ptr().cast(), b.len() / size_of::<usize>()));
            });
        }
    }
}

/// The number of the stack of `gp`; of the M's own goroutine, if that is nil.
///
/// Go leaves out `skip` innermost frames, which are the runtime's. Here those are told apart when
/// the frames are named.
///
/// # Safety
/// `gp` is stopped, or this M's; `gen_` is prevented from ending.
///
/// Go: tracestack.go:38 traceStack
#[doc(alias = "traceStack")]
#[cfg(not(loom))]
pub unsafe fn trace_stack(_skip: i32, mut gp: *mut G, gen_: usize) -> u64 {
    let mut buf = core::mem::MaybeUninit::<[usize; TRACE_STACK_SIZE]>::uninit();
    let pcs: *mut usize = buf.as_mut_ptr().cast();
    // SAFETY: the walk writes what it counts.
    unsafe {
        // :43
        let me = getg();
        if gp.is_null() {
            gp = (*(*me).m).curg.ptr();
            if gp.is_null() {
                return 0;
            }
        }
        // :49 whose stack it is is not checked. (:92)
        let n = if me == gp {
            // :92
            let (pc, sp, bp) = getpcspbp();
            systemstack(|| linkname_callers(gp, pc, sp, bp, pcs))
        } else {
            // :111
            linkname_callers(gp, usize::MAX, usize::MAX, 0, pcs)
        };
        // :121 without the roots that all have: the walk knows goexit, and the names the rest.
        // :126
        let pcs = core::slice::from_raw_parts(pcs, n);
        TraceStackTable::put(&raw mut (*trace()).stack_tab[gen_ % 2], pcs)
    }
}

#[cfg(not(loom))]
unsafe fn linkname_callers(gp: *mut G, pc: usize, sp: usize, bp: usize, pcs: *mut usize) -> usize {
    // SAFETY: the caller's contract; there is room.
    unsafe { gort_runtime2::linkname::trace_callers(gp, pc, sp, bp, pcs, TRACE_STACK_SIZE) }
}

/// Models have no stacks.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
#[cfg(loom)]
pub unsafe fn trace_stack(_skip: i32, _gp: *mut G, _gen: usize) -> u64 {
    0
}
