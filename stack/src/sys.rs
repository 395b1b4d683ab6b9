//! The system calls of this crate, made directly: a result is a value or `-errno`, never the
//! thread-local `errno`.

use gort_os_linux::syscall6;

/// Install guard regions (Linux 6.13): accesses fault, and no mapping is split.
pub(crate) const MADV_GUARD_INSTALL: usize = 102;
/// Remove them.
pub(crate) const MADV_GUARD_REMOVE: usize = 103;

/// Give locked memory back as well (Linux 5.18).
pub(crate) const MADV_DONTNEED_LOCKED: usize = 24;

/// Reserves `n` bytes of address space, at `hint` if that is free: no memory, also after
/// `mlockall(MCL_FUTURE)`, as nobody may touch it yet. The address, or `-errno`.
pub(crate) fn mmap(hint: usize, n: usize) -> isize {
    let prot = libc::PROT_NONE as usize;
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE) as usize;
    // SAFETY: a new private mapping at a place of the kernel's choice (no MAP_FIXED): touches
    // nothing that exists.
    unsafe { syscall6(libc::SYS_mmap, hint, n, prot, flags, usize::MAX, 0) }
}

/// # Safety
/// Nothing may use the range any more.
pub(crate) unsafe fn munmap(p: usize, n: usize) -> isize {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_munmap, p, n, 0, 0, 0, 0) }
}

/// Lets pages of the range stay in memory once they are touched.
pub(crate) fn mlock_onfault(p: usize, n: usize) -> isize {
    // SAFETY: changes no content.
    unsafe { syscall6(libc::SYS_mlock2, p, n, libc::MLOCK_ONFAULT as usize, 0, 0, 0) }
}

/// Undoes that, and `mlockall`, for the range.
pub(crate) fn munlock(p: usize, n: usize) -> isize {
    // SAFETY: changes no content.
    unsafe { syscall6(libc::SYS_munlock, p, n, 0, 0, 0, 0) }
}

/// # Safety
/// The caller owns the range, and may lose what is in it if the advice says so.
pub(crate) unsafe fn madvise(p: usize, n: usize, advice: usize) -> isize {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_madvise, p, n, advice, 0, 0, 0) }
}

/// # Safety
/// The caller owns the range.
pub(crate) unsafe fn mprotect(p: usize, n: usize, prot: i32) -> isize {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_mprotect, p, n, prot as usize, 0, 0, 0) }
}
