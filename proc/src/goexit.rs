//! proc.go: 4253–4340. The end of a goroutine.

use crate::*;
use gort_print::print;

/// Ends the current goroutine: its function has returned.
///
/// # Safety
/// On a user goroutine. No value with a destructor is live on its stack: they would be leaked.
///
/// Go: proc.go:4253 goexit1
#[cfg(not(gort_inside))]
#[unsafe(export_name = "gort.goexit1")]
pub unsafe extern "C" fn goexit1() -> ! {
    // SAFETY: nobody ever resumes the goroutine after this.
    unsafe {
        // :4254 no race detector.
        // gort: a trace's signal handler that comes between the event and the change of state would
        // write the state of a goroutine that has ended (`trace_state_in_handler`)
        (*(*getg()).m).locks.bump(1);
        // :4257
        trace_event(|t| t.go_end());
        // :4262
        mcall(goexit1_m);
    }
    // goexit0 does not come back.
    abort()
}

/// [`goexit1`] on g0, which no handler takes for the goroutine. gort's own.
///
/// # Safety
/// As for [`goexit0`]; `locks` counts for [`goexit1`].
unsafe extern "C" fn goexit1_m(gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        (*(*getg()).m).locks.bump(-1);
        goexit0(gp)
    }
}

/// What [`goexit1`] is for managed code, whose stacks have no native frames: on g0 from the
/// beginning.
///
/// # Safety
/// By managed code's `goexit`, through `mcall`.
///
/// Go: proc.go:4253 goexit1
#[cfg(not(gort_inside))]
#[unsafe(export_name = "gort.goexit_managed")]
pub unsafe extern "C" fn goexit_managed(gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        // :4257
        trace_event(|t| t.go_end());
        // :4262
        goexit0(gp)
    }
}

/// [`goexit1`] goes on here, on g0.
///
/// # Safety
/// Called by `mcall`.
///
/// Go: proc.go:4266 goexit0
pub unsafe extern "C" fn goexit0(gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        // :4267
        gdestroy(gp);
        schedule()
    }
}

/// Makes a dead G of a goroutine and puts it on the free list. If it was locked to its thread, that
/// ends too, and this does not return.
///
/// # Safety
/// On g0; `gp` is this M's goroutine, in state `GRUNNING`, and will not be resumed.
///
/// Go: proc.go:4271 gdestroy
pub unsafe fn gdestroy(gp: *mut G) {
    // SAFETY: the goroutine is this M's until gfput.
    unsafe {
        // :4272
        let mp = (*getg()).m;
        let pp = (*mp).p.ptr();
        (*pp).stats.goexit.bump(1);
        #[cfg(not(gort_inside))]
        ended(gp);
        #[cfg(gort_inside)]
        leaving(gp);

        // :4275
        casgstatus(gp, GRUNNING, GDEAD);
        // :4276 native gort: no collector to be told of a stack less.
        #[cfg(gort_inside)]
        linkname::add_scannable_stack(pp, -(((*gp).stack.hi - (*gp).stack.lo) as i64));
        // :4277
        if is_system_goroutine(gp, false) {
            (*sched()).ngsys.add(-1);
        }
        // :4280
        (*gp).m = core::ptr::null_mut();
        let locked = !(*gp).lockedm.is_null();
        (*gp).lockedm.set(core::ptr::null_mut());
        (*mp).lockedg.set(core::ptr::null_mut());
        (*gp).preempt_stop = false;
        (*gp).paniconfault = false;
        // :4286 pointers that the collector may have to hear of, if there are any: (:4286 to :4292)
        (*gp).waitreason = WaitReason::Zero;
        #[cfg(gort_inside)]
        if !(*gp).defer_.is_null()
            || !(*gp).panic_.is_null()
            || !(*gp).writebuf.ptr.is_null()
            || !(*gp).param.is_null()
            || !(*gp).labels.is_null()
            || !(*gp).timer.is_null()
        {
            linkname::clear_g(gp);
        }
        #[cfg(not(gort_inside))]
        {
            (*gp).defer_ = core::ptr::null_mut();
            (*gp).panic_ = core::ptr::null_mut();
            (*gp).writebuf.ptr = core::ptr::null_mut();
            (*gp).param = core::ptr::null_mut();
            // In this order: a signal of the profiler may look in between.
            let labels = core::mem::replace(&mut (*gp).labels, core::ptr::null_mut());
            core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
            release_labels(labels);
            // The Rust function that began it has run the destructors; other code's goroutines have
            // none.
            (*gp).locals = core::ptr::null_mut();
            (*gp).stack_lock = 0;
            (*gp).name.set(core::ptr::null_mut());
            if (*gp).raceignore != 0 {
                set_bubble(gp, core::ptr::null_mut()); // Go 1.25: proc.go line 4474
            }
            // :4292 gort keeps gp.timer: there is no collector to free it, and the next goroutine
            // on this G can use it.
            if (*gp).stack_kind == StackKind::Segmented {
                segment_exit(gp);
            }
        }

        // :4294 native gort: no assist credit to give back.
        #[cfg(gort_inside)]
        if GC_BLACKEN_ENABLED.get() != 0 && (*gp).gc_assist_bytes > 0 {
            linkname::flush_assist_credit(gp);
        }

        // :4304
        dropg();

        // :4306 wasm left out.

        // :4311
        if locked && (*mp).locked_int != 0 {
            print!("runtime: mp.lockedInt = {}\n", (*mp).locked_int);
            throw("exited a goroutine internally locked to the OS thread");
        }
        #[cfg(not(gort_inside))]
        gort_asm::asan::stack_is_free(gp);
        // :4315
        gfput(pp, gp);
        if locked {
            // :4324 the program may have put the thread into an odd state, so the thread ends: back
            // to mstart, which gives up the P
            gogo(&raw mut (*(*mp).g0).sched);
        }
    }
}
