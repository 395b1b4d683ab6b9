//! What valgrind has to know: which memory is a stack.
//!
//! Valgrind takes every change of the stack pointer for a call or a return, unless the new value
//! lies in another stack that it knows of. Threads' stacks it knows; those of goroutines it is told
//! of here, span by span, when their guard pages are laid out. Its client requests are instructions
//! that do nothing outside of it: four rotations of a register by 128 bits in all, and an exchange
//! of a register with itself.

use core::arch::asm;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const STACK_REGISTER: usize = 0x1501;
const STACK_DEREGISTER: usize = 0x1502;

/// A client request; 0 without valgrind.
fn request(nr: usize, a: usize, b: usize) -> usize {
    let args = [nr, a, b, 0, 0, 0];
    let r;
    // SAFETY: natively the registers are as before; under valgrind rdx has the result.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") 0usize => r,
            in("rax") &raw const args,
            inout("rdi") 0usize => _,
            options(nostack),
        );
    }
    r
}

/// Whether this process runs under valgrind. A few nanoseconds.
pub(crate) fn running() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) != 0
}

/// `[lo, hi)` is a stack. Its id.
pub(crate) fn register(lo: usize, hi: usize) -> usize {
    // The highest address is part of it, for valgrind.
    request(STACK_REGISTER, lo, hi - 1)
}

/// Stack `id` is none any more.
pub(crate) fn deregister(id: usize) {
    request(STACK_DEREGISTER, id, 0);
}
