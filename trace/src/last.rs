//! The end of a generation when the process is about to end. gort's own.
//!
//! Go's `gopanic` ends a generation before it ends the program (panic.go:794), on the goroutine
//! that has panicked: whatever keeps the generation from ending keeps the program. Here another
//! goroutine does it, and there is a limit.

use crate::trace_advance;
use core::sync::atomic::{AtomicBool, Ordering};
use gort_os_linux::usleep;
use gort_proc::*;

/// How long the end of the process waits, ns.
const WAIT: i64 = 2_000_000_000;

static DONE: AtomicBool = AtomicBool::new(false);

/// Ends a generation of a trace that is read, if there is one, so that what has happened up to here
/// is in the trace; but waits for two seconds at most, and then tells what is missing.
///
/// # Safety
/// On a user goroutine that holds no lock of the runtime. The process is about to end: after this
/// the goroutine may have no P, so it must not park, and nothing may be started.
#[unsafe(export_name = "gort.trace_last_advance")]
#[inline(never)]
pub unsafe fn trace_last_advance() {
    static ADVANCE: Funcval = Funcval { fn_: advance };
    // SAFETY: the goroutine is the running one; its P goes to whoever ends the generation.
    unsafe {
        if !trace_enabled() || (*trace()).quiet_fd.load() >= 0 {
            return;
        }
        register_system_goroutine(advance as *const () as usize);
        newproc((&raw const ADVANCE).cast_mut());
        entersyscallblock();
        let until = nanotime() + WAIT;
        // Acquire: the trace is written. Pairs with the store in `advance`.
        while !DONE.load(Ordering::Acquire) && nanotime() < until {
            usleep(200);
        }
        if !DONE.load(Ordering::Acquire) {
            gort_print::print!(
                "gort: the trace is incomplete: its last generation did not end within two seconds\n"
            );
        }
        // As exitsyscall, but without a P, which somebody may never give back. The world may want
        // to stop: it does not find this one.
        let gp = getg();
        casgstatus(gp, GSYSCALL, GRUNNING);
        (*gp).syscallsp = 0;
        (*gp).throwsplit = false;
    }
}

/// Ends it.
unsafe extern "C-unwind" fn advance(_: *mut Funcval) {
    // SAFETY: on a goroutine of its own.
    unsafe { trace_advance(false) };
    DONE.store(true, Ordering::Release);
}
