//! The system calls of this crate, and what os_linux.go builds on them. Made directly: a result is
//! a value or `-errno`, never the thread-local `errno`, which belongs to the interrupted code.

use crate::signal_unix::sigtramp;
use core::ptr::{null, null_mut};
use gort_os_linux::{getpid, gettid, syscall6};
use gort_runtime2::linkname::throw;
use gort_runtime2::{M, Sigset};

/// Go: os_linux.go:547 tgkill
fn tgkill(tgid: i32, tid: u32, sig: u32) {
    // SAFETY: sends a signal; no memory involved.
    unsafe { syscall6(libc::SYS_tgkill, tgid as usize, tid as usize, sig as usize, 0, 0, 0) };
}

/// Sends `sig` to this thread.
///
/// Go: os_linux.go:437 raise
pub fn raise(sig: u32) {
    tgkill(getpid(), gettid(), sig);
}

/// Sends `sig` to the process.
///
/// Go: os_linux.go:438 raiseproc
pub fn raiseproc(sig: u32) {
    // SAFETY: sends a signal; no memory involved.
    unsafe { syscall6(libc::SYS_kill, getpid() as usize, sig as usize, 0, 0, 0, 0) };
}

/// Sends `sig` to the thread of `mp`.
///
/// # Safety
/// `mp` is an M.
///
/// Go: os_linux.go:550 signalM
#[doc(alias = "signalM")]
pub unsafe fn signal_m(mp: *mut M, sig: u32) {
    // SAFETY: an M is never freed while others know it; procid is atomic.
    unsafe { tgkill(getpid(), (*mp).procid.get() as u32, sig) } // :551
}

/// # Safety
/// `new` describes memory that stays valid as long as it is the signal stack.
///
/// Go: os_linux.go:414 sigaltstack
pub(crate) unsafe fn sigaltstack(new: *const libc::stack_t, old: *mut libc::stack_t) {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_sigaltstack, new as usize, old as usize, 0, 0, 0, 0) };
}

/// All signals.
///
/// Go: os_linux_generic.go:22 sigset_all
pub(crate) const SIGSET_ALL: Sigset = !0;

/// Go: os_linux_generic.go:26 sigaddset
pub(crate) fn sigaddset(mask: &mut Sigset, i: u32) {
    *mask |= 1 << (i - 1); // :27
}

/// Go: os_linux_generic.go:30 sigdelset
pub(crate) fn sigdelset(mask: &mut Sigset, i: u32) {
    *mask &= !(1 << (i - 1)); // :31
}

/// # Safety
/// Each pointer is nil or valid.
///
/// Go: os_linux.go:433 sigprocmask
pub(crate) unsafe fn sigprocmask(how: i32, new: *const Sigset, old: *mut Sigset) {
    // SAFETY: the caller's contract; the kernel's set has 8 bytes. :434
    unsafe {
        syscall6(
            libc::SYS_rt_sigprocmask,
            how as usize,
            new as usize,
            old as usize,
            size_of::<Sigset>(),
            0,
            0,
        )
    };
}

/// Through the C library, which knows the restorer that the kernel wants.
///
/// # Safety
/// Each pointer is nil or valid.
///
/// Go: os_linux.go:519 sysSigaction
unsafe fn sigaction(sig: u32, new: *const libc::sigaction, old: *mut libc::sigaction) {
    // SAFETY: the caller's contract.
    unsafe {
        // :520 the C library rejects the signals that it keeps for itself.
        if libc::sigaction(sig as i32, new, old) != 0 && sig != 32 && sig != 33 && sig != 64 {
            throw("sigaction failed"); // :535
        }
    }
}

/// Makes `f` the handler of signal `i`: SIG_DFL, SIG_IGN, or the address of a function.
///
/// # Safety
/// `f` is one of these.
///
/// Go: os_linux.go:464 setsig
pub(crate) unsafe fn setsig(i: u32, f: usize) {
    // SAFETY: a zeroed sigaction is a valid one; the rest is the caller's contract.
    unsafe {
        let mut sa: libc::sigaction = core::mem::zeroed(); // :465
        sa.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        libc::sigfillset(&raw mut sa.sa_mask);
        sa.sa_sigaction = f; // :481
        sigaction(i, &raw const sa, null_mut());
    }
}

/// The handler that `setsig` installs for the runtime.
pub(crate) fn sighandler_pc() -> usize {
    sigtramp as *const () as usize
}

/// Adds SA_ONSTACK to somebody else's handler.
///
/// # Safety
/// Always sound; changes how the process handles a signal.
///
/// Go: os_linux.go:487 setsigstack
pub(crate) unsafe fn setsigstack(i: u32) {
    // SAFETY: reads and writes back one sigaction.
    unsafe {
        let mut sa: libc::sigaction = core::mem::zeroed(); // :488
        sigaction(i, null(), &raw mut sa);
        if sa.sa_flags & libc::SA_ONSTACK != 0 {
            return;
        }
        sa.sa_flags |= libc::SA_ONSTACK; // :493
        sigaction(i, &raw const sa, null_mut());
    }
}

/// The handler of signal `i`.
///
/// Go: os_linux.go:499 getsig
pub(crate) fn getsig(i: u32) -> usize {
    // SAFETY: reads one sigaction into a local.
    unsafe {
        let mut sa: libc::sigaction = core::mem::zeroed(); // :500
        sigaction(i, null(), &raw mut sa);
        sa.sa_sigaction // :502
    }
}
