//! proc.go: 3208–3846. Running a goroutine, and finding the next one to run.

use crate::*;

/// Runs `gp` on this M. With `inherit_time` it uses up the current time slice, otherwise a new one
/// begins.
///
/// # Safety
/// On g0 of an M with a P, without locks; no value with a destructor is live on this stack. `gp` is
/// runnable, on no queue, and this M's to run.
///
/// Go: proc.go:3208 execute
#[inline]
pub unsafe fn execute(gp: *mut G, inherit_time: bool) -> ! {
    // SAFETY: a runnable G that is on no queue is the caller's alone.
    unsafe {
        // :3209
        let mp = (*getg()).m;
        let pp = (*mp).p.ptr();
        (*pp).stats.execute.bump(1);

        // :3211 no goroutine profiles.
        #[cfg(gort_inside)]
        linkname::try_record_goroutine_profile(gp);

        // :3220 before it counts as running: a running G has an M
        (*mp).curg.set(gp);
        (*gp).m = mp;
        casgstatus(gp, GRUNNABLE, GRUNNING);
        (*gp).waitsince.set(0);
        (*gp).preempt.set(false);
        (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
        // :3226
        if !inherit_time {
            (*pp).schedtick.bump(1);
        }

        // :3231
        #[cfg(not(any(loom, gort_inside)))]
        {
            // A plain field in Go: who misses a change sees it the next time.
            let hz = (&raw const (*sched()).profilehz).read_volatile();
            if (*mp).profilehz != hz {
                linkname::set_thread_cpu_profiler(hz);
            }
        }
        #[cfg(gort_inside)]
        linkname::set_thread_cpu_profiler(mp);
        // :3236
        trace_event(|t| t.go_start());
        arriving(gp);
        // :3242
        gogo(&raw mut (*gp).sched);
    }
}

/// Finds a goroutine to run, sleeping until there is one: from the local queue, the global one, the
/// network, or another P. Returns it with two flags: it inherits the time slice; it is of a special
/// kind (collector, tracer), so that another P should be woken for the ordinary ones.
///
/// Whenever this would find something, [`handoffp`] must start an M: the conditions there and here
/// go together.
///
/// # Safety
/// On g0 of an M with a P, without locks. Returns on the same M, perhaps with another P.
///
/// Go: proc.go:3249 findRunnable
#[doc(alias = "findRunnable")]
pub unsafe fn find_runnable() -> (*mut G, bool, bool) {
    // SAFETY: the M is this thread's, and `pp` its P up to releasep; Ps and Gs are never freed.
    // What other threads touch is atomic or under sched.lock.
    unsafe {
        let sched = sched();
        // :3250
        let mp = (*getg()).m;

        // :3256
        'top: loop {
            let pp = (*mp).p.ptr();
            if (*sched).gcwaiting.load() {
                gcstopm();
                continue 'top;
            }
            // :3262
            if (*pp).run_safe_point_fn.get() != 0 {
                run_safe_point_fn();
            }

            // :3270 both are used below, when timers are stolen: nothing blocks until then, so they
            // stay right
            let (mut now, mut poll_until, _) = linkname::timers_check(&raw mut (*pp).timers, 0);

            // :3273
            if trace_enabled() || cfg!(gort_inside) && trace_shutting_down() {
                let gp = trace_reader();
                if !gp.is_null() {
                    trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
                    return (gp, false, true);
                }
            }
            // :3287 no collector's workers.
            #[cfg(gort_inside)]
            if GC_BLACKEN_ENABLED.get() != 0 {
                let (gp, tnow) = linkname::find_runnable_gc_worker(pp, now);
                if !gp.is_null() {
                    return (gp, false, true);
                }
                now = tnow;
            }

            // :3298 the global queue now and then, or two goroutines that ready each other could
            // keep the local one busy forever
            let tick = if mutant!("every 64th tick") { 64 } else { 61 };
            if (*pp).schedtick.get().is_multiple_of(tick)
                && (*sched).runqsize.get() > 0
                && !mutant!("no 61st tick")
            {
                lock(&raw mut (*sched).lock);
                let gp = globrunqget(pp, 1);
                unlock(&raw mut (*sched).lock);
                if !gp.is_null() {
                    (*pp).stats.global_polls.bump(1);
                    return (gp, false, false);
                }
            }

            // :3308 no finalizers, no cgo_yield (:3313).
            #[cfg(gort_inside)]
            {
                let gp = linkname::wakefing();
                if !gp.is_null() {
                    ready(gp, true);
                }
                linkname::cgo_yield();
            }

            // :3318 the local queue
            let (gp, inherit_time) = runqget(pp);
            if !gp.is_null() {
                return (gp, inherit_time, false);
            }

            // :3323 the global queue
            if (*sched).runqsize.get() != 0 {
                lock(&raw mut (*sched).lock);
                let gp = globrunqget(pp, 0);
                unlock(&raw mut (*sched).lock);
                if !gp.is_null() {
                    (*pp).stats.global_polls.bump(1);
                    return (gp, false, false);
                }
            }

            // :3339 the network, without waiting: only to avoid stealing. Skipped if nobody waits
            // for it, or if a thread is waiting in netpoll; should that just have returned, the
            // netpoll below will do.
            if linkname::netpollinited()
                && linkname::netpoll_any_waiters()
                && (*sched).lastpoll.load() != 0
            {
                (*pp).stats.netpolls.bump(1);
                // :3340
                let (mut list, delta) = linkname::netpoll(0);
                if !list.empty() {
                    let gp = list.pop();
                    injectglist(&raw mut list);
                    linkname::netpoll_adjust_waiters(delta);
                    // :3344
                    trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
                    return (gp, false, false);
                }
            }

            // :3359 stealing makes this M a spinning one. No more of them than half the busy Ps:
            // else a program with little parallelism would burn all processors.
            if (*mp).spinning.get()
                || 2 * (*sched).nmspinning.load() < GOMAXPROCS.get() - (*sched).npidle.load()
            {
                if !(*mp).spinning.get() {
                    (*pp).stats.spins.bump(1);
                    become_spinning(mp);
                }

                // :3364
                let (gp, inherit_time, tnow, w, new_work) = steal_work(now);
                if !gp.is_null() {
                    return (gp, inherit_time, false);
                }
                // :3369 a timer has run, or the world is to stop
                if new_work {
                    continue 'top;
                }

                // :3375
                now = tnow;
                if w != 0 && (poll_until == 0 || w < poll_until) {
                    poll_until = w;
                }
            }

            // Nothing to do.

            // :3386 no idle collector's workers, no beforeIdle (:3407), which is wasm's.
            #[cfg(gort_inside)]
            if GC_BLACKEN_ENABLED.get() != 0 {
                let gp = linkname::idle_mark_worker(pp);
                if !gp.is_null() {
                    trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
                    return (gp, false, false);
                }
            }

            // :3425 allp and the masks can grow once this P no longer holds up a stop of the world.
            // Their old arrays stay readable.
            let allp_snapshot = *allp();
            let idlep_mask_snapshot = *idlep_mask();
            let timerp_mask_snapshot = *timerp_mask();

            // :3432 give the P back
            lock(&raw mut (*sched).lock);
            if ((*sched).gcwaiting.load() || (*pp).run_safe_point_fn.get() != 0)
                && !mutant!("find_runnable gives its P back without a look")
            {
                unlock(&raw mut (*sched).lock);
                continue 'top;
            }
            // :3437
            if (*sched).runqsize.get() != 0 {
                let gp = globrunqget(pp, 0);
                unlock(&raw mut (*sched).lock);
                (*pp).stats.global_polls.bump(1);
                return (gp, false, false);
            }
            // :3442 somebody found work and no idle P for a spinning M: be that M; see below
            if !(*mp).spinning.get() && (*sched).needspinning.load() == 1 {
                (*pp).stats.spins.bump(1);
                become_spinning(mp);
                unlock(&raw mut (*sched).lock);
                continue 'top;
            }
            // :3448
            if releasep() != pp {
                throw("findrunnable: wrong p");
            }
            now = pidleput(pp, now);
            unlock(&raw mut (*sched).lock);

            // :3490 From spinning to not spinning, while others may hand in work. Who hands in work
            // wakes an M only if none is spinning. So nmspinning goes down *first*, and all sources
            // are looked at once more *after* that, with a full barrier between (the atomic
            // addition); in the other order work handed in between the two would be seen by nobody.
            // The sources are the run queues and the timers.
            //
            // Work found here makes this M a spinning one again, so that resetspinning wakes the
            // next M: there may be more work. If no P is idle then, here or in resetspinning, an M
            // that is just about to give its P back (above, before it had the lock) could leave
            // work lying: `needspinning` tells it to go round once more.
            let was_spinning = (*mp).spinning.get();
            if was_spinning {
                (*mp).spinning.set(false);
                if (*sched).nmspinning.add(-1) < 0 {
                    throw("findrunnable: negative nmspinning");
                }

                if mutant!("find_runnable does not look again") {
                    stopm();
                    continue 'top;
                }
                // :3508 only the last one to stop spinning would have to look again, but nmspinning
                // has transient increments that never come by here, so all do. The queues:
                lock(&raw mut (*sched).lock);
                if (*sched).runqsize.get() != 0 {
                    let (pp, _) = pidleget_spinning(0);
                    if !pp.is_null() {
                        // :3512
                        let gp = globrunqget(pp, 0);
                        if gp.is_null() {
                            throw("global runq empty with non-zero runqsize");
                        }
                        unlock(&raw mut (*sched).lock);
                        acquirep(pp);
                        become_spinning(mp);
                        (*pp).stats.spins.bump(1);
                        (*pp).stats.global_polls.bump(1);
                        return (gp, false, false);
                    }
                }
                // :3522
                unlock(&raw mut (*sched).lock);

                let pp = check_runqs_no_p(allp_snapshot, idlep_mask_snapshot);
                if !pp.is_null() {
                    acquirep(pp);
                    become_spinning(mp);
                    (*pp).stats.spins.bump(1);
                    continue 'top;
                }

                // :3532 no idle collector's work.
                #[cfg(gort_inside)]
                {
                    let (pp, gp) = check_idle_gc_no_p();
                    if !pp.is_null() {
                        acquirep(pp);
                        become_spinning(mp);
                        linkname::set_idle_mark_mode(pp);
                        trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
                        return (gp, false, false);
                    }
                }

                // :3554 timers made or expired meanwhile. Not `timers_check`, which wants a P.
                if !mutant!("find_runnable does not look at the timers again") {
                    poll_until = check_timers_no_p(allp_snapshot, timerp_mask_snapshot, poll_until);
                }
            }

            // :3558 wait in the network poller, if nobody else does, until the next timer
            if linkname::netpollinited()
                && (linkname::netpoll_any_waiters() || poll_until != 0)
                && (*sched).lastpoll.swap(0) != 0
            {
                (*sched).poll_until.store(poll_until);
                if !(*mp).p.is_null() {
                    throw("findrunnable: netpoll with p");
                }
                // :3563
                if (*mp).spinning.get() {
                    throw("findrunnable: netpoll with spinning");
                }
                let mut delay = -1;
                if poll_until != 0 {
                    // :3568
                    if now == 0 {
                        now = nanotime();
                    }
                    delay = poll_until - now;
                    if delay < 0 {
                        delay = 0;
                    }
                }
                // :3576 no fake time (nor :3585).
                #[cfg(gort_inside)]
                if FAKETIME.get() != 0 {
                    delay = 0;
                }
                let (mut list, delta) = linkname::netpoll(delay);
                // :3582 some time may have passed
                now = nanotime();
                (*sched).poll_until.store(0);
                if !mutant!("the poller keeps its place") {
                    (*sched).lastpoll.store(now);
                }
                #[cfg(gort_inside)]
                if FAKETIME.get() != 0 && list.empty() {
                    stopm(); // when all have stopped, checkdead moves the clock
                    continue 'top;
                }
                // :3591
                lock(&raw mut (*sched).lock);
                let (pp, _) = pidleget(now);
                unlock(&raw mut (*sched).lock);
                if pp.is_null() {
                    injectglist(&raw mut list);
                    linkname::netpoll_adjust_waiters(delta);
                } else {
                    // :3598
                    acquirep(pp);
                    (*pp).stats.netpolls.bump(1);
                    if !list.empty() {
                        let gp = list.pop();
                        injectglist(&raw mut list);
                        linkname::netpoll_adjust_waiters(delta);
                        // :3603
                        trace_around(|| casgstatus(gp, GWAITING, GRUNNABLE), |t| t.go_unpark(gp));
                        return (gp, false, false);
                    }
                    // :3611
                    if was_spinning {
                        become_spinning(mp);
                        (*pp).stats.spins.bump(1);
                    }
                    continue 'top;
                }
            } else if poll_until != 0 && linkname::netpollinited() {
                // :3617 the poller must not sleep longer than we would have
                let poller_poll_until = (*sched).poll_until.load();
                if (poller_poll_until == 0 || poller_poll_until > poll_until)
                    && !mutant!("who may not poll leaves the poller alone")
                {
                    linkname::netpoll_break();
                }
            }
            // :3622
            stopm();
        }
    }
}

