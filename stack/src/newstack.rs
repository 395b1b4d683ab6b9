//! Preemption at a check, and what is shared by stacks that grow: stack.go:955–1187.

use crate::copystack::{copystack, shrinkstack, stack_debug};
use crate::pool::{MAXSTACKCEILING, MAXSTACKSIZE, STACK_GUARD};
pub use gort_asm::getg;
use gort_asm::{gogo, mcall};
use gort_print::{Hex, print};
use gort_runtime2::linkname::{can_preempt_m, casgstatus, gopreempt_m, preempt_park, throw};
use gort_runtime2::{
    Funcval, G, GCOPYSTACK, GRUNNING, Gobuf, M, STACK_FORCE_MOVE, STACK_FORK, STACK_PREEMPT,
    StackKind,
};
use gort_symtab::{FuncInfo, findfunc, func_max_sp_delta, funcname};

/// `x` rounded up to a power of two.
///
/// Go: stack.go:956 round2
pub fn round2(x: i32) -> i32 {
    let mut s = 0; // :957
    while 1i32.wrapping_shl(s) < x {
        s += 1;
    }
    1i32.wrapping_shl(s) // :961
}

/// Yields if somebody asked this goroutine to: what the prologue of every Go function does, for
/// native code at its entries into the runtime. A load and a comparison when nobody has asked.
///
/// # Safety
/// The caller runs on a goroutine, g0 or gsignal of this runtime, holds no runtime lock, and can
/// stand being descheduled and continued on another thread.
#[inline(always)]
pub unsafe fn preempt_check() {
    // SAFETY: the current g is alive; the rest is the caller's contract.
    unsafe {
        let gp = getg();
        if gp.is_null() {
            no_goroutine();
        }
        if (*gp).stackguard0.get() == STACK_PREEMPT {
            preempt_check_slow("operation");
        }
    }
}

/// Runs `f`, an operation, on a thread that runs no goroutine: it is one meanwhile. gort's own: see
/// `gort_proc::foreign`.
#[cold]
#[inline(never)]
pub fn outside<R>(op: &'static str, f: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            // SAFETY: the goroutine that was entered below is still this thread's.
            unsafe { gort_runtime2::linkname::foreign_leave() }
        }
    }
    // SAFETY: `Leave` is its end, also if `f` unwinds.
    unsafe { gort_runtime2::linkname::foreign_enter(op) };
    let _leave = Leave;
    f()
}

/// What an operation that may park begins with, in the place of [`preempt_check`]: on a thread that
/// runs no goroutine it is done again in a bracket of [`outside`]. `op` names it, for a report.
/// gort's own.
#[macro_export]
macro_rules! entry {
    ($op:literal, $again:expr) => {
        let gp = $crate::newstack::getg();
        if gp.is_null() {
            return $crate::outside($op, move || $again);
        }
        #[allow(unused_unsafe)]
        // SAFETY: the current g; the operation holds no lock yet, and may be descheduled.
        unsafe {
            $crate::preempt_check_on(gp, $op)
        };
    };
}

/// As [`entry!`], for operations that do not yield: in the place of [`on_goroutine_for`].
#[macro_export]
macro_rules! entry_here {
    ($op:literal, $again:expr) => {
        $crate::entry_here!(_gp, $op, $again);
    };
    // The caller names the variable that holds the goroutine afterwards.
    ($gp:ident, $op:literal, $again:expr) => {
        let $gp = $crate::newstack::getg();
        if $gp.is_null() {
            return $crate::outside($op, move || $again);
        }
        #[allow(unused_unsafe)]
        // SAFETY: the current g, whose field is this thread's own.
        if unsafe { (*$gp).throwsplit } {
            $crate::newstack::in_syscall($op);
        }
    };
}

