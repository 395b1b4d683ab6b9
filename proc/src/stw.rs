//! proc.go: 1340–1729. Stopping and starting the world.

use crate::*;
#[cfg(not(any(loom, gort_inside)))]
use gort_runtime2::atomic::Uint32;

/// Why the world stops.
///
/// Go: proc.go:1340 stwReason
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StwReason {
    /// `unknown`
    Unknown = 0,
    /// `GC mark termination`
    GCMarkTerm = 1,
    /// `GC sweep termination`
    GCSweepTerm = 2,
    /// `write heap dump`
    WriteHeapDump = 3,
    /// `goroutine profile`
    GoroutineProfile = 4,
    /// `goroutine profile cleanup`
    GoroutineProfileCleanup = 5,
    /// `all goroutines stack trace`
    AllGoroutinesStack = 6,
    /// `read mem stats`
    ReadMemStats = 7,
    /// `AllThreadsSyscall`
    AllThreadsSyscall = 8,
    /// `GOMAXPROCS`
    Gomaxprocs = 9,
    /// `start trace`
    StartTrace = 10,
    /// `stop trace`
    StopTrace = 11,
    /// `CountPagesInUse (test)`
    ForTestCountPagesInUse = 12,
    /// `ReadMetricsSlow (test)`
    ForTestReadMetricsSlow = 13,
    /// `ReadMemStatsSlow (test)`
    ForTestReadMemStatsSlow = 14,
    /// `PageCachePagesLeaked (test)`
    ForTestPageCachePagesLeaked = 15,
    /// `ResetDebugLog (test)`
    ForTestResetDebugLog = 16,
}

impl StwReason {
    /// Go's text for the reason.
    ///
    /// Go: proc.go:1365 String
    #[doc(alias = "String")]
    pub fn string(self) -> &'static &'static str {
        // :1366
        &STW_REASON_STRINGS[self as usize]
    }

    /// Whether the collector stops the world.
    ///
    /// Go: proc.go:1369 isGC
    #[doc(alias = "isGC")]
    pub fn is_gc(self) -> bool {
        // :1370
        self == Self::GCMarkTerm || self == Self::GCSweepTerm
    }
}

/// Go: proc.go:1376 stwReasonStrings
static STW_REASON_STRINGS: [&str; 17] = [
    "unknown",
    "GC mark termination",
    "GC sweep termination",
    "write heap dump",
    "goroutine profile",
    "goroutine profile cleanup",
    "all goroutines stack trace",
    "read mem stats",
    "AllThreadsSyscall",
    "GOMAXPROCS",
    "start trace",
    "stop trace",
    "CountPagesInUse (test)",
    "ReadMetricsSlow (test)",
    "ReadMemStatsSlow (test)",
    "PageCachePagesLeaked (test)",
    "ResetDebugLog (test)",
];

/// What a stop of the world hands to the start that ends it.
///
/// Go: proc.go:1398 worldStop
#[derive(Clone, Copy, Debug)]
pub struct WorldStop {
    /// Why.
    pub reason: StwReason,
    /// When the stop was asked for.
    pub started_stopping: i64,
    /// When the last P stopped.
    pub finished_stopping: i64,
    /// Sum of the Ps' stopping latencies.
    pub stopping_cpu_time: i64,
}

/// Where [`stop_the_world`] keeps its result while the goroutine's stack must not be written: it
/// may be moved meanwhile. Guarded by [`WORLDSEMA`].
///
/// Go: proc.go:1408 stopTheWorldContext
#[cfg(not(gort_inside))]
static STOP_THE_WORLD_CONTEXT: Global<WorldStop> = Global::new(WorldStop {
    reason: StwReason::Unknown,
    started_stopping: 0,
    finished_stopping: 0,
    stopping_cpu_time: 0,
});

/// Stops all Ps at safe points; afterwards only the caller's P runs. Stops by several goroutines
/// come one after the other. Ended by [`start_the_world`] with the value returned.
///
/// # Safety
/// On a user goroutine that neither holds [`WORLDSEMA`] nor any runtime lock.
///
/// Go: proc.go:1427 stopTheWorld
#[doc(alias = "stopTheWorld")]
#[cfg(not(gort_inside))]
pub unsafe fn stop_the_world(reason: StwReason) -> WorldStop {
    // SAFETY: worldsema makes this the only stop; the goroutine counts as waiting while it is on
    // g0.
    unsafe {
        // :1428
        linkname::semacquire(&WORLDSEMA);
        let gp = getg();
        (*(*gp).m).preemptoff.set(reason.string());
        // :1431
        systemstack(|| {
            // :1446 waiting, so that a collector may scan this goroutine while it waits for the
            // others: else each would wait for the other
            cas_g_to_waiting_for_gc(gp, GRUNNING, WaitReason::StoppingTheWorld);
            // :1447 not to the goroutine's stack
            *STOP_THE_WORLD_CONTEXT.get() = stop_the_world_with_sema(reason);
            casgstatus(gp, GWAITING, GRUNNING);
        });
        // :1450
        *STOP_THE_WORLD_CONTEXT.get()
    }
}

