//! What the runtime asks the system at its start.

use crate::sys::syscall6;
use gort_runtime2::NCPU;

/// The number of processors that this process may use.
///
/// Go: os_linux.go:97 getproccount
pub fn getproccount() -> i32 {
    // :103
    const MAX_CPUS: usize = 64 * 1024;
    let mut buf = [0u8; MAX_CPUS / 8];
    // :105
    // SAFETY: the kernel writes at most the buffer's size into it.
    let r =
        unsafe { syscall6(libc::SYS_sched_getaffinity, 0, buf.len(), buf.as_mut_ptr() as usize, 0, 0, 0) };
    if r < 0 {
        return 1;
    }
    // :109
    let mut n = 0i32;
    for &byte in &buf[..r as usize] {
        let mut v = byte;
        while v != 0 {
            n += (v & 1) as i32;
            v >>= 1;
        }
    }
    // :116
    if n == 0 {
        n = 1;
    }
    n
}

/// Go: os_linux.go:343 osinit
pub fn osinit() {
    // :344
    NCPU.set(getproccount());
    // :345 physHugePageSize is for Go's heap. :346 osArchInit does nothing on amd64.
}

/// Fills `r` from the kernel's generator; returns how many bytes it gave, or a negative errno.
///
/// Go: os_linux.go:351 readRandom
#[doc(alias = "readRandom")]
pub fn read_random(r: &mut [u8]) -> isize {
    // :352 getrandom rather than /dev/urandom: it needs neither descriptor nor file system.
    // SAFETY: the kernel writes `r` only.
    unsafe {
        syscall6(libc::SYS_getrandom, r.as_mut_ptr() as usize, r.len(), libc::GRND_NONBLOCK as usize, 0, 0, 0)
    }
}
