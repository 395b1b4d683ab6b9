//! How long Ms wait for the runtime's locks: the part of mprof.go that feeds `totalMutexWaitTimeNanos`.

use gort_asm::getg;
use gort_os_linux::nanotime;
use gort_rand::cheaprand;
use gort_runtime2::G_TRACKING_PERIOD;

/// One contended `lock`, sampled. The cycle counts for mutex profiles are left out with the profile itself.
///
/// Go: mprof.go:678 lockTimer
pub(crate) struct LockTimer {
    time_rate: i64,
    time_start: i64,
}

impl LockTimer {
    /// Go: mprof.go:685 begin
    pub(crate) fn begin() -> Self {
        // :688 mutexprofilerate is 0
        let mut lt = LockTimer { time_rate: G_TRACKING_PERIOD as i64, time_start: 0 };
        // :692
        if cheaprand() as i64 % lt.time_rate == 0 {
            lt.time_start = nanotime();
        }
        // :696 tickStart: no mutex profile
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
        // :709 recordLock: no mutex profile
    }
}
