//! Clocks and timers, straight to `time`.

use crate::types::{Eface, FuncVal, callfv, kind};
use core::ffi::c_void;
use core::mem::offset_of;
use gort_proc::{DEBUG, Hchan, LOCK_RANK_TIMER_SEND, Timer, getg, lock_init, nanotime};

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
    /// Of the timer of a channel: the channel that is sent to and received from.
    ///
    /// It has room for one value, but `len` and `cap` of it are to be 0, and compiled code reads
    /// them from the channel itself. So the program has another one, without room and never used
    /// for anything but to find this one: both have the timer.
    chan: *mut Hchan,
    f: *const FuncVal,
    arg: Eface,
    seq: usize,
}

impl GoTimer {
    /// Calls `sendTime` or `goFunc`, neither of which blocks.
    unsafe fn call(t: *const Self) {
        callfv((*t).f, (*t).arg.typ.cast_mut().cast(), (*t).arg.data, (*t).seq as *mut c_void);
    }
}

/// Runs on g0 when the timer is due.
unsafe fn fire(arg: *mut c_void, _seq: usize, _delay: i64) {
    GoTimer::call(arg.cast());
}

/// The same for the timer of a channel, which runs when somebody looks at the channel.
unsafe fn fire_chan(arg: *mut c_void, _seq: usize, delay: i64) {
    let t = (*arg.cast::<Hchan>()).timer.byte_sub(offset_of!(GoTimer, timer));
    // `sendTime` of Go 1.18 sends the present; what is meant is when the timer was due.
    (*getg()).param = delay as *mut c_void;
    GoTimer::call(t.cast());
    (*getg()).param = core::ptr::null_mut();
}

/// The channel behind that of a timer: see [`GoTimer`].
///
/// # Safety
/// `c` has a timer.
pub(crate) unsafe fn channel_behind(c: *mut Hchan) -> *mut Hchan {
    (*(*c).timer.byte_sub(offset_of!(GoTimer, timer)).cast::<GoTimer>()).chan
}

/// The scheduler's timer of `t`. One whose argument is a channel is a channel timer, as in Go 1.23:
/// see `newTimer`.
///
/// Go: time.go:310 newTimer
unsafe fn of(t: *mut RuntimeTimer) -> *mut GoTimer {
    if (*t).pp.is_null() {
        let g = crate::mem::alloc_runtime::<GoTimer>();
        let tm = &raw mut (*g).timer;
        tm.write(Timer::default());
        let typ = (*t).arg.typ;
        // asynctimerchan=2 does what =1 does, by other ways in the runtime, which compiled code
        // that looks at a channel's fields cannot take part in.
        if !typ.is_null() && (*typ).kind() == kind::CHAN && DEBUG.asynctimerchan.load() == 0 {
            let seen = (*t).arg.data.cast::<Hchan>();
            let c = gort_chan::makechan((*seen).elemtype, (*seen).dataqsiz as isize);
            (*g).chan = c;
            gort_time::timer_init(tm, Some(fire_chan), c.cast());
            // :318
            lock_init(&raw mut (*tm).send_lock, LOCK_RANK_TIMER_SEND);
            (*tm).is_chan = true;
            (*c).timer = tm;
            (*seen).dataqsiz = 0;
            (*seen).timer = tm;
        } else {
            gort_time::timer_init(tm, Some(fire), g.cast());
        }
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

/// `time.now`; on g0, where only [`fire_chan`] calls it, so much earlier as the timer is late.
#[unsafe(export_name = "time.now")]
unsafe extern "C-unwind" fn now() -> Now {
    let mut ts: libc::timespec = core::mem::zeroed();
    libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut ts);
    let gp = getg();
    let delay = if gp == (*(*gp).m).g0 { (*gp).param as i64 } else { 0 };
    let wall = ts.tv_sec * 1_000_000_000 + ts.tv_nsec - delay;
    Now {
        sec: wall.div_euclid(1_000_000_000),
        nsec: wall.rem_euclid(1_000_000_000) as i32,
        mono: nanotime() - delay,
    }
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
