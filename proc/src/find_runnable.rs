//! proc.go: lines 3208 and on.

use crate::*;

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3208 execute
pub unsafe fn execute(gp: *mut G, inherit_time: bool) -> ! {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3249 findRunnable
#[doc(alias = "findRunnable")]
pub unsafe fn find_runnable() -> (*mut G, bool, bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3630 pollWork
#[doc(alias = "pollWork")]
pub unsafe fn poll_work() -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3654 stealWork
#[doc(alias = "stealWork")]
pub unsafe fn steal_work(now: i64) -> (*mut G, bool, i64, i64, bool) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3728 checkRunqsNoP
#[doc(alias = "checkRunqsNoP")]
pub unsafe fn check_runqs_no_p(allp_snapshot: Slice<*mut P>, idlep_mask_snapshot: PMask) -> *mut P {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3750 checkTimersNoP
#[doc(alias = "checkTimersNoP")]
pub unsafe fn check_timers_no_p(
    allp_snapshot: Slice<*mut P>,
    timerp_mask_snapshot: PMask,
    poll_until: i64,
) -> i64 {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
///
/// Go: proc.go:3828 wakeNetPoller
#[doc(alias = "wakeNetPoller")]
pub unsafe fn wake_net_poller(when: i64) {
    todo!()
}