/// [`preempt_check`] on `gp`, the current goroutine.
///
/// # Safety
/// As there.
#[inline(always)]
pub unsafe fn preempt_check_on(gp: *mut G, op: &'static str) {
    // SAFETY: the current g is alive; the rest is the caller's contract.
    if unsafe { (*gp).stackguard0.get() } == STACK_PREEMPT {
        // SAFETY: as above.
        unsafe { preempt_check_slow(op) }
    }
}

/// A channel, a lock or a timer was used on a thread that runs no goroutine: there is nothing to
/// park. gort's own.
#[cold]
#[inline(never)]
pub fn no_goroutine() -> ! {
    throw(
        "gort: operation outside of a goroutine (gort::run starts the first, gort::go the others)",
    )
}

/// The same of an operation that has a name.
#[cold]
#[inline(never)]
fn no_goroutine_for(op: &'static str) -> ! {
    throw(&format!(
        "gort: operation outside of a goroutine (gort::run starts the first, gort::go the others): {op}, {}",
        this_thread()
    ))
}

/// The same between entersyscall and exitsyscall, where the goroutine has no P. gort's own: the
/// prologue of a Go function would report `stack split at bad time` (:991).
#[cold]
#[inline(never)]
pub fn in_syscall(op: &'static str) -> ! {
    throw(&format!(
        "gort: operation inside of gort::blocking, where its goroutine has no processor: {op}, {}",
        this_thread()
    ))
}

fn this_thread() -> String {
    let t = std::thread::current();
    format!("on thread {} ({})", this_tid(), t.name().unwrap_or("without a name"))
}

/// The kernel's number of this thread.
fn this_tid() -> i32 {
    // SAFETY: only asks.
    unsafe { libc::gettid() }
}

/// Ends the program on a thread that runs no goroutine, and in a blocking section: for entries
/// without a [`preempt_check`]. `op` is what the report names. gort's own.
#[inline(always)]
pub fn on_goroutine_for(op: &'static str) {
    let gp = getg();
    if gp.is_null() {
        no_goroutine_for(op);
    }
    // SAFETY: the current g, whose field is this thread's own.
    if unsafe { (*gp).throwsplit } {
        in_syscall(op);
    }
}

/// Whether this thread runs a goroutine that has its P. gort's own, for destructors, which may not
/// end the program.
#[inline]
pub fn has_goroutine() -> bool {
    let gp = getg();
    // SAFETY: as above.
    !gp.is_null() && unsafe { !(*gp).throwsplit }
}

/// The rare half of [`preempt_check`].
///
/// # Safety
/// As there.
#[cold]
#[inline(never)]
unsafe fn preempt_check_slow(op: &'static str) {
    // SAFETY: g and m are this thread's own.
    unsafe {
        let gp = getg();
        let mp = (*gp).m;
        // Managed code on these stacks would have thrown in morestack already (at its head); native
        // code of the runtime may well pass a check there.
        if mp.is_null() || gp == (*mp).g0 || gp == (*mp).gsignal {
            return;
        }
        // entersyscall has left the request up, to be told of this
        if (*gp).throwsplit {
            in_syscall(op);
        }
        // In a section in which it must not move the request stands until the next check behind it.
        if (*mp).p.is_null() || (*gp).stack_lock != 0 {
            return;
        }
        // The scope keeps the request up, to be told of this: from here on a signal could interrupt
        // the runtime itself.
        if (*gp).preempt_scope.get() != 0 {
            (*gp).preempt_scope.set(0);
            throw("gort: call into the runtime inside preempt::scope");
        }
        mcall(newstack_preempt);
    }
}

