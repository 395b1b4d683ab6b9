//! A goroutine that cannot be preempted: reported once. gort's own: Go can preempt nearly everything.
//!
//! Rust code that never calls the runtime keeps its P, and whoever waits in the P's queue, or for the world to stop, waits with it.
//! From outside that looks like a hang, so sysmon says what it sees, under all of these conditions:
//! * the same goroutine has been running for [`REPORT_NS`] although sysmon has asked it to yield every 10 ms at most;
//! * its thread has used half of that time (a suspended process or a loaded machine is no reason for a report);
//! * somebody waits for the processor: the P's queue or the global one is not empty, or the world is to stop;
//! * nothing was reported before, and `GODEBUG=preemptreport=0` is not set.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use gort_proc::*;
use gort_traceback::printcreatedby;

/// How long a goroutine may run unasked-for before it is reported.
const REPORT_NS: i64 = 1_000_000_000;

/// What sysmon is watching: the first P that did not react, since when, and what its thread had used then.
struct Hog {
    pp: *mut P,
    mp: *mut M,
    gp: *mut G,
    schedtick: u32,
    since: i64,
    cpu: i64,
    seen: i64,
    done: bool,
}

struct Cell(UnsafeCell<Hog>);
// SAFETY: touched by sysmon only, of which there is one, and by retake, which it calls.
unsafe impl Sync for Cell {}

static HOG: Cell = Cell(UnsafeCell::new(Hog {
    pp: null_mut(),
    mp: null_mut(),
    gp: null_mut(),
    schedtick: 0,
    since: 0,
    cpu: 0,
    seen: 0,
    done: false,
}));

/// Processor time that a thread has used, ns.
fn thread_cpu(tid: u64) -> Option<i64> {
    // The clock of a thread by its number, as pthread_getcpuclockid makes it: CPUCLOCK_SCHED of one thread.
    let clock = (!(tid as i32) << 3) | 6;
    let mut ts = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: fills `ts` if it returns 0.
    unsafe {
        if libc::clock_gettime(clock, ts.as_mut_ptr()) != 0 {
            return None;
        }
        let ts = ts.assume_init();
        Some(ts.tv_sec * 1_000_000_000 + ts.tv_nsec)
    }
}

/// `pp` was asked to yield and has been at the same `schedtick` for longer than a time slice.
///
/// # Safety
/// By sysmon.
#[cold]
pub(crate) unsafe fn failed(pp: *mut P, schedtick: u32, now: i64) {
    // SAFETY: sysmon's own state; Ps, Gs and Ms that a P is tied to are not freed.
    unsafe {
        let h = HOG.0.get();
        if (*h).done || DEBUG.preemptreport.get() == 0 {
            return;
        }
        if (*h).pp == pp && (*h).schedtick == schedtick {
            (*h).seen = now;
            return;
        }
        // The one that is watched has not been seen for a while: watch this one.
        if !(*h).pp.is_null() && (*h).seen + 100_000_000 > now {
            return;
        }
        let mp = (*pp).m.ptr();
        if mp.is_null() {
            return;
        }
        let gp = (*mp).curg.ptr();
        if gp.is_null() {
            return;
        }
        let Some(cpu) = thread_cpu((*mp).procid.get()) else { return };
        (*h).pp = pp;
        (*h).mp = mp;
        (*h).gp = gp;
        (*h).schedtick = schedtick;
        (*h).since = now;
        (*h).cpu = cpu;
        (*h).seen = now;
    }
}

/// Reports what [`failed`] has been watching for long enough.
///
/// # Safety
/// By sysmon, without `sched.lock` and `allp_lock`.
#[inline]
pub(crate) unsafe fn report(now: i64) {
    // SAFETY: as above.
    unsafe {
        let h = HOG.0.get();
        if !(*h).pp.is_null() && (*h).seen == now && (*h).since + REPORT_NS <= now {
            report_slow(h, now);
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn report_slow(h: *mut Hog, now: i64) {
    // SAFETY: as above; what is read of the G is written before it runs.
    unsafe {
        let (pp, mp, gp) = ((*h).pp, (*h).mp, (*h).gp);
        let sched = sched();
        let waiting = (*sched).runqsize.get() > 0 || (*sched).gcwaiting.load() || !runqempty(pp);
        let used = thread_cpu((*mp).procid.get()).map_or(0, |c| c - (*h).cpu);
        if !waiting || used < REPORT_NS / 2 || (*mp).curg.ptr() != gp {
            return;
        }
        (*h).done = true;
        (*h).pp = null_mut();
        gort_print::print!(
            "gort: goroutine {} has run for {} ms without calling the runtime, and keeps others waiting\n",
            (*gp).goid,
            (now - (*h).since) / 1_000_000
        );
        printcreatedby(gp);
        gort_print::print!(
            "gort: gosched() in its loop, blocking() or preempt::scope() would let them run (GODEBUG=preemptreport=0: no such report)\n"
        );
    }
}
