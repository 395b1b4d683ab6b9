//! What the runtime asks the system at its start.

use crate::sys::syscall6;
use crate::thread::{TLS_SIZE, tls_size};
use gort_runtime2::linkname::{print_args, throw};
use gort_runtime2::{ISCGO, NCPU};

/// The number of processors that this process may use.
///
/// Go: os_linux.go:97 getproccount
pub fn getproccount() -> i32 {
    // :103
    const MAX_CPUS: usize = 64 * 1024;
    let mut buf = [0u8; MAX_CPUS / 8];
    // :105
    // SAFETY: the kernel writes at most the buffer's size into it.
    let r = unsafe {
        syscall6(libc::SYS_sched_getaffinity, 0, buf.len(), buf.as_mut_ptr() as usize, 0, 0, 0)
    };
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
    TLS_SIZE.set(tls_size());
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
        syscall6(
            libc::SYS_getrandom,
            r.as_mut_ptr() as usize,
            r.len(),
            libc::GRND_NONBLOCK as usize,
            0,
            0,
            0,
        )
    }
}

/// Go: os_linux.go:452 fcntl
fn fcntl(fd: usize, cmd: i32, arg: usize) -> (isize, i32) {
    // :453
    // SAFETY: only asked for flags, which touches no memory.
    let r = unsafe { syscall6(libc::SYS_fcntl, fd, cmd as usize, arg, 0, 0, 0) };
    if r < 0 { (-1, -r as i32) } else { (r, 0) }
}

/// Sees to it that the descriptors 0 to 2 are open, so that no file of the program gets one of
/// these numbers: a closed one becomes /dev/null. A host program's are its own affair.
///
/// Go: fds_unix.go:9 checkfds
pub fn checkfds() {
    // :10
    if ISCGO.get() {
        return;
    }
    // :26
    for i in 0..3 {
        let (ret, errno) = fcntl(i, libc::F_GETFD, 0);
        if ret >= 0 {
            continue;
        }
        // :32
        if errno != libc::EBADF {
            print_args(format_args!(
                "runtime: unexpected error while checking standard file descriptor {i}, errno={errno}\n"
            ));
            throw("cannot open standard fds");
        }
        // :37
        let name = c"/dev/null".as_ptr() as usize;
        // SAFETY: the name is static.
        let ret = unsafe { syscall6(libc::SYS_open, name, libc::O_RDWR as usize, 0, 0, 0, 0) };
        if ret < 0 {
            print_args(format_args!(
                "runtime: standard file descriptor {i} closed, unable to open /dev/null, errno={errno}\n"
            ));
            throw("cannot open standard fds");
        } else if ret != i as isize {
            // :41
            print_args(format_args!(
                "runtime: opened unexpected file descriptor {ret} when attempting to open {i}\n"
            ));
            throw("cannot open standard fds");
        }
    }
}
