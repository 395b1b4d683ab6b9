//! What becomes of a fault in native code.
//!
//! Go lets the goroutine call `sigpanic`, whose panic can be recovered. That works because Go's
//! compiler knows what is live at each instruction that may fault. Rust and C code cannot unwind
//! from an arbitrary instruction, so a fault ends the program, right in the handler: with the words
//! and the status of a Go program that does not recover, and with the traceback of the instruction
//! that faulted. A fault in the guard page of the goroutine's own stack is a stack overflow and
//! reported as `newstack` would.

use crate::sigctxt::Sigctxt;
use crate::signal_unix::{crash, signame};
use gort_asm::{getg, getpcspbp};
use gort_os_linux::exit;
use gort_panic::dopanic_m;
use gort_print::print;
use gort_proc::readgstatus;
use gort_runtime1::{gotraceback, is_secure_mode};
use gort_runtime2::{G, GRUNNING, GSCAN, M, ThrowType};
use gort_stack::stack_of;
use std::sync::OnceLock;

pub(crate) use gort_panic::startpanic_m;
use gort_traceback::Regs;
pub(crate) use gort_traceback::{goroutineheader, traceback, tracebackothers};

/// The stack of `gp` from the interrupted instruction on.
///
/// # Safety
/// In the signal handler that interrupted `gp`.
pub(crate) unsafe fn tracebacktrap(c: &Sigctxt, gp: *mut G) {
    // SAFETY: the registers are those of `gp`, which stands still while its thread is in the
    // handler.
    unsafe { gort_traceback::traceback_regs(&Regs::all(c.all()), gp) }
}

/// Makes the goroutine panic by itself when the handler returns, if its code can: see
/// [`set_prepare`].
pub type Prepare = unsafe fn(c: &Sigctxt, gp: *mut G, mp: *mut M) -> bool;

static PREPARE: OnceLock<Prepare> = OnceLock::new();

/// For a front end whose code has unwind tables for every instruction that may fault: `f` runs in
/// the handler, on gsignal, and arranges for the goroutine to call its own `sigpanic`; false if the
/// fault is none of that.
///
/// Go: signal_amd64.go:49 preparePanic
pub fn set_prepare(f: Prepare) {
    let _ = PREPARE.set(f);
}

/// Whether the fault has been made a panic.
///
/// # Safety
/// As for [`sigpanic`].
pub(crate) unsafe fn prepare_panic(c: &Sigctxt, gp: *mut G, mp: *mut M) -> bool {
    // SAFETY: the caller's contract.
    unsafe { PREPARE.get().is_some_and(|f| f(c, gp, mp)) }
}

/// Ends the program because of a fault in user code of `gp`: the outcomes of Go's `sigpanic`, and
/// the stack overflow of `newstack`.
///
/// # Safety
/// In the signal handler that interrupted `gp`, on gsignal of `mp`; `gp`'s `sig` fields are set.
///
/// Go: signal_unix.go:881 sigpanic
pub(crate) unsafe fn sigpanic(c: &Sigctxt, gp: *mut G, mp: *mut M) -> ! {
    // SAFETY: g and m are this thread's own.
    unsafe {
        let addr = (*gp).sigcode1;
        // stack.go:1110 the limit of a native stack is its size.
        if overflows(addr, gp) {
            let s = (*gp).stack;
            print!("runtime: goroutine stack exceeds {}-byte limit\n", s.hi - s.lo);
            print!("runtime: sp={:#x} stack=[{:#x}, {:#x}]\n", c.sigsp(), s.lo, s.hi);
            (*gp).sig = 0; // an overflow is no signal to the program
            throw_at(c, gp, mp, "stack overflow", true);
        }
        // :883 what canpanic asks for: anything else is the runtime's own fault.
        let preemptoff = (*mp).preemptoff.get();
        if (*mp).locks.get() != 0
            || (*mp).mallocing != 0
            || (*mp).throwing != ThrowType::None
            || !preemptoff.is_empty()
            || (*mp).dying != 0
            || readgstatus(gp) & !GSCAN != GRUNNING
            || (*gp).syscallsp != 0
        {
            throw_at(c, gp, mp, "unexpected signal during runtime execution", false);
        }
        let code = (*gp).sigcode0 as i32;
        // :887
        match (*gp).sig as i32 {
            libc::SIGBUS => {
                if code == libc::BUS_ADRERR && addr < 0x1000 {
                    panic_at(c, gp, mp, MEMORY_ERROR); // :890
                }
                print!("unexpected fault address {:#x}\n", addr); // :896
                throw_at(c, gp, mp, "fault", false);
            }
            libc::SIGSEGV => {
                // :899
                if (code == 0 || code == SEGV_MAPERR || code == SEGV_ACCERR) && addr < 0x1000 {
                    panic_at(c, gp, mp, MEMORY_ERROR);
                }
                // :902 SetPanicOnFault needs a panic that can be recovered; :906 there are no user
                // arenas.
                print!("unexpected fault address {:#x}\n", addr); // :912
                throw_at(c, gp, mp, "fault", false);
            }
            // :915
            libc::SIGFPE => match code {
                FPE_INTDIV => panic_at(c, gp, mp, "runtime error: integer divide by zero"),
                FPE_INTOVF => panic_at(c, gp, mp, "runtime error: integer overflow"),
                _ => panic_at(c, gp, mp, "runtime error: floating point error"), // :922
            },
            _ => panic_at(c, gp, mp, signame((*gp).sig)), // :929
        }
    }
}

