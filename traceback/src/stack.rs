//! mprof.go: 1687–1720. A stack's text for the program itself.

use crate::printing::traceback_record;
use crate::printing::{goroutineheader, traceback, tracebackothers, tracebacksomeothers};
use crate::unwinder::Backtrace;
use gort_asm::{getg, getpcspbp, systemstack};
use gort_proc::stw::StwReason;
use gort_proc::{start_the_world, stop_the_world};
use gort_runtime2::G;

/// Writes the stack of the calling goroutine, or of all, into `buf`, up to its capacity; returns
/// its length.
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

/// The stack of the calling goroutine, or of all goroutines, as a panic would print it. Empty on a
/// thread that is none of the runtime's.
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

/// The stacks of the goroutines of a bubble or test but the calling one, as a panic would print
/// them. gort's own.
///
/// # Safety
/// On a user goroutine, holding no lock of the runtime.
pub unsafe fn stacks_of(showf: &mut dyn FnMut(*mut G) -> bool) -> String {
    // SAFETY: as in stack.
    unsafe {
        let mut n = 64 << 10;
        loop {
            let stw = stop_the_world(StwReason::AllGoroutinesStack);
            let mut buf = Vec::with_capacity(n);
            let out: *mut Vec<u8> = &raw mut buf;
            let gp = getg();
            systemstack(|| {
                let g0 = getg();
                let mp = (*g0).m;
                (*mp).traceback = 1;
                (*g0).writebuf.ptr = out;
                tracebacksomeothers(gp, showf);
                (*mp).traceback = 0;
                (*g0).writebuf.ptr = core::ptr::null_mut();
            });
            start_the_world(stw);
            if buf.len() < n || n >= 64 << 20 {
                return String::from_utf8_lossy(&buf).into_owned();
            }
            n *= 4;
        }
    }
}

/// The text that a panic's report has for the goroutine's own stack: header, frames, who created
/// it. gort's own.
///
/// # Safety
/// On the user goroutine `gp`; `bt` is what was recorded of it.
pub unsafe fn record_string(bt: &Backtrace, gp: *mut G) -> String {
    let mut buf = Vec::with_capacity(256 << 10);
    let out: *mut Vec<u8> = &raw mut buf;
    // SAFETY: as in stack.
    unsafe {
        systemstack(|| {
            let g0 = getg();
            let mp = (*g0).m;
            (*mp).traceback = 1;
            (*g0).writebuf.ptr = out;
            goroutineheader(gp);
            traceback_record(bt, gp);
            (*mp).traceback = 0;
            (*g0).writebuf.ptr = core::ptr::null_mut();
        });
    }
    String::from_utf8_lossy(&buf).into_owned()
}
