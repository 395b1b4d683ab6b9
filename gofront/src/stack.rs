//! Stacks.
//!
//! gccgo's functions begin with a comparison of sp with a word of the thread (`%fs:0x70`) and call `__morestack` if too little is left.
//! Goroutines run on native stacks, whose end is a guard page, so that word stays 0 and the check always passes;
//! a stack overflow is found by the guard page and reported in Go's words.

use core::arch::global_asm;

global_asm!(
    ".text",
    ".p2align 4",
    ".globl __morestack",
    ".type __morestack,@function",
    "__morestack:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "and rsp, -16",
    "call {f}",
    "ud2",
    ".cfi_endproc",
    ".size __morestack, . - __morestack",
    f = sym overflow,
);

/// A frame larger than the address space below the stack, or a guard that somebody else has set.
extern "C-unwind" fn overflow() {
    gort_proc::throw("stack overflow");
}

/// The check of the main thread: the C library leaves 0 there, but says so nowhere.
pub(crate) fn no_guard() {
    // SAFETY: a word of this thread's own control block, reserved for this very purpose.
    unsafe { core::arch::asm!("mov qword ptr fs:[0x70], 0", options(nostack, preserves_flags)) }
}
