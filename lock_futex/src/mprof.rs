//! How long Ms wait for the runtime's locks: the part of mprof.go that feeds
//! `totalMutexWaitTimeNanos`.

use gort_asm::getg;
use gort_os_linux::nanotime;
use gort_rand::cheaprand;
#[cfg(gort_inside)]
use gort_rand::cheaprand64;
#[cfg(gort_inside)]
use gort_runtime2::MLockProfile;
use gort_runtime2::{G_TRACKING_PERIOD, Mutex};

/// One contended `lock`, sampled. Native gort leaves the cycle counts for mutex profiles out with
/// the profile itself.
///
/// Go: mprof.go:678 lockTimer
pub(crate) struct LockTimer {
    #[cfg(gort_inside)]
    lock: *mut Mutex,
    time_rate: i64,
    time_start: i64,
    #[cfg(gort_inside)]
    tick_start: i64,
}

impl LockTimer {
    /// Go: mprof.go:685 begin
    pub(crate) fn begin(_lock: *mut Mutex) -> Self {
        // :686 native gort: mutexprofilerate is 0
        #[cfg(gort_inside)]
        let rate = gort_runtime2::MUTEXPROFILERATE.load() as i64;
        let mut lt = LockTimer {
            #[cfg(gort_inside)]
            lock: _lock,
            time_rate: G_TRACKING_PERIOD as i64,
            time_start: 0,
            #[cfg(gort_inside)]
            tick_start: 0,
        };
        // :689
        #[cfg(gort_inside)]
        if rate != 0 && rate < lt.time_rate {
            lt.time_rate = rate;
        }
        // :692
        if cheaprand() as i64 % lt.time_rate == 0 {
            lt.time_start = nanotime();
        }
        // :696
        #[cfg(gort_inside)]
        if rate > 0 && cheaprand() as i64 % rate == 0 {
            lt.tick_start = gort_asm::cputicks();
        }
        lt
    }

    /// Go: mprof.go:701 end
    pub(crate) fn end(&self) {
        // :702
        let gp = getg();
        if self.time_start != 0 {
            // :705
            let now_time = nanotime();
            // SAFETY: the current M is alive, and the counter is atomic.
            unsafe {
                let wait_time = &raw const (*(*gp).m).m_lock_profile.wait_time;
                (*wait_time).add((now_time - self.time_start) * self.time_rate);
            }
        }
        // :709 native gort: no mutex profile
        #[cfg(gort_inside)]
        if self.tick_start != 0 {
            let now_tick = gort_asm::cputicks();
            // SAFETY: the profile is this M's own.
            unsafe {
                record_lock(
                    &raw mut (*(*gp).m).m_lock_profile,
                    now_tick - self.tick_start,
                    self.lock,
                )
            };
        }
    }
}

/// Plans to charge whoever unlocks `l` with the wait for it, unless another such plan weighs more.
///
/// Go: mprof.go:724 recordLock
#[cfg(gort_inside)]
unsafe fn record_lock(prof: *mut MLockProfile, cycles: i64, l: *mut Mutex) {
    // SAFETY: the profile is this M's own.
    unsafe {
        // :725
        if cycles <= 0 {
            return;
        }
        // :729 a wait while waits are reported gets no report of its own
        if (*prof).disabled {
            (*prof).cycles_lost += cycles;
            return;
        }
        // :737 the same lock is the plan already
        if l as usize == (*prof).pending {
            (*prof).cycles += cycles;
            return;
        }
        // :744 there is room for one: lots are drawn, weighted, and the loser counts as lost
        let prev = (*prof).cycles;
        if prev > 0 {
            let prev_score = cheaprand64() as u64 % prev as u64;
            let this_score = cheaprand64() as u64 % cycles as u64;
            if prev_score > this_score {
                (*prof).cycles_lost += cycles;
                return;
            }
            // :754
            (*prof).cycles_lost += prev;
        }
        // :761
        (*prof).pending = l as usize;
        (*prof).cycles = cycles;
    }
}

/// Keeps what [`record_lock`] has planned for `l`; with the M's last lock, hands it over.
///
/// # Safety
/// By `unlock`, before it counts the lock down.
///
/// Go: mprof.go:768 recordUnlock
#[cfg(gort_inside)]
#[inline(always)]
pub(crate) unsafe fn record_unlock(prof: *mut MLockProfile, l: *mut Mutex) {
    // SAFETY: the profile is this M's own; what Go does with it, it does on this thread.
    unsafe {
        // :769
        if l as usize == (*prof).pending {
            gort_runtime2::linkname::capture_stack();
        }
        // :772
        if (*(*getg()).m).locks.get() == 1 && (*prof).cycles != 0 {
            gort_runtime2::linkname::store_lock_profile();
        }
    }
}
