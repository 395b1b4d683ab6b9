//! os_linux.go: 411–660. A timer for each thread, which counts the time that the thread has a
//! processor.

use gort_asm::getg;
use gort_os_linux::syscall6;
use gort_print::print;
use gort_rand::cheaprandn;
use gort_runtime2::M;
use gort_runtime2::linkname::throw;

/// Go: os_linux.go:420 timer_create
unsafe fn timer_create(clock: i32, sevp: *mut libc::sigevent, timerid: *mut i32) -> isize {
    // SAFETY: the kernel reads the one and writes the other.
    unsafe {
        syscall6(libc::SYS_timer_create, clock as usize, sevp as usize, timerid as usize, 0, 0, 0)
    }
}

/// Go: os_linux.go:423 timer_settime
unsafe fn timer_settime(timerid: i32, flags: i32, new: *const libc::itimerspec) -> isize {
    // SAFETY: the kernel reads it.
    unsafe {
        syscall6(libc::SYS_timer_settime, timerid as usize, flags as usize, new as usize, 0, 0, 0)
    }
}

/// Go: os_linux.go:426 timer_delete
unsafe fn timer_delete(timerid: i32) -> isize {
    // SAFETY: touches no memory.
    unsafe { syscall6(libc::SYS_timer_delete, timerid as usize, 0, 0, 0, 0, 0) }
}

/// The interval timer of the process.
///
/// # Safety
/// `new` is valid.
///
/// Go: os_linux.go:417 setitimer
pub unsafe fn setitimer(mode: i32, new: &libc::itimerval) {
    // SAFETY: the kernel reads it.
    unsafe {
        syscall6(libc::SYS_setitimer, mode as usize, core::ptr::from_ref(new) as usize, 0, 0, 0, 0)
    };
}

/// Whether a SIGPROF counts: from the best source that the thread has.
///
/// # Safety
/// `mp` is nil or this thread's.
///
/// Go: os_linux.go:561 validSIGPROF
#[doc(alias = "validSIGPROF")]
pub unsafe fn valid_sigprof(mp: *mut M, code: i32) -> bool {
    // :562
    let setitimer = code == libc::SI_KERNEL;
    let timer_create = code == libc::SI_TIMER;
    // :566
    if !(setitimer || timer_create) {
        return true;
    }
    // :573
    if mp.is_null() {
        return setitimer;
    }
    // :591
    // SAFETY: an atomic.
    if unsafe { (*mp).os.profile_timer_valid.load() } {
        return timer_create;
    }
    // :601
    setitimer
}

/// Has this thread's M sampled `hz` times in a second of its own; 0: not at all.
///
/// # Safety
/// On this thread's M, which is not in the middle of this.
///
/// Go: os_linux.go:608 setThreadCPUProfiler
#[doc(alias = "setThreadCPUProfiler")]
#[unsafe(export_name = "gort.set_thread_cpu_profiler")]
#[cold]
pub unsafe fn set_thread_cpu_profiler(hz: i32) {
    // SAFETY: the M's own fields.
    unsafe {
        let mp = (*getg()).m;
        (*mp).profilehz = hz;

        // :613
        let os = &raw mut (*mp).os;
        if (*os).profile_timer_valid.load() {
            let timerid = (*os).profile_timer;
            (*os).profile_timer_valid.store(false);
            (*os).profile_timer = 0;
            let ret = timer_delete(timerid);
            if ret != 0 {
                print!(
                    "runtime: failed to disable profiling timer; timer_delete({timerid}) errno={}\n",
                    -ret
                );
                throw("timer_delete");
            }
        }
        // :625
        if hz == 0 {
            return;
        }

        // :648 the first one at random, so that threads which run for less than a period are seen
        // as often as they should
        let nsec =
            |n: i64| libc::timespec { tv_sec: n / 1_000_000_000, tv_nsec: n % 1_000_000_000 };
        let spec = libc::itimerspec {
            it_value: nsec(1 + i64::from(cheaprandn((1_000_000_000 / hz) as u32))),
            it_interval: nsec(1_000_000_000 / i64::from(hz)),
        };

        // :653
        let mut timerid = 0i32;
        let mut sevp: libc::sigevent = core::mem::zeroed();
        sevp.sigev_notify = libc::SIGEV_THREAD_ID;
        sevp.sigev_signo = libc::SIGPROF;
        sevp.sigev_notify_thread_id = (*mp).procid.get() as i32;
        if timer_create(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut sevp, &raw mut timerid) != 0 {
            // :658 that of the process has to do
            return;
        }

        // :665
        let ret = timer_settime(timerid, 0, &raw const spec);
        if ret != 0 {
            print!(
                "runtime: failed to configure profiling timer; timer_settime({timerid}, 0, {{interval: {{{}s + {}ns}} value: {{{}s + {}ns}}}}) errno={}\n",
                spec.it_interval.tv_sec,
                spec.it_interval.tv_nsec,
                spec.it_value.tv_sec,
                spec.it_value.tv_nsec,
                -ret
            );
            throw("timer_settime");
        }
        // :671
        (*os).profile_timer = timerid;
        (*os).profile_timer_valid.store(true);
    }
}
