//! mprof.go: 1687–1720. A stack's text for the program itself.

use crate::printing::{goroutineheader, traceback, tracebackothers};
use gort_asm::{getg, getpcspbp, systemstack};
use gort_proc::stw::StwReason;
use gort_proc::{start_the_world, stop_the_world};

/// Writes the stack of the calling goroutine, or of all, into `buf`, up to its capacity; returns its length.
///
/// # Safety
/// On a user goroutine, holding no lock of the runtime.
///
/// Go: mprof.go:1687 Stack
#[doc(alias = "Stack")]
#[inline(never)]
pub unsafe fn stack(buf: &mut Vec<u8>, all: bool) -> usize {
    // SAFETY: the goroutine's own frames, walked from g0; the others stand still.
    unsafe {
        // :1689
        let stw = if all { Some(stop_the_world(StwReason::AllGoroutinesStack)) } else { None };

        // :1693
        buf.clear();
        if buf.capacity() > 0 {
            let gp = getg();
            let (pc, sp, bp) = getpcspbp();
            let out: *mut Vec<u8> = buf;
            // :1698
            systemstack(|| {
                let g0 = getg();
                let mp = (*g0).m;
                // :1703 as if GOTRACEBACK=single: its setting is about crashes
                (*mp).traceback = 1;
                (*g0).writebuf.ptr = out;
                goroutineheader(gp);
                traceback(pc, sp, bp, gp);
                // :1707
                if all {
                    tracebackothers(gp);
                }
                (*mp).traceback = 0;
                (*g0).writebuf.ptr = core::ptr::null_mut();
            });
        }

        // :1716
        if let Some(w) = stw {
            start_the_world(w);
        }
        buf.len()
    }
}

/// The stack of the calling goroutine, or of all goroutines, as a panic would print it. Empty on a thread that is
/// none of the runtime's.
///
/// Go (runtime/debug): stack.go:23 Stack
#[inline(never)]
pub fn stack_string(all: bool) -> String {
    let gp = getg();
    // SAFETY: only a goroutine has curg equal to itself.
    if gp.is_null() || unsafe { (*(*gp).m).curg.ptr() } != gp {
        return String::new();
    }
    // :26
    let mut n = 4 << 10;
    loop {
        let mut buf = Vec::with_capacity(n);
        // SAFETY: on a user goroutine, see above.
        let len = unsafe { stack(&mut buf, all) };
        // :29
        if len < n {
            return String::from_utf8_lossy(&buf).into_owned();
        }
        n *= 2;
    }
}
