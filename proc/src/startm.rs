//! proc.go: 2869–3207. Putting Ms to sleep and waking them, and passing Ps between them.

use crate::*;
use gort_print::print;

/// Sleeps until there is work for this M; returns with a P.
///
/// # Safety
/// On g0, without a P, without locks, not spinning.
///
/// Go: proc.go:2869 stopm
#[cold]
#[inline(never)]
pub unsafe fn stopm() {
    // SAFETY: the M is this thread's; who takes it off the idle list sets nextp before waking it.
    unsafe {
        let sched = sched();
        // :2870
        let mp = (*getg()).m;

        // :2872
        if (*mp).locks.get() != 0 {
            throw("stopm holding locks");
        }
        if !(*mp).p.is_null() {
            throw("stopm holding p");
        }
        // :2878
        if (*mp).spinning.get() {
            throw("stopm spinning");
        }

        // :2882
        lock(&raw mut (*sched).lock);
        mput(mp);
        unlock(&raw mut (*sched).lock);
        m_park();
        // :2886
        acquirep((*mp).nextp.ptr());
        (*mp).nextp.set(core::ptr::null_mut());
    }
}

/// The `mstartfn` of an M that starts as a spinning one; `nmspinning` counts it already.
///
/// # Safety
/// On a new M.
///
/// Go: proc.go:2890 mspinning
pub unsafe fn mspinning() {
    // SAFETY: the M is this thread's.
    unsafe {
        // :2892
        (*(*getg()).m).spinning.set(true);
    }
}

/// Has some M run `pp`, a new one if need be. If `pp` is nil takes an idle P; without one does
/// nothing.
///
/// With `spinning`, the caller has counted the M in `nmspinning` already, and gives a P.
///
/// # Safety
/// `pp`, if given, belongs to the caller, who cannot be preempted and gives it away. May run
/// without a P. `lockheld` says whether the caller holds `sched.lock`, which may then be released
/// for a while.
///
/// Go: proc.go:2912 startm
pub unsafe fn startm(pp: *mut P, spinning: bool, lockheld: bool) {
    // SAFETY: an idle M is ours once mget took it off the list under sched.lock; the P until
    // notewakeup.
    unsafe {
        let sched = sched();
        let mut pp = pp;
        // :2929 no preemption while a P is in our hands: a stop of the world would wait for that P
        // forever
        let mp = acquirem();
        if !lockheld {
            lock(&raw mut (*sched).lock);
        }
        // :2933
        if pp.is_null() {
            if spinning {
                throw("startm: P required for spinning=true");
            }
            // :2940
            (pp, _) = pidleget(0);
            if pp.is_null() {
                if !lockheld {
                    unlock(&raw mut (*sched).lock);
                }
                releasem(mp);
                return;
            }
        }
        // :2949
        let nmp = mget();
        if nmp.is_null() {
            // :2965 a new one. Its id is taken before the lock is released: it makes the M count as
            // running, else checkdead could take this moment for a deadlock.
            let id = m_reserve_id();
            unlock(&raw mut (*sched).lock);

            // :2968
            let mut f: Option<unsafe fn()> = None;
            if spinning {
                #[cfg(not(gort_inside))]
                {
                    f = Some(mspinning);
                }
                // Go's function value of the same name
                #[cfg(gort_inside)]
                {
                    f = linkname::mspinning_fn();
                }
            }
            newm(f, pp, id);

            // :2975
            if lockheld {
                lock(&raw mut (*sched).lock);
            }
            // :2980 the P is the new M's
            releasem(mp);
            return;
        }
        // :2983
        if !lockheld {
            unlock(&raw mut (*sched).lock);
        }
        // :2986
        if (*nmp).spinning.get() {
            throw("startm: m is spinning");
        }
        if !(*nmp).nextp.is_null() {
            throw("startm: m has p");
        }
        if spinning && !runqempty(pp) {
            throw("startm: p has runnable gs");
        }
        // :2996
        (*nmp).spinning.set(spinning);
        (*nmp).nextp.set(pp);
        notewakeup(&raw mut (*nmp).park);
        // :3001 the P is that M's
        releasem(mp);
    }
}

