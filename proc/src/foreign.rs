//! Operations on threads that the runtime did not start. gort's own; its model is Go's `cgocallback`.
//!
//! Such a thread has no g in its thread-local. An operation that needs one finds that out by a test that it makes anyway,
//! and calls [`outside`](gort_stack::outside), which brackets it with [`foreign_enter`] and [`foreign_leave`]: the first
//! operation of a thread takes an extra M ([`need_and_bind_m`]), which stays with the thread until that ends, as since Go
//! 1.21. Within the bracket the thread is a goroutine like any other, the M's `curg`, locked to its thread; outside it is
//! that goroutine in a system call.
//!
//! Go changes to the stack of `curg` for this (asm_amd64.s:1010): Go code needs one that can grow. Native code does not, and
//! may hold references into the frames of its callers: so here g0 and `curg` exchange their stacks ([`swap_stacks`]). The
//! thread goes on where it is, as `curg`, and g0, which schedules while `curg` waits, works on the other stack.

use crate::*;
use core::ptr::null_mut;

/// What the thread's own goroutine has on its stack while it is outside: nothing that anybody could walk.
fn outside_pc() -> usize {
    goexit_pc() + 1
}

/// Exchanges the stacks of the g0 of an extra M and of its `curg`: the former is the thread's.
///
/// # Safety
/// `mp` is this thread's, which runs no goroutine.
pub unsafe fn swap_stacks(mp: *mut M) {
    // SAFETY: both are this thread's.
    unsafe {
        let (g0, curg) = ((*mp).g0, (*mp).curg.ptr());
        core::ptr::swap(&raw mut (*g0).stack, &raw mut (*curg).stack);
        (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
        (*g0).stackguard1 = (*g0).stackguard0.get();
        // Where mcall and systemstack begin. Nothing returns to it.
        (*g0).sched.pc = outside_pc();
        (*g0).sched.sp = (*g0).stack.hi - 64;
        (*g0).sched.bp = 0;
        (*g0).sched.g.set(g0);
    }
}

/// Binds this thread, which has no g, to an M, if it has none yet.
///
/// # Safety
/// The runtime runs. Not in a signal handler.
pub unsafe fn bind_thread() -> *mut M {
    // SAFETY: g0 and M are this thread's own.
    unsafe {
        let mut g0 = bound_g0();
        if g0.is_null() {
            need_and_bind_m();
            g0 = getg();
            swap_stacks((*g0).m);
            setg(null_mut());
        }
        (*g0).m
    }
}

/// Runs `f`, in which this thread's own goroutine only waits for other goroutines: meanwhile it does not count as one, and
/// reports leave it out.
///
/// # Safety
/// In a bracket of [`foreign_enter`]. `f` does not unwind.
pub unsafe fn waits_for_others(f: impl FnOnce()) {
    fn host() {}
    // SAFETY: the goroutine is this thread's own.
    unsafe {
        let gp = getg();
        let pc = host as fn() as usize;
        register_system_goroutine(pc);
        (*sched()).ngsys.add(1);
        (*gp).startpc = pc;
        f();
        (*gp).startpc = 0;
        (*sched()).ngsys.add(-1);
    }
}

/// This thread, which has no g, goes on as a goroutine, until [`foreign_leave`]. `op` is what it wants to do. If the runtime
/// has not been started that is done now, with a thread of its own as m0.
///
/// # Safety
/// To be followed by [`foreign_leave`], on the same thread, from this frame's caller or further down.
#[unsafe(export_name = "gort.foreign_enter")]
pub unsafe fn foreign_enter(op: &'static str) {
    // SAFETY: g, M and curg are this thread's own.
    unsafe {
        if !getg().is_null() {
            really_outside(op);
        }
        if !linkname::host_start() {
            really_outside(op);
        }
        let mp = bind_thread();
        let curg = (*mp).curg.ptr();
        let (_, sp, _) = getpcspbp();
        if sp <= (*curg).stack.lo || sp > (*curg).stack.hi {
            // cgocall.go:287 the thread has changed stacks since
            let bounds = thread_stack();
            (*curg).stack = if sp > bounds.lo && sp <= bounds.hi {
                bounds
            } else {
                Stack { lo: sp - 32 * 1024, hi: sp + 1024 }
            };
        }
        setg(curg);
        // cgocall.go:335 the goroutine comes out of its system call, and gets a P; it waits here if there is none
        (*curg).syscallsp = (*curg).stack.hi;
        exitsyscall_frame(sp);
    }
}

/// The thread is foreign again. Its P is kept for the next time, like that of a system call, unless somebody waits for it.
///
/// # Safety
/// After [`foreign_enter`].
#[unsafe(export_name = "gort.foreign_leave")]
pub unsafe fn foreign_leave() {
    // SAFETY: g, M and P are this thread's own until the P is given away.
    unsafe {
        let curg = getg();
        let pp = (*(*curg).m).p.ptr();
        let (pc, sp) = (outside_pc(), (*curg).stack.hi);
        // cgocall.go:339
        if runqempty(pp) && (&*(*pp).timers.heap.get()).is_empty() {
            reentersyscall(pc, sp, 0);
        } else {
            // What it has started or woken is not to wait for sysmon.
            entersyscallblock_frame(pc, sp, 0);
        }
        setg(null_mut());
    }
}

/// Ends the program: `op` is not possible here.
#[cold]
fn really_outside(op: &'static str) -> ! {
    let _ = op;
    throw("gort: operation outside of a goroutine");
}
