//! What native gort has in `asm` and `os_linux`.

use crate::linkname::go;
use crate::{G, Mutex};
use core::arch::asm;
use core::sync::atomic::{AtomicIsize, Ordering};

/// Where Go's g is, from the thread pointer on: the linker's choice, found by [`crate::entries::gort_init`].
pub static TLS: AtomicIsize = AtomicIsize::new(0);

/// Go's g. It is g0 or gsignal, and the same from the way in to the way out, so this may be evaluated once.
#[inline(always)]
pub fn getg() -> *mut G {
    let g;
    // SAFETY: reads the thread's word for g.
    unsafe {
        asm!("mov {}, fs:[{}]", out(reg) g, in(reg) TLS.load(Ordering::Relaxed), options(pure, readonly, nostack, preserves_flags));
    }
    g
}

#[inline(always)]
pub fn prefetch<T>(p: *const T) {
    // SAFETY: a hint that never faults.
    unsafe { core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(p.cast()) }
}

#[inline(always)]
pub fn nanotime() -> i64 {
    // SAFETY: on g0.
    unsafe { go::nanotime() }
}

#[inline(always)]
pub fn usleep(usec: u32) {
    // SAFETY: on g0.
    unsafe { go::usleep(usec) }
}

/// Nothing without the experiment staticlockranking, which `gort go` refuses.
#[inline(always)]
pub unsafe fn assert_lock_held(_: *mut Mutex) {}

// What the compiler may call for arrays. Names of this object alone: they are not global, so that a C library's stay what they are.
core::arch::global_asm!(
    ".p2align 4",
    "memset: mov r8, rdi",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    ".p2align 4",
    "memcpy: mov rax, rdi",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
);