/// Finds something to do for a P whose M is in a system call or waits for its goroutine: another M
/// if there is work, the idle list otherwise. Starts an M wherever [`find_runnable()`] would find
/// something on `pp`.
///
/// # Safety
/// `pp` belongs to the caller, who gives it away. Runs without a P.
///
/// Go: proc.go:3008 handoffp
pub unsafe fn handoffp(pp: *mut P) {
    // SAFETY: the P is ours until startm or pidleput; the rest is atomic or under sched.lock.
    unsafe {
        let sched = sched();
        (*pp).stats.handoffs.bump(1);

        // :3013 work of its own, or for all
        if !runqempty(pp) || (*sched).runqsize.get() != 0 {
            startm(pp, false, false);
            return;
        }
        // :3018
        if (trace_enabled() || cfg!(gort_inside) && trace_shutting_down())
            && !trace_reader_available().is_null()
        {
            startm(pp, false, false);
            return;
        }
        // :3022 no collector's work.
        #[cfg(gort_inside)]
        if GC_BLACKEN_ENABLED.get() != 0 && linkname::gc_mark_work_available(pp) {
            startm(pp, false, false);
            return;
        }
        // :3029 nobody looks for work: this M shall
        if (*sched).nmspinning.load() + (*sched).npidle.load() == 0 && (*sched).nmspinning.cas(0, 1)
        {
            (*sched).needspinning.store(0);
            startm(pp, true, false);
            return;
        }
        // :3034
        lock(&raw mut (*sched).lock);
        if (*sched).gcwaiting.load() {
            (*pp).status.set(PGCSTOP);
            (*pp).gc_stop_time = nanotime();
            (*sched).stopwait.bump(-1);
            // :3039
            if (*sched).stopwait.get() == 0 {
                notewakeup(&raw mut (*sched).stopnote);
            }
            unlock(&raw mut (*sched).lock);
            return;
        }
        // :3045
        if (*pp).run_safe_point_fn.get() != 0 && (*pp).run_safe_point_fn.cas(1, 0) {
            #[cfg(not(gort_inside))]
            {
                let f = (*sched).safe_point_fn.get();
                ((*f).call)((*f).ctx, pp);
            }
            #[cfg(gort_inside)]
            linkname::safe_point_fn(pp);
            (*sched).safe_point_wait.bump(-1);
            if (*sched).safe_point_wait.get() == 0 {
                notewakeup(&raw mut (*sched).safe_point_note);
            }
        }
        // :3052
        if (*sched).runqsize.get() != 0 {
            unlock(&raw mut (*sched).lock);
            startm(pp, false, false);
            return;
        }
        // :3059 the last running P, and nobody polls the network
        if (*sched).npidle.load() == GOMAXPROCS.get() - 1 && (*sched).lastpoll.load() != 0 {
            unlock(&raw mut (*sched).lock);
            startm(pp, false, false);
            return;
        }

        // :3067 asked now, used after the lock is released: wake_net_poller may end up in startm
        let when = linkname::timers_wake_time(&raw const (*pp).timers);
        pidleput(pp, 0);
        unlock(&raw mut (*sched).lock);

        // :3071
        if when != 0 {
            wake_net_poller(when);
        }
    }
}

/// Gets one more P to work, if there is an idle one and nobody is spinning. Called when a goroutine
/// has become runnable.
///
/// # Safety
/// On an M with a P, or in `handoffp`, which has just made its P idle.
///
/// Go: proc.go:3089 wakep
#[inline]
pub unsafe fn wakep() {
    // SAFETY: the caller's contract.
    unsafe {
        let sched = sched();
        // With a single P, which is the caller's, nobody else is to see the work, and none is idle.
        // Only handoffp comes here (by wake_net_poller) without a P, having made it idle: it saw
        // lastpoll == 0 under sched.lock and another value now, so an M has just left the poller,
        // and that one takes the idle P when it gets the lock.
        if single_p() && (*sched).needspinning.get() == 1 {
            return;
        }
        // The work was published with StoreRel, which Go compiles to XCHG on amd64 and we to a
        // plain store: it must be visible before nmspinning is read, or a spinning M that is just
        // giving up would be relied on without having seen it.
        if !mutant!("wakep without its fence") {
            store_load_fence();
        }
        // :3092 one spinning M is enough
        if (*sched).nmspinning.load() != 0 {
            return;
        }
        // What follows would end in pidleget_spinning finding no P and setting needspinning to 1.
        // If it is 1 already and no P is idle, that changes nothing, and four locked instructions
        // are saved: see README-spinning.md and docs/deviations.md.
        if (*sched).needspinning.load() == 1 && (*sched).npidle.load() == 0 {
            return;
        }
        // :3092
        if !(*sched).nmspinning.cas(0, 1) {
            return;
        }
        wakep_slow();
    }
}

