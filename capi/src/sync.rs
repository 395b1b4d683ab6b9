//! Package sync of C.

use crate::Entry;
use crate::errors::not_null;
use core::ffi::c_void;
use static_assertions::const_assert_eq;

const_assert_eq!(size_of::<gort_sync::Mutex>(), 8);
const_assert_eq!(size_of::<gort_sync::RwMutex>(), 32);
const_assert_eq!(size_of::<gort_sync::WaitGroup>(), 16);
const_assert_eq!(size_of::<gort_sync::Once>(), 12);
const_assert_eq!(size_of::<gort_sync::TimedCond>(), 40);
const_assert_eq!(align_of::<gort_sync::TimedCond>(), 8);

macro_rules! sync {
    ($($name:ident: $t:ident . $m:ident ($($a:ident: $at:ty)?) $(-> $r:ty)?;)*) => { $(
        /// Of package sync.
        ///
        /// # Safety
        /// Zero at first, and not moved since.
        #[unsafe(no_mangle)]
        #[allow(unused_unsafe)] // some of the methods are safe
        pub unsafe extern "C-unwind" fn $name(this: *const gort_sync::$t $(, $a: $at)?) $(-> $r)? {
            if this.is_null() {
                crate::errors::nil(stringify!($name));
            }
            // SAFETY: the caller's contract.
            unsafe { (*this).$m($($a)?) }
        }
    )* };
}
sync! {
    gort_mutex_lock: Mutex.lock();
    gort_mutex_try_lock: Mutex.try_lock() -> bool;
    gort_mutex_unlock: Mutex.unlock();
    gort_rwmutex_lock: RwMutex.lock();
    gort_rwmutex_try_lock: RwMutex.try_lock() -> bool;
    gort_rwmutex_unlock: RwMutex.unlock();
    gort_rwmutex_rlock: RwMutex.rlock();
    gort_rwmutex_try_rlock: RwMutex.try_rlock() -> bool;
    gort_rwmutex_runlock: RwMutex.runlock();
    gort_waitgroup_add: WaitGroup.add(delta: isize);
    gort_waitgroup_done: WaitGroup.done();
    gort_waitgroup_wait: WaitGroup.wait();
    gort_cond_signal: TimedCond.signal();
    gort_cond_broadcast: TimedCond.broadcast();
}

macro_rules! timed {
    ($($name:ident: $t:ident . $timed:ident or $m:ident;)*) => { $(
        /// Of package sync: waits at most so long, for ever if that is negative.
        ///
        /// # Safety
        /// Zero at first, and not moved since.
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(this: *const gort_sync::$t, nanoseconds: i64) -> bool {
            if this.is_null() {
                crate::errors::nil(stringify!($name));
            }
            // SAFETY: the caller's contract.
            unsafe {
                if nanoseconds < 0 {
                    (*this).$m();
                    return true;
                }
                (*this).$timed(nanoseconds)
            }
        }
    )* };
}
timed! {
    gort_mutex_lock_timeout: Mutex.lock_timeout or lock;
    gort_rwmutex_lock_timeout: RwMutex.lock_timeout or lock;
    gort_rwmutex_rlock_timeout: RwMutex.rlock_timeout or rlock;
    gort_waitgroup_wait_timeout: WaitGroup.wait_timeout or wait;
}

/// Unlocks, waits and locks again.
///
/// # Safety
/// As for the others; the caller has locked `mutex`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_cond_wait(
    cond: *const gort_sync::TimedCond,
    mutex: *const gort_sync::Mutex,
) {
    not_null!("gort_cond_wait", cond, mutex);
    // SAFETY: the caller's contract.
    unsafe { (*cond).wait(&*mutex) }
}

/// The same, waiting at most so long for the signal; false if there was none. The mutex is locked.
///
/// # Safety
/// As for [`gort_cond_wait`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_cond_wait_timeout(
    cond: *const gort_sync::TimedCond,
    mutex: *const gort_sync::Mutex,
    nanoseconds: i64,
) -> bool {
    not_null!("gort_cond_wait_timeout", cond, mutex);
    // SAFETY: the caller's contract.
    unsafe {
        if nanoseconds < 0 {
            (*cond).wait(&*mutex);
            return true;
        }
        (*cond).wait_timeout(&*mutex, nanoseconds)
    }
}

/// Calls `f(arg)` the first time.
///
/// # Safety
/// As for the others; `f` may be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_once_do(
    once: *const gort_sync::Once,
    f: Option<Entry>,
    arg: *mut c_void,
) {
    not_null!("gort_once_do", once);
    let Some(f) = f else { crate::errors::nil("gort_once_do: null f") };
    // SAFETY: the caller's contract.
    unsafe { (*once).do_(|| f(arg)) }
}

/// The same, waiting at most so long for the call of another goroutine.
///
/// # Safety
/// As for [`gort_once_do`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_once_do_timeout(
    once: *const gort_sync::Once,
    f: Option<Entry>,
    arg: *mut c_void,
    nanoseconds: i64,
) -> bool {
    not_null!("gort_once_do_timeout", once);
    let Some(f) = f else { crate::errors::nil("gort_once_do_timeout: null f") };
    // SAFETY: the caller's contract.
    unsafe {
        if nanoseconds < 0 {
            (*once).do_(|| f(arg));
            return true;
        }
        (*once).do_timeout(nanoseconds, || f(arg))
    }
}
