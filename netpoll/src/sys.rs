//! System calls of the poller: raw, so that they return `-errno` and never touch the thread-local `errno`.

use core::arch::asm;
use core::ffi::c_void;

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

/// A system call with up to six arguments; a negative result is `-errno`.
///
/// # Safety
/// The arguments must be right for the call.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn syscall6(nr: libc::c_long, a: [usize; 6]) -> isize {
    let ret: isize;
    // SAFETY: the kernel clobbers rax, rcx and r11; memory as the call says, which the asm block may touch.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") nr as isize => ret,
            in("rdi") a[0],
            in("rsi") a[1],
            in("rdx") a[2],
            in("r10") a[3],
            in("r8") a[4],
            in("r9") a[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    ret
}

/// A new epoll descriptor, or `-errno`.
///
/// Go (internal/runtime/syscall): syscall_linux.go:18 EpollCreate1
pub fn epoll_create1(flags: i32) -> i32 {
    // SAFETY: takes no pointers.
    unsafe { syscall6(libc::SYS_epoll_create1, [flags as usize, 0, 0, 0, 0, 0]) as i32 }
}

/// Waits for events; their number, or `-errno`.
///
/// # Safety
/// `events` has room for `max` of them.
///
/// Go (internal/runtime/syscall): syscall_linux.go:25 EpollWait
pub unsafe fn epoll_wait(epfd: i32, events: *mut EpollEvent, max: i32, waitms: i32) -> i32 {
    // SAFETY: the caller's contract; no signal mask.
    unsafe {
        let a = [epfd as usize, events as usize, max as usize, waitms as usize, 0, 0];
        syscall6(libc::SYS_epoll_pwait, a) as i32
    }
}

/// Adds or removes a descriptor; 0, or `-errno`.
///
/// Go (internal/runtime/syscall): syscall_linux.go:36 EpollCtl
pub fn epoll_ctl(epfd: i32, op: i32, fd: i32, event: &mut EpollEvent) -> i32 {
    // SAFETY: `event` is valid for the call.
    unsafe {
        let a = [epfd as usize, op as usize, fd as usize, &raw mut *event as usize, 0, 0];
        syscall6(libc::SYS_epoll_ctl, a) as i32
    }
}

/// A new eventfd, or `-errno`.
///
/// Go (internal/runtime/syscall): syscall_linux.go:41 Eventfd
pub fn eventfd(initval: i32, flags: i32) -> i32 {
    // SAFETY: takes no pointers.
    unsafe { syscall6(libc::SYS_eventfd2, [initval as usize, flags as usize, 0, 0, 0, 0]) as i32 }
}

/// `write(2)`; bytes written, or `-errno`.
///
/// # Safety
/// `n` bytes at `p` are readable.
///
/// Go: stubs2.go:32 write1
pub unsafe fn write(fd: usize, p: *const c_void, n: i32) -> i32 {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_write, [fd, p as usize, n as usize, 0, 0, 0]) as i32 }
}

/// `read(2)`; bytes read, or `-errno`.
///
/// # Safety
/// `n` bytes at `p` are writable.
///
/// Go: stubs2.go:16 read
pub unsafe fn read(fd: i32, p: *mut c_void, n: i32) -> i32 {
    // SAFETY: the caller's contract.
    unsafe { syscall6(libc::SYS_read, [fd as usize, p as usize, n as usize, 0, 0, 0]) as i32 }
}
