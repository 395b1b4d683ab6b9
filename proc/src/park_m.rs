//! proc.go: 4055–4252. What happens on g0 when a goroutine stops running.

use crate::*;

/// Parts this M from the goroutine that it ran.
///
/// # Safety
/// On g0. The goroutine's state is no longer `GRUNNING`, and somebody will ready it.
///
/// Go: proc.go:4055 dropg
#[inline]
pub unsafe fn dropg() {
    // SAFETY: M and curg belong together, and both are this thread's.
    unsafe {
        // :4056
        let mp = (*getg()).m;

        // :4058
        (*(*mp).curg.ptr()).m = core::ptr::null_mut();
        (*mp).curg.set(core::ptr::null_mut());
    }
}

/// The `unlockf` of `goparkunlock`.
///
/// # Safety
/// `lock` is a [`Mutex`] that this M holds.
///
/// Go: proc.go:4062 parkunlock_c
pub unsafe fn parkunlock_c(_gp: *mut G, lock: *mut c_void) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        // :4063
        unlock(lock.cast());
    }
    true
}

on_g0! {
/// Parks a goroutine; `gopark` goes on here, on g0.
///
/// # Safety
/// Called by `mcall` on a running goroutine, with `waitunlockf` and `waitlock` of the M set.
///
/// Go: proc.go:4068 park_m
pub unsafe extern "C" fn park_m(gp: *mut G) -> ! {
    // SAFETY: the goroutine is this M's until unlockf lets others have it.
    unsafe {
        // :4069
        let mp = (*getg()).m;
        leaving(gp);
        (*(*mp).p.ptr()).stats.park.bump(1);
        // Go 1.25: proc.go line 4234 a bubble must not count as blocked before it is sure that this
        // goroutine parks; read now, as unlockf may change it
        #[cfg(not(any(loom, gort_inside)))]
        let bubble = if (*gp).raceignore != 0 { (*gp).bubble } else { core::ptr::null_mut() };
        #[cfg(not(any(loom, gort_inside)))]
        if !bubble.is_null() {
            inc_active(bubble);
        }

        if mutant!("park_m unlocks first")
            && let Some(f) = (*mp).waitunlockf.take()
        {
            f(gp, (*mp).waitlock);
        }
        // :4071 the event first: the goroutine may be somebody else's as soon as it waits. (:4081:
        // gopark has set the wait reason.)
        trace_before(
            |t| t.go_park(trace_block_reason((*gp).waitreason)),
            || casgstatus(gp, GRUNNING, GWAITING),
        );

        // :4086
        dropg();

        if let Some(f) = (*mp).waitunlockf {
            // :4089
            #[cfg(not(gort_inside))]
            let ok = f(gp, (*mp).waitlock);
            #[cfg(gort_inside)]
            let ok = linkname::call_unlockf(f, gp, (*mp).waitlock);
            (*mp).waitunlockf = None;
            (*mp).waitlock = core::ptr::null_mut();
            if !ok {
                // :4093 on with it
                trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
                #[cfg(not(any(loom, gort_inside)))]
                if !bubble.is_null() {
                    dec_active(bubble); // Go 1.25: proc.go line 4265
                }
                execute(gp, true);
            }
        }
        // Go 1.25: proc.go line 4276
        #[cfg(not(any(loom, gort_inside)))]
        if !bubble.is_null() {
            dec_active(bubble);
        }
        // :4102
        schedule()
    }
}
}

/// Puts a running goroutine on the global queue and schedules.
///
/// # Safety
/// On g0; `gp` is this M's goroutine.
///
/// Go: proc.go:4105 goschedImpl
#[doc(alias = "goschedImpl")]
pub unsafe fn gosched_impl(gp: *mut G, preempted: bool) -> ! {
    // SAFETY: the goroutine is this M's until it is on the queue.
    unsafe {
        let sched = sched();
        // :4107
        if !(*gp).atomicstatus.is(GRUNNING) {
            dumpgstatus(gp);
            throw("bad g status");
        }
        leaving(gp);
        // gort: statistics
        let stats = &raw mut (*(*(*gp).m).p.ptr()).stats;
        if preempted {
            (*stats).preempt.bump(1);
        } else {
            (*stats).gosched.bump(1);
        }
        // :4112 the event first, as in park_m
        trace_before(
            |t| if preempted { t.go_preempt() } else { t.go_sched() },
            || casgstatus(gp, GRUNNING, GRUNNABLE),
        );

        dropg();
        // :4128
        lock(&raw mut (*sched).lock);
        if mutant!("Gosched goes to the front") {
            globrunqputhead(gp);
        } else {
            globrunqput(gp);
        }
        unlock(&raw mut (*sched).lock);

        // :4132
        if MAIN_STARTED.get() {
            wakep();
        }

        schedule()
    }
}

