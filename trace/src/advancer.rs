//! trace.go: 943–1077. The goroutine that ends a generation every second, and a sleep that somebody
//! else can end.

use crate::trace_advance;
use core::ffi::c_void;
use core::ptr::null_mut;
use gort_chan::{chanrecv1, chansend1, makechan, selectnbrecv, selectnbsend};
use gort_proc::*;
use gort_time::{timer_init, timer_reset, timer_stop};

/// Made at the first start, and kept: a timer that is late, and the goroutine on its way out, may
/// still look at it.
///
/// Go: trace.go:946 traceAdvancerState
struct TraceAdvancerState {
    timer: *mut WakeableSleep,
    done: *mut Hchan,
}

/// Written by who starts a trace, before the goroutine exists.
///
/// Go: trace.go:944 traceAdvancer
static TRACE_ADVANCER: Global<TraceAdvancerState> =
    Global::new(TraceAdvancerState { timer: null_mut(), done: null_mut() });

/// A channel for `n` values without contents, in no bubble: the goroutine that uses it is in none.
unsafe fn make_chan(n: isize) -> *mut Hchan {
    // SAFETY: this goroutine's own field, which says whether it is in a bubble.
    unsafe {
        let gp = getg();
        let bubble = core::mem::replace(&mut (*gp).raceignore, 0);
        let c = makechan(ElemType { size: 0, align: 1 }, n);
        (*gp).raceignore = bubble;
        c
    }
}

/// Starts the goroutine.
///
/// # Safety
/// On a user goroutine that holds the semaphore of those who advance.
///
/// Go: trace.go:952 start
pub(crate) unsafe fn start() {
    static ADVANCE: Funcval = Funcval { fn_: advance };
    // SAFETY: the last one has ended: stop waits for that under the shutdown semaphore.
    unsafe {
        let s = TRACE_ADVANCER.get();
        // :954
        if (*s).done.is_null() {
            (*s).done = make_chan(0);
            (*s).timer = new_wakeable_sleep();
            register_system_goroutine(advance as *const () as usize);
        }
        // A wake-up that came late in the last trace.
        selectnbrecv(null_mut(), (*(*s).timer).wakeup);
        newproc((&raw const ADVANCE).cast_mut());
    }
}

/// Go: trace.go:952 start
unsafe extern "C-unwind" fn advance(_: *mut Funcval) {
    // SAFETY: on a goroutine of its own; what it uses is never freed.
    unsafe {
        let s = TRACE_ADVANCER.get();
        // :957
        while trace_enabled() {
            // :959
            sleep((*s).timer, i64::from(DEBUG.traceadvanceperiod.get()));

            // :962
            trace_advance(false);
        }
        // :964
        chansend1((*s).done, core::ptr::null());
    }
}

/// Ends the goroutine, and waits for that.
///
/// # Safety
/// On a user goroutine, when tracing has been stopped, once for each [`start`].
///
/// Go: trace.go:969 stop
pub(crate) unsafe fn stop() {
    // SAFETY: nobody starts another one before the shutdown semaphore is released, which the caller
    // holds.
    unsafe {
        let s = TRACE_ADVANCER.get();
        // :970
        wake((*s).timer);
        chanrecv1((*s).done, null_mut());
        // :972 kept, both
    }
}

/// A sleep that can be ended.
///
/// Go: trace.go:985 wakeableSleep
struct WakeableSleep {
    timer: Timer,
    /// Guards `wakeup`, but not what is sent there.
    lock: Mutex,
    wakeup: *mut Hchan,
}

/// Go: trace.go:994 newWakeableSleep
#[doc(alias = "newWakeableSleep")]
unsafe fn new_wakeable_sleep() -> *mut WakeableSleep {
    // SAFETY: new memory.
    unsafe {
        // :995
        let s = Box::into_raw(Box::new(WakeableSleep {
            timer: Timer::default(),
            lock: Mutex::default(),
            wakeup: make_chan(1),
        }));
        lock_init(&raw mut (*s).lock, LOCK_RANK_WAKEABLE_SLEEP);
        // :1002
        timer_init(&raw mut (*s).timer, Some(time_is_up), s.cast());
        s
    }
}

/// The timer's function.
///
/// Go: trace.go:994 newWakeableSleep
unsafe fn time_is_up(s: *mut c_void, _: usize, _: i64) {
    // :1000
    // SAFETY: never freed.
    unsafe { wake(s.cast()) }
}

/// Sleeps for `ns` nanoseconds, or until somebody calls [`wake`].
///
/// # Safety
/// On a user goroutine, one at a time.
///
/// Go: trace.go:1011 sleep
unsafe fn sleep(s: *mut WakeableSleep, ns: i64) {
    // SAFETY: never freed.
    unsafe {
        // :1012
        timer_reset(&raw mut (*s).timer, nanotime() + ns, 0);
        lock(&raw mut (*s).lock);
        let wakeup = (*s).wakeup;
        unlock(&raw mut (*s).lock);
        // :1022
        chanrecv1(wakeup, null_mut());
        timer_stop(&raw mut (*s).timer);
    }
}

/// Ends the sleep, or the next one.
///
/// # Safety
/// `s` is what [`new_wakeable_sleep`] has made.
///
/// Go: trace.go:1029 wake
unsafe fn wake(s: *mut WakeableSleep) {
    // SAFETY: never freed.
    unsafe {
        // :1032
        lock(&raw mut (*s).lock);
        if !(*s).wakeup.is_null() {
            // :1042 without waiting for whoever sleeps, and once is enough
            selectnbsend((*s).wakeup, core::ptr::null());
        }
        // :1050
        unlock(&raw mut (*s).lock);
    }
}
