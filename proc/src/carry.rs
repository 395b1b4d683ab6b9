//! What a language's runtime keeps for each thread and a goroutine must find again. gort's own:
//! Go's panics belong to the goroutine, and Go has no other such thing.
//!
//! Two kinds. Rust's std counts panics per thread in a variable that nobody else can write, so a
//! goroutine that leaves its M while std counts is locked to that M until std has done
//! ([`leaving`]). The C++ runtime has a list of caught exceptions and a count of uncaught ones per
//! thread, whose place it tells (`__cxa_get_globals`): they go with the goroutine ([`leaving`],
//! [`arriving`]).
//!
//! Both look on g0, which is where a goroutine leaves its M and where no thread-local's address can
//! be stale, and only there: who panics or catches without parking pays nothing.

use crate::*;
use gort_runtime2::atomic::Uintptr;
use gort_runtime2::{CARRIES_CXX, CARRIES_EXCEPTIONS, CARRIES_PANIC, EhGlobals};

/// The goroutine `gp` is about to leave this M: it parks, yields, is preempted, or finds no P after
/// a system call.
///
/// # Safety
/// On g0 of the M that `gp` runs on, before others can get hold of `gp`.
#[inline(always)]
pub unsafe fn leaving(gp: *mut G) {
    // SAFETY: gp and its M are this thread's own up to here; eh_globals is nil or this thread's.
    unsafe {
        // Two loads, as a rule: the other is std's count for all threads.
        if (*gp).carries != 0 || std::thread::panicking() {
            leaving_slow(gp);
        }
    }
}

/// The rest of [`leaving`], which a program with a C++ runtime always comes to.
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn leaving_slow(gp: *mut G) {
    // SAFETY: as there.
    unsafe {
        let eh = (*(*gp).m).eh_globals;
        if !eh.is_null() && (!(*eh).caught.is_null() || (*eh).uncaught != 0) {
            save_exceptions(gp);
        }
        if (*gp).carries & CARRIES_PANIC != 0 || std::thread::panicking() {
            settle_unwinding(gp);
        }
    }
}

/// What `carries` begins with.
#[inline(always)]
pub fn cxx_carries() -> u8 {
    if GET_GLOBALS.get() != 0 { CARRIES_CXX } else { 0 }
}

/// The goroutine `gp` is about to run on this M.
///
/// # Safety
/// On g0 of the M that `gp.m` says.
#[inline(always)]
pub unsafe fn arriving(gp: *mut G) {
    // SAFETY: gp is this M's.
    unsafe {
        if (*gp).carries & CARRIES_EXCEPTIONS != 0 {
            restore_exceptions(gp);
        }
    }
}

/// # Safety
/// As for [`leaving`]; `eh_globals` is not nil.
#[cold]
#[inline(never)]
unsafe fn save_exceptions(gp: *mut G) {
    // SAFETY: the thread's own words, and a field of the goroutine that leaves.
    unsafe {
        let eh = (*(*gp).m).eh_globals;
        (*gp).eh = *eh;
        (*gp).carries |= CARRIES_EXCEPTIONS;
        *eh = EhGlobals::NONE;
    }
}

/// # Safety
/// As for [`arriving`]; `carries` says so.
#[cold]
#[inline(never)]
unsafe fn restore_exceptions(gp: *mut G) {
    // SAFETY: the thread's own words, all zero, as whoever was here before has taken his along.
    unsafe {
        (*gp).carries &= !CARRIES_EXCEPTIONS;
        let eh = (*(*gp).m).eh_globals;
        if eh.is_null() {
            throw("gort: a thread without a C++ runtime got a goroutine that has exceptions");
        }
        *eh = (*gp).eh;
    }
}

/// Locks `gp` to its M if std counts panics here, and gives the lock back if it no longer does.
///
/// # Safety
/// As for [`leaving`].
#[cold]
#[inline(never)]
unsafe fn settle_unwinding(gp: *mut G) {
    // SAFETY: gp and its M are this thread's own.
    unsafe {
        if !std::thread::panicking() {
            unlock_unwinding(gp);
            return;
        }
        let mp = (*gp).m;
        // A coroutine that was entered by somebody who unwinds has got his lock with the thread.
        if (*gp).carries & CARRIES_PANIC == 0 && (*mp).locked_unwind == 0 {
            (*gp).carries |= CARRIES_PANIC;
            (*mp).locked_unwind += 1;
            (*mp).locked_int += 1;
            (*mp).lockedg.set(gp);
            (*gp).lockedm.set(mp);
        }
    }
}