/// Whether this P has something to do, as far as can be told cheaply: for loops that work in the
/// background.
///
/// # Safety
/// On an M with a P.
///
/// Go: proc.go:3630 pollWork
#[doc(alias = "pollWork")]
pub unsafe fn poll_work() -> bool {
    // SAFETY: the P is this M's.
    unsafe {
        let sched = sched();
        // :3631
        if (*sched).runqsize.get() != 0 {
            return true;
        }
        let p = (*(*getg()).m).p.ptr();
        if !runqempty(p) {
            return true;
        }
        // :3638
        if linkname::netpollinited()
            && linkname::netpoll_any_waiters()
            && (*sched).lastpoll.load() != 0
        {
            let (mut list, delta) = linkname::netpoll(0);
            if !list.empty() {
                injectglist(&raw mut list);
                linkname::netpoll_adjust_waiters(delta);
                return true;
            }
        }
        // :3645
        false
    }
}

/// Tries to take a goroutine, or timers, from some other P. Returns: the goroutine; whether it
/// inherits the time slice; the time (0 if it was given as 0 and nobody asked); when the next timer
/// is due, 0 if there is none; whether there may be new work elsewhere.
///
/// # Safety
/// On g0 of an M with a P, spinning, without locks.
///
/// Go: proc.go:3654 stealWork
#[doc(alias = "stealWork")]
pub unsafe fn steal_work(now: i64) -> (*mut G, bool, i64, i64, bool) {
    // SAFETY: `pp` is this M's P; the other Ps are never freed, and allp stands still while we have
    // a P.
    unsafe {
        let sched = sched();
        let mut now = now;
        let mut poll_until = 0;
        // :3655
        let pp = (*(*getg()).m).p.ptr();

        let mut ran_timer = false;

        // :3659
        const STEAL_TRIES: i32 = 4;
        for i in 0..STEAL_TRIES {
            let steal_timers_or_run_next_g = i == STEAL_TRIES - 1;

            // :3663
            let mut enum_ = (&*steal_order()).start(cheaprand());
            while !enum_.done() {
                if (*sched).gcwaiting.load() {
                    return (core::ptr::null_mut(), false, now, poll_until, true);
                }
                // :3668
                let pos = enum_.position();
                enum_.next();
                let p2 = *(*allp()).at(pos as usize);
                if pp == p2 {
                    continue;
                }

                // :3686 its timers, on the last round only: `now` does not change here, so once is
                // enough; and before its runnext, which is the last resort. Here alone may an M
                // hold the lock of another P's timers.
                if steal_timers_or_run_next_g && (*timerp_mask()).read(pos) {
                    let (tnow, w, ran) = linkname::timers_check(&raw mut (*p2).timers, now);
                    now = tnow;
                    if w != 0 && (poll_until == 0 || w < poll_until) {
                        poll_until = w;
                    }
                    // :3692
                    if ran {
                        // They may have readied any number of goroutines into the local queue,
                        // which runqsteal expects to be empty.
                        let (gp, inherit_time) = runqget(pp);
                        if !gp.is_null() {
                            return (gp, inherit_time, now, poll_until, ran_timer);
                        }
                        // :3704
                        ran_timer = true;
                    }
                }

                // :3709 an idle P has nothing
                if !(*idlep_mask()).read(pos) {
                    let stats = &raw mut (*pp).stats;
                    (*stats).steal_tries.bump(1);
                    let tail = (*pp).runqtail.get();
                    let next = if steal_timers_or_run_next_g {
                        (*p2).runnext.ptr()
                    } else {
                        core::ptr::null_mut()
                    };
                    let gp = runqsteal(pp, p2, steal_timers_or_run_next_g);
                    if !gp.is_null() {
                        // gort: statistics
                        (*stats).steals.bump(1);
                        (*stats).stolen.bump((*pp).runqtail.get().wrapping_sub(tail) as u64 + 1);
                        if gp == next {
                            (*stats).steal_runnext.bump(1);
                        }
                        // :3711
                        return (gp, false, now, poll_until, ran_timer);
                    }
                }
            }
        }

        // :3720 nothing; but a timer that ran may have readied something that was missed
        (core::ptr::null_mut(), false, now, poll_until, ran_timer)
    }
}