/// Ends a [`stop_the_world`].
///
/// # Safety
/// `w` is what this goroutine's [`stop_the_world`] returned.
///
/// Go: proc.go:1456 startTheWorld
#[doc(alias = "startTheWorld")]
#[cfg(not(gort_inside))]
pub unsafe fn start_the_world(w: WorldStop) {
    // SAFETY: the caller stopped the world and holds worldsema.
    unsafe {
        // :1457
        systemstack(|| start_the_world_with_sema(0, w));

        // :1474 worldsema is held until here, so that gomaxprocs cannot change before; it goes
        // straight to the next waiter, as the operation is too heavy to be unfair about. acquirem
        // keeps semrelease1 from yielding and others from preempting before it is released.
        let mp = acquirem();
        (*mp).preemptoff.clear();
        linkname::semrelease1(&WORLDSEMA, true, 0);
        // :1477
        releasem(mp);
    }
}

/// Like [`stop_the_world`], but waits until no collection runs, and lets none start.
///
/// # Safety
/// As for [`stop_the_world`]; the caller does not hold [`GCSEMA`].
///
/// Go: proc.go:1483 stopTheWorldGC
#[doc(alias = "stopTheWorldGC")]
#[cfg(not(gort_inside))]
pub unsafe fn stop_the_world_gc(reason: StwReason) -> WorldStop {
    // SAFETY: the caller's contract.
    unsafe {
        // :1484
        linkname::semacquire(&GCSEMA);
        stop_the_world(reason)
    }
}

/// Ends a [`stop_the_world_gc`].
///
/// # Safety
/// `w` is what this goroutine's [`stop_the_world_gc`] returned.
///
/// Go: proc.go:1491 startTheWorldGC
#[doc(alias = "startTheWorldGC")]
#[cfg(not(gort_inside))]
pub unsafe fn start_the_world_gc(w: WorldStop) {
    // SAFETY: the caller's contract.
    unsafe {
        // :1492
        start_the_world(w);
        // :1493 semrelease is semrelease1 without hand-off (sema.go:189)
        linkname::semrelease1(&GCSEMA, false, 0);
    }
}

/// Held by the M that may stop the world.
///
/// Go: proc.go:1497 worldsema
#[cfg(not(any(loom, gort_inside)))]
pub static WORLDSEMA: Uint32 = Uint32::new(1);

/// Held by the M that keeps collections from starting; gomaxprocs does not change while somebody
/// else has it.
///
/// Go: proc.go:1505 gcsema
#[cfg(not(any(loom, gort_inside)))]
pub static GCSEMA: Uint32 = Uint32::new(1);

