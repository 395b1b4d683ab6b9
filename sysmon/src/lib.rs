//! proc.go:6039–6423: sysmon, the one thread that needs no P; retaking Ps; asking for preemption; `GODEBUG=schedtrace`.
//!
//! sysmon wakes every 20 µs while it finds something to do, and ever less often, down to every 10 ms, while it does
//! not. When all Ps are idle or the world is stopped it sleeps on a note until a P leaves a system call.

mod hog;

use gort_proc::atomic::Int64;
use gort_proc::linkname::{netpoll, netpoll_adjust_waiters, netpollinited, preempt_m, time_sleep_until};
use gort_proc::*;

/// The longest time between collections. Without a collector it is the time between releases of dead goroutines'
/// stacks, and half of it sysmon's longest sleep.
///
/// Go: proc.go:6029 forcegcperiod
pub const FORCEGCPERIOD: i64 = 2 * 60 * 1_000_000_000;

/// How many stacks of dead goroutines sysmon frees in a round: about 0.1 ms of work.
const FREE_STACKS_PER_ROUND: usize = 256;

/// There are threads, so there is sysmon.
///
/// Go: proc.go:6038 haveSysmon
pub const HAVE_SYSMON: bool = true;

/// The thread that watches the others: retakes Ps from system calls, asks goroutines that run for long to yield,
/// polls the network if nobody else does. Does not return.
///
/// # Safety
/// What a new M runs as its `mstartfn`, on g0, without a P.
///
/// Go: proc.go:6043 sysmon
#[unsafe(export_name = "gort.sysmon")]
pub unsafe fn sysmon() {
    // SAFETY: the scheduler's fields are atomic or used under their locks, as noted at each.
    unsafe {
        let sched = sched();
        // gort: tracebacks ask this thread for names
        #[cfg(not(loom))]
        gort_runtime2::SYSMON_M.store((*getg()).m);
        // :6044
        lock(&raw mut (*sched).lock);
        (*sched).nmsys.bump(1);
        checkdead();
        unlock(&raw mut (*sched).lock);

        // :6049
        let mut lasttrace = 0i64;
        let mut idle = 0; // rounds in a row that found nothing to do
        let mut delay = 0u32;
        let mut lastfree = nanotime();
        let mut freeing = false;

        // :6053
        loop {
            if idle == 0 {
                delay = 20; // µs
            } else if idle > 50 {
                delay *= 2; // after a millisecond
            }
            // :6059
            if delay > 10 * 1000 {
                delay = 10 * 1000;
            }
            usleep(delay);

            // :6079 may sleep deeply, unless schedtrace wants to be printed on time, or a P that is not idle has to
            // be watched. A P that leaves a system call wakes it, and then it is quick again: probably there will be
            // more. A timer wakes it too, but leaves it slow
            let mut now = nanotime();
            // :6080
            if DEBUG.schedtrace.get() <= 0
                && ((*sched).gcwaiting.load() || (*sched).npidle.load() == GOMAXPROCS.get())
            {
                lock(&raw mut (*sched).lock);
                // :6082
                if (*sched).gcwaiting.load() || (*sched).npidle.load() == GOMAXPROCS.get() {
                    let mut syscall_wake = false;
                    let next = time_sleep_until();
                    if next > now {
                        // :6086
                        (*sched).sysmonwait.store(true);
                        unlock(&raw mut (*sched).lock);
                        // :6090
                        let mut sleep = FORCEGCPERIOD / 2;
                        if next - now < sleep {
                            sleep = next - now;
                        }
                        // :6094 osRelax does nothing on Linux
                        // :6098
                        syscall_wake = notetsleep(&raw mut (*sched).sysmonnote, sleep);
                        // :6102
                        lock(&raw mut (*sched).lock);
                        (*sched).sysmonwait.store(false);
                        noteclear(&raw mut (*sched).sysmonnote);
                    }
                    // :6106
                    if syscall_wake {
                        idle = 0;
                        delay = 20;
                    }
                }
                // :6111
                unlock(&raw mut (*sched).lock);
            }

            // :6114
            lock(&raw mut (*sched).sysmonlock);
            // :6117 time may have passed on the note or the locks
            now = nanotime();

            // :6120 no libc interceptors
            // :6124 polls the network if nobody has for 10 ms
            let lastpoll = (*sched).lastpoll.load();
            if netpollinited() && lastpoll != 0 && lastpoll + 10 * 1000 * 1000 < now {
                // :6126
                (*sched).lastpoll.cas(lastpoll, now);
                let (mut list, delta) = netpoll(0); // does not block
                if !list.empty() {
                    // :6136 as if one more M ran: injectglist takes all Ps before it starts Ms for them, and an M
                    // that finishes in between must not see a deadlock
                    incidlelocked(-1);
                    injectglist(&raw mut list);
                    incidlelocked(1);
                    netpoll_adjust_waiters(delta);
                }
            }
            // :6142 a workaround for NetBSD
            // :6162 no scavenger
            // :6168
            if retake(now) != 0 {
                idle = 0;
            } else {
                idle += 1;
            }
            hog::report(now);
            // :6174 no collector to be started after FORCEGCPERIOD, so forcegc.g stays parked; but what a collection
            // does to the stacks of dead goroutines is done then
            if freeing || lastfree + FORCEGCPERIOD < now {
                lastfree = now;
                freeing = markroot_free_g_stacks(FREE_STACKS_PER_ROUND);
            }
            // :6182
            if DEBUG.schedtrace.get() > 0 && lasttrace + i64::from(DEBUG.schedtrace.get()) * 1_000_000 <= now
            {
                lasttrace = now;
                schedtrace(DEBUG.scheddetail.get() > 0);
            }
            // :6186
            unlock(&raw mut (*sched).sysmonlock);
        }
    }
}

