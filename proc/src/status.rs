//! proc.go: 1046–1339. Freezing the world, and the only functions that change a goroutine's state.
//!
//! # State and scan bit
//! Go changes state and scan bit by compare-and-swap on one word: who owns a goroutine's transition
//! (the M that runs it, who readies it, who took it off a queue) finds out so that a scanner
//! (`suspendG`) holds it, and waits. Transitions are two for every hop of a goroutine, scanners
//! hardly ever come. So natively the two are cells of their own ([`GStatus`]), and each side stores
//! one and then looks at the other:
//!
//! | owner: [`casgstatus`] | scanner: [`castogscanstatus`] |
//! |---|---|
//! | the state becomes the new one | takes the scan bit, by compare-and-swap among scanners |
//! | light fence | heavy fence |
//! | scan bit held? waits until it is given back | is the state still the old one? else gives the bit back, and has failed |
//!
//! Of the two at least one sees what the other did. If the scanner sees the old state, the owner,
//! who comes later, waits before it does anything else; if it sees the new one, it has failed, as
//! Go's compare-and-swap would have. What differs from Go: while the owner waits the word already
//! has the new state. Nobody acts on that: it is the owner who goes on from there.
//!
//! Who takes a goroutine out of `GPREEMPTED`, where it has no owner (`casGFromPreempted`), does so
//! under the scan bit. Whoever holds that bit goes by the state with which he took it, not by the
//! word. The proof is in README-status.md. Inside of a Go program all is as in Go.

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

/// Whether `gp` has ended. A scanner who saw it alive may hold its scan bit for a while, before he
/// has seen that: in Go nobody can hold that of a dead goroutine.
///
/// # Safety
/// `gp` is a G, its owner's.
#[inline(always)]
pub unsafe fn is_dead(gp: *mut G) -> bool {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        if mutant!("a dead goroutine has no scan bit") {
            return readgstatus(gp) == GDEAD;
        }
        (*gp).atomicstatus.is(GDEAD)
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
                    #[cfg(gort_inside)]
                    let ok = (*gp).atomicstatus.0.cas(oldval, newval);
                    // natively the owner may have stored the next state by now, and wait
                    #[cfg(not(gort_inside))]
                    let ok = (*gp).atomicstatus.scan.cas(GStatus::HELD, 0);
                    success = ok;
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
                #[cfg(gort_inside)]
                let r = (*gp).atomicstatus.0.cas(oldval, newval);
                #[cfg(not(gort_inside))]
                let r = take_scan_bit(gp, oldval);
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

        // Nothing is measured, nobody watches, and fences cost nothing: a store and a load.
        #[cfg(not(any(loom, gort_inside)))]
        if usual(gp, oldval) {
            // :1193
            match step(gp, oldval, newval) {
                Step::Done => {}
                s => step_slow(gp, oldval, newval, s),
            }
            // :1214
            if oldval == GRUNNING {
                (*gp).tracking_seq = (*gp).tracking_seq.wrapping_add(1);
            }
            return;
        }
        casgstatus_full(gp, oldval, newval);
    }
}

/// Whether a transition of `gp` from `oldval` needs no more than [`step`]: no bubble, no latency to
/// be measured now, no real fence. The flags stand side by side.
///
/// # Safety
/// The caller owns the transition.
#[cfg(not(any(loom, gort_inside)))]
#[inline(always)]
unsafe fn usual(gp: *mut G, oldval: u32) -> bool {
    const RACEIGNORE: usize = core::mem::offset_of!(G, raceignore);
    const {
        assert!(
            RACEIGNORE.is_multiple_of(4)
                && core::mem::offset_of!(G, nocgocallback) == RACEIGNORE + 1
        )
    };
    const { assert!(core::mem::offset_of!(G, tracking) == RACEIGNORE + 2) };
    const { assert!(core::mem::offset_of!(G, tracking_seq) == RACEIGNORE + 3) };
    // SAFETY: four initialised bytes of the G, the owner's.
    let flags = unsafe { gp.cast::<u8>().add(RACEIGNORE).cast::<u32>().read() };
    let seq = (flags >> 24) as u8;
    let measure = oldval == GRUNNING
        && (seq.is_multiple_of(G_TRACKING_PERIOD) || CASGSTATUS_ALWAYS_TRACK.get());
    flags & 0x00ff_ffff == 0 && !measure
}

/// What [`step`] has done.
#[cfg(not(gort_inside))]
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    /// Stored, but somebody holds the scan bit: to be waited for.
    Held,
    /// Nothing: the state is not the old one.
    Other,
}

