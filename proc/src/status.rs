//! proc.go: 1046–1339. Freezing the world, and the only functions that change a goroutine's state.

use crate::*;
use gort_print::print;
use gort_runtime2::WaitReason;
use gort_runtime2::atomic::Bool;

/// The value of `sched.stopwait` that asks all goroutines to stop for good.
///
/// Go: proc.go:1046 freezeStopWait
pub const FREEZE_STOP_WAIT: i32 = 0x7fffffff;

/// Set once the runtime is freezing the world.
///
/// Go: proc.go:1050 freezing
#[cfg(not(any(loom, gort_inside)))]
pub static FREEZING: Bool = Bool::new(false);

/// Stops the world as well as it can, for good: used while crashing. May be called several times,
/// takes no locks.
///
/// # Safety
/// The process is about to end.
///
/// Go: proc.go:1055 freezetheworld
pub unsafe fn freezetheworld() {
    // SAFETY: atomics only; preemptall is best effort by contract.
    unsafe {
        // :1056
        FREEZING.store(true);
        // :1057 the scheduler's state shall stay as it is: running goroutines go on, but a thread
        // that comes to schedule() stops there. Those that just missed the flag get a millisecond
        // to start running.
        if DEBUG.dontfreezetheworld.get() > 0 {
            // :1082
            usleep(1000);
            return;
        }

        let sched = sched();
        // :1089 requests can be lost to races with running threads, hence several attempts
        for _ in 0..5 {
            // :1091 no new goroutines start
            (*sched).stopwait.set(FREEZE_STOP_WAIT);
            (*sched).gcwaiting.store(true);
            // :1094 and the running ones stop
            if !linkname::preemptall() {
                break;
            }
            usleep(1000);
        }
        // :1100
        usleep(1000);
        linkname::preemptall();
        usleep(1000);
    }
}

/// The state of a goroutine, with the scan bit.
///
/// # Safety
/// `gp` is a G.
///
/// Go: proc.go:1109 readgstatus
#[inline]
pub unsafe fn readgstatus(gp: *mut G) -> u32 {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        // :1110
        (*gp).atomicstatus.load()
    }
}

/// Gives back the scan bit: the state becomes the one without it.
///
/// # Safety
/// The caller set the scan bit.
///
/// Go: proc.go:1117 casfrom_Gscanstatus
#[doc(alias = "casfrom_Gscanstatus")]
pub unsafe fn casfrom_gscanstatus(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        // :1118
        let mut success = false;

        // :1121 only some transitions are valid
        match oldval {
            GSCANRUNNABLE | GSCANWAITING | GSCANRUNNING | GSCANSYSCALL | GSCANPREEMPTED => {
                // :1131
                if newval == oldval & !GSCAN {
                    success = (*gp).atomicstatus.cas(oldval, newval);
                }
            }
            // (:1122) Go writes its default case first
            _ => {
                print!(
                    "runtime: casfrom_Gscanstatus bad oldval gp={:#x}, oldval={:#x}, newval={:#x}\n",
                    gp.addr(),
                    oldval,
                    newval
                );
                dumpgstatus(gp);
                throw("casfrom_Gscanstatus:top gp->status is not in scan state");
            }
        }
        // :1135
        if !success {
            print!(
                "runtime: casfrom_Gscanstatus failed gp={:#x}, oldval={:#x}, newval={:#x}\n",
                gp.addr(),
                oldval,
                newval
            );
            dumpgstatus(gp);
            throw("casfrom_Gscanstatus: gp->status is not in scan state");
        }
        // :1140
        release_lock_rank_and_m(LOCK_RANK_GSCAN);
    }
}

/// Takes the scan bit, like a lock; false if the goroutine's state was not `oldval`.
///
/// # Safety
/// Whoever gets true must give the bit back with [`casfrom_gscanstatus`].
///
/// Go: proc.go:1145 castogscanstatus
pub unsafe fn castogscanstatus(gp: *mut G, oldval: u32, newval: u32) -> bool {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        // :1146
        match oldval {
            GRUNNABLE | GRUNNING | GWAITING | GSYSCALL if newval == oldval | GSCAN => {
                // :1152
                let r = (*gp).atomicstatus.cas(oldval, newval);
                if r {
                    acquire_lock_rank_and_m(LOCK_RANK_GSCAN);
                }
                return r;
            }
            _ => {}
        }
        // :1160
        print!("runtime: castogscanstatus oldval={:#x} newval={:#x}\n", oldval, newval);
        throw("castogscanstatus");
    }
}

