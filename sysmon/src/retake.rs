//! proc.go: 6196–6329. Taking Ps back from system calls, and asking goroutines to yield.

#[cfg(not(any(loom, gort_inside)))]
use crate::hog;
use gort_proc::linkname::preempt_m;
use gort_proc::*;

/// How long a goroutine runs before it is asked to yield, ns: Go's 10 ms, unless
/// `GODEBUG=timeslice=MS` says otherwise; 0 is as long as it likes.
///
/// Go: proc.go:6199 forcePreemptNS
fn force_preempt_ns() -> i64 {
    #[cfg(gort_inside)]
    return 10 * 1_000_000;
    #[cfg(not(gort_inside))]
    match DEBUG.timeslice.get() {
        // Models have no clock: there each slice is over at once.
        0 if cfg!(not(loom)) => i64::MAX / 2,
        ms => i64::from(ms) * 1_000_000,
    }
}

/// Takes Ps away from system calls, and asks what runs for longer than its time slice to yield.
/// Returns how many Ps it took.
///
/// # Safety
/// By sysmon, under `sched.sysmonlock`.
///
/// Go: proc.go:6201 retake
pub unsafe fn retake(now: i64) -> u32 {
    // SAFETY: allp_lock keeps allp as it is; of the Ps only atomics are touched, until one is ours
    // by its status.
    unsafe {
        // :6202
        let mut n = 0;
        // :6205
        lock(allp_lock());
        // :6209 allp is read anew each time, as the lock is dropped in between
        let mut i = 0;
        while i < (*allp()).len {
            // :6210
            let pp = allp_at(i);
            i += 1;
            if pp.is_null() {
                // :6211 procresize has grown allp, but not yet made the P
                continue;
            }
            // :6216
            let pd = &raw mut (*pp).sysmontick;
            let s = (*pp).status.get();
            let mut sysretake = false;
            if s == PRUNNING || s == PSYSCALL {
                // :6224 the same schedtick for too long: one goroutine, or several that share a
                // time slice
                let t = (*pp).schedtick.get();
                if (*pd).schedtick.get() != t {
                    (*pd).schedtick.set(t);
                    (*pd).schedwhen.set(now);
                } else if (*pd).schedwhen.get() + force_preempt_ns() <= now {
                    // :6229
                    preemptone(pp);
                    #[cfg(not(any(loom, gort_inside)))]
                    if s == PRUNNING {
                        hog::seen(pp, t, now);
                    }
                    // in a system call there is no M that preemptone could find
                    sysretake = true;
                }
            }
            // :6235
            if s == PSYSCALL {
                // in the same system call since the last round, 20 µs ago or more
                let t = (*pp).syscalltick.get();
                if !sysretake && (*pd).syscalltick.get() != t {
                    // :6238
                    (*pd).syscalltick.set(t);
                    (*pd).syscallwhen.set(now);
                    continue;
                }
                // :6246 nothing to do for it: leaves it there, but not for ever, as it keeps sysmon
                // awake
                if runqempty(pp)
                    && (*sched()).nmspinning.load() + (*sched()).npidle.load() > 0
                    && (*pd).syscallwhen.get() + 10 * 1000 * 1000 > now
                {
                    continue;
                }
                // :6250 sched.lock comes before it
                unlock(allp_lock());
                // :6255 as if one more M ran: the one in the system call may come out of it, find
                // no P, and see a deadlock
                incidlelocked(-1);
                // :6256
                if trace_steal(pp, false, || {
                    (*pp).status.cas(s, PIDLE) || mutant!("retake ignores who has got the P")
                }) {
                    // :6262
                    n += 1;
                    (*pp).syscalltick.bump(1);
                    handoffp(pp);
                }
                // :6268
                incidlelocked(1);
                lock(allp_lock());
            }
        }
        // :6272
        unlock(allp_lock());
        n
    }
}

/// Asks all goroutines that run to yield, as far as it can see them. Returns whether it found one.
///
/// # Safety
/// `allp` must not change: the world is being stopped, or the like.
///
/// Go: proc.go:6281 preemptall
#[unsafe(export_name = "gort.preemptall")]
pub unsafe fn preemptall() -> bool {
    // SAFETY: Ps are never freed.
    unsafe {
        // :6282
        let mut res = false;
        for i in 0..(*allp()).len {
            let pp = allp_at(i);
            if (*pp).status.get() != PRUNNING {
                continue;
            }
            // :6287
            if preemptone(pp) {
                res = true;
            }
        }
        // :6291
        res
    }
}

/// Whether threads can be interrupted by a signal to preempt what they run.
///
/// Go: signal_unix.go:360 preemptMSupported
pub const PREEMPT_M_SUPPORTED: bool = true;

/// Asks the goroutine that runs on `pp` to yield. It may miss it, ask the wrong one, or be ignored.
/// Returns whether it asked one.
///
/// # Safety
/// `pp` is a P.
///
/// Go: proc.go:6304 preemptone
#[unsafe(export_name = "gort.preemptone")]
pub unsafe fn preemptone(pp: *mut P) -> bool {
    // SAFETY: Ps, Gs, and Ms that a P was just tied to are not freed; only atomics are written.
    unsafe {
        // :6305
        let mp = (*pp).m.ptr();
        if mp.is_null() || mp == (*getg()).m {
            return false;
        }
        // :6309
        let gp = (*mp).curg.ptr();
        if gp.is_null() || gp == (*mp).g0 {
            return false;
        }

        // :6314
        (*gp).preempt.set(true);

        // :6320 so that every stack check of managed code fails, and looks why
        (*gp).stackguard0.set(STACK_PREEMPT);

        // :6323
        if PREEMPT_M_SUPPORTED && DEBUG.asyncpreemptoff.get() == 0 {
            (*pp).preempt.set(true);
            preempt_m(mp);
        }

        // :6328
        true
    }
}
