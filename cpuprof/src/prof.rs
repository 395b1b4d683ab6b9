//! proc.go: 5387–5564. A sample, and the rate of them.

use crate::cpuprof::{MAX_CPU_PROF_STACK, add, add_non_go};
use crate::timer::set_thread_cpu_profiler;
use gort_asm::getg;
use gort_os_linux::osyield;
use gort_proc::*;
use gort_runtime2::atomic::{Int32, Uint32};
use gort_traceback::fast::walk_in_handler;

/// Go: proc.go:5387 prof
pub(crate) struct Prof {
    signal_lock: Uint32,
    /// Written under `signal_lock`.
    pub(crate) hz: Int32,
}

/// Go: proc.go:5387 prof
pub(crate) static PROF: Prof = Prof { signal_lock: Uint32::new(0), hz: Int32::new(0) };

/// Keeps handlers away. By a thread that gets no signals of the profiler, or by a handler.
pub(crate) fn signal_lock() {
    while !PROF.signal_lock.cas(0, 1) {
        osyield();
    }
}

/// Undoes [`signal_lock`].
pub(crate) fn signal_unlock() {
    PROF.signal_lock.store(0);
}

/// Stands in profiles for what has no function.
///
/// Go: proc.go:5395 _System
#[doc(alias = "_System")]
#[inline(never)]
pub extern "C" fn system() {
    core::hint::black_box(1);
}

/// Stands in profiles below code on threads that are no Ms.
///
/// Go: proc.go:5396 _ExternalCode
#[doc(alias = "_ExternalCode")]
#[inline(never)]
pub extern "C" fn external_code() {
    core::hint::black_box(2);
}

/// Stands in profiles for such samples that were lost.
///
/// Go: proc.go:5397 _LostExternalCode
#[doc(alias = "_LostExternalCode")]
#[inline(never)]
pub extern "C" fn lost_external_code() {
    core::hint::black_box(3);
}

/// A signal of the profiler has interrupted `gp` at `pc`.
///
/// # Safety
/// In the signal handler, on gsignal of `mp`.
///
/// Go: proc.go:5407 sigprof
pub unsafe fn sigprof(pc: usize, sp: usize, bp: usize, gp: *mut G, mp: *mut M) {
    // SAFETY: g and m are this thread's own, and stand still.
    unsafe {
        // :5408
        if PROF.hz.load() == 0 {
            return;
        }
        // :5415
        if (*mp).profilehz == 0 {
            return;
        }
        // :5425 no emulated atomics.
        // :5447
        (*mp).mallocing += 1;

        // :5449
        let mut stk = [0usize; MAX_CPU_PROF_STACK];
        // :5452 foreign code is walked like the rest, by its tables.
        let mut n = walk_in_handler(gp, pc, sp, bp, true, stk.as_mut_ptr(), MAX_CPU_PROF_STACK);
        // unwindJumpStack: a system stack is used on behalf of the goroutine
        let curg = (*mp).curg.ptr();
        // (traceback.go:288 not where the scheduler is about to give it to another M, or has)
        if gp == (*mp).g0
            && !curg.is_null()
            && (&raw const (*curg).m).read_volatile() == mp
            && readgstatus(curg) & !GSCAN != GDEAD
            && n < MAX_CPU_PROF_STACK
        {
            let rest = stk.as_mut_ptr().add(n);
            n += walk_in_handler(
                curg,
                usize::MAX,
                usize::MAX,
                0,
                false,
                rest,
                MAX_CPU_PROF_STACK - n,
            );
        }
        // :5482
        if n == 0 {
            n = 2;
            stk[0] = pc + 1;
            stk[1] = system as *const () as usize + 1;
        }

        // :5500
        if PROF.hz.load() != 0 {
            add(curg, &stk[..n]);
            // :5520 no samples in traces.
        }
        (*mp).mallocing -= 1;
    }
}

/// A signal of the profiler has come to a thread that is no M.
///
/// # Safety
/// In a signal handler.
///
/// Go: signal_unix.go:538 sigprofNonGoPC
#[doc(alias = "sigprofNonGoPC")]
pub unsafe fn sigprof_non_go_pc(pc: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        // signal_unix.go:539
        if PROF.hz.load() != 0 {
            // signal_unix.go:544
            add_non_go(&[pc, external_code as *const () as usize + 1]);
        }
    }
}

/// Sets the rate; 0: off.
///
/// # Safety
/// On a goroutine, under the profile's lock.
///
/// Go: proc.go:5527 setcpuprofilerate
pub(crate) unsafe fn setcpuprofilerate(hz: i32) {
    // SAFETY: the M is this thread's until `locks` goes down.
    unsafe {
        // :5535
        let mp = acquirem();
        // :5541 no signal may come while this thread has the signal lock
        set_thread_cpu_profiler(0);

        // :5543
        signal_lock();
        if PROF.hz.load() != hz {
            linkname::set_process_cpu_profiler_timer(hz);
            PROF.hz.store(hz);
        }
        signal_unlock();

        // :5552
        let sched = sched();
        lock(&raw mut (*sched).lock);
        (&raw mut (*sched).profilehz).write_volatile(hz);
        unlock(&raw mut (*sched).lock);

        // :5556
        if hz != 0 {
            set_thread_cpu_profiler(hz);
        }
        // :5560
        releasem(mp);
    }
}

/// gort's own: has each M that runs a goroutine set its timer. In Go that happens when it next
/// begins to run one, within 10 ms; code that cannot be stopped would never be seen.
///
/// # Safety
/// On a goroutine.
pub(crate) unsafe fn kick() {
    // SAFETY: Ms are never freed; one that has no thread any more has no number, or one that gets a
    // signal which is ignored.
    unsafe {
        let pid = libc::getpid();
        let me = (*getg()).m;
        let mut mp: *mut M = ALLM.load();
        while !mp.is_null() {
            let tid = (*mp).procid.load();
            let curg = (*mp).curg.ptr();
            if mp != me && tid != 0 && !curg.is_null() && !outside(mp, curg) {
                libc::syscall(libc::SYS_tgkill, pid, tid as i32, libc::SIGPROF);
            }
            mp = (*mp).alllink.load();
        }
    }
}

/// Whether the thread of `mp` is not the runtime's at present: it has called in, and does what it
/// likes now. It looks at the rate when it comes again.
unsafe fn outside(mp: *mut M, curg: *mut G) -> bool {
    // SAFETY: Gs are never freed; an answer that is not true any more costs a signal, or the
    // samples until the next call.
    unsafe {
        (*mp).isextra
            && readgstatus(curg) & !GSCAN == GSYSCALL
            && (&raw const (*curg).syscallpc).read_volatile() == outside_pc()
    }
}

/// The answer to [`kick`], and to the end of a profile. True: it was no sample.
///
/// # Safety
/// In the signal handler, on gsignal of `mp`.
pub unsafe fn kicked(gp: *mut G, mp: *mut M, code: i32) -> bool {
    // SAFETY: the M is this thread's. It is not in `execute` or the like, as it runs a goroutine
    // and `locks` is 0.
    unsafe {
        let hz = (&raw const (*sched()).profilehz).read_volatile();
        if (*mp).profilehz == hz {
            return code == libc::SI_TKILL;
        }
        if (*mp).locks.get() == 0 && gp == (*mp).curg.ptr() {
            set_thread_cpu_profiler(hz);
        }
        code == libc::SI_TKILL
    }
}