/// Go: panic.go:258 memoryError
const MEMORY_ERROR: &str = "runtime error: invalid memory address or nil pointer dereference";
/// Go: defs_linux_amd64.go:82 _SEGV_MAPERR
const SEGV_MAPERR: i32 = 1;
/// Go: defs_linux_amd64.go:83 _SEGV_ACCERR
const SEGV_ACCERR: i32 = 2;
/// Go: defs_linux_amd64.go:69 _FPE_INTDIV
const FPE_INTDIV: i32 = 1;
/// Go: defs_linux_amd64.go:70 _FPE_INTOVF
const FPE_INTOVF: i32 = 2;

/// Whether a fault at `addr` is in the guard page of the stack that `gp` runs on.
///
/// # Safety
/// `gp` is alive.
pub(crate) unsafe fn overflows(addr: usize, gp: *mut G) -> bool {
    match stack_of(addr) {
        // SAFETY: reads the bounds of the interrupted goroutine's stack.
        Some((s, guard)) => guard && unsafe { (*gp).stack == s },
        None => false,
    }
}

/// `throw`, as if `gp` had called it at the interrupted instruction.
///
/// # Safety
/// As for [`sigpanic`].
unsafe fn throw_at(c: &Sigctxt, gp: *mut G, mp: *mut M, s: &str, overflow: bool) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        print!("fatal error: {}\n", s); // panic.go:1064
        // panic.go:1232
        if (*mp).throwing == ThrowType::None {
            (*mp).throwing = ThrowType::Runtime;
        }
        (*mp).caughtsig.set(gp);
        // panic.go:1239
        if is_secure_mode() {
            exit(2);
        }
        startpanic_m(); // panic.go:1243
        dopanic_at(c, gp, overflow)
    }
}

/// A panic that nobody recovers, as if raised at the interrupted instruction.
///
/// # Safety
/// As for [`sigpanic`].
unsafe fn panic_at(c: &Sigctxt, gp: *mut G, mp: *mut M, s: &str) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        (*mp).caughtsig.set(gp);
        // panic.go:1271
        if startpanic_m() {
            print!("panic: {}\n", s);
        }
        dopanic_at(c, gp, false)
    }
}

/// The rest of both: `dopanic_m`, with the interrupted registers as the start of the traceback.
/// After an overflow this handler's own stack comes first, as that of `newstack`, which throws on
/// g0, does in Go.
///
/// # Safety
/// As for [`sigpanic`].
#[inline(never)]
unsafe fn dopanic_at(c: &Sigctxt, gp: *mut G, overflow: bool) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        if overflow && gotraceback().0 > 0 {
            print!("\nruntime stack:\n"); // panic.go:1386
            let (pc, sp, bp) = getpcspbp();
            gort_traceback::traceback(pc, sp, bp, getg());
        }
        if dopanic_m(gp, signame((*gp).sig), &|| tracebacktrap(c, gp)) {
            crash();
        }
        exit(2)
    }
}
