//! proc.go:7061–7179: the limit of threads, pinning, and the spinning of `sync.Mutex`.

use crate::*;

/// Sets how many Ms there may be at most; returns the old limit.
///
/// # Safety
/// Called on a goroutine or g0.
///
/// Go: proc.go:7061 setMaxThreads
#[doc(alias = "setMaxThreads")]
pub unsafe fn set_max_threads(n: isize) -> isize {
    // SAFETY: the limit is written under the lock.
    unsafe {
        let sched = sched();
        lock(&raw mut (*sched).lock); // :7062
        let out = (*sched).maxmcount.get() as isize;
        // :7064
        if n > i32::MAX as isize {
            (*sched).maxmcount.set(i32::MAX);
        } else {
            (*sched).maxmcount.set(n as i32);
        }
        checkmcount(); // :7069
        unlock(&raw mut (*sched).lock);
        out
    }
}

/// Keeps the goroutine on its P until [`proc_unpin`]: it is not preempted and must not block.
/// Returns the P's id.
///
/// # Safety
/// Called on a goroutine, or on g0 with a P.
///
/// Go: proc.go:7086 procPin
#[doc(alias = "procPin")]
#[cfg(not(gort_inside))]
#[inline]
pub unsafe fn proc_pin() -> i32 {
    // SAFETY: the current M and its P.
    unsafe {
        // :7087
        let gp = getg();
        let mp = (*gp).m;

        (*mp).locks.bump(1); // :7090
        (*(*mp).p.ptr()).id
    }
}

/// Undoes one [`proc_pin`].
///
/// # Safety
/// The goroutine is pinned.
///
/// Go: proc.go:7106 procUnpin
#[doc(alias = "procUnpin")]
#[cfg(not(gort_inside))]
#[inline]
pub unsafe fn proc_unpin() {
    // SAFETY: the current M.
    unsafe {
        // :7107
        let gp = getg();
        (*(*gp).m).locks.bump(-1);
    }
}

/// [`proc_pin`] for package sync.
///
/// # Safety
/// As for [`proc_pin`].
///
/// Go: proc.go:7113 sync_runtime_procPin
#[doc(alias = "sync_runtime_procPin")]
#[cfg(not(gort_inside))]
#[inline]
pub unsafe fn sync_runtime_proc_pin() -> i32 {
    // :7114
    // SAFETY: the same contract.
    unsafe { proc_pin() }
}

/// [`proc_unpin`] for package sync.
///
/// # Safety
/// As for [`proc_unpin`].
///
/// Go: proc.go:7119 sync_runtime_procUnpin
#[doc(alias = "sync_runtime_procUnpin")]
#[cfg(not(gort_inside))]
#[inline]
pub unsafe fn sync_runtime_proc_unpin() {
    // :7120
    // SAFETY: the same contract.
    unsafe { proc_unpin() }
}

/// [`proc_pin`] for package sync/atomic.
///
/// # Safety
/// As for [`proc_pin`].
///
/// Go: proc.go:7125 sync_atomic_runtime_procPin
#[doc(alias = "sync_atomic_runtime_procPin")]
#[cfg(not(gort_inside))]
#[inline]
pub unsafe fn sync_atomic_runtime_proc_pin() -> i32 {
    // :7126
    // SAFETY: the same contract.
    unsafe { proc_pin() }
}

/// [`proc_unpin`] for package sync/atomic.
///
/// # Safety
/// As for [`proc_unpin`].
///
/// Go: proc.go:7131 sync_atomic_runtime_procUnpin
#[doc(alias = "sync_atomic_runtime_procUnpin")]
#[cfg(not(gort_inside))]
#[inline]
pub unsafe fn sync_atomic_runtime_proc_unpin() {
    // :7132
    // SAFETY: the same contract.
    unsafe { proc_unpin() }
}

/// How often a mutex spins.
///
/// Go: lock_futex.go:30 active_spin
const ACTIVE_SPIN: i32 = 4;
/// How long each time.
///
/// Go: lock_futex.go:31 active_spin_cnt
const ACTIVE_SPIN_CNT: u32 = 30;

/// Whether spinning for a `sync.Mutex` makes sense now, having spun `i` times: on a multicore
/// machine, with another running P, and nothing else to do on this one.
///
/// # Safety
/// Called on a goroutine.
///
/// Go: proc.go:7149 sync_runtime_canSpin
#[doc(alias = "sync_runtime_canSpin")]
pub unsafe fn sync_runtime_can_spin(i: i32) -> bool {
    // SAFETY: atomics of the global state, and the current P.
    unsafe {
        let sched = sched();
        // :7155 few times only: sync.Mutex is cooperative; and no passive spinning as in the
        // runtime's own mutex, for there may be work on other queues.
        if i >= ACTIVE_SPIN
            || NCPU.get() <= 1
            || GOMAXPROCS.get() <= (*sched).npidle.load() + (*sched).nmspinning.load() + 1
        {
            return false;
        }
        // :7158
        let p = (*(*getg()).m).p.ptr();
        if !runqempty(p) {
            return false;
        }
        true // :7161
    }
}

/// Spins once for a `sync.Mutex`.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` as its kin are.
///
/// Go: proc.go:7176 sync_runtime_doSpin
#[doc(alias = "sync_runtime_doSpin")]
#[inline]
pub unsafe fn sync_runtime_do_spin() {
    procyield(ACTIVE_SPIN_CNT); // :7177
}
