//! The upward calls as loom models see them: nobody to preempt; a fatal error ends the model. There
//! are no timers and no network, unless the model brings the crates that have them
//! ([`set_upward`]).

use crate::types::{G, GList, M, P, Timers};
use std::cell::Cell;

/// The calls to crates that a model may bring or not.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Upward {
    pub timers_check: unsafe fn(*mut Timers, i64) -> (i64, i64, bool),
    pub timers_wake_time: unsafe fn(*const Timers) -> i64,
    pub netpollinited: fn() -> bool,
    pub netpoll_any_waiters: fn() -> bool,
    pub netpoll_adjust_waiters: fn(i32),
    pub netpoll: unsafe fn(i64) -> (GList, i32),
    pub netpoll_break: fn(),
    pub entersyscallblock: unsafe fn(usize, usize, usize),
    pub exitsyscall: unsafe fn(usize),
}

impl Upward {
    /// Nothing of all that: a note's sleeper on a goroutine needs a scheduler.
    pub const NONE: Self = Self {
        timers_check: |_, now| (now, 0, false),
        timers_wake_time: |_| 0,
        netpollinited: || false,
        netpoll_any_waiters: || false,
        netpoll_adjust_waiters: |_| (),
        netpoll: |_| (GList::default(), 0),
        netpoll_break: || (),
        entersyscallblock: |_, _, _| throw("the model has no system calls"),
        exitsyscall: |_| throw("the model has no system calls"),
    };
}

std::thread_local! {
    // A test with all executions of its models is one OS thread.
    static UPWARD: Cell<Upward> = const { Cell::new(Upward::NONE) };
}

/// What the models of this test have above the scheduler.
pub fn set_upward(u: Upward) {
    UPWARD.set(u);
}

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
/// As the model says.
///
/// # Safety
/// As the real one.
pub unsafe fn entersyscallblock(pc: usize, sp: usize, bp: usize) {
    // SAFETY: the caller's contract.
    unsafe { (UPWARD.get().entersyscallblock)(pc, sp, bp) }
}
/// As the model says.
///
/// # Safety
/// As the real one.
pub unsafe fn exitsyscall(callersp: usize) {
    // SAFETY: the caller's contract.
    unsafe { (UPWARD.get().exitsyscall)(callersp) }
}
/// No timer is due, or as the model says.
///
/// # Safety
/// As the real one.
pub unsafe fn timers_check(ts: *mut Timers, now: i64) -> (i64, i64, bool) {
    // SAFETY: the caller's contract.
    unsafe { (UPWARD.get().timers_check)(ts, now) }
}
/// No timer at all, or as the model says.
///
/// # Safety
/// As the real one.
pub unsafe fn timers_wake_time(ts: *const Timers) -> i64 {
    // SAFETY: the caller's contract.
    unsafe { (UPWARD.get().timers_wake_time)(ts) }
}
/// Timers stay where they are.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn timers_take(_ts: *mut Timers, _src: *mut Timers) {}
/// Without a network poller, or as the model says.
pub fn netpollinited() -> bool {
    (UPWARD.get().netpollinited)()
}
/// Nobody waits in it, or as the model says.
pub fn netpoll_any_waiters() -> bool {
    (UPWARD.get().netpoll_any_waiters)()
}
/// Nobody waits in it, or as the model says.
pub fn netpoll_adjust_waiters(delta: i32) {
    (UPWARD.get().netpoll_adjust_waiters)(delta)
}
/// Nothing is ready, or as the model says.
///
/// # Safety
/// As the real one.
pub unsafe fn netpoll(delay: i64) -> (GList, i32) {
    // SAFETY: the caller's contract.
    unsafe { (UPWARD.get().netpoll)(delay) }
}
/// Nobody to break, or as the model says.
pub fn netpoll_break() {
    (UPWARD.get().netpoll_break)()
}
/// The semaphores of the world are not modelled: one goroutine stops it.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn semacquire<T>(_addr: &T) {}
/// As [`semacquire`].
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn semrelease1<T>(_addr: &T, _handoff: bool, _skipframes: i32) {}
/// Preemption is not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn preempt_m(_mp: *mut M) {}
/// Preemption is not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn can_preempt_m(_mp: *mut M) -> bool {
    false
}
/// Preemption is not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn preemptall() -> bool {
    false
}
/// Preemption is not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn preemptone(_pp: *mut P) -> bool {
    false
}
/// Preemption is not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn gopreempt_m(_gp: *mut G) -> ! {
    throw("gopreempt_m")
}
/// Preemption is not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn preempt_park(_gp: *mut G) -> ! {
    throw("preempt_park")
}
/// Nobody initialises it.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn netpoll_generic_init() {}
/// Channels of timers are not modelled.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn timerchandrain(_c: *mut crate::types::Hchan) -> bool {
    false
}