/// Looks for a P with work to steal. If there is one, and an idle P to steal it with, returns the
/// idle P, for the caller to acquire.
///
/// # Safety
/// On an M without a P. The snapshots were taken while it had one.
///
/// Go: proc.go:3728 checkRunqsNoP
#[doc(alias = "checkRunqsNoP")]
pub unsafe fn check_runqs_no_p(allp_snapshot: Slice<*mut P>, idlep_mask_snapshot: PMask) -> *mut P {
    // SAFETY: old arrays of allp and the masks are never freed, nor are Ps.
    unsafe {
        let sched = sched();
        // :3729
        for id in 0..allp_snapshot.len {
            let p2 = *allp_snapshot.at(id);
            if !idlep_mask_snapshot.read(id as u32) && !runqempty(p2) {
                // :3731
                lock(&raw mut (*sched).lock);
                let (pp, _) = pidleget_spinning(0);
                if pp.is_null() {
                    // no use in looking at the others
                    unlock(&raw mut (*sched).lock);
                    return core::ptr::null_mut();
                }
                unlock(&raw mut (*sched).lock);
                return pp;
            }
        }

        // :3744
        core::ptr::null_mut()
    }
}

/// The earliest of `poll_until` and all timers; 0 means never.
///
/// # Safety
/// As for [`check_runqs_no_p`].
///
/// Go: proc.go:3750 checkTimersNoP
#[doc(alias = "checkTimersNoP")]
pub unsafe fn check_timers_no_p(
    allp_snapshot: Slice<*mut P>,
    timerp_mask_snapshot: PMask,
    poll_until: i64,
) -> i64 {
    // SAFETY: as in check_runqs_no_p.
    unsafe {
        let mut poll_until = poll_until;
        // :3751
        for id in 0..allp_snapshot.len {
            let p2 = *allp_snapshot.at(id);
            if timerp_mask_snapshot.read(id as u32) {
                let w = linkname::timers_wake_time(&raw const (*p2).timers);
                if w != 0 && (poll_until == 0 || w < poll_until) {
                    poll_until = w;
                }
            }
        }

        // :3760
        poll_until
    }
}

