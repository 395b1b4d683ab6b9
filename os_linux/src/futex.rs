//! Sleeping on a word, and waking who sleeps there.

use crate::sys::syscall6;
use core::ptr::null;
use gort_asm::systemstack;
use gort_runtime2::atomic::Uint32;
use gort_runtime2::linkname::print_args;

/// Go: os_linux.go:49 _FUTEX_PRIVATE_FLAG
const FUTEX_PRIVATE_FLAG: usize = 128;
/// Go: os_linux.go:50 _FUTEX_WAIT_PRIVATE
const FUTEX_WAIT_PRIVATE: usize = FUTEX_PRIVATE_FLAG;
/// Go: os_linux.go:51 _FUTEX_WAKE_PRIVATE
const FUTEX_WAKE_PRIVATE: usize = 1 | FUTEX_PRIVATE_FLAG;

/// Go: os_linux.go:37 futex
#[inline(always)]
unsafe fn futex(addr: *const Uint32, op: usize, val: u32, ts: *const libc::timespec) -> i32 {
    // sys_linux_amd64.s:549
    // SAFETY: the caller's words are alive; the kernel checks the addresses.
    unsafe { syscall6(libc::SYS_futex, addr as usize, op, val as usize, ts as usize, 0, 0) as i32 }
}

/// Sleeps while `*addr == val`, for at most `ns` nanoseconds; without limit if `ns` is negative.
/// May return early for no reason.
///
/// # Safety
/// `addr` must be alive during the call.
///
/// Go: os_linux.go:62 futexsleep
pub unsafe fn futexsleep(addr: *const Uint32, val: u32, ns: i64) {
    // SAFETY: the caller's contract. The result does not matter: spurious returns are allowed.
    unsafe {
        // :68
        if ns < 0 {
            futex(addr, FUTEX_WAIT_PRIVATE, val, null());
            return;
        }
        // :73
        let ts = libc::timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 };
        futex(addr, FUTEX_WAIT_PRIVATE, val, &raw const ts);
    }
}

/// Wakes at most `cnt` threads that sleep on `addr`.
///
/// # Safety
/// `addr` must be an address of this process; it is not dereferenced here, so it may be that of a
/// word which its sleeper has meanwhile given up.
///
/// Go: os_linux.go:81 futexwakeup
pub unsafe fn futexwakeup(addr: *const Uint32, cnt: u32) {
    // SAFETY: the caller's contract; the last statement is meant to fault.
    unsafe {
        // :82
        let ret = futex(addr, FUTEX_WAKE_PRIVATE, cnt, null());
        if ret >= 0 {
            return;
        }
        // :90
        systemstack(|| {
            print_args(format_args!("futexwakeup addr={:#x} returned {}\n", addr as usize, ret))
        });
        // :94
        core::arch::asm!("mov dword ptr [{a}], {a:e}", a = in(reg) 0x1006usize);
    }
}