/// The half of `newstack` that has to do with preemption; it runs on g0. Go's `morestack` has by
/// then stored the goroutine's state in `g.sched`, which here `mcall` did.
///
/// Native stacks do not grow, so there is no other half for them.
///
/// # Safety
/// Through `mcall` from a goroutine.
///
/// Go: stack.go:976 newstack
unsafe extern "C" fn newstack_preempt(gp: *mut G) -> ! {
    // SAFETY: on g0; `gp` was just switched away from and is ours until it is handed to the
    // scheduler.
    unsafe {
        let thisg = getg(); // :977
        let mp = (*thisg).m;
        // :979
        if (*gp).stackguard0.get() == STACK_FORK {
            throw("stack growth after fork");
        }
        // :982
        if gp != (*mp).curg.ptr() {
            print!(
                "runtime: newstack called from g={:p}\n\tm={:p} m->curg={:p} m->g0={:p} m->gsignal={:p}\n",
                gp,
                mp,
                (*mp).curg.ptr(),
                (*mp).g0,
                (*mp).gsignal
            );
            throw("runtime: wrong goroutine in newstack");
        }
        // :991
        if (*gp).throwsplit {
            (*gp).syscallsp = (*gp).sched.sp;
            (*gp).syscallpc = (*gp).sched.pc;
            // :1002
            print!(
                "runtime: newstack at {:#x} sp={:#x} stack=[{:#x}, {:#x}]\n",
                (*gp).sched.pc,
                (*gp).sched.sp,
                (*gp).stack.lo,
                (*gp).stack.hi
            );
            (*mp).traceback = 2; // :1007
            throw("runtime: stack split at bad time");
        }
        // :1012 morebuf is not used: mcall has no caller's frame to restart.

        let stackguard0 = (*gp).stackguard0.load(); // :1021
        let preempt = stackguard0 == STACK_PREEMPT; // :1035
        // Granted or withdrawn in the meantime (resumeG, an earlier yield): nothing to do, which
        // Go's code cannot meet, as it comes here for want of stack if not for this.
        if !preempt || !can_preempt_m(mp) {
            // :1040 g.preempt stays set, so the next check asks again (releasem restores the
            // request).
            (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
            gogo(&raw mut (*gp).sched);
        }

        // :1045
        if (*gp).stack.lo == 0 {
            throw("missing stack in newstack");
        }
        let sp = (*gp).sched.sp; // :1048
        // :1058
        if sp < (*gp).stack.lo {
            print!(
                "runtime: gp={:p}, goid={}, gp->status={:#x}\n runtime: split stack overflow: {:#x} < {:#x}\n",
                gp,
                (*gp).goid,
                (*gp).atomicstatus.load(),
                sp,
                (*gp).stack.lo
            );
            throw("runtime: split stack overflow");
        }

        newstack_give_way(mp, gp)
    }
}

/// What a request to give way leads to, at any check: the part of `newstack` that native and
/// managed code share.
///
/// # Safety
/// On g0; `gp` is this M's goroutine, and its state is in its `sched`.
///
/// Go: stack.go:976 newstack
unsafe fn newstack_give_way(mp: *mut M, gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        // :1065
        if gp == (*mp).g0 {
            throw("runtime: preempt g0");
        }
        if (*mp).p.is_null() && (*mp).locks.get() == 0 {
            throw("runtime: g is running but p is not");
        }
        // :1072 a native stack does not shrink; the request is answered all the same.
        if (*gp).preempt_shrink {
            (*gp).preempt_shrink = false;
            if (*gp).stack_kind == StackKind::Copying {
                shrinkstack(gp);
            }
        }
        // :1079
        if (*gp).preempt_stop {
            preempt_park(gp);
        }
        gopreempt_m(gp) // :1084
    }
}

