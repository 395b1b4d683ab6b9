//! Go's package `time`, as far as it schedules: sleeping, timers, tickers.

use crate::chan_::{Chan, Receiver};
use core::ffi::c_void;
use gort_chan::{freechan, selectnbsend};
use gort_proc::*;
use gort_time::{
    TIMER_ZOMBIE, TimeTimer, reset_timer, start_timer, stop_timer, time_sleep, time_timer_ref,
    timer_lock, timer_unlock,
};
use std::time::{Duration, Instant, SystemTime};

/// The nanoseconds of `d`, at most 292 years.
pub(crate) fn nanos(d: Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

/// The time `d` from now, on the runtime's clock; never overflows.
///
/// Go (time): sleep.go:52 when
fn when(d: Duration) -> i64 {
    // :53 Rust's durations are not negative
    time_runtime_nano().saturating_add(nanos(d)) // :56
}

/// Pauses this goroutine for at least `d`. Go's `time.Sleep`.
///
/// ```
/// # gort::run(|| {
/// use std::time::{Duration, Instant};
/// let begin = Instant::now();
/// gort::time::sleep(Duration::from_millis(2));
/// assert!(begin.elapsed() >= Duration::from_millis(2));
/// # })
/// ```
pub fn sleep(d: Duration) {
    // SAFETY: on a user goroutine.
    unsafe { time_sleep(nanos(d)) }
}

/// Now, on the clock of package time: in a [bubble](crate::test::bubble) that of the bubble,
/// elsewhere `Instant::now()`. Points in time of different clocks must not be compared.
///
/// ```
/// use std::time::Duration;
/// gort::test::bubble(|| {
///     let start = gort::time::now();
///     gort::time::sleep(Duration::from_secs(3600)); // takes no time at all
///     assert_eq!(gort::time::now() - start, Duration::from_secs(3600));
/// });
/// ```
///
/// Go 1.25: time.go line 16 time_runtimeNow
pub fn now() -> Instant {
    synctest_instant()
}

/// The time of day; in a [bubble](crate::test::bubble) its clock, which begins at midnight UTC,
/// 2000-01-01.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// gort::test::bubble(|| {
///     let t = gort::time::system_time();
///     assert_eq!(t, SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800));
/// });
/// ```
///
/// Go 1.25: time.go line 16 time_runtimeNow
pub fn system_time() -> SystemTime {
    let b = synctest_bubble();
    if b.is_null() {
        return SystemTime::now();
    }
    // SAFETY: as in `now`.
    SystemTime::UNIX_EPOCH + Duration::from_nanos(unsafe { (*b).now.get() } as u64)
}

type Func = Box<dyn Fn() + Send + Sync>;

/// A timer's memory.
///
/// With a channel (the default, `asynctimerchan=0`) the block lives as long as the channel: the
/// block holds one of the channel's references and the channel holds the block's first one, which
/// the last of the program's handles gives back (see `Chan`'s drop). With `asynctimerchan=1`, and
/// for functions, the [`Timer`] holds the first one. A heap that holds the timer, a P that runs it,
/// and a goroutine that runs its function hold further references.
#[repr(C)]
struct Block {
    tt: TimeTimer,
    c: *mut Hchan,
    func: Option<Func>,
}

/// One reference to a block.
#[derive(Debug)]
struct Ref(*mut Block);

// SAFETY: the count is atomic, and whoever is the last is alone with the block; its closure may be
// dropped anywhere.
unsafe impl Send for Ref {}
// SAFETY: the same.
unsafe impl Sync for Ref {}

impl Drop for Ref {
    fn drop(&mut self) {
        // SAFETY: the block lives as long as this reference.
        unsafe {
            if (*self.0).tt.refs.add(u32::MAX) == 0 {
                drop(free(self.0));
            }
        }
    }
}

/// Frees the block; its closure is for the caller to drop, as that runs the program's code.
///
/// # Safety
/// The last reference to the block, which was made by `new`.
unsafe fn free(b: *mut Block) -> Option<Func> {
    // SAFETY: the caller's contract.
    unsafe {
        let b = Box::from_raw(b);
        if !b.c.is_null() && (*b.c).refs.add(1usize.wrapping_neg()) == 0 {
            crate::chan_async::drop_waiters(b.c);
            freechan(b.c); // points in time need no drop
        }
        b.func
    }
}

/// A heap gives the last reference back. Locks may be held here, so the closure is dropped on a
/// goroutine of its own.
unsafe fn on_free(tt: *mut TimeTimer) {
    // SAFETY: the last reference.
    if let Some(f) = unsafe { free(tt.cast()) } {
        crate::go_::go_locked(move || drop(f));
    }
}

/// Called by the channel when the last of the program's handles on it goes.
///
/// # Safety
/// `t` is the timer of a channel that only its block still refers to.
pub(crate) unsafe fn release_chan_timer(t: *mut gort_proc::Timer) {
    // SAFETY: this is the reference that the channel held.
    unsafe { time_timer_ref(t, false) }
}

/// What a channel timer does when it fires: sends the time, if there is room.
///
/// Go (time): sleep.go:180 sendTime
unsafe fn send_time(arg: *mut c_void, _seq: usize, delta: i64) {
    let now = now();
    // :187 a timer that is run lazily fired `delta` ago
    let t = now.checked_sub(Duration::from_nanos(delta.max(0) as u64)).unwrap_or(now);
    // SAFETY: `arg` is the timer's channel, alive through the block; its elements are Instants.
    unsafe { selectnbsend(arg.cast(), (&raw const t).cast()) };
}

/// What a function timer does when it fires: starts a goroutine.
///
/// Go (time): sleep.go:214 goFunc
unsafe fn go_func(arg: *mut c_void, _seq: usize, _delta: i64) {
    let b: *mut Block = arg.cast();
    // SAFETY: `arg` is the block, alive while its timer runs.
    unsafe { (*b).tt.refs.add(1) };
    let r = Ref(b);
    crate::go(move || {
        let r = r;
        // SAFETY: alive by this reference; the closure is there until a stopped timer's last handle
        // goes.
        if let Some(f) = unsafe { &(*r.0).func } {
            f(); // :215
        }
    });
}

unsafe fn new(when: i64, period: i64, func: Option<Func>) -> (*mut Block, Chan<Instant>) {
    // SAFETY: the caller's contract.
    entry!("timer", unsafe { new(when, period, func) });
    let c = if func.is_some() { Chan::nil() } else { crate::chan::<Instant>(1) };
    // SAFETY: all zeroes and None are valid in every field.
    let b = Box::into_raw(Box::new(Block { tt: TimeTimer::default(), c: c.as_raw(), func }));
    // SAFETY: the block is fresh; the channel, if any, is kept by the block.
    unsafe {
        (*b).tt.on_free = Some(on_free);
        if c.is_nil() {
            start_timer(b.cast(), when, period, go_func, b.cast(), core::ptr::null_mut());
        } else {
            (*c.as_raw()).refs.add(1);
            // asynctimerchan=1: the runtime is not even told about the channel.
            let sync =
                if DEBUG.asynctimerchan.load() == 1 { core::ptr::null_mut() } else { c.as_raw() };
            start_timer(b.cast(), when, period, send_time, c.as_raw().cast(), sync);
        }
    }
    (b, c)
}

/// One event in the future. Go's `time.Timer`.
///
/// ```
/// # gort::run(|| {
/// use std::time::Duration;
/// let t = gort::time::Timer::new(Duration::from_secs(3600));
/// assert!(t.reset(Duration::from_millis(1)));
/// t.c().recv();
/// assert!(!t.stop());
/// # })
/// ```
///
/// Dropping it does not stop it: the channel may be held by others, the function is still called.
#[derive(Debug)]
pub struct Timer {
    b: *mut Block,
    c: Receiver<Instant>,
    /// The block's first reference, unless the channel holds it.
    first: Option<Ref>,
}

// SAFETY: the timer's own lock orders all access to it.
unsafe impl Send for Timer {}
// SAFETY: the same.
unsafe impl Sync for Timer {}

// Its closure is called, or dropped, never looked into.
impl std::panic::UnwindSafe for Timer {}
impl std::panic::RefUnwindSafe for Timer {}

impl Timer {
    unsafe fn from_new((b, c): (*mut Block, Chan<Instant>)) -> Timer {
        // SAFETY: just made; `timer` never changes after that.
        let owns = c.is_nil() || unsafe { (*c.as_raw()).timer.is_null() };
        Timer { b, c: c.receiver(), first: owns.then(|| Ref(b)) }
    }

    /// A timer that sends the time on its channel once, after `d`. Go's `time.NewTimer`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::time::Timer::new(std::time::Duration::from_millis(1));
    /// t.c().recv();
    /// assert!(!t.stop()); // it has fired
    /// # })
    /// ```
    pub fn new(d: Duration) -> Timer {
        // SAFETY: with no runtime lock held.
        unsafe { Timer::from_new(new(when(d), 0, None)) }
    }

    /// Its channel; the nil channel for [`after_func`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::time::Timer::new(std::time::Duration::from_millis(1));
    /// let jobs = gort::chan::<u8>(0);
    /// gort::select! {
    ///     recv(jobs) -> j => unreachable!("{j:?}"),
    ///     recv(t.c()) -> at => assert!(at.unwrap() <= gort::time::now()),
    /// }
    /// # })
    /// ```
    pub fn c(&self) -> &Receiver<Instant> {
        &self.c
    }

    /// Prevents it from firing; true if it was still going to. After `stop` no value sent before
    /// can be received any more (unless `asynctimerchan=1`). Go's `Timer.Stop`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::time::Timer::new(std::time::Duration::from_secs(3600));
    /// assert!(t.stop()); // in time
    /// assert!(!t.stop());
    /// # })
    /// ```
    pub fn stop(&self) -> bool {
        entry!("Timer.Stop", self.stop());
        // SAFETY: the block lives as long as this handle or its channel.
        unsafe { stop_timer(self.b.cast()) }
    }

    /// Makes it fire after `d` from now; true if it was still going to fire. Go's `Timer.Reset`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let t = gort::time::Timer::new(Duration::from_secs(3600));
    /// assert!(t.reset(Duration::from_millis(1))); // it was running
    /// t.c().recv();
    /// assert!(!t.reset(Duration::from_millis(1)));
    /// t.c().recv(); // and fires again
    /// # })
    /// ```
    pub fn reset(&self, d: Duration) -> bool {
        entry!("Timer.Reset", self.reset(d));
        // SAFETY: as in stop.
        unsafe { reset_timer(self.b.cast(), when(d), 0) }
    }
}

impl Drop for Timer {
    /// A stopped timer may stay in its heap until the time that it was set to. Its function goes
    /// now.
    fn drop(&mut self) {
        if self.first.is_none() {
            return;
        }
        if getg().is_null() {
            return outside("drop of a timer", || self.let_go());
        }
        if has_goroutine() {
            self.let_go();
        }
    }
}

impl Timer {
    /// Drops the function of a timer that nobody can start any more.
    fn let_go(&self) {
        // SAFETY: the block is alive by this reference. If the only other one is that of the heap
        // which will throw the timer out, the function is not running, and nobody can start the
        // timer any more.
        let f = unsafe {
            let t = &raw mut (*self.b).tt.timer;
            timer_lock(t);
            let idle =
                (*t).state & TIMER_ZOMBIE != 0 && (*t).when == 0 && (*self.b).tt.refs.load() == 2;
            timer_unlock(t);
            if idle { (&raw mut (*self.b).func).replace(None) } else { None }
        };
        drop(f);
    }
}

/// Calls `f` once, on a goroutine of its own, after `d`. Go's `time.AfterFunc`.
///
/// ```
/// # gort::run(|| {
/// use std::time::Duration;
/// let (c, s) = (gort::chan(1), String::from("late"));
/// let tx = c.clone();
/// let _timer = gort::time::after_func(Duration::from_millis(1), move || tx.send(s));
/// assert_eq!(c.recv().as_deref(), Some("late"));
/// # })
/// ```
///
/// [`Timer::reset`] before it has been called moves it. [`after_func_again`] is for functions that
/// are called again: Go's are, after each `Reset`.
///
/// # Panics
/// On the timer's goroutine, and so for the program, if it was reset after `f` had been called and
/// fires again.
pub fn after_func(d: Duration, f: impl FnOnce() + Send + 'static) -> Timer {
    let f = std::sync::Mutex::new(Some(f));
    after_func_again(d, move || {
        // Nothing in here parks, so std's lock is held for a moment only.
        let f = f.lock().unwrap_or_else(|e| e.into_inner()).take();
        match f {
            Some(f) => f(),
            None => panic!(
                "time: after_func calls its function once, and it was reset after that: after_func_again"
            ),
        }
    })
}

/// Calls `f` on a goroutine of its own after `d`; again after each [`Timer::reset`]. Go's
/// `time.AfterFunc`.
///
/// Two calls may run at once, as in Go, if the timer is reset before the first one has ended: hence
/// `Fn` and `Sync`.
///
/// ```
/// # gort::run(|| {
/// use std::time::Duration;
/// let c = gort::chan(1);
/// let tx = c.clone();
/// let timer = gort::time::after_func_again(Duration::from_millis(1), move || tx.send(()));
/// c.recv();
/// timer.reset(Duration::from_millis(1));
/// c.recv();
/// # })
/// ```
pub fn after_func_again(d: Duration, f: impl Fn() + Send + Sync + 'static) -> Timer {
    // SAFETY: with no runtime lock held.
    unsafe { Timer::from_new(new(when(d), 0, Some(Box::new(f)))) }
}

/// A channel that gets the time after `d`. Go's `time.After`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan::<()>(0);
/// gort::select! {
///     recv(c) => unreachable!(),
///     recv(gort::time::after(std::time::Duration::from_millis(1))) => println!("nothing came"),
/// }
/// # })
/// ```
pub fn after(d: Duration) -> Receiver<Instant> {
    Timer::new(d).c.clone()
}

/// Events at regular intervals. Go's `time.Ticker`. Slow receivers miss ticks.
///
/// ```
/// # gort::run(|| {
/// let t = gort::time::Ticker::new(std::time::Duration::from_millis(1));
/// let ticks: Vec<_> = t.c().iter().take(3).collect();
/// assert!(ticks[0] < ticks[2]);
/// t.stop();
/// # })
/// ```
#[derive(Debug)]
pub struct Ticker(Timer);

impl Ticker {
    /// A ticker with period `d`. Go's `time.NewTicker`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::time::Ticker::new(std::time::Duration::from_millis(1));
    /// for _ in 0..3 {
    ///     t.c().recv(); // a millisecond apart
    /// }
    /// # })
    /// ```
    ///
    /// # Panics
    /// `non-positive interval for NewTicker`, if `d` is zero.
    pub fn new(d: Duration) -> Ticker {
        if d.is_zero() {
            panic!("non-positive interval for NewTicker");
        }
        // SAFETY: with no runtime lock held.
        unsafe { Ticker(Timer::from_new(new(when(d), nanos(d), None))) }
    }

    /// Its channel.
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::time::Ticker::new(std::time::Duration::from_millis(1));
    /// let at: Vec<_> = t.c().iter().take(2).collect();
    /// assert!(at[0] < at[1]);
    /// # })
    /// ```
    pub fn c(&self) -> &Receiver<Instant> {
        &self.0.c
    }

    /// No more ticks; the channel is not closed. Go's `Ticker.Stop`.
    ///
    /// ```
    /// gort::test::bubble(|| {
    ///     let hour = std::time::Duration::from_secs(3600);
    ///     let t = gort::time::Ticker::new(hour);
    ///     t.stop();
    ///     assert!(t.c().recv_timeout(10 * hour).is_err());
    /// });
    /// ```
    pub fn stop(&self) {
        self.0.stop();
    }

    /// The next tick comes after `d`, as do all that follow. Go's `Ticker.Reset`.
    ///
    /// ```
    /// gort::test::bubble(|| {
    ///     let hour = std::time::Duration::from_secs(3600);
    ///     let t = gort::time::Ticker::new(24 * hour);
    ///     t.reset(hour);
    ///     let start = gort::time::now();
    ///     t.c().recv();
    ///     assert_eq!(gort::time::now() - start, hour);
    /// });
    /// ```
    ///
    /// # Panics
    /// `non-positive interval for Ticker.Reset`, if `d` is zero.
    pub fn reset(&self, d: Duration) {
        if d.is_zero() {
            panic!("non-positive interval for Ticker.Reset");
        }
        entry!("Ticker.Reset", self.reset(d));
        // SAFETY: the block lives as long as the handle.
        unsafe { reset_timer(self.0.b.cast(), when(d), nanos(d)) };
    }
}

/// The channel of a ticker that is never stopped; the nil channel if `d` is zero. Go's `time.Tick`.
///
/// ```
/// # gort::run(|| {
/// for _ in gort::time::tick(std::time::Duration::from_millis(1)).iter().take(2) {
///     println!("tick");
/// }
/// # })
/// ```
///
/// Go (time): tick.go:86 Tick
pub fn tick(d: Duration) -> Receiver<Instant> {
    // :87
    if d.is_zero() {
        return Chan::nil().receiver();
    }
    Ticker::new(d).c().clone()
}