/// Undoes what [`leaving`] did for a goroutine that unwound, if it did.
///
/// # Safety
/// `gp` runs on this M, or is leaving it.
pub unsafe fn unlock_unwinding(gp: *mut G) {
    // SAFETY: the M is this thread's own; the goroutine has been on it since the lock.
    unsafe {
        if (*gp).carries & CARRIES_PANIC != 0 {
            (*gp).carries &= !CARRIES_PANIC;
            let mp = (*gp).m;
            (*mp).locked_unwind -= 1;
            (*mp).locked_int -= 1;
            if (*mp).locked_int == 0 && (*mp).locked_ext == 0 {
                (*mp).lockedg.set(core::ptr::null_mut());
                (*gp).lockedm.set(core::ptr::null_mut());
            }
        }
    }
}

/// The goroutine `gp` ends: it leaves nothing behind on the thread.
///
/// # Safety
/// As for [`leaving`].
#[inline(always)]
pub unsafe fn ended(gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe {
        if (*gp).carries != 0 {
            ended_slow(gp);
        }
    }
}

/// The rest of [`ended`].
///
/// # Safety
/// As there.
#[inline(never)]
unsafe fn ended_slow(gp: *mut G) {
    // SAFETY: the caller's contract; the words are this thread's.
    unsafe {
        unlock_unwinding(gp);
        let eh = (*(*gp).m).eh_globals;
        if !eh.is_null() {
            *eh = EhGlobals::NONE;
        }
    }
}

// The C++ runtime's function, nil if the program was linked without one. A weak reference cannot be
// had from Rust.
core::arch::global_asm!(
    ".pushsection .text.gort_cxa_get_globals,\"ax\",@progbits",
    ".weak __cxa_get_globals",
    ".hidden gort_cxa_get_globals",
    ".globl gort_cxa_get_globals",
    ".type gort_cxa_get_globals,@function",
    "gort_cxa_get_globals:",
    "mov rax, qword ptr [rip + __cxa_get_globals@GOTPCREL]",
    "ret",
    ".size gort_cxa_get_globals, . - gort_cxa_get_globals",
    ".popsection",
);

type GetGlobals = unsafe extern "C" fn() -> *mut EhGlobals;

unsafe extern "C" {
    fn gort_cxa_get_globals() -> Option<GetGlobals>;
}

/// `__cxa_get_globals`, 0 if there is none.
static GET_GLOBALS: Uintptr = Uintptr::new(0);

/// Finds the C++ runtime, if there is one: linked in, or loaded by now.
///
/// Not looked for later: Ms must not take the dynamic linker's lock, which is held while a
/// library's constructors run (one of which may have started this runtime).
pub fn cxx_init() {
    // SAFETY: a function without arguments that only loads an address; dlsym and dlopen get C
    // strings.
    unsafe {
        let mut f = gort_cxa_get_globals().map_or(0, |f| f as usize);
        if f == 0 {
            f = libc::dlsym(libc::RTLD_DEFAULT, c"__cxa_get_globals".as_ptr()) as usize;
        }
        for name in [c"libstdc++.so.6", c"libc++abi.so.1"] {
            if f == 0 {
                // Loaded for somebody else's use only (RTLD_LOCAL). The handle keeps it loaded.
                let h = libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
                if !h.is_null() {
                    f = libc::dlsym(h, c"__cxa_get_globals".as_ptr()) as usize;
                }
            }
        }
        GET_GLOBALS.store(f);
    }
}

/// An M takes this thread: where its C++ runtime keeps what belongs to the thread.
///
/// # Safety
/// On g0.
pub unsafe fn cxx_minit() {
    // SAFETY: the M is this thread's; the function is the one that cxx_init found, and returns the
    // thread's own.
    unsafe {
        let f = GET_GLOBALS.get();
        let mp = (*getg()).m;
        (*mp).eh_globals = core::ptr::null_mut();
        if f != 0 {
            (*mp).eh_globals = core::mem::transmute::<usize, GetGlobals>(f)();
        }
    }
}

/// The thread is no longer an M.
///
/// # Safety
/// On g0.
pub unsafe fn cxx_unminit() {
    // SAFETY: the M is this thread's.
    unsafe { (*(*getg()).m).eh_globals = core::ptr::null_mut() }
}
