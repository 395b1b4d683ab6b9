//! proc.go: 1007–1045. Making a goroutine runnable.

use crate::*;

/// Marks `gp` runnable and puts it on this P's run queue; `next`: into the runnext slot.
///
/// # Safety
/// `gp` waits, and the caller is the one entitled to wake it. Runs on g0 with a P.
///
/// Go: proc.go:1022 ready
pub unsafe fn ready(gp: *mut G, next: bool) {
    // SAFETY: the caller's contract; preemption is off while the P is held.
    unsafe {
        // :1023
        let status = readgstatus(gp);

        // :1026 no preemption while the P is in a local variable
        let mp = acquirem();
        if status & !GSCAN != GWAITING {
            dumpgstatus(gp);
            throw("bad g->status in ready");
        }

        // :1032
        trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
        #[cfg(loom)]
        if ready_hook(gp) {
            releasem(mp);
            return;
        }
        // :1038
        runqput((*mp).p.ptr(), gp, next && !mutant!("the readied goes to the tail"));
        wakep();
        releasem(mp);
    }
}