/// The rest of [`wakep`], out of line: this thread has made `nmspinning` 1.
#[inline(never)]
unsafe fn wakep_slow() {
    // SAFETY: a P from the idle list is ours until startm gives it away.
    unsafe {
        let sched = sched();
        // :3101 no preemption while the P is in our hands, as in startm
        let mp = acquirem();

        // :3104
        lock(&raw mut (*sched).lock);
        let (pp, _) = pidleget_spinning(0);
        if pp.is_null() {
            if (*sched).nmspinning.add(-1) < 0 {
                throw("wakep: negative nmspinning");
            }
            // :3110
            unlock(&raw mut (*sched).lock);
            releasem(mp);
            return;
        }
        // :3118 this M runs, so checkdead will not be misled before startm takes the lock again
        unlock(&raw mut (*sched).lock);

        // :3120
        startm(pp, true, false);

        releasem(mp);
    }
}

/// Sleeps until the goroutine that is locked to this M is to run; returns with a P.
///
/// # Safety
/// On g0 of an M with a locked goroutine, which does not run.
///
/// Go: proc.go:3127 stoplockedm
#[cold]
#[inline(never)]
pub unsafe fn stoplockedm() {
    // SAFETY: the M is this thread's; startlockedm sets nextp before it wakes it.
    unsafe {
        // :3128
        let mp = (*getg()).m;

        // :3130
        if (*mp).lockedg.is_null() || (*(*mp).lockedg.ptr()).lockedm.ptr() != mp {
            throw("stoplockedm: inconsistent locking");
        }
        if !(*mp).p.is_null() {
            // :3135 another M shall run it
            let pp = releasep();
            handoffp(pp);
        }
        // :3138
        incidlelocked(1);
        m_park();
        // :3141
        let status = readgstatus((*mp).lockedg.ptr());
        if status & !GSCAN != GRUNNABLE {
            print!(
                "runtime:stoplockedm: lockedg (atomicstatus={status}) is not Grunnable or Gscanrunnable\n"
            );
            dumpgstatus((*mp).lockedg.ptr());
            throw("stoplockedm: not runnable");
        }
        // :3147
        acquirep((*mp).nextp.ptr());
        (*mp).nextp.set(core::ptr::null_mut());
    }
}

/// Has the M that `gp` is locked to run it, with this M's P; then sleeps.
///
/// # Safety
/// On g0 of an M with a P. `gp` is runnable, on no queue, and locked to another M.
///
/// Go: proc.go:3155 startlockedm
#[cold]
#[inline(never)]
pub unsafe fn startlockedm(gp: *mut G) {
    // SAFETY: the other M sleeps in stoplockedm until it is woken here.
    unsafe {
        // :3156
        let mp = (*gp).lockedm.ptr();
        if mp == (*getg()).m {
            throw("startlockedm: locked to me");
        }
        if !(*mp).nextp.is_null() {
            throw("startlockedm: m has p");
        }
        // :3164
        incidlelocked(-1);
        let pp = releasep();
        (*mp).nextp.set(pp);
        notewakeup(&raw mut (*mp).park);
        // :3168
        stopm();
    }
}

/// Stops this M, as the world stops; returns when it goes on.
///
/// # Safety
/// On g0 of an M with a P.
///
/// Go: proc.go:3173 gcstopm
#[cold]
#[inline(never)]
pub unsafe fn gcstopm() {
    // SAFETY: stopwait is counted down under sched.lock; the P is ours until its status says
    // otherwise.
    unsafe {
        let sched = sched();
        // :3174
        let mp = (*getg()).m;

        if !(*sched).gcwaiting.load() {
            throw("gcstopm: not waiting for gc");
        }
        // :3179
        if (*mp).spinning.get() {
            (*mp).spinning.set(false);
            // :3183 work that is left alone now is found by startTheWorld
            if (*sched).nmspinning.add(-1) < 0 {
                throw("gcstopm: negative nmspinning");
            }
        }
        // :3187
        let pp = releasep();
        lock(&raw mut (*sched).lock);
        (*pp).status.set(PGCSTOP);
        (*pp).gc_stop_time = nanotime();
        (*sched).stopwait.bump(-1);
        if (*sched).stopwait.get() == 0 {
            notewakeup(&raw mut (*sched).stopnote);
        }
        // :3195
        unlock(&raw mut (*sched).lock);
        stopm();
    }
}
