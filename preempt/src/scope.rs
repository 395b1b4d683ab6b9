//! Rust code that may be interrupted. gort's own: in Go all code of the program is.
//!
//! # What a scope is
//! While [`scope()`] runs its closure the goroutine may be switched out by a signal at any
//! instruction of the program's own text (the executable or shared library that holds the closure).
//! Code of other libraries, such as the C library, is never interrupted: the signal just comes
//! again 10 ms later.
//!
//! # How a misuse shows
//! A call into the runtime from inside would be interrupted in the middle of the scheduler. The
//! scope keeps `stackguard0` at `STACK_PREEMPT`, so that the check at the runtime's entries
//! (channels, `select!`, `go`, locks) finds it and ends the program with
//! `fatal error: gort: call into the runtime inside preempt::scope`.

use crate::init;
use core::ffi::c_void;
use core::sync::atomic::{Ordering, compiler_fence};
use gort_asm::{getg, store_load_fence};
use gort_runtime1::DEBUG;
use gort_runtime2::atomic::Uintptr;
use gort_runtime2::linkname::throw;
use gort_runtime2::{G, STACK_PREEMPT, StackKind};
use gort_stack::{STACK_GUARD, on_goroutine_for, preempt_check};

/// Runs `f`, during which this goroutine may be preempted at any instruction, as a goroutine of Go
/// may: a loop that never calls the runtime does not keep its processor from others, nor a stop of
/// the world from happening.
///
/// `GODEBUG=asyncpreemptoff=1` turns it off. Entering and leaving costs a few nanoseconds. Scopes
/// may be nested.
///
/// # Safety
/// The goroutine may continue on another thread, and others run in between, so what `f` runs
/// * holds no lock across an instruction of its own: no `std::sync` lock (nor a `OnceLock` or
///   `println!`, which have one), no spin lock, no allocator but that of the C library;
/// * uses no thread-local, neither std's nor C's (`errno` among them), and nothing that relies on
///   its thread;
/// * calls nothing of this runtime (channels, `go`, `sleep`, locks, `blocking`);
/// * does not panic (std counts panics in a thread-local). Loops over slices should check their
///   bounds before, or use iterators.
///
/// Arithmetic, loops, memory of its own, atomics, and pure library code (`memcpy`, mathematics,
/// sorting, parsing, hashing) are fine.
///
/// # Panics
/// Ends the program if called outside a goroutine.
#[inline]
pub unsafe fn scope<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: on a goroutine, or on_goroutine_for says so; G pointers stay valid whichever thread
    // the goroutine is on.
    unsafe {
        on_goroutine_for("preempt::scope");
        let gp = getg();
        enter(gp, run::<(), fn()> as *const () as usize);
        let _leave = Leave(gp);
        run(f)
    }
}

/// The closure by itself: nothing of the caller's is kept in registers that are computed from the
/// thread.
#[inline(never)]
fn run<R, F: FnOnce() -> R>(f: F) -> R {
    let r = f();
    compiler_fence(Ordering::SeqCst);
    r
}

/// Leaves the scope, also when the closure unwinds.
struct Leave(*mut G);

impl Drop for Leave {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: made by `scope` on this goroutine.
        unsafe { leave(self.0) }
    }
}

/// Begins a scope whose code is in the same module as `pc`.
#[inline(never)]
unsafe fn enter(gp: *mut G, pc: usize) {
    // SAFETY: the goroutine's own G; its flag is looked at by this thread's signal handler, and, as
    // a hint, by others.
    unsafe {
        if (*gp).preempt_scope.get() == 0 {
            if (*gp).m.is_null() || gp == (*(*gp).m).g0 {
                throw("gort: preempt::scope outside of a goroutine");
            }
            preempt_check();
            init();
            if !in_text(pc) {
                add_text(pc);
            }
        }
        let depth = (*gp).preempt_scope.get();
        if depth == u8::MAX {
            throw("gort: preempt::scope nested too deeply");
        }
        loop {
            (*gp).preempt_scope.set(depth + 1);
            // Who asks sets `preempt` first, then looks whether a signal would help: either the
            // signal comes, or the request is seen here.
            store_load_fence();
            if depth != 0 || !(*gp).preempt.get() || DEBUG.asyncpreemptoff.get() != 0 {
                break;
            }
            (*gp).preempt_scope.set(0);
            compiler_fence(Ordering::SeqCst);
            (*gp).stackguard0.set(STACK_PREEMPT);
            preempt_check();
        }
        guard(gp);
        compiler_fence(Ordering::SeqCst);
    }
}

/// Makes every check of native code fail while the scope lasts: see the module's text.
#[inline]
pub(crate) unsafe fn guard(gp: *mut G) {
    // SAFETY: the goroutine's own G.
    unsafe {
        if (*gp).stack_kind == StackKind::Native {
            (*gp).stackguard0.set(STACK_PREEMPT);
        }
    }
}

/// Ends a scope.
#[inline(never)]
unsafe fn leave(gp: *mut G) {
    // SAFETY: as in `enter`.
    unsafe {
        compiler_fence(Ordering::SeqCst);
        let depth = (*gp).preempt_scope.get();
        if depth == 0 {
            return; // a misuse is being reported
        }
        (*gp).preempt_scope.set(depth - 1);
        compiler_fence(Ordering::SeqCst);
        if depth > 1 {
            return;
        }
        // A request that comes now sets `preempt` before it sets the guard, so one of the two is
        // seen.
        (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
        store_load_fence();
        if (*gp).preempt.get() {
            (*gp).stackguard0.set(STACK_PREEMPT);
            preempt_check();
        }
    }
}

/// Code of the modules that have used a scope: pairs of bounds, the upper one written last.
static TEXT: [[Uintptr; 2]; 16] = [const { [const { Uintptr::new(0) }; 2] }; 16];

/// Whether `pc` is in one of them. For signal handlers too.
pub(crate) fn in_text(pc: usize) -> bool {
    TEXT.iter().any(|t| pc < t[1].load() && t[0].load() <= pc)
}

/// Adds the executable segments of the module that `pc` is in.
#[cold]
fn add_text(pc: usize) {
    unsafe extern "C" fn each(info: *mut libc::dl_phdr_info, _: usize, arg: *mut c_void) -> i32 {
        // SAFETY: the loader's description of one module; `arg` is the pc below.
        unsafe {
            let pc = *arg.cast::<usize>();
            let ph = core::slice::from_raw_parts((*info).dlpi_phdr, (*info).dlpi_phnum as usize);
            for p in ph.iter().filter(|p| p.p_type == libc::PT_LOAD && p.p_flags & libc::PF_X != 0)
            {
                let lo = (*info).dlpi_addr as usize + p.p_vaddr as usize;
                let hi = lo + p.p_memsz as usize;
                if lo <= pc && pc < hi {
                    for t in &TEXT {
                        if t[0].cas(0, lo) {
                            t[1].store(hi);
                            return 1;
                        }
                        if t[0].load() == lo {
                            return 1;
                        }
                    }
                    return 1;
                }
            }
            0
        }
    }
    let mut pc = pc;
    // SAFETY: `each` matches its argument. What it locks is the loader's, while no scope is active
    // here.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut pc).cast()) };
}