/// A prologue of managed code has found too little room, or a request: gives way, or moves the
/// stack to one of twice the size. The goroutine then goes on in its prologue, which looks again.
///
/// # Safety
/// By `morestack` only: on g0, with the caller's state in `g.sched` and its caller's in
/// `m.morebuf`.
///
/// Go: stack.go:976 newstack
#[unsafe(export_name = "gort.newstack")]
unsafe extern "C" fn newstack() -> ! {
    // SAFETY: on g0; the goroutine is this M's and has saved its state.
    unsafe {
        // :977
        let thisg = getg();
        let mp = (*thisg).m;
        let more = &raw mut (*mp).morebuf;
        // :979
        if (*(*more).g.ptr()).stackguard0.get() == STACK_FORK {
            throw("stack growth after fork");
        }
        // :982
        let gp = (*mp).curg.ptr();
        if (*more).g.ptr() != gp {
            let (g, g0, gsignal) = (Hex((*more).g.ptr().addr()), (*mp).g0, (*mp).gsignal);
            print!(
                "runtime: newstack called from g={g}\n\tm={mp:p} m->curg={gp:p} m->g0={g0:p} m->gsignal={gsignal:p}\n"
            );
            // :985 (what a traceback prints stands above this crate: throw prints the stacks)
            throw("runtime: wrong goroutine in newstack");
        }

        // :991
        if (*gp).throwsplit {
            // :993
            (*gp).syscallsp = (*more).sp;
            (*gp).syscallpc = (*more).pc;
            // :996
            let f = findfunc((*gp).sched.pc);
            let at = if f.valid() { (*gp).sched.pc - f.entry() } else { 0 };
            let name = if f.valid() { funcname(f) } else { "(unknown)" };
            // :1002
            let (sp, stk) = (Hex((*gp).sched.sp), (*gp).stack);
            print!(
                "runtime: newstack at {name}+{} sp={sp} stack=[{}, {}]\n",
                Hex(at),
                Hex(stk.lo),
                Hex(stk.hi)
            );
            print_bufs(gp, (*more).pc, (*more).sp);

            // :1007
            (*mp).traceback = 2;
            throw("runtime: stack split at bad time");
        }

        // :1012
        let (more_pc, more_sp) = ((*more).pc, (*more).sp);
        (*more).pc = 0;
        (*more).sp = 0;
        (*more).g.set(core::ptr::null_mut());

        // :1021 once, as others write to it at any time
        let stackguard0 = (*gp).stackguard0.load();
        // :1035
        let preempt = stackguard0 == STACK_PREEMPT;
        if preempt && !can_preempt_m(mp) {
            // :1040 `preempt` stays set, so the next request comes
            (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
            gogo(&raw mut (*gp).sched);
        }

        // :1045
        if (*gp).stack.lo == 0 {
            throw("missing stack in newstack");
        }
        if (*gp).stack_kind != StackKind::Copying {
            throw("gort: managed code on a stack that does not move");
        }
        // :1048 with the word that the call of morestack has pushed
        let sp = (*gp).sched.sp - 8;
        let stk = (*gp).stack;
        if stack_debug() >= 1 || sp < stk.lo {
            // :1054
            print!("runtime: newstack sp={} stack=[{}, {}]\n", Hex(sp), Hex(stk.lo), Hex(stk.hi));
            print_bufs(gp, more_pc, more_sp);
        }
        // :1058
        if sp < stk.lo {
            let status = Hex((*gp).atomicstatus.load() as usize);
            print!("runtime: gp={gp:p}, goid={}, gp->status={status}\n ", (*gp).goid);
            print!("runtime: split stack overflow: {} < {}\n", Hex(sp), Hex(stk.lo));
            throw("runtime: split stack overflow");
        }

        // :1064
        if preempt {
            newstack_give_way(mp, gp);
        }

        // :1087
        let oldsize = stk.hi - stk.lo;
        let mut newsize = oldsize * 2;

        // :1094 enough for the new frame; who called morestack looks again in any case
        let f: FuncInfo<'_> = findfunc((*gp).sched.pc);
        if f.valid() {
            let needed = func_max_sp_delta(f) as usize + STACK_GUARD;
            let used = stk.hi - (*gp).sched.sp;
            while newsize - used < needed {
                newsize *= 2;
            }
        }

        // :1103 moved on purpose, for tests: not larger, or it would be too large soon
        if stackguard0 == STACK_FORCE_MOVE {
            newsize = oldsize;
        }

        // :1110
        let (max, ceiling) = (MAXSTACKSIZE.get(), MAXSTACKCEILING.get());
        if newsize > max || newsize > ceiling {
            print!("runtime: goroutine stack exceeds {}-byte limit\n", max.min(ceiling));
            // :1116
            print!("runtime: sp={} stack=[{}, {}]\n", Hex(sp), Hex(stk.lo), Hex(stk.hi));
            throw("stack overflow");
        }

        // :1122 running, as it has come here
        casgstatus(gp, GRUNNING, GCOPYSTACK);

        // :1126 in this state nobody else looks at the stack
        copystack(gp, newsize);
        if stack_debug() >= 1 {
            print!("stack grow done\n");
        }
        // :1130
        casgstatus(gp, GCOPYSTACK, GRUNNING);
        gogo(&raw mut (*gp).sched)
    }
}

/// The two lines that `newstack` prints of where it was called.
///
/// # Safety
/// `gp` is a G.
unsafe fn print_bufs(gp: *mut G, more_pc: usize, more_sp: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        print!("\tmorebuf={{pc:{} sp:{} lr:{}}}\n", Hex(more_pc), Hex(more_sp), Hex(0));
        let sched = &(*gp).sched;
        let (pc, sp, ctxt) = (Hex(sched.pc), Hex(sched.sp), sched.ctxt);
        print!("\tsched={{pc:{pc} sp:{sp} lr:{} ctxt:{ctxt:p}}}\n", Hex(0));
    }
}

