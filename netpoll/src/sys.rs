//! System calls of the poller: raw, so that they return `-errno` and never touch the thread-local
//! `errno`.

use core::ffi::c_void;
use gort_os_linux::syscall6;

/// The kernel's record of an event, and what it belongs to. Packed on this architecture.
///
/// Go (internal/runtime/syscall): defs_linux_amd64.go:19 EpollEvent
#[repr(C, packed)]
#[derive(Clone, Copy, Default)]
pub struct EpollEvent {
    /// EPOLLIN and kin.
    pub events: u32,
    /// What was registered with the descriptor.
    pub data: u64,
}

/// A new epoll descriptor, or `-errno`.
///
/// Go (internal/runtime/syscall): syscall_linux.go:18 EpollCreate1
pub fn epoll_create1(flags: i32) -> i32 {
    // :19
    // SAFETY: takes no pointers.
    unsafe { syscall6(libc::SYS_epoll_create1, flags as usize, 0, 0, 0, 0, 0) as i32 }
}

/// Waits for events; their number, or `-errno`.
///
/// # Safety
/// `events` has room for `max` of them.
///
/// Go (internal/runtime/syscall): syscall_linux.go:25 EpollWait
pub unsafe fn epoll_wait(epfd: i32, events: *mut EpollEvent, max: i32, waitms: i32) -> i32 {
    // :32
    // SAFETY: the caller's contract; no signal mask.
    unsafe {
        let p = events as usize;
        syscall6(libc::SYS_epoll_pwait, epfd as usize, p, max as usize, waitms as usize, 0, 0)
            as i32
    }
}

/// Adds or removes a descriptor; 0, or `-errno`.
///
/// Go (internal/runtime/syscall): syscall_linux.go:36 EpollCtl
pub fn epoll_ctl(epfd: i32, op: i32, fd: i32, event: &mut EpollEvent) -> i32 {
    // :37
    // SAFETY: `event` is valid for the call.
    unsafe {
        let p = &raw mut *event as usize;
        syscall6(libc::SYS_epoll_ctl, epfd as usize, op as usize, fd as usize, p, 0, 0) as i32
    }
}

/// A new eventfd, or `-errno`.
///
/// Go (internal/runtime/syscall): syscall_linux.go:41 Eventfd
pub fn eventfd(initval: i32, flags: i32) -> i32 {
    // :42
    // SAFETY: takes no pointers.
    unsafe { syscall6(libc::SYS_eventfd2, initval as usize, flags as usize, 0, 0, 0, 0) as i32 }
}

/// `write(2)`; bytes written, or `-errno`.
///
/// # Safety
/// `n` bytes at `p` are readable.
///
/// Go: stubs2.go:32 write1
pub unsafe fn write(fd: usize, p: *const c_void, n: i32) -> i32 {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_write, fd, p as usize, n as usize, 0, 0, 0) as i32 }
}

/// `read(2)`; bytes read, or `-errno`.
///
/// # Safety
/// `n` bytes at `p` are writable.
///
/// Go: stubs2.go:16 read
pub unsafe fn read(fd: i32, p: *mut c_void, n: i32) -> i32 {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_read, fd as usize, p as usize, n as usize, 0, 0, 0) as i32 }
}
