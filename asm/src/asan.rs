//! What AddressSanitizer has to know of stacks (`.ci/asan`, cfg `gort_asan`): which one a thread
//! runs on, as it looks for redzones there, and that a stack is used anew, as frames that were left
//! for good have not cleaned up theirs.
//!
//! `gogo`, `mcall` and `systemstack` tell it before they switch. Its fake stacks
//! (`detect_stack_use_after_return`) are off: a goroutine would take its own along from thread to
//! thread.
//!
//! Without the cfg the functions are empty.

use gort_runtime2::G;

#[cfg(gort_asan)]
mod imp {
    use super::G;
    use core::ffi::{c_char, c_void};

    unsafe extern "C" {
        fn __sanitizer_start_switch_fiber(
            save: *mut *mut c_void,
            bottom: *const c_void,
            size: usize,
        );
        fn __sanitizer_finish_switch_fiber(
            save: *mut c_void,
            bottom: *mut *const c_void,
            size: *mut usize,
        );
        fn __asan_handle_no_return();
        fn __asan_unpoison_memory_region(addr: *const c_void, size: usize);
    }

    /// Signals and signal stacks are gort's own; so are the stacks, and what is never freed.
    #[unsafe(no_mangle)]
    extern "C" fn __asan_default_options() -> *const c_char {
        c"detect_stack_use_after_return=0:detect_leaks=0:use_sigaltstack=0:handle_segv=0:handle_sigbus=0:\
          handle_sigfpe=0:handle_sigill=0:handle_abort=0"
            .as_ptr()
    }

    pub unsafe fn switch_to(gp: *mut G) {
        // SAFETY: both halves at once, as there is no fake stack to be carried over; the bounds are
        // the G's.
        unsafe {
            let s = (*gp).stack;
            __sanitizer_start_switch_fiber(
                core::ptr::null_mut(),
                core::ptr::without_provenance(s.lo),
                s.hi - s.lo,
            );
            __sanitizer_finish_switch_fiber(
                core::ptr::null_mut(),
                core::ptr::null_mut(),
                core::ptr::null_mut(),
            );
        }
    }

    pub fn leave() {
        // SAFETY: clears the redzones between here and the top of the stack that was told last.
        unsafe { __asan_handle_no_return() }
    }

    pub unsafe fn unpoison(lo: usize, hi: usize) {
        // SAFETY: the shadow of a stack that nobody uses.
        unsafe { __asan_unpoison_memory_region(core::ptr::without_provenance(lo), hi - lo) }
    }
}

/// From now on this thread runs on the stack of `gp`.
///
/// # Safety
/// `gp` is a G with its stack; nothing but the switch follows.
#[inline(always)]
pub unsafe fn switch_to(_gp: *mut G) {
    #[cfg(gort_asan)]
    // SAFETY: the caller's contract.
    unsafe {
        imp::switch_to(_gp);
    }
}

/// The frames of the present stack are left for good.
#[inline(always)]
pub fn leave() {
    #[cfg(gort_asan)]
    imp::leave();
}

/// The goroutine of `gp` has ended: its stack will be used by another one.
///
/// # Safety
/// `gp` is dead; its stack is in nobody's use.
#[inline(always)]
pub unsafe fn stack_is_free(_gp: *mut G) {
    #[cfg(gort_asan)]
    // SAFETY: the caller's contract.
    unsafe {
        imp::unpoison((*_gp).stack.lo, (*_gp).stack.hi);
    }
}
