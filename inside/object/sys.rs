//! What native gort has in `asm` and `os_linux`.

use crate::linkname::go;
use crate::*;
use core::arch::asm;
use core::sync::atomic::{AtomicIsize, Ordering};

/// Where Go's g is, from the thread pointer on: the linker's choice, found by
/// [`crate::entries::gort_init`].
pub static TLS: AtomicIsize = AtomicIsize::new(0);

/// Go's g. It is g0 or gsignal, and the same from the way in to the way out, so this may be
/// evaluated once.
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
    // SAFETY: touches no memory.
    unsafe { syscall6(SYS_sched_yield, 0, 0, 0, 0, 0, 0) };
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

/// Of stack.go: the smallest stack of a goroutine's.
pub const STACK_MIN: i32 = 2048;

/// The address of goexit, for the bottom of a goroutine's stack.
#[inline(always)]
pub fn goexit_pc() -> usize {
    // SAFETY: a word of Go's, set when the program starts.
    unsafe { *var(Var::Goexit).cast::<usize>() }
}

/// See `asm`'s.
#[inline(always)]
pub fn cputicks() -> i64 {
    // SAFETY: RDTSC has no preconditions in user mode.
    unsafe {
        core::arch::x86_64::_mm_lfence();
        core::arch::x86_64::_rdtsc() as i64
    }
}

/// See `os_linux`'s.
#[inline(always)]
pub unsafe fn syscall6(nr: i64, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize {
    let r: isize;
    // SAFETY: the kernel clobbers rcx and r11 only; what it does to memory is the caller's
    // business.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") nr as isize => r,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    r
}

// What the compiler may call for arrays. Names of this object alone: they are not global, so that a
// C library's stay what they are.
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