on_g0! {
/// `Gosched` goes on here, on g0.
///
/// # Safety
/// Called by `mcall`.
///
/// Go: proc.go:4140 gosched_m
pub unsafe extern "C" fn gosched_m(gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        // :4141
        gosched_impl(gp, false)
    }
}
}

on_g0! {
/// The same, unless the M must not be preempted now: then the goroutine just goes on.
///
/// # Safety
/// Called by `mcall`.
///
/// Go: proc.go:4145 goschedguarded_m
pub unsafe extern "C" fn goschedguarded_m(gp: *mut G) -> ! {
    // SAFETY: mcall has just saved the goroutine in its sched.
    unsafe {
        // :4146
        if !linkname::can_preempt_m((*gp).m) {
            gogo(&raw mut (*gp).sched);
        }
        gosched_impl(gp, false)
    }
}
}

/// Preempts a goroutine.
///
/// # Safety
/// On g0; `gp` is this M's goroutine, saved in its `sched`.
///
/// Go: proc.go:4152 gopreempt_m
#[unsafe(export_name = "gort.gopreempt_m")]
pub unsafe fn gopreempt_m(gp: *mut G) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        // :4153
        gosched_impl(gp, true)
    }
}

/// Parks a goroutine in `GPREEMPTED`, where `suspendG` picks it up.
///
/// # Safety
/// On g0; `gp` is this M's goroutine, saved in its `sched`.
///
/// Go: proc.go:4159 preemptPark
#[doc(alias = "preemptPark")]
#[unsafe(export_name = "gort.preempt_park")]
pub unsafe fn preempt_park(gp: *mut G) -> ! {
    // SAFETY: the scan bit makes the goroutine ours until it is taken away.
    unsafe {
        // :4160
        if !(*gp).atomicstatus.is(GRUNNING) {
            dumpgstatus(gp);
            throw("bad g status");
        }
        leaving(gp);

        // :4166 at an asynchronous safe point Go looks up the function that sched.pc lies in, and
        // that it does not write the stack pointer. Here sched.pc is mcall's own, always, and
        // isAsyncSafePoint saw the interrupted one.
        #[cfg(gort_inside)]
        linkname::check_async_safe_point(gp);

        (*(*(*gp).m).p.ptr()).stats.preempt.bump(1);

        // :4186 Not running when dropg comes, as a running G has an M; but once it is plainly
        // GPREEMPTED, anybody may take it, and dropg would be too late. Hence the scan bit between
        // the two.
        cas_g_to_preempt_scan(gp, GRUNNING, GSCAN | GPREEMPTED);
        dropg();

        // :4204 the event while the scan bit is still set: behind it suspendG may take the
        // goroutine and ready it, and that event would come before this one
        trace_before(
            |t| t.go_park(TraceBlockReason::Preempted),
            || casfrom_gscanstatus(gp, GSCAN | GPREEMPTED, GPREEMPTED),
        );
        schedule()
    }
}

/// Like `gosched`, but the goroutine goes to the end of this P's own queue.
///
/// # Safety
/// On a user goroutine that may be descheduled: no locks held.
///
/// Go: proc.go:4229 goyield
pub unsafe fn goyield() {
    // SAFETY: the caller's contract.
    #[cfg(not(gort_inside))]
    unsafe {
        // :4230
        check_timeouts();
        mcall(goyield_m);
    }
}

on_g0! {
/// [`goyield`] goes on here, on g0.
///
/// # Safety
/// Called by `mcall`.
///
/// Go: proc.go:4234 goyield_m
pub unsafe extern "C" fn goyield_m(gp: *mut G) -> ! {
    // SAFETY: the goroutine is this M's until it is on the queue.
    unsafe {
        leaving(gp);
        // :4236
        let pp = (*(*gp).m).p.ptr();
        (*pp).stats.gosched.bump(1);
        // :4237
        trace_before(|t| t.go_preempt(), || casgstatus(gp, GRUNNING, GRUNNABLE));
        dropg();
        // :4248
        runqput(pp, gp, false);
        schedule()
    }
}
}
