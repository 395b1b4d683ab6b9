//! The upward calls as loom models see them: no network, no timers, nobody to preempt; a fatal error ends the model.

use crate::types::{G, GList, M, P, Timers};

/// A fatal error is a panic, which ends the model.
pub fn throw(s: &str) -> ! {
    panic!("{s}")
}
/// As [`throw`].
pub fn fatal(s: &str) -> ! {
    panic!("{s}")
}
/// What the runtime has to say goes nowhere: the message of [`throw`] is enough.
pub fn print_args(_: core::fmt::Arguments<'_>) {}
/// No timer is due.
///
/// # Safety
/// None.
pub unsafe fn timers_check(_ts: *mut Timers, now: i64) -> (i64, i64, bool) {
    (now, 0, false)
}
/// No timer at all.
///
/// # Safety
/// None.
pub unsafe fn timers_wake_time(_ts: *const Timers) -> i64 {
    0
}
/// Without a network poller.
pub fn netpollinited() -> bool {
    false
}
/// Nobody waits in it.
pub fn netpoll_any_waiters() -> bool {
    false
}
/// Nobody waits in it.
pub fn netpoll_adjust_waiters(_delta: i32) {}
/// Nothing is ready.
///
/// # Safety
/// None.
pub unsafe fn netpoll(_delay: i64) -> (GList, i32) {
    (GList::default(), 0)
}
/// Nobody to break.
pub fn netpoll_break() {}
/// Preemption is not modelled.
///
/// # Safety
/// None.
pub unsafe fn can_preempt_m(_mp: *mut M) -> bool {
    false
}
/// Preemption is not modelled.
///
/// # Safety
/// None.
pub unsafe fn preemptall() -> bool {
    false
}
/// Preemption is not modelled.
///
/// # Safety
/// None.
pub unsafe fn preemptone(_pp: *mut P) -> bool {
    false
}
/// Preemption is not modelled.
///
/// # Safety
/// None.
pub unsafe fn gopreempt_m(_gp: *mut G) -> ! {
    throw("gopreempt_m")
}
/// Preemption is not modelled.
///
/// # Safety
/// None.
pub unsafe fn preempt_park(_gp: *mut G) -> ! {
    throw("preempt_park")
}
/// Nobody initialises it.
///
/// # Safety
/// None.
pub unsafe fn netpoll_generic_init() {}
/// Channels of timers are not modelled.
///
/// # Safety
/// None.
pub unsafe fn timerchandrain(_c: *mut crate::types::Hchan) -> bool {
    false
}
