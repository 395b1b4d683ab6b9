//! proc.go: 538–618. Calls that must not happen, and the stack to crash on.

use crate::*;
use gort_print::print;
use gort_runtime2::atomic::Pointer;

/// `mcall` was called on g0. Called from assembly.
///
/// # Safety
/// Never returns: the process ends.
///
/// Go: proc.go:538 badmcall
#[unsafe(export_name = "gort.badmcall")]
pub unsafe extern "C" fn badmcall(_fn: usize) -> ! {
    // :539
    throw("runtime: mcall called on m->g0 stack");
}

/// What `mcall` called has returned. Called from assembly.
///
/// # Safety
/// Never returns: the process ends.
///
/// Go: proc.go:542 badmcall2
#[unsafe(export_name = "gort.badmcall2")]
pub unsafe extern "C" fn badmcall2(_fn: usize) -> ! {
    // :543
    throw("runtime: mcall function returned");
}

/// `systemstack` was called on a goroutine that its M does not run. Called from assembly.
///
/// # Safety
/// Never returns: the process ends.
///
/// Go: stubs.go:71 badsystemstack
#[unsafe(export_name = "gort.badsystemstack")]
pub unsafe extern "C" fn badsystemstack() -> ! {
    // stubs.go:72
    write_err(b"fatal: systemstack called from unexpected goroutine");
    // the caller in Go's assembly aborts
    abort();
}

/// The scheduler's stack has overflowed (only code with stack checks can notice).
///
/// # Safety
/// On g0, whose sched says where the check was.
///
/// Go: proc.go:552 badmorestackg0
#[unsafe(export_name = "gort.badmorestackg0")]
pub unsafe extern "C" fn badmorestackg0() -> ! {
    // :553 the crash stack is implemented everywhere but on Windows
    // :559 Go's closure captures g; here it is found where switch_to_crash_stack has recorded it.
    unsafe fn crash() {
        // SAFETY: CRASHING_G was set by the caller, which is on another stack now and does not come
        // back.
        unsafe {
            let g = CRASHING_G.load();
            // :560
            print!(
                "runtime: morestack on g0, stack [{:#x} {:#x}], sp={:#x}, called from\n",
                (*g).stack.lo,
                (*g).stack.hi,
                (*g).sched.sp
            );
            // :561 pc and sp in the traceback
            (*(*g).m).traceback = 2;
            // :562 traceback1 is above this crate; the pc says which function it was.
            print!("\tpc={:#x}\n", (*g).sched.pc);
            print!("\n");

            // :565
            throw("morestack on g0");
        }
    }
    // SAFETY: the caller's contract; crash does not return.
    unsafe {
        switch_to_crash_stack(crash);
    }
}

/// The signal stack has overflowed.
///
/// # Safety
/// Never returns: the process ends.
///
/// Go: proc.go:571 badmorestackgsignal
#[unsafe(export_name = "gort.badmorestackgsignal")]
pub unsafe extern "C" fn badmorestackgsignal() -> ! {
    // :572
    write_err(b"fatal: morestack on gsignal\n");
    // asm_amd64.s:583 the caller in Go's assembly aborts
    abort();
}

/// A saved state carries a closure where there must be none.
///
/// Go: proc.go:576 badctxt
pub fn badctxt() -> ! {
    // :577
    throw("ctxt != 0");
}

static GCRASH: Global<G> = {
    // SAFETY: atomics, integers, nullable pointers and enums with a variant 0: all zeroes is a
    // valid value.
    Global::new(unsafe { core::mem::zeroed() })
};

/// The goroutine whose stack serves for crashing when the current one is unusable.
///
/// Go: proc.go:582 gcrash
pub fn gcrash() -> *mut G {
    GCRASH.get()
}

/// The goroutine that crashes.
///
/// Go: proc.go:584 crashingG
static CRASHING_G: Pointer<G> = Pointer::null();

/// Calls `f`, which must not return, on the crash stack. Only the first to come may: whoever comes
/// again aborts, whoever comes second waits a little and aborts.
///
/// # Safety
/// The process is about to end; little stack is left.
///
/// Go: proc.go:594 switchToCrashStack
#[doc(alias = "switchToCrashStack")]
pub unsafe fn switch_to_crash_stack(f: unsafe fn()) -> ! {
    // SAFETY: the crash stack is used by the first caller only: the compare-and-swap picks it.
    unsafe {
        // :595
        let me = getg();
        if CRASHING_G.cas(core::ptr::null_mut(), me) {
            switch_to_crash_stack0(f);
        }
        // :600
        if CRASHING_G.load() == me {
            write_err(b"fatal: recursive switchToCrashStack\n");
            abort();
        }
        // :606 perhaps the other one finishes its traceback meanwhile
        usleep(100);
        write_err(b"fatal: concurrent switchToCrashStack\n");
        abort();
    }
}

/// Makes gcrash the g0 of this M and calls `f` on its stack.
///
/// # Safety
/// Called once; `f` does not return.
///
/// Go: asm_amd64.s:546 switchToCrashStack0
#[doc(alias = "switchToCrashStack0")]
unsafe fn switch_to_crash_stack0(f: unsafe fn()) -> ! {
    unsafe extern "C" fn call(f: *const ()) -> ! {
        // SAFETY: f is the function given to switch_to_crash_stack0.
        unsafe {
            core::mem::transmute::<*const (), unsafe fn()>(f)();
        }
        // asm_amd64.s:567 it should not have returned
        abort();
    }
    // SAFETY: gcrash has a stack since schedinit, and nobody else uses it; nothing on the old stack
    // is needed any more.
    unsafe {
        // asm_amd64.s:547 the other end, later here
        let curm = (*getg()).m;
        let g = gcrash();
        (*g).m = curm;
        setg(g);
        // asm_amd64.s:553
        (*curm).g0 = g;
        // asm_amd64.s:556
        let sp = (*g).stack.hi - 4 * 8;
        core::arch::asm!(
            "mov rsp, {sp}",
            "xor ebp, ebp",
            "call {call}",
            "ud2",
            sp = in(reg) sp,
            call = sym call,
            in("rdi") f as *const (),
            options(noreturn),
        );
    }
}

// proc.go:614 crashStackImplemented is true on all systems but Windows.