/// The core of [`stop_the_world`].
///
/// # Safety
/// On g0, holding [`WORLDSEMA`] and no runtime lock, with preemption off. Ended by
/// [`start_the_world`] or by [`start_the_world_with_sema`] and the release of the semaphore.
///
/// Go: proc.go:1537 stopTheWorldWithSema
#[doc(alias = "stopTheWorldWithSema")]
pub unsafe fn stop_the_world_with_sema(reason: StwReason) -> WorldStop {
    // SAFETY: Ps are never freed and allp does not change while worldsema is held; stopwait and the
    // Ps' plain fields are written under sched.lock or by the one that stopped the P.
    unsafe {
        let sched = sched();
        // :1538
        trace_event(|t| t.stw_start(reason.string()));
        let gp = getg();

        // :1547 a thread that waits for a lock we hold could not be stopped
        if (*(*gp).m).locks.get() > 0 {
            throw("stopTheWorld: holding locks");
        }

        // :1551 the time spent waiting for sched.lock does not count
        lock(&raw mut (*sched).lock);
        let start = nanotime();
        (*sched).stopwait.set(GOMAXPROCS.get());
        (*sched).gcwaiting.store(true);
        linkname::preemptall();
        // :1557 this P
        let self_p = (*(*gp).m).p.ptr();
        (*self_p).status.set(PGCSTOP);
        (*self_p).gc_stop_time = start;
        (*sched).stopwait.bump(-1);
        // :1561 those in system calls are retaken
        let trace = trace_acquire();
        for i in 0..(*allp()).len {
            let pp = *(*allp()).at(i);
            let s = (*pp).status.get();
            if s == PSYSCALL
                && ((*pp).status.cas(s, PGCSTOP) || mutant!("the stop ignores who has got the P"))
            {
                // :1565
                if trace.ok() {
                    trace.proc_steal(pp, false);
                }
                // :1568
                (*pp).syscalltick.bump(1);
                (*pp).gc_stop_time = nanotime();
                (*sched).stopwait.bump(-1);
            }
        }
        // :1573
        if trace.ok() {
            trace_release(trace);
        }

        // :1578 the idle ones
        let now = nanotime();
        loop {
            let (pp, _) = pidleget(now);
            if pp.is_null() {
                break;
            }
            // :1584
            (*pp).status.set(PGCSTOP);
            (*pp).gc_stop_time = nanotime();
            (*sched).stopwait.bump(-1);
        }
        // :1588
        let wait = (*sched).stopwait.get() > 0;
        unlock(&raw mut (*sched).lock);

        // :1592 the others stop by themselves
        if wait {
            loop {
                // :1595 ask again every 100 µs, as a request may have been lost to a race
                if notetsleep(&raw mut (*sched).stopnote, 100 * 1000) {
                    noteclear(&raw mut (*sched).stopnote);
                    break;
                }
                // :1599
                linkname::preemptall();
            }
        }

        // :1603
        let finish = nanotime();
        let start_time = finish - start;
        if reason.is_gc() {
            gort_histogram::record(&raw mut (*sched).stw_stopping_time_gc, start_time);
        } else {
            // :1608
            gort_histogram::record(&raw mut (*sched).stw_stopping_time_other, start_time);
        }

        // :1615 check that everything did stop, and add up how long each P has been standing still
        let mut stopping_cpu_time: i64 = 0;
        let mut bad = "";
        if (*sched).stopwait.get() != 0 {
            bad = "stopTheWorld: not stopped (stopwait != 0)";
        } else {
            // :1620
            for i in 0..(*allp()).len {
                let pp = *(*allp()).at(i);
                if (*pp).status.get() != PGCSTOP {
                    bad = "stopTheWorld: not stopped (status != _Pgcstop)";
                }
                // :1624
                if (*pp).gc_stop_time == 0 && bad.is_empty() {
                    bad = "stopTheWorld: broken CPU time accounting";
                }
                stopping_cpu_time += finish - (*pp).gc_stop_time;
                (*pp).gc_stop_time = 0;
            }
        }
        // :1631 another thread is crashing, which may fail the checks above: stop here in any case
        if FREEZING.load() {
            lock(deadlock());
            lock(deadlock());
        }
        // :1639
        if !bad.is_empty() {
            throw(bad);
        }

        world_stopped();

        // :1645
        WorldStop { reason, started_stopping: start, finished_stopping: finish, stopping_cpu_time }
    }
}

/// Ends a [`stop_the_world_with_sema`]; `now` is the time, 0 to have it read here. Returns the
/// time.
///
/// # Safety
/// On g0; `w` is what the stop returned.
///
/// Go: proc.go:1659 startTheWorldWithSema
#[doc(alias = "startTheWorldWithSema")]
pub unsafe fn start_the_world_with_sema(mut now: i64, w: WorldStop) -> i64 {
    // SAFETY: the world is stopped, so the Ps are this thread's to hand out.
    unsafe {
        let sched = sched();
        // :1660
        assert_world_stopped();

        // :1662 no preemption while Ps are in local variables
        let mp = acquirem();
        if linkname::netpollinited() {
            // :1664
            let (mut list, delta) = linkname::netpoll(0);
            injectglist(&raw mut list);
            linkname::netpoll_adjust_waiters(delta);
        }
        // :1668
        lock(&raw mut (*sched).lock);

        let mut procs = GOMAXPROCS.get();
        if NEWPROCS.get() != 0 {
            procs = NEWPROCS.get();
            NEWPROCS.set(0);
        }
        // :1675
        let mut p1 = procresize(procs);
        (*sched).gcwaiting.store(false);
        if (*sched).sysmonwait.load() {
            (*sched).sysmonwait.store(false);
            notewakeup(&raw mut (*sched).sysmonnote);
        }
        // :1681
        unlock(&raw mut (*sched).lock);

        world_started();

        // :1685 every P with local work gets an M: its own or a new one
        while !p1.is_null() {
            let p = p1;
            p1 = (*p1).link.ptr();
            if !(*p).m.is_null() {
                let mp = (*p).m.ptr();
                (*p).m.set(core::ptr::null_mut());
                // :1691
                if !(*mp).nextp.is_null() {
                    throw("startTheWorld: inconsistent mp->nextp");
                }
                (*mp).nextp.set(p);
                notewakeup(&raw mut (*mp).park);
            } else {
                // :1698
                newm(None, p, -1);
            }
        }

        // :1703 the time before the cleaning up
        if now == 0 {
            now = nanotime();
        }
        let total_time = now - w.started_stopping;
        if w.reason.is_gc() {
            // :1708
            gort_histogram::record(&raw mut (*sched).stw_total_time_gc, total_time);
        } else {
            gort_histogram::record(&raw mut (*sched).stw_total_time_other, total_time);
        }
        // :1712
        trace_event(|t| t.stw_done());

        // :1721 one more M, in case there is more work than Ps that got one; it parks itself if not
        if !mutant!("the world starts without a wakep") {
            wakep();
        }

        releasem(mp);

        // :1725
        now
    }
}