// `sysmontick` (proc.go:6190), what sysmon remembers of a P, is in runtime2, as P embeds it.

/// How long a goroutine runs before it is asked to yield, ns: Go's 10 ms, unless `GODEBUG=timeslice=MS` says otherwise.
///
/// Go: proc.go:6199 forcePreemptNS
fn force_preempt_ns() -> i64 {
    i64::from(DEBUG.timeslice.get()) * 1_000_000
}

/// Takes Ps away from system calls, and asks what runs for longer than its time slice to yield. Returns how many Ps
/// it took.
///
/// # Safety
/// By sysmon, under `sched.sysmonlock`.
///
/// Go: proc.go:6201 retake
pub unsafe fn retake(now: i64) -> u32 {
    // SAFETY: allp_lock keeps allp as it is; of the Ps only atomics are touched, until one is ours by its status.
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
                // :6224 the same schedtick for too long: one goroutine, or several that share a time slice
                let t = (*pp).schedtick.get();
                if (*pd).schedtick.get() != t {
                    (*pd).schedtick.set(t);
                    (*pd).schedwhen.set(now);
                } else if (*pd).schedwhen.get() + force_preempt_ns() <= now {
                    // :6229
                    preemptone(pp);
                    if s == PRUNNING {
                        hog::failed(pp, t, now);
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
                // :6246 nothing to do for it: leaves it there, but not for ever, as it keeps sysmon awake
                if runqempty(pp)
                    && (*sched()).nmspinning.load() + (*sched()).npidle.load() > 0
                    && (*pd).syscallwhen.get() + 10 * 1000 * 1000 > now
                {
                    continue;
                }
                // :6250 sched.lock comes before it
                unlock(allp_lock());
                // :6255 as if one more M ran: the one in the system call may come out of it, find no P, and see a
                // deadlock
                incidlelocked(-1);
                // :6256 no tracing
                if (*pp).status.cas(s, PIDLE) {
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

/// Asks the goroutine that runs on `pp` to yield. It may miss it, ask the wrong one, or be ignored. Returns whether
/// it asked one.
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

/// When the first line of [`schedtrace`] was printed.
///
/// Go: proc.go:6331 starttime
static STARTTIME: Int64 = Int64::new(0);

/// Prints an M's id, a G's or P's number, or `nil`.
macro_rules! print_or_nil {
    ($p:expr, $id:ident) => {{
        let p = $p;
        if p.is_null() {
            gort_print::print!("nil");
        } else {
            gort_print::print!("{}", (*p).$id);
        }
    }};
}

/// Prints the scheduler's state on standard error: one line, or everything about all Ps, Ms and Gs if `detailed`.
///
/// # Safety
/// On the system stack, without `sched.lock`.
///
/// Go: proc.go:6333 schedtrace
#[unsafe(export_name = "gort.schedtrace")]
pub unsafe fn schedtrace(detailed: bool) {
    // SAFETY: Gs and Ps are not freed, and Ms leave allm under sched.lock, which is held. Plain fields are read while
    // their owners may write them: volatile, and only to be printed.
    unsafe {
        // :6334
        let now = nanotime();
        if STARTTIME.get() == 0 {
            STARTTIME.set(now);
        }

        // :6339
        let sched = sched();
        lock(&raw mut (*sched).lock);
        gort_print::print!(
            "SCHED {}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} needspinning={} idlethreads={} runqueue={}",
            (now - STARTTIME.get()) / 1_000_000,
            GOMAXPROCS.get(),
            (*sched).npidle.load(),
            mcount(),
            (*sched).nmspinning.load(),
            (*sched).needspinning.load(),
            (*sched).nmidle.get(),
            (*sched).runqsize.get()
        );
        // :6341
        if detailed {
            gort_print::print!(
                " gcwaiting={} nmidlelocked={} stopwait={} sysmonwait={}\n",
                (*sched).gcwaiting.load(),
                (*sched).nmidlelocked.get(),
                (*sched).stopwait.get(),
                (*sched).sysmonwait.load()
            );
        }
        // :6347 all of it may change while it is read, so each pointer is read once
        let n = (*allp()).len;
        for i in 0..n {
            let pp = allp_at(i);
            let mp = (*pp).m.ptr();
            let h = (*pp).runqhead.load();
            let t = (*pp).runqtail.load();
            // :6351
            if detailed {
                gort_print::print!(
                    "  P{}: status={} schedtick={} syscalltick={} m=",
                    i,
                    (*pp).status.get(),
                    (*pp).schedtick.get(),
                    (*pp).syscalltick.get()
                );
                print_or_nil!(mp, id);
                // :6358 the published length of the heap: the heap itself belongs to the P
                gort_print::print!(
                    " runqsize={} gfreecnt={} timerslen={}\n",
                    t.wrapping_sub(h),
                    (*pp).g_free.n.get(),
                    (*pp).timers.len.get()
                );
            } else {
                // :6362 [len1 len2 len3 len4]
                gort_print::print!(" ");
                if i == 0 {
                    gort_print::print!("[");
                }
                gort_print::print!("{}", t.wrapping_sub(h));
                // :6367
                if i == n - 1 {
                    gort_print::print!("]\n");
                }
            }
        }

        // :6373
        if !detailed {
            unlock(&raw mut (*sched).lock);
            return;
        }

        // :6378
        let mut mp = ALLM.load();
        while !mp.is_null() {
            let pp = (*mp).p.ptr();
            gort_print::print!("  M{}: p=", (*mp).id);
            print_or_nil!(pp, id);
            // :6386
            gort_print::print!(" curg=");
            print_or_nil!((*mp).curg.ptr(), goid);
            // :6392
            gort_print::print!(
                " mallocing={} throwing={} preemptoff={} locks={} dying={} spinning={} blocked={} lockedg=",
                (&raw const (*mp).mallocing).read_volatile(),
                (&raw const (*mp).throwing).read_volatile() as u32,
                (&raw const (*mp).preemptoff).read_volatile(),
                (*mp).locks.get(),
                (&raw const (*mp).dying).read_volatile(),
                (*mp).spinning.get(),
                (*mp).blocked.get()
            );
            // :6393
            print_or_nil!((*mp).lockedg.ptr(), goid);
            gort_print::print!("\n");
            mp = (*mp).alllink.get();
        }

        // :6401
        for_each_g(&mut |gp| {
            gort_print::print!(
                "  G{}: status={}({}) m=",
                (*gp).goid,
                readgstatus(gp),
                (&raw const (*gp).waitreason).read_volatile().string()
            );
            // :6403
            print_or_nil!((&raw const (*gp).m).read_volatile(), id);
            // :6408
            gort_print::print!(" lockedm=");
            print_or_nil!((*gp).lockedm.ptr(), id);
            gort_print::print!("\n");
        });
        // :6416
        unlock(&raw mut (*sched).lock);
    }
}
