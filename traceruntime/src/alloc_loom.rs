//! Models take their memory from Rust's allocator.

use std::alloc::{Layout, alloc_zeroed, dealloc};

pub(crate) fn sys_alloc(n: usize) -> *mut u8 {
    // SAFETY: not of size 0.
    unsafe { alloc_zeroed(Layout::from_size_align(n, 64).unwrap()) }
}

pub(crate) unsafe fn sys_free(p: *mut u8, n: usize) {
    // SAFETY: the caller's contract.
    unsafe { dealloc(p, Layout::from_size_align(n, 64).unwrap()) }
}
