//! Go's debug.go: GOMAXPROCS, NumCPU, NumGoroutine and their kin.

use gort_lock_futex::{lock, unlock};
use gort_proc::{StwReason, gcount, start_the_world_gc, stop_the_world_gc};
use gort_runtime2::{ALLM, GOMAXPROCS, M, NCGOCALL, NCPU, NEWPROCS, sched};

/// Sets the number of processors, if `n` is positive, and returns what it was.
///
/// # Safety
/// On a user goroutine, with no lock of the runtime held.
///
/// Go: debug.go:16 GOMAXPROCS
#[doc(alias = "GOMAXPROCS")]
pub unsafe fn gomaxprocs(n: isize) -> isize {
    // SAFETY: the caller's contract.
    unsafe {
        // :17 wasm is left out
        // :21
        lock(&raw mut (*sched()).lock);
        let ret = GOMAXPROCS.get() as isize;
        unlock(&raw mut (*sched()).lock);
        if n <= 0 || n == ret {
            return ret;
        }
        // :28
        let stw = stop_the_world_gc(StwReason::Gomaxprocs);
        // :31 startTheWorld acts on it. What does not fit is cut off, as in Go.
        NEWPROCS.set(n as i32);
        // :33
        start_the_world_gc(stw);
        ret
    }
}

/// The number of processors that the process could use when it started.
///
/// Go: debug.go:42 NumCPU
#[doc(alias = "NumCPU")]
pub fn num_cpu() -> i32 {
    // :43
    NCPU.get()
}

/// Walks all Ms, under `sched.lock`: Go's walks are not, but an M that ends meanwhile is never used
/// again there.
fn sum_allm(mut total: i64, f: impl Fn(*mut M) -> i64) -> i64 {
    // SAFETY: an M in the list is alive, and stays there as long as the lock is held.
    unsafe {
        lock(&raw mut (*sched()).lock);
        let mut mp = ALLM.load();
        while !mp.is_null() {
            total += f(mp);
            mp = (*mp).alllink.get();
        }
        unlock(&raw mut (*sched()).lock);
    }
    total
}

/// The number of foreign calls that the process has made.
///
/// Go: debug.go:47 NumCgoCall
#[doc(alias = "NumCgoCall")]
pub fn num_cgo_call() -> i64 {
    // :48
    let n = NCGOCALL.load() as i64;
    // :49
    // SAFETY: `sum_allm` passes Ms that are readable.
    sum_allm(n, |mp| unsafe { (*mp).ncgocall.get() as i64 })
}

/// Nanoseconds that goroutines have waited for mutexes and threads for the runtime's locks.
///
/// Go: debug.go:55 totalMutexWaitTimeNanos
#[doc(alias = "totalMutexWaitTimeNanos")]
pub fn total_mutex_wait_time_nanos() -> i64 {
    // SAFETY: atomics of the scheduler's state; `sum_allm` passes Ms that are readable.
    unsafe {
        // :56
        let mut total = (*sched()).total_mutex_wait_time.load();
        total += (*sched()).total_runtime_lock_wait_time.load();
        // :59
        sum_allm(total, |mp| (*mp).m_lock_profile.wait_time.load())
    }
}

/// The number of goroutines that exist now.
///
/// Go: debug.go:67 NumGoroutine
#[doc(alias = "NumGoroutine")]
pub fn num_goroutine() -> i32 {
    // :68
    // SAFETY: reads counters only.
    unsafe { gcount() }
}
