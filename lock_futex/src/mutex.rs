//! The runtime's mutex.

use crate::mprof::LockTimer;
use crate::ranks::{get_lock_rank, lock_with_rank, unlock_with_rank};
use crate::throw;
use gort_asm::{getg, procyield};
#[cfg(not(loom))]
use gort_os_linux::osyield;
use gort_os_linux::{futexsleep, futexwakeup};
use gort_runtime2::atomic::Uint32;
use gort_runtime2::{Mutex, STACK_PREEMPT, mutant};

/// Go: lock_futex.go:26 mutex_unlocked
pub const MUTEX_UNLOCKED: u32 = 0;
/// Go: lock_futex.go:27 mutex_locked
pub const MUTEX_LOCKED: u32 = 1;
/// Locked, and somebody presumably sleeps on it.
///
/// Go: lock_futex.go:28 mutex_sleeping
pub const MUTEX_SLEEPING: u32 = 2;

/// Rounds of spinning on a multiprocessor.
///
/// Go: lock_futex.go:30 active_spin
pub const ACTIVE_SPIN: u32 = 4;
/// PAUSE instructions in each.
///
/// Go: lock_futex.go:31 active_spin_cnt
pub const ACTIVE_SPIN_CNT: u32 = 30;
/// Rounds of yielding the processor.
///
/// Go: lock_futex.go:32 passive_spin
pub const PASSIVE_SPIN: u32 = 1;

/// Whether somebody sleeps on the lock.
///
/// # Safety
/// `l` is alive.
///
/// Go: lock_futex.go:47 mutexContended
#[doc(alias = "mutexContended")]
#[inline]
pub unsafe fn mutex_contended(l: *mut Mutex) -> bool {
    // :48
    // SAFETY: the caller's contract.
    unsafe { (*l).key.load() > MUTEX_LOCKED }
}

/// Takes the lock, blocking the thread until it is free.
///
/// # Safety
/// On an M; `l` is alive and not held by this M.
///
/// Go: lock_futex.go:51 lock
#[inline]
pub unsafe fn lock(l: *mut Mutex) {
    // :52
    // SAFETY: the caller's contract.
    unsafe { lock_with_rank(l, get_lock_rank(l)) }
}

/// Go: lock_futex.go:55 lock2
#[inline]
pub(crate) unsafe fn lock2(l: *mut Mutex) {
    // SAFETY: the caller of `lock` keeps `l` alive; `locks` is this M's own.
    unsafe {
        // :56
        let mp = (*getg()).m;
        let locks = (*mp).locks.get();
        if locks < 0 {
            throw("runtime·lock: lock count");
        }
        // :61
        (*mp).locks.set(locks + 1);
        // :64
        let v = (*l).key.swap(MUTEX_LOCKED);
        if v == MUTEX_UNLOCKED {
            return;
        }
        lock2_slow(l, v);
    }
}

/// The contended part of lock2, out of line. `v` is what the first exchange found.
#[cold]
#[inline(never)]
unsafe fn lock2_slow(l: *mut Mutex, v: u32) {
    // SAFETY: as in `lock2`.
    unsafe {
        let key = &raw const (*l).key;
        // :71 locked or sleeping: if this M's exchange replaced "sleeping", it must be put back
        let mut wait = v;
        // :79
        let timer = LockTimer::begin(l);
        // :83
        let mut spin = 0;
        if ncpu() > 1 {
            spin = ACTIVE_SPIN;
        }
        // :87
        loop {
            // :89
            for _ in 0..spin {
                while (*key).get() == MUTEX_UNLOCKED {
                    // :91
                    if (*key).cas(MUTEX_UNLOCKED, wait) {
                        timer.end();
                        return;
                    }
                }
                // :96
                procyield(ACTIVE_SPIN_CNT);
            }
            // :100
            for _ in 0..PASSIVE_SPIN {
                while (*key).get() == MUTEX_UNLOCKED {
                    // :102
                    if (*key).cas(MUTEX_UNLOCKED, wait) {
                        timer.end();
                        return;
                    }
                }
                // :107
                // Not in models: the others would run to their end meanwhile, and nobody would ever
                // sleep.
                #[cfg(not(loom))]
                osyield();
            }
            // :111
            let v = (*key).swap(MUTEX_SLEEPING);
            if v == MUTEX_UNLOCKED {
                timer.end();
                return;
            }
            // :116
            if !mutant!("lock2 forgets that it slept") {
                wait = MUTEX_SLEEPING;
            }
            futexsleep(key, MUTEX_SLEEPING, -1);
        }
    }
}

#[cfg(not(loom))]
fn ncpu() -> i32 {
    gort_runtime2::NCPU.get()
}
/// Models do not spin: it would only multiply their states.
#[cfg(loom)]
fn ncpu() -> i32 {
    1
}

/// Gives the lock back.
///
/// # Safety
/// This M holds `l`.
///
/// Go: lock_futex.go:120 unlock
#[inline]
pub unsafe fn unlock(l: *mut Mutex) {
    // :121
    // SAFETY: the caller's contract.
    unsafe { unlock_with_rank(l) }
}

/// Go: lock_futex.go:124 unlock2
#[inline]
pub(crate) unsafe fn unlock2(l: *mut Mutex) {
    // SAFETY: this M holds `l`. After the exchange `l` may be gone: only its address is used then.
    unsafe {
        let key = &raw const (*l).key;
        // :125
        let v = (*key).swap(MUTEX_UNLOCKED);
        if v == MUTEX_UNLOCKED {
            throw("unlock of unlocked lock");
        }
        // :129
        if v == MUTEX_SLEEPING && !mutant!("unlock2 wakes nobody") {
            unlock2_wake(key);
        }
        // :133
        let gp = getg();
        // :134 native gort: no mutex profile
        #[cfg(gort_inside)]
        crate::mprof::record_unlock(&raw mut (*(*gp).m).m_lock_profile, l);
        let locks = (*(*gp).m).locks.get() - 1;
        (*(*gp).m).locks.set(locks);
        if locks < 0 {
            // :137
            throw("runtime·unlock: lock count");
        }
        // :139 a request that came while the lock was held has been put off until now
        if locks == 0 && (*gp).preempt.get() {
            (*gp).stackguard0.set(STACK_PREEMPT);
        }
    }
}

/// unlock2's wake-up, out of line.
///
/// # Safety
/// As for [`futexwakeup`]: `key` may be gone, its address is enough.
#[cold]
#[inline(never)]
unsafe fn unlock2_wake(key: *const Uint32) {
    // :130
    // SAFETY: the caller's contract.
    unsafe { futexwakeup(key, 1) }
}

/// `lock` for the crates below this one.
#[cfg(not(any(loom, gort_inside)))]
#[unsafe(export_name = "gort.lock")]
unsafe fn lock_linkname(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe { lock(l) }
}

/// `unlock` for the crates below this one.
#[cfg(not(any(loom, gort_inside)))]
#[unsafe(export_name = "gort.unlock")]
unsafe fn unlock_linkname(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe { unlock(l) }
}
