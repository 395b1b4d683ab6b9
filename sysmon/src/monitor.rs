//! proc.go: 6029–6194. The monitor's loop.

#[cfg(not(gort_inside))]
use crate::hog;
use crate::retake;
use crate::schedtrace;
#[cfg(not(gort_inside))]
use gort_proc::atomic::Int64;
use gort_proc::linkname::{netpoll, netpoll_adjust_waiters, netpollinited, time_sleep_until};
use gort_proc::*;

/// The longest time between collections. Without a collector it is the time between releases of
/// dead goroutines' stacks, and half of it sysmon's longest sleep. A variable for tests' sake only.
///
/// Go: proc.go:6029 forcegcperiod
#[cfg(not(gort_inside))]
pub static FORCEGCPERIOD: Int64 = Int64::new(2 * 60 * 1_000_000_000);

/// How many stacks of dead goroutines sysmon frees in a round: about 0.1 ms of work.
#[cfg(not(gort_inside))]
const FREE_STACKS_PER_ROUND: usize = 256;

/// There are threads, so there is sysmon.
///
/// Go: proc.go:6038 haveSysmon
pub const HAVE_SYSMON: bool = true;

/// The thread that watches the others: retakes Ps from system calls, asks goroutines that run for
/// long to yield, polls the network if nobody else does. Does not return.
///
/// # Safety
/// What a new M runs as its `mstartfn`, on g0, without a P.
///
/// Go: proc.go:6043 sysmon
#[cfg_attr(not(gort_inside), unsafe(export_name = "gort.sysmon"))]
pub unsafe fn sysmon() {
    // SAFETY: the scheduler's fields are atomic or used under their locks, as noted at each.
    unsafe {
        let sched = sched();
        // gort: tracebacks ask this thread for names
        #[cfg(not(gort_inside))]
        gort_runtime2::SYSMON_M.store((*getg()).m);
        // :6044
        lock(&raw mut (*sched).lock);
        (*sched).nmsys.bump(1);
        checkdead();
        unlock(&raw mut (*sched).lock);

        // :6049
        let mut lasttrace = 0i64;
        let mut idle = 0isize; // rounds in a row that found nothing to do
        let mut delay = 0u32;
        #[cfg(not(gort_inside))]
        let mut lastfree = nanotime();
        #[cfg(not(gort_inside))]
        let mut freeing = false;
        #[cfg(not(gort_inside))]
        let mut look_after = 10_000_000; // ns

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

            // :6079 may sleep deeply, unless schedtrace wants to be printed on time, or a P that is
            // not idle has to be watched. A P that leaves a system call wakes it, and then it is
            // quick again: probably there will be more. A timer wakes it too, but leaves it slow.
            // gort: nor while there are stacks left to be freed, which would take a deep sleep for
            // each round of them; nor while a goroutine holds up a stop of the world
            let mut now = nanotime();
            #[cfg(not(gort_inside))]
            let busy = freeing || hog::watching() || hog::held_up();
            #[cfg(gort_inside)]
            let busy = false;
            // :6080
            if DEBUG.schedtrace.get() <= 0
                && !busy
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
                        let mut sleep = FORCEGCPERIOD.get() / 2;
                        if next - now < sleep {
                            sleep = next - now;
                        }
                        // gort: when threads of the program's own have ended nobody else looks
                        // whether that was a deadlock
                        #[cfg(not(gort_inside))]
                        if look_again() {
                            sleep = sleep.min(look_after);
                            look_after = (look_after * 2).min(500_000_000);
                        } else {
                            look_after = 10_000_000;
                        }
                        // :6094 osRelax does nothing on Linux
                        // :6098
                        syscall_wake = notetsleep(&raw mut (*sched).sysmonnote, sleep);
                        // :6102
                        lock(&raw mut (*sched).lock);
                        (*sched).sysmonwait.store(false);
                        noteclear(&raw mut (*sched).sysmonnote);
                        #[cfg(not(gort_inside))]
                        if look_again() {
                            checkdead();
                        }
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

            // :6120 native gort: no libc interceptors
            #[cfg(gort_inside)]
            gort_proc::linkname::cgo_yield();
            // :6124 polls the network if nobody has for 10 ms
            let lastpoll = (*sched).lastpoll.load();
            if netpollinited() && lastpoll != 0 && lastpoll + 10 * 1000 * 1000 < now {
                // :6126
                (*sched).lastpoll.cas(lastpoll, now);
                let (mut list, delta) = netpoll(0); // does not block
                if !list.empty() {
                    // :6136 as if one more M ran: injectglist takes all Ps before it starts Ms for
                    // them, and an M that finishes in between must not see a deadlock
                    incidlelocked(-1);
                    injectglist(&raw mut list);
                    incidlelocked(1);
                    netpoll_adjust_waiters(delta);
                }
            }
            // :6142 a workaround for NetBSD
            // :6162 native gort: no scavenger
            #[cfg(gort_inside)]
            gort_proc::linkname::scavenger_wake();
            // :6168
            if retake(now) != 0 {
                idle = 0;
            } else {
                idle += 1;
            }
            #[cfg(not(gort_inside))]
            hog::report(now);
            // :6174 native gort: no collector to be started after FORCEGCPERIOD; but what a
            // collection does to the stacks of dead goroutines is done then, and it sees which ones
            // are blocked
            #[cfg(not(gort_inside))]
            if freeing || lastfree + FORCEGCPERIOD.get() < now {
                if !freeing {
                    markroot_waitsince(now);
                }
                // :6175 stacks that move shrink then
                let forcegc = forcegc();
                if !freeing && has_forcegc_work() && (*forcegc).idle.load() {
                    lock(&raw mut (*forcegc).lock);
                    (*forcegc).idle.store(false);
                    let mut list = GList::default();
                    list.push((*forcegc).g.ptr());
                    injectglist(&raw mut list);
                    unlock(&raw mut (*forcegc).lock);
                }
                lastfree = now;
                freeing = markroot_free_g_stacks(FREE_STACKS_PER_ROUND);
            }
            // A collection, if there has been none for too long.
            #[cfg(gort_inside)]
            if gort_proc::linkname::gc_trigger_time(now) && (*forcegc()).idle.load() {
                let forcegc = forcegc();
                lock(&raw mut (*forcegc).lock);
                (*forcegc).idle.store(false);
                let mut list = GList::default();
                list.push((*forcegc).g.ptr());
                // :6179
                injectglist(&raw mut list);
                unlock(&raw mut (*forcegc).lock);
            }
            // :6182
            if DEBUG.schedtrace.get() > 0
                && lasttrace + i64::from(DEBUG.schedtrace.get()) * 1_000_000 <= now
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