/// For tests: measure latencies at every transition rather than at every [`G_TRACKING_PERIOD`]th.
///
/// Go: proc.go:1167 casgstatusAlwaysTrack
#[cfg(not(any(loom, gort_inside)))]
pub static CASGSTATUS_ALWAYS_TRACK: Bool = Bool::new(false);

/// Changes the state of `gp` from `oldval` to `newval`, neither with the scan bit; waits while
/// somebody else holds that bit. Also keeps the account of scheduling latency and mutex waiting
/// time.
///
/// # Safety
/// The caller owns the transition: it runs `gp`, or holds what keeps others from changing it.
///
/// Go: proc.go:1175 casgstatus
#[inline]
pub unsafe fn casgstatus(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the state is atomic; the tracking fields belong to whoever owns the transition.
    unsafe {
        // :1176
        if (oldval & GSCAN != 0) || (newval & GSCAN != 0) || oldval == newval {
            systemstack::<(), _>(|| {
                // :1180
                print!("runtime: casgstatus: oldval={:#x} newval={:#x}\n", oldval, newval);
                throw("casgstatus: bad incoming values");
            });
        }

        // :1185
        lock_with_rank_may_acquire(core::ptr::null_mut(), LOCK_RANK_GSCAN);

        // :1193
        if !(*gp).atomicstatus.cas(oldval, newval) {
            casgstatus_slow(gp, oldval, newval);
        }
        // Go 1.25: proc.go line 1309
        #[cfg(not(any(loom, gort_inside)))]
        if (*gp).raceignore != 0 {
            casgstatus_bubble(gp, oldval, newval);
        }

        // :1214
        if oldval == GRUNNING {
            // :1216 one of G_TRACKING_PERIOD transitions out of running is measured
            if CASGSTATUS_ALWAYS_TRACK.get() || (*gp).tracking_seq.is_multiple_of(G_TRACKING_PERIOD)
            {
                (*gp).tracking = true;
            }
            (*gp).tracking_seq = (*gp).tracking_seq.wrapping_add(1);
        }
        // :1221
        if !(*gp).tracking {
            return;
        }

        casgstatus_track(gp, oldval, newval);
    }
}

/// [`casgstatus`] for the crates below this one.
#[unsafe(export_name = "gort.casgstatus")]
unsafe fn casgstatus_below(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the caller's contract, which is the same.
    unsafe { casgstatus(gp, oldval, newval) }
}

/// casgstatus's loop, out of line: the first attempt has failed.
///
/// # Safety
/// As for [`casgstatus`].
#[cold]
#[inline(never)]
unsafe fn casgstatus_slow(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the state is atomic.
    unsafe {
        // :1188 spin for 5 µs before yielding the thread
        const YIELD_DELAY: i64 = 5 * 1000;
        let mut next_yield: i64 = 0;

        // :1193 while the scan bit is set, its owner gets the time to finish
        let mut i = 0usize;
        loop {
            if mutant!("casgstatus ignores the scan bit") {
                (*gp).atomicstatus.store(newval);
                return;
            }
            if oldval == GWAITING && (*gp).atomicstatus.load() == GRUNNABLE {
                // :1195
                systemstack::<(), _>(|| throw("casgstatus: waiting for Gwaiting but is Grunnable"));
            }
            // :1201
            if i == 0 {
                next_yield = nanotime() + YIELD_DELAY;
            }
            if nanotime() < next_yield {
                // :1205
                let mut x = 0;
                while x < 10 && (*gp).atomicstatus.load() != oldval {
                    procyield(1);
                    x += 1;
                }
            } else {
                // :1209
                osyield();
                next_yield = nanotime() + YIELD_DELAY / 2;
            }
            i += 1;
            if (*gp).atomicstatus.cas(oldval, newval) {
                return;
            }
        }
    }
}

