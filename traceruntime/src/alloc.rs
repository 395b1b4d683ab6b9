//! Memory from the system: the tracer runs where nothing may be allocated in any other way.

use gort_os_linux::syscall6;

/// Zeroed memory, or nil.
pub(crate) fn sys_alloc(n: usize) -> *mut u8 {
    let prot = (libc::PROT_READ | libc::PROT_WRITE) as usize;
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    // SAFETY: a new private mapping at a place of the kernel's choice.
    let p = unsafe { syscall6(libc::SYS_mmap, 0, n, prot, flags, usize::MAX, 0) };
    if p < 0 { core::ptr::null_mut() } else { p as usize as *mut u8 }
}

/// Gives it back.
///
/// # Safety
/// `p` and `n` are those of one [`sys_alloc`], and nobody uses it any more.
pub(crate) unsafe fn sys_free(p: *mut u8, n: usize) {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_munmap, p as usize, n, 0, 0, 0, 0) };
}