/// The owner's side of the protocol above.
///
/// # Safety
/// The caller owns the transition.
#[cfg(not(gort_inside))]
#[inline(always)]
unsafe fn step(gp: *mut G, oldval: u32, newval: u32) -> Step {
    // SAFETY: Gs are never freed; atomics.
    unsafe {
        let status = &raw const (*gp).atomicstatus;
        if !(*status).is(oldval) {
            return Step::Other;
        }
        // A release, for who acts on the state when he sees it (the scanner); its other pair is
        // whatever publishes gp.
        if mutant!("casgstatus does not release") {
            (*status).state.set(newval as u8);
        } else {
            (*status).state.store_rel(newval as u8);
        }
        if !mutant!("casgstatus without its fence") {
            light_fence();
        }
        // Acquires what a scanner has released with the bit.
        let held = if mutant!("casgstatus does not acquire") {
            (*status).scan.get()
        } else {
            (*status).scan.load_acq()
        };
        if held == 0 || mutant!("casgstatus ignores the scan bit") {
            Step::Done
        } else {
            Step::Held
        }
    }
}

/// A [`step`] that was not [`Step::Done`]: waits, and does it.
///
/// # Safety
/// As for [`casgstatus`].
#[cfg(not(gort_inside))]
#[cold]
#[inline(never)]
unsafe fn step_slow(gp: *mut G, oldval: u32, newval: u32, mut s: Step) {
    // SAFETY: the state is atomic.
    unsafe {
        // :1188 spin for 5 µs before yielding the thread
        const YIELD_DELAY: i64 = 5 * 1000;
        let mut next_yield: i64 = 0;
        let status = &raw const (*gp).atomicstatus;
        // The scan bit may have been given back, or the state be the old one by now.
        let done = |s: Step| match s {
            Step::Held => (*status).scan.load_acq() == 0 && (*status).is(newval),
            _ => (*status).is(oldval),
        };
        // :1193 while the scan bit is set, its owner gets the time to finish
        let mut i = 0usize;
        loop {
            if done(s) {
                if s == Step::Held {
                    return;
                }
                s = step_fenced(gp, oldval, newval);
                if s == Step::Done {
                    return;
                }
            }
            if s == Step::Other && oldval == GWAITING && (*status).load() == GRUNNABLE {
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
                while x < 10 && !done(s) {
                    procyield(1);
                    x += 1;
                }
            } else {
                // :1209
                osyield();
                next_yield = nanotime() + YIELD_DELAY / 2;
            }
            i += 1;
        }
    }
}

/// A [`step`], with a fence of its own if there is no `membarrier`.
///
/// # Safety
/// As for [`casgstatus`].
#[cfg(not(gort_inside))]
#[inline]
unsafe fn step_fenced(gp: *mut G, oldval: u32, newval: u32) -> Step {
    // SAFETY: the caller's contract.
    unsafe {
        let s = step(gp, oldval, newval);
        if !(*gp).nocgocallback || s == Step::Other {
            return s;
        }
        // A real fence, and another look: also if the bit was held, as it may be given back and
        // taken again while the state is still on its way.
        if !mutant!("casgstatus without its own fence") {
            store_load_fence();
        }
        if (*gp).atomicstatus.scan.load_acq() == 0 { Step::Done } else { Step::Held }
    }
}

/// A [`step_fenced`], waited for if somebody holds the scan bit.
///
/// # Safety
/// As for [`casgstatus`].
#[cfg(not(gort_inside))]
#[inline]
unsafe fn step_to(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the caller's contract.
    unsafe {
        let s = step_fenced(gp, oldval, newval);
        if s != Step::Done {
            step_slow(gp, oldval, newval, s);
        }
    }
}

/// For coroutines: a transition that is not measured, if it is the `usual` one and the state is
/// `oldval`; else false.
///
/// # Safety
/// As for [`casgstatus`].
#[cfg(not(gort_inside))]
#[inline(always)]
pub unsafe fn cas_gstatus_quick(gp: *mut G, oldval: u32, newval: u32) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        if (*gp).nocgocallback {
            return false;
        }
        match step(gp, oldval, newval) {
            Step::Done => true,
            Step::Held => {
                step_slow(gp, oldval, newval, Step::Held);
                true
            }
            Step::Other => false,
        }
    }
}

