//! Timers and tickers of C: a channel of times, or a function.

use crate::errors::{bad, not_null};
use crate::{Entry, Start};
use core::ffi::c_void;
use gort_chan::{freechan, makechan, selectnbsend};
use gort_panic::plain_error;
use gort_proc::{ElemType, Hchan, Timer, nanotime};
use gort_time::{MAX_WHEN, TimeTimer, reset_timer, start_timer, stop_timer, time_timer_ref};

/// `gort_timer`. `gort_timer_free` gives the first reference back; heaps that hold the timer have
/// one each.
#[repr(C)]
pub struct CTimer {
    tt: TimeTimer,
    c: *mut Hchan,
    /// Not 0: a ticker.
    period: i64,
    f: Option<Entry>,
    arg: *mut c_void,
}

/// The time `ns` from now.
///
/// Go (time): sleep.go:52 when
fn when(ns: i64) -> i64 {
    // :53
    if ns <= 0 {
        return nanotime();
    }
    nanotime().checked_add(ns).unwrap_or(MAX_WHEN) // :56
}

/// The last reference is gone. Locks may be held, so no code of the program's runs here.
unsafe fn on_free(tt: *mut TimeTimer) {
    // SAFETY: made by `new`, and nobody else has it any more.
    unsafe {
        let t = Box::from_raw(tt.cast::<CTimer>());
        if !t.c.is_null() {
            freechan(t.c);
        }
    }
}

/// A channel's timer fires.
unsafe fn send_time(arg: *mut c_void, _seq: usize, delta: i64) {
    let t = nanotime() - delta.max(0);
    // SAFETY: the timer's channel, which lives as long as the timer; its elements are of this type.
    unsafe { selectnbsend(arg.cast(), (&raw const t).cast()) };
}

/// A function's timer fires.
unsafe fn go_func(arg: *mut c_void, _seq: usize, _delta: i64) {
    let t: *mut CTimer = arg.cast();
    // SAFETY: alive while its timer runs; the fields do not change.
    let (f, arg) = unsafe { ((*t).f, (*t).arg) };
    if let Some(f) = f {
        let s = Start(f, arg);
        gort_rs::go(move || s.call());
    }
}

fn new(ns: i64, period: i64, f: Option<Entry>, arg: *mut c_void) -> *mut CTimer {
    gort_proc::entry_here!("timer", new(ns, period, f, arg));
    let elem = ElemType { size: size_of::<i64>(), align: align_of::<i64>() };
    // SAFETY: a valid type; the timer is fresh, and lives until its last reference goes.
    unsafe {
        let c = if f.is_some() { core::ptr::null_mut() } else { makechan(elem, 1) };
        let t = Box::into_raw(Box::new(CTimer { tt: TimeTimer::default(), c, period, f, arg }));
        (*t).tt.on_free = Some(on_free);
        let (func, its): (gort_proc::TimerFn, _) = match f {
            Some(_) => (go_func, t.cast()),
            None => (send_time, c.cast()),
        };
        start_timer(t.cast(), when(ns), period, func, its, c);
        t
    }
}

/// The timer that feeds this channel: for `gort_chan_free`.
///
/// # Safety
/// A live channel of C's.
pub unsafe fn timer_of(c: *mut Hchan) -> *mut CTimer {
    // SAFETY: the caller's contract; timers of C's channels lie in a TimeTimer at the head of a
    // CTimer.
    unsafe {
        let t: *mut Timer = (*c).timer;
        if t.is_null() {
            core::ptr::null_mut()
        } else {
            t.byte_sub(core::mem::offset_of!(TimeTimer, timer)).cast()
        }
    }
}

/// Go's `time.NewTimer`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_timer_new(nanoseconds: i64) -> *mut CTimer {
    new(nanoseconds, 0, None, core::ptr::null_mut())
}

/// Go's `time.NewTicker`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_ticker_new(nanoseconds: i64) -> *mut CTimer {
    if nanoseconds <= 0 {
        bad("non-positive interval for NewTicker".into());
    }
    new(nanoseconds, nanoseconds, None, core::ptr::null_mut())
}

/// Go's `time.AfterFunc`.
///
/// # Safety
/// `f` may be called with `arg`, on another thread.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_after_func(
    nanoseconds: i64,
    f: Option<Entry>,
    arg: *mut c_void,
) -> *mut CTimer {
    if f.is_none() {
        crate::errors::nil("gort_after_func: null f");
    }
    new(nanoseconds, 0, f, arg)
}

/// Go's `time.After`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_after(nanoseconds: i64) -> *mut Hchan {
    let t = gort_timer_new(nanoseconds);
    // SAFETY: just made.
    unsafe { (*t).c }
}

/// The channel.
///
/// # Safety
/// A timer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_timer_chan(timer: *mut CTimer) -> *mut Hchan {
    not_null!("gort_timer_chan", timer);
    // SAFETY: the caller's contract.
    unsafe { (*timer).c }
}

/// Go's `Timer.Stop` and `Ticker.Stop`.
///
/// # Safety
/// A timer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_timer_stop(timer: *mut CTimer) -> bool {
    not_null!("gort_timer_stop", timer);
    // SAFETY: the caller's contract: the same call.
    gort_proc::entry_here!("gort_timer_stop", unsafe { gort_timer_stop(timer) });
    // SAFETY: the caller's contract.
    unsafe { stop_timer(timer.cast()) }
}

/// Go's `Timer.Reset` and `Ticker.Reset`.
///
/// # Safety
/// A timer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_timer_reset(timer: *mut CTimer, nanoseconds: i64) -> bool {
    not_null!("gort_timer_reset", timer);
    // SAFETY: the caller's contract: the same call.
    gort_proc::entry_here!("gort_timer_reset", unsafe { gort_timer_reset(timer, nanoseconds) });
    // SAFETY: the caller's contract.
    unsafe {
        let ticker = (*timer).period != 0;
        if ticker && nanoseconds <= 0 {
            plain_error("non-positive interval for Ticker.Reset");
        }
        reset_timer(timer.cast(), when(nanoseconds), if ticker { nanoseconds } else { 0 })
    }
}

/// Stops and frees it.
///
/// # Safety
/// A timer that nobody uses any more; of its channel the same.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn gort_timer_free(timer: *mut CTimer) {
    if timer.is_null() {
        return;
    }
    // SAFETY: the caller's contract: the same call.
    gort_proc::entry_here!("gort_timer_free", unsafe { gort_timer_free(timer) });
    // SAFETY: the caller's contract: this is the first reference.
    unsafe {
        stop_timer(timer.cast());
        time_timer_ref(&raw mut (*timer).tt.timer, false);
    }
}

/// The runtime's clock.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn gort_nanotime() -> i64 {
    nanotime()
}
