//! Faults of Go code as panics: nil pointers and divisions by zero.
//!
//! Compiled Go has unwind tables for every instruction that may fault, so the handler can do what
//! Go's does: make the goroutine call a function that panics, as if the faulting instruction had
//! called it.

use crate::panic::{panicdivide, panicfloat, panicmem, panicmem_addr, panicoverflow};
use core::arch::global_asm;
use gort_proc::{G, M, ThrowType, getg, stack_of, throw};
use gort_signal::sigctxt::Sigctxt;

// Entered from nowhere, with any alignment of the stack. The first one is told about by
// `push_call`: the return address, one beyond the faulting instruction as unwinders look up the
// address before, is on top, and the red zone of the function that faulted is above it. The second
// one has been called, as a nil function: the return address is the call's own.
global_asm!(
    ".text",
    ".macro gort_sigpanic_entry name, offset",
    ".p2align 4",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name,@function",
    "\\name:",
    ".cfi_startproc",
    ".cfi_def_cfa_offset \\offset",
    ".cfi_offset rip, -\\offset",
    "push rbp",
    ".cfi_def_cfa_offset \\offset + 8",
    ".cfi_offset rbp, -\\offset - 8",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "and rsp, -16",
    "call {f}",
    "ud2",
    ".cfi_endproc",
    ".size \\name, . - \\name",
    ".endm",
    "gort_sigpanic_entry gort_go_sigpanic, 136",
    "gort_sigpanic_entry gort_go_sigpanic_nilfunc, 8",
    f = sym sigpanic,
);

unsafe extern "C" {
    fn gort_go_sigpanic();
    fn gort_go_sigpanic_nilfunc();
}

/// Go: defs_linux_amd64.go:69 _FPE_INTDIV
const FPE_INTDIV: i32 = 1;
/// Go: defs_linux_amd64.go:70 _FPE_INTOVF
const FPE_INTOVF: i32 = 2;

/// Whether the fault is one that Go makes a panic of; if so, prepares the goroutine. In the signal
/// handler.
///
/// Go: signal_amd64.go:49 preparePanic
pub(crate) unsafe fn prepare(c: &Sigctxt, gp: *mut G, mp: *mut M) -> bool {
    let sig = (*gp).sig as i32;
    let (code, addr) = ((*gp).sigcode0 as i32, (*gp).sigcode1);
    let near = addr < 4096;
    let preemptoff = (*mp).preemptoff.get();
    // A stack overflow is no fault of the program's.
    let guard = || stack_of(addr).is_some_and(|(_, guard)| guard);
    let mine = match sig {
        libc::SIGSEGV => near && (0..=2).contains(&code) || (*gp).paniconfault && !guard(),
        libc::SIGBUS => near && code == libc::BUS_ADRERR || (*gp).paniconfault && !guard(),
        libc::SIGFPE => true,
        _ => false,
    };
    // What canpanic asks for.
    if !mine
        || (*gp).defer_.is_null()
        || (*mp).locks.get() != 0
        || (*mp).mallocing != 0
        || (*mp).throwing != ThrowType::None
        || !preemptoff.is_empty()
        || (*mp).dying != 0
        || (*gp).syscallsp != 0
    {
        return false;
    }
    let pc = c.sigpc();
    if sig == libc::SIGSEGV && pc == addr {
        c.set_rip(gort_go_sigpanic_nilfunc as *const () as u64);
    } else {
        c.push_call(gort_go_sigpanic as *const () as usize, pc + 1);
    }
    true
}

/// On the goroutine.
///
/// Go: signal_unix.go:881 sigpanic
#[unsafe(export_name = "runtime.sigpanic")] // Callers finds it on the stack
unsafe extern "C-unwind" fn sigpanic() {
    let gp = getg();
    match (*gp).sig as i32 {
        libc::SIGBUS | libc::SIGSEGV if (*gp).sigcode1 < 4096 => panicmem(),
        libc::SIGBUS | libc::SIGSEGV => panicmem_addr((*gp).sigcode1),
        libc::SIGFPE => match (*gp).sigcode0 as i32 {
            FPE_INTDIV => panicdivide(),
            FPE_INTOVF => panicoverflow(),
            _ => panicfloat(),
        },
        _ => throw("sigpanic: unknown signal"),
    }
}
