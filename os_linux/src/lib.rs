//! Go's os_linux.go: futex, clock, threads.

use gort_runtime2::atomic::Uint32;
use gort_runtime2::*;

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn futexsleep(addr: *const Uint32, val: u32, ns: i64) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn futexwakeup(addr: *const Uint32, cnt: u32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn getproccount() -> i32 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn nanotime() -> i64 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn walltime() -> (i64, i32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn usleep(usec: u32) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn osyield() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn newosproc(mp: *mut M) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn osinit() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn write_err(b: &[u8]) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn exit(code: i32) -> ! {
    todo!()
}
