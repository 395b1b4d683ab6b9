//! proc.go: 1999–2143. Running a function on every P at a safe point.

use crate::*;

/// Calls `f(p)` for every P when that P is at a safe point: at once for idle Ps and those in system
/// calls, at their next safe point for the others. A memory barrier for all that run Go code.
///
/// `f` may run on several threads at the same time (each for another P), hence `Fn` and `Sync`.
///
/// # Safety
/// The caller holds [`WORLDSEMA`] and runs on a user goroutine. `f` must not refer to this
/// goroutine's stack if that is of the copying kind.
///
/// Go: proc.go:1999 forEachP
#[doc(alias = "forEachP")]
pub unsafe fn for_each_p(reason: WaitReason, f: EachP<'_>) {
    // SAFETY: the goroutine counts as waiting while it is on g0, so that whoever wants to preempt
    // it may.
    unsafe {
        // :2000
        systemstack(|| {
            let gp = (*(*getg()).m).curg.ptr();
            // :2010 waiting, so that its stack may be scanned: else two that preempt each other
            // deadlock
            cas_g_to_waiting_for_gc(gp, GRUNNING, reason);
            for_each_p_internal(f);
            casgstatus(gp, GWAITING, GRUNNING);
        });
    }
}

/// What is run on every P.
#[cfg(not(gort_inside))]
pub type EachP<'a> = &'a (dyn Fn(*mut P) + Sync);
/// Inside of a Go program: a function value of Go's.
#[cfg(gort_inside)]
pub type EachP<'a> = linkname::GoFn<'a>;

/// What `sched.safe_point_fn` calls: `ctx` is the address of the closure's reference.
#[cfg(not(gort_inside))]
unsafe fn call_safe_point_fn(ctx: *mut c_void, pp: *mut P) {
    // SAFETY: for_each_p_internal, which made ctx, has not returned yet: it waits for every P.
    unsafe { (*ctx.cast::<&(dyn Fn(*mut P) + Sync)>())(pp) }
}

/// The core of [`for_each_p()`].
///
/// # Safety
/// On g0, holding [`WORLDSEMA`]; no collection may run, or the goroutine is in a preemptible state.
///
/// Go: proc.go:2025 forEachPInternal
#[doc(alias = "forEachPInternal")]
pub unsafe fn for_each_p_internal(f: EachP<'_>) {
    // SAFETY: Ps are never freed and allp does not change while worldsema is held; safe_point_wait
    // is changed under sched.lock; the closure outlives this call, which waits until every P has
    // run it.
    unsafe {
        let sched = sched();
        // :2026
        let mp = acquirem();
        let pp = (*(*getg()).m).p.ptr();

        // :2029
        lock(&raw mut (*sched).lock);
        if (*sched).safe_point_wait.get() != 0 {
            throw("forEachP: sched.safePointWait != 0");
        }
        // :2033
        (*sched).safe_point_wait.set(GOMAXPROCS.get() - 1);
        #[cfg(not(gort_inside))]
        let mut safe_point_fn =
            SafePointFn { call: call_safe_point_fn, ctx: (&raw const f).cast_mut().cast() };
        #[cfg(not(gort_inside))]
        (*sched).safe_point_fn.set(&raw mut safe_point_fn);
        #[cfg(gort_inside)]
        linkname::set_safe_point_fn(f);
        #[cfg(gort_inside)]
        let f = |pp| linkname::call_with_p(f, pp);

        // :2037 ask all the others
        for i in 0..(*allp()).len {
            let p2 = *(*allp()).at(i);
            if p2 != pp {
                (*p2).run_safe_point_fn.store(1);
            }
        }
        linkname::preemptall();

        // From now on a P that becomes idle or enters a system call sees the request and runs the
        // function.

        // :2050 the idle ones: their list stands still under sched.lock
        let mut p = (*sched).pidle.ptr();
        while !p.is_null() {
            if (*p).run_safe_point_fn.cas(1, 0) {
                f(p);
                (*sched).safe_point_wait.bump(-1);
            }
            p = (*p).link.ptr();
        }

        // :2057
        let wait = (*sched).safe_point_wait.get() > 0;
        unlock(&raw mut (*sched).lock);

        // :2061 this P
        f(pp);

        // :2065 those in system calls become idle and are handed off, which runs the function
        for i in 0..(*allp()).len {
            let p2 = *(*allp()).at(i);
            let s = (*p2).status.get();

            // :2070 released before handoffp, which may write events itself
            if trace_steal(p2, false, || {
                s == PSYSCALL && (*p2).run_safe_point_fn.get() == 1 && (*p2).status.cas(s, PIDLE)
            }) {
                // :2077
                (*p2).syscalltick.bump(1);
                handoffp(p2);
            }
        }

        // :2085 the others come by themselves
        if wait {
            loop {
                // :2091 ask again every 100 µs, as a request may have been lost to a race
                if notetsleep(&raw mut (*sched).safe_point_note, 100 * 1000) {
                    noteclear(&raw mut (*sched).safe_point_note);
                    break;
                }
                // :2095
                linkname::preemptall();
            }
        }
        // :2098
        if (*sched).safe_point_wait.get() != 0 {
            throw("forEachP: not done");
        }
        for i in 0..(*allp()).len {
            let p2 = *(*allp()).at(i);
            // :2102
            if (*p2).run_safe_point_fn.get() != 0 {
                throw("forEachP: P did not run fn");
            }
        }

        // :2107
        lock(&raw mut (*sched).lock);
        #[cfg(not(gort_inside))]
        (*sched).safe_point_fn.set(core::ptr::null_mut());
        #[cfg(gort_inside)]
        linkname::set_safe_point_fn(linkname::GoFn::NIL);
        unlock(&raw mut (*sched).lock);
        releasem(mp);
    }
}

/// Runs the pending safe-point function on this P, unless the caller of [`for_each_p()`] has done
/// it. To be checked at every transition to idle or to a system call.
///
/// # Safety
/// The M has a P and does not hold `sched.lock`.
///
/// Go: proc.go:2124 runSafePointFn
#[doc(alias = "runSafePointFn")]
pub unsafe fn run_safe_point_fn() {
    // SAFETY: the flag, won by compare-and-swap, says that a for_each_p is under way and counts on
    // this P; so the function stays valid until safe_point_wait goes down below.
    unsafe {
        let sched = sched();
        // :2125
        let p = (*(*getg()).m).p.ptr();
        // :2129 either this P runs it or for_each_p does so for it
        if !(*p).run_safe_point_fn.cas(1, 0) {
            return;
        }
        // :2132
        #[cfg(not(gort_inside))]
        {
            let f = (*sched).safe_point_fn.get();
            ((*f).call)((*f).ctx, p);
        }
        #[cfg(gort_inside)]
        linkname::safe_point_fn(p);
        lock(&raw mut (*sched).lock);
        (*sched).safe_point_wait.bump(-1);
        // :2135
        if (*sched).safe_point_wait.get() == 0 {
            notewakeup(&raw mut (*sched).safe_point_note);
        }
        unlock(&raw mut (*sched).lock);
    }
}