/// casgstatus's account of a transition that is measured, out of line.
///
/// # Safety
/// As for [`casgstatus`].
#[cold]
#[inline(never)]
unsafe fn casgstatus_track(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the tracking fields belong to whoever owns the transition.
    unsafe {
        // :1230 what is measured: time runnable, and time blocked on sync.Mutex and sync.RWMutex
        match oldval {
            GRUNNABLE => {
                // :1235 the time it was runnable
                let now = nanotime();
                (*gp).runnable_time += now - (*gp).tracking_stamp;
                (*gp).tracking_stamp = 0;
            }
            // :1238
            GWAITING if (*gp).waitreason.is_mutex_wait() => {
                // :1248 a sample of the time waited: it stands for as many others as the period
                // says
                let now = nanotime();
                (*sched())
                    .total_mutex_wait_time
                    .add((now - (*gp).tracking_stamp) * i64::from(G_TRACKING_PERIOD));
                (*gp).tracking_stamp = 0;
            }
            _ => {}
        }
        // :1252
        match newval {
            GWAITING if (*gp).waitreason.is_mutex_wait() => {
                // :1259
                let now = nanotime();
                (*gp).tracking_stamp = now;
            }
            GRUNNABLE => {
                // :1264
                let now = nanotime();
                (*gp).tracking_stamp = now;
            }
            GRUNNING => {
                // :1270 the sample is complete
                (*gp).tracking = false;
                gort_histogram::record(&raw mut (*sched()).time_to_run, (*gp).runnable_time);
                (*gp).runnable_time = 0;
            }
            _ => {}
        }
    }
}

/// To waiting, for `reason`.
///
/// # Safety
/// As for [`casgstatus`].
///
/// Go: proc.go:1279 casGToWaiting
#[doc(alias = "casGToWaiting")]
pub unsafe fn cas_g_to_waiting(gp: *mut G, old: u32, reason: WaitReason) {
    // SAFETY: the caller owns the transition.
    unsafe {
        // :1281 the reason first: casgstatus looks at it
        (*gp).waitreason = reason;
        casgstatus(gp, old, GWAITING);
    }
}

/// To waiting, for a reason that counts as waiting for a stop of the world or a collection.
///
/// # Safety
/// As for [`casgstatus`].
///
/// Go: proc.go:1289 casGToWaitingForGC
#[doc(alias = "casGToWaitingForGC")]
pub unsafe fn cas_g_to_waiting_for_gc(gp: *mut G, old: u32, reason: WaitReason) {
    // SAFETY: the caller owns the transition.
    unsafe {
        // :1290
        if !reason.is_waiting_for_gc() {
            throw("casGToWaitingForGC with non-isWaitingForGC wait reason");
        }
        // :1293
        cas_g_to_waiting(gp, old, reason);
    }
}

/// From waiting or runnable to `GCOPYSTACK`; returns which it was. Not casgstatus, as a wake-up may
/// change waiting to runnable under way.
///
/// # Safety
/// The caller may move the stack of `gp`.
///
/// Go: proc.go:1303 casgcopystack
pub unsafe fn casgcopystack(gp: *mut G) -> u32 {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        // :1304
        loop {
            let oldstatus = readgstatus(gp) & !GSCAN;
            if oldstatus != GWAITING && oldstatus != GRUNNABLE {
                throw("copystack: bad status, not Gwaiting or Grunnable");
            }
            // :1309
            if (*gp).atomicstatus.cas(oldstatus, GCOPYSTACK) {
                return oldstatus;
            }
        }
    }
}

/// From running to `GSCAN|GPREEMPTED`: the one operation that changes the state and takes the scan
/// bit.
///
/// # Safety
/// `gp` runs on this M.
///
/// Go: proc.go:1319 casGToPreemptScan
#[doc(alias = "casGToPreemptScan")]
pub unsafe fn cas_g_to_preempt_scan(gp: *mut G, old: u32, new: u32) {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        // :1320
        if old != GRUNNING || new != GSCAN | GPREEMPTED {
            throw("bad g transition");
        }
        // :1323
        acquire_lock_rank_and_m(LOCK_RANK_GSCAN);
        while !(*gp).atomicstatus.cas(GRUNNING, GSCAN | GPREEMPTED) {}
        if mutant!("preemption without the scan bit") {
            (*gp).atomicstatus.store(GPREEMPTED);
        }
    }
}

/// Tries to take `gp` from `GPREEMPTED` to waiting; who gets true must schedule it again.
///
/// # Safety
/// `gp` is a G that may be in `GPREEMPTED`.
///
/// Go: proc.go:1331 casGFromPreempted
#[doc(alias = "casGFromPreempted")]
pub unsafe fn cas_g_from_preempted(gp: *mut G, old: u32, new: u32) -> bool {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        // :1332
        if old != GPREEMPTED || new != GWAITING {
            throw("bad g transition");
        }
        // :1335
        (*gp).waitreason = WaitReason::Preempted;
        if !(*gp).atomicstatus.cas(GPREEMPTED, GWAITING) {
            return false;
        }
        // Go 1.25: proc.go line 1427
        #[cfg(not(any(loom, gort_inside)))]
        if (*gp).raceignore != 0 {
            casgstatus_bubble(gp, GPREEMPTED, GWAITING);
        }
        true
    }
}