/// Takes an idle P for an idle worker of the collector's, if there is work for one; both, or nil.
/// Native gort has no collector.
///
/// # Safety
/// As for [`check_runqs_no_p`].
///
/// Go: proc.go:3767 checkIdleGCNoP
#[cfg(gort_inside)]
pub unsafe fn check_idle_gc_no_p() -> (*mut P, *mut G) {
    // SAFETY: the idle list is under sched.lock; the rest Go does.
    unsafe {
        let none = (core::ptr::null_mut(), core::ptr::null_mut());
        // :3774 without a P the flag may change at any time: it is looked at again below
        if GC_BLACKEN_ENABLED.load() == 0 || !linkname::need_idle_mark_worker() {
            return none;
        }
        // :3777
        if !linkname::gc_mark_work_available(core::ptr::null_mut()) {
            return none;
        }

        // :3798 the lock is held until it is sure that the P is kept: giving it back later would
        // need all the checks of a P that becomes idle
        let sched = sched();
        lock(&raw mut (*sched).lock);
        let (pp, now) = pidleget_spinning(0);
        if pp.is_null() {
            unlock(&raw mut (*sched).lock);
            return none;
        }

        // :3806
        if GC_BLACKEN_ENABLED.get() == 0 || !linkname::add_idle_mark_worker() {
            pidleput(pp, now);
            unlock(&raw mut (*sched).lock);
            return none;
        }

        // :3812
        let gp = linkname::pop_mark_worker();
        if gp.is_null() {
            pidleput(pp, now);
            unlock(&raw mut (*sched).lock);
            linkname::remove_idle_mark_worker();
            return none;
        }

        // :3820
        unlock(&raw mut (*sched).lock);
        (pp, gp)
    }
}

/// Sees to it that somebody wakes at `when` for a timer: the thread in the network poller, or an
/// idle P.
///
/// # Safety
/// May be called without a P, but then not while a thread outside the poller could be needed:
/// [`wakep`] wants one.
///
/// Go: proc.go:3828 wakeNetPoller
#[doc(alias = "wakeNetPoller")]
pub unsafe fn wake_net_poller(when: i64) {
    // SAFETY: atomics only, and wakep.
    unsafe {
        let sched = sched();
        // :3829
        if (*sched).lastpoll.load() == 0 {
            // :3834 poll_until is 0 or the time up to which the poll in progress will last; too
            // early a wake-up is possible, too late a one is not
            let poller_poll_until = (*sched).poll_until.load();
            if (poller_poll_until == 0 || poller_poll_until > when)
                && !mutant!("wakeNetPoller leaves the poller alone")
            {
                linkname::netpoll_break();
            }
        } else {
            // :3841 nobody polls: get somebody there
            wakep();
        }
    }
}
