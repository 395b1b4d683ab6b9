//! What native gort has in `asm` and `os_linux`.

use crate::linkname::go;
use crate::*;
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

#[inline(always)]
pub fn osyield() {
    // SAFETY: on g0.
    unsafe { go::osyield() }
}

#[inline(always)]
pub fn procyield(cycles: u32) {
    for _ in 0..cycles {
        core::hint::spin_loop();
    }
}

/// See `asm`'s.
#[inline(always)]
pub fn store_load_fence() {
    core::sync::atomic::fence(Ordering::SeqCst);
}

/// This is the system stack.
#[inline(always)]
pub unsafe fn systemstack<R, F: FnOnce() -> R>(f: F) -> R {
    f()
}

/// The runtime's mutex, without a call where it is free.
#[inline(always)]
pub unsafe fn lock(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe { go::lock2(l) }
}
#[inline(always)]
pub unsafe fn unlock(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe { go::unlock2(l) }
}

/// becomeSpinning
#[inline(always)]
pub unsafe fn become_spinning(mp: *mut M) {
    // SAFETY: atomics.
    unsafe {
        (*mp).spinning.set(true);
        (*sched()).nmspinning.add(1);
        (*sched()).needspinning.store(0);
    }
}

#[inline(always)]
pub fn starting_stack_size() -> u32 {
    STARTING_STACK_SIZE.get()
}

/// Of stack.go: 800 bytes for functions without a check of the stack, and 128.
pub const STACK_GUARD: usize = 928;

/// What native gort does when a goroutine leaves a thread or arrives at one.
#[inline(always)]
pub unsafe fn leaving(_: *mut G) {}
#[inline(always)]
pub unsafe fn arriving(_: *mut G) {}

#[inline(always)]
pub unsafe fn acquire_lock_rank_and_m(_: LockRank) {
    // SAFETY: the caller's contract.
    unsafe { acquirem() };
}
#[inline(always)]
pub unsafe fn release_lock_rank_and_m(_: LockRank) {
    // SAFETY: the caller's contract.
    unsafe { releasem((*getg()).m) };
}
#[inline(always)]
pub unsafe fn lock_with_rank_may_acquire(_: *mut Mutex, _: LockRank) {}
#[inline(always)]
pub unsafe fn world_stopped() {}
#[inline(always)]
pub unsafe fn world_started() {}
#[inline(always)]
pub unsafe fn assert_world_stopped() {}

/// goexit0, whose gdestroy is Go's
pub unsafe extern "C" fn goexit0(gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        go::gdestroy(gp);
        schedule()
    }
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