/// Takes the scan bit of `gp` if its state is `oldval`: the scanner's side of the protocol above.
///
/// # Safety
/// As for [`castogscanstatus`].
#[cfg(not(gort_inside))]
unsafe fn take_scan_bit(gp: *mut G, oldval: u32) -> bool {
    // SAFETY: Gs are never freed; atomics.
    unsafe {
        let status = &raw const (*gp).atomicstatus;
        // A look first, as the fence is dear.
        if !(*status).is(oldval) || !(*status).scan.cas(0, GStatus::HELD) {
            return false;
        }
        // Its compare-and-swap is a fence for the scanner; this is the owner's.
        heavy_fence();
        // Acquires what the owner has released with the state.
        let state = if mutant!("castogscanstatus does not acquire") {
            (*status).state.get()
        } else {
            (*status).state.load_acq()
        };
        if u32::from(state) == oldval || mutant!("castogscanstatus does not look again") {
            return true;
        }
        (*status).scan.store_rel(0);
        false
    }
}

/// All of [`casgstatus`].
///
/// # Safety
/// As there.
#[cfg_attr(not(gort_inside), cold, inline(never))]
#[cfg_attr(gort_inside, inline(always))]
unsafe fn casgstatus_full(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: as there.
    unsafe {
        // :1193 in Go's order, once more
        #[cfg(gort_inside)]
        if !(*gp).atomicstatus.0.cas(oldval, newval) {
            casgstatus_slow(gp, oldval, newval);
        }
        #[cfg(not(gort_inside))]
        step_to(gp, oldval, newval);
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
#[cfg(gort_inside)]
#[cold]
#[inline(never)]
unsafe fn casgstatus_slow(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the state is atomic.
    unsafe {
        // :1188 spin for 5 µs before yielding the thread: in Go's order, before what is above
        const YIELD_DELAY: i64 = 5 * 1000;
        let mut next_yield: i64 = 0;

        // :1193 while the scan bit is set, its owner gets the time to finish
        let mut i = 0usize;
        loop {
            if mutant!("casgstatus ignores the scan bit") {
                (*gp).atomicstatus.0.store(newval);
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
            if (*gp).atomicstatus.0.cas(oldval, newval) {
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
/// change waiting to runnable under way. Nothing calls it, in Go 1.23 either.
///
/// # Safety
/// The caller may move the stack of `gp`. Natively nobody may wake it meanwhile: the caller owns
/// its next transition.
///
/// Go: proc.go:1303 casgcopystack
pub unsafe fn casgcopystack(gp: *mut G) -> u32 {
    // SAFETY: Gs are never freed, and the field is atomic.
    unsafe {
        let old = || {
            let oldstatus = readgstatus(gp) & !GSCAN;
            if oldstatus != GWAITING && oldstatus != GRUNNABLE {
                throw("copystack: bad status, not Gwaiting or Grunnable");
            }
            oldstatus
        };
        // :1304
        #[cfg(gort_inside)]
        loop {
            let oldstatus = old();
            // :1309
            if (*gp).atomicstatus.0.cas(oldstatus, GCOPYSTACK) {
                return oldstatus;
            }
        }
        #[cfg(not(gort_inside))]
        {
            let oldstatus = old();
            step_to(gp, oldstatus, GCOPYSTACK);
            oldstatus
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
        #[cfg(gort_inside)]
        while !(*gp).atomicstatus.0.cas(GRUNNING, GSCAN | GPREEMPTED) {}
        #[cfg(not(gort_inside))]
        {
            // Under the scan bit no scanner looks at the state, so no fence.
            let status = &raw const (*gp).atomicstatus;
            while !(*status).scan.cas(0, GStatus::HELD) {
                procyield(1);
            }
            (*status).state.store_rel(GPREEMPTED as u8);
            if mutant!("preemption without the scan bit") {
                (*status).scan.store_rel(0);
            }
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
        #[cfg(gort_inside)]
        {
            (*gp).waitreason = WaitReason::Preempted;
            if !(*gp).atomicstatus.0.cas(GPREEMPTED, GWAITING) {
                return false;
            }
        }
        // Whoever has the scan bit is the only one to look at a preempted goroutine, which does
        // nothing itself.
        #[cfg(not(gort_inside))]
        {
            let status = &raw const (*gp).atomicstatus;
            if !(*status).is(GPREEMPTED) || !(*status).scan.cas(0, GStatus::HELD) {
                return false;
            }
            let mine = (*status).is(GPREEMPTED);
            if mine {
                (*gp).waitreason = WaitReason::Preempted;
                (*status).state.store_rel(GWAITING as u8);
            }
            (*status).scan.store_rel(0);
            if !mine {
                return false;
            }
        }
        // Go 1.25: proc.go line 1427
        #[cfg(not(any(loom, gort_inside)))]
        if (*gp).raceignore != 0 {
            casgstatus_bubble(gp, GPREEMPTED, GWAITING);
        }
        true
    }
}