/// What a goroutine made with a nil function does when it starts.
///
/// Go: stack.go:1135 nilfunc
unsafe extern "C-unwind" fn nilfunc(_: *mut Funcval) {
    // SAFETY: faults on purpose: address 0 is never mapped.
    unsafe { core::ptr::null_mut::<u8>().write_volatile(0) } // :1136
}

/// Makes `gobuf` look as if it had called `fv` and stopped before its first instruction.
///
/// # Safety
/// `gobuf.sp` is the top of a stack that the caller owns, with room below.
///
/// Go: stack.go:1141 gostartcallfn
pub unsafe fn gostartcallfn(gobuf: *mut Gobuf, fv: *mut Funcval) {
    // SAFETY: the caller's contract.
    unsafe {
        // :1143
        let f = if !fv.is_null() { (*fv).fn_ as usize } else { nilfunc as *const () as usize };
        gostartcall(gobuf, f, fv.cast()); // :1148
    }
}

/// The same for a function and its context.
///
/// # Safety
/// As for [`gostartcallfn`].
///
/// Go: sys_x86.go:16 gostartcall
pub unsafe fn gostartcall(buf: *mut Gobuf, f: usize, ctxt: *mut core::ffi::c_void) {
    // SAFETY: the word below sp is inside the caller's stack.
    unsafe {
        let sp = (*buf).sp - size_of::<usize>(); // :18
        *(sp as *mut usize) = (*buf).pc;
        (*buf).sp = sp; // :20
        (*buf).pc = f;
        (*buf).ctxt = ctxt;
    }
}

/// Whether the stack of `gp` may be shrunk now: only if there is a precise pointer map for each of
/// its frames.
///
/// # Safety
/// The caller holds the scan bit of `gp`, or runs it.
///
/// Go: stack.go:1155 isShrinkStackSafe
#[doc(alias = "isShrinkStackSafe")]
pub unsafe fn is_shrink_stack_safe(gp: *mut G) -> bool {
    // SAFETY: the caller owns the stack of `gp`.
    unsafe {
        // :1160
        if (*gp).syscallsp != 0 {
            return false;
        }
        // :1166
        if (*gp).async_safe_point {
            return false;
        }
        // :1172
        if (*gp).parking_on_chan.load() {
            return false;
        }
        // :1183 no tracing.
        true
    }
}
