//! Clocks and timers, straight to `time`.

use crate::types::{Eface, FuncVal, callfv};
use core::ffi::c_void;
use gort_proc::{Timer, nanotime};

/// What package time embeds in its timers and tickers.
#[repr(C)]
struct RuntimeTimer {
    /// The runtime's own timer, made when it is first needed.
    pp: *mut GoTimer,
    when: i64,
    period: i64,
    f: *const FuncVal,
    arg: Eface,
    seq: usize,
    nextwhen: i64,
    status: u32,
}

/// A timer of the scheduler's with what Go wants to have called. Like all of Go's memory it stays.
#[repr(C)]
struct GoTimer {
    timer: Timer,
    f: *const FuncVal,
    arg: Eface,
    seq: usize,
}

/// Runs on g0 when the timer is due: `sendTime` or `goFunc`, neither of which blocks.
unsafe fn fire(arg: *mut c_void, _seq: usize, _delay: i64) {
    let t = arg.cast::<GoTimer>();
    let (f, arg, seq) = ((*t).f, (*t).arg, (*t).seq);
    callfv(f, arg.typ.cast_mut().cast(), arg.data, seq as *mut c_void);
}

/// The scheduler's timer of `t`.
unsafe fn of(t: *mut RuntimeTimer) -> *mut GoTimer {
    if (*t).pp.is_null() {
        let g = crate::mem::alloc(size_of::<GoTimer>()).cast::<GoTimer>();
        (&raw mut (*g).timer).write(Timer::default());
        gort_time::timer_init(&raw mut (*g).timer, Some(fire), g.cast());
        (*t).pp = g;
    }
    let g = (*t).pp;
    (*g).f = (*t).f;
    (*g).arg = (*t).arg;
    (*g).seq = (*t).seq;
    g
}

/// Starts a timer.
#[unsafe(export_name = "time.startTimer")]
unsafe extern "C-unwind" fn start_timer(t: *mut RuntimeTimer) {
    let g = of(t);
    gort_time::timer_reset(&raw mut (*g).timer, (*t).when.max(1), (*t).period);
}

/// Stops it; whether it was still to fire.
#[unsafe(export_name = "time.stopTimer")]
unsafe extern "C-unwind" fn stop_timer(t: *mut RuntimeTimer) -> bool {
    let g = of(t);
    gort_time::timer_stop(&raw mut (*g).timer)
}

/// Sets another time; whether it was still to fire.
#[unsafe(export_name = "time.resetTimer")]
unsafe extern "C-unwind" fn reset_timer(t: *mut RuntimeTimer, when: i64) -> bool {
    (*t).when = when;
    let g = of(t);
    gort_time::timer_reset(&raw mut (*g).timer, when.max(1), (*t).period)
}

/// Sets all of it.
#[unsafe(export_name = "time.modTimer")]
unsafe extern "C-unwind" fn mod_timer(
    t: *mut RuntimeTimer,
    when: i64,
    period: i64,
    f: *const FuncVal,
    arg: Eface,
    seq: usize,
) {
    // Not while it may be firing with the old values.
    if !(*t).pp.is_null() {
        gort_time::timer_stop(&raw mut (*(*t).pp).timer);
    }
    (*t).when = when;
    (*t).period = period;
    (*t).f = f;
    (*t).arg = arg;
    (*t).seq = seq;
    let g = of(t);
    gort_time::timer_reset(&raw mut (*g).timer, when.max(1), period);
}

/// `time.Sleep`
#[unsafe(export_name = "time.Sleep")]
unsafe extern "C-unwind" fn sleep(ns: i64) {
    gort_time::time_sleep(ns);
}

/// Wall clock and monotonic clock.
#[repr(C)]
struct Now {
    sec: i64,
    nsec: i32,
    mono: i64,
}

/// `time.now`
#[unsafe(export_name = "time.now")]
unsafe extern "C-unwind" fn now() -> Now {
    let mut ts: libc::timespec = core::mem::zeroed();
    libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut ts);
    Now { sec: ts.tv_sec, nsec: ts.tv_nsec as i32, mono: nanotime() }
}

/// The monotonic clock.
#[unsafe(export_name = "runtime.nanotime")]
extern "C-unwind" fn runtime_nanotime() -> i64 {
    nanotime()
}

/// The same under the name that package time uses.
#[unsafe(export_name = "time.runtimeNano")]
extern "C-unwind" fn time_nanotime() -> i64 {
    nanotime()
}
