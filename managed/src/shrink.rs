//! Who shrinks stacks where there is no collector, which does it in Go while it scans them: the
//! forcegc helper, every two minutes; and whoever asks.

use gort_asm::{getg, systemstack};
use gort_preempt::{resume_g, suspend_g};
use gort_proc::{
    cas_g_to_waiting_for_gc, casgstatus, for_each_g_race, is_shrink_stack_safe, set_forcegc_work,
    shrinkstack,
};
use gort_runtime2::{G, GRUNNING, StackKind, WaitReason};
use gort_stack::on_goroutine_for;

/// Halves each managed stack of which less than a quarter is in use: at once where its goroutine
/// stands where that can be done, else when that next gives way. What a collection does to stacks
/// in Go; like one, it waits until each goroutine has reached a safe point, one after the other.
///
/// ```
/// # gort::run(|| {
/// gort::managed::shrink_stacks();
/// # })
/// ```
pub fn shrink_stacks() {
    on_goroutine_for("shrink_stacks");
    // SAFETY: on a goroutine, which counts as waiting while it waits for others, so that two that
    // do this do not wait for each other.
    unsafe {
        let userg = getg();
        systemstack(|| {
            // mgcmark.go:234
            cas_g_to_waiting_for_gc(userg, GRUNNING, WaitReason::GarbageCollectionScan);
            for_each_g_race(&mut |gp| {
                if gp != userg {
                    scanstack(gp);
                }
            });
            // mgcmark.go:254
            casgstatus(userg, gort_runtime2::GWAITING, GRUNNING);
        });
    }
}

/// What Go's scanstack does to the size of a stack. Nothing is scanned.
///
/// # Safety
/// As for [`suspend_g`].
unsafe fn scanstack(gp: *mut G) {
    // SAFETY: the kind of a G does not change; the stack is this function's while it has the scan
    // bit.
    unsafe {
        if (*gp).stack_kind != StackKind::Copying {
            return;
        }
        // mgcmark.go:237
        let stopped = suspend_g(gp);
        if stopped.dead {
            return;
        }
        // mgcmark.go:857
        if is_shrink_stack_safe(gp) {
            shrinkstack(gp);
        } else {
            // mgcmark.go:861
            (*gp).preempt_shrink = true;
        }
        resume_g(stopped);
    }
}

/// Has the forcegc helper do it.
pub(crate) fn init() {
    static WORK: fn() = shrink_stacks;
    set_forcegc_work(&WORK);
}
