//! Models of timers: one P stops or moves a timer while another runs what is due. Nothing fires
//! twice or after it was stopped, and the time at which a P must wake is never too late.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-time --test loom_time`
#![cfg(loom)]

use gort_os_linux::set_nanotime;
use gort_proc::model::{check as model, run_g};
use gort_runtime2::atomic::Uint32;
use gort_runtime2::{Timer, Timers, mutant};
use gort_time::*;
use loom::thread;
use std::ffi::c_void;
use std::sync::Arc;

/// Counts how often it fires.
#[derive(Default)]
struct T {
    timer: Timer,
    fired: Uint32,
}
// SAFETY: timers are for that.
unsafe impl Send for T {}
// SAFETY: the same.
unsafe impl Sync for T {}

unsafe fn fire(arg: *mut c_void, _: usize, _: i64) {
    // SAFETY: the counter outlives the timer.
    unsafe { (*arg.cast::<Uint32>()).add(1) };
}

impl T {
    fn new() -> Arc<T> {
        let t = Arc::new(T::default());
        // SAFETY: it is new.
        unsafe { timer_init(t.timer(), Some(fire), (&raw const t.fired).cast_mut().cast()) };
        t
    }
    fn timer(&self) -> *mut Timer {
        (&raw const self.timer).cast_mut()
    }
    fn reset(&self, when: i64) -> bool {
        // SAFETY: on a goroutine.
        unsafe { timer_reset(self.timer(), when, 0) }
    }
    fn stop(&self) -> bool {
        // SAFETY: on a goroutine.
        unsafe { timer_stop(self.timer()) }
    }
}

#[derive(Clone, Copy)]
struct Ts(*mut Timers);
// SAFETY: as above.
unsafe impl Send for Ts {}
impl Ts {
    fn check(self, now: i64) {
        // SAFETY: on an M with a P; Ps of models are leaked.
        unsafe { timers_check(self.0, now) };
    }
}

/// `prepare` and then `own` run with the P that has the timers, `check` of them at `now` with
/// another.
fn against_check(
    bound: usize,
    now: i64,
    prepare: fn() -> Vec<Arc<T>>,
    own: fn(&[Arc<T>]) -> bool,
    end: fn(&[Arc<T>], Ts, bool),
) {
    set_nanotime(1);
    model(bound, move || {
        run_g(0, |gp| {
            // SAFETY: the P is this thread's.
            let ts = Ts(unsafe { &raw mut (*(*(*gp).m).p.ptr()).timers });
            let timers = prepare();
            let t = thread::spawn(move || run_g(1, move |_| ts.check(now)));
            let r = own(&timers);
            t.join().unwrap();
            end(&timers, ts, r);
        });
    });
}

fn one_due() -> Vec<Arc<T>> {
    let t = T::new();
    t.reset(10);
    vec![t]
}

/// A timer that was stopped in time does not fire; one that was not has.
#[test]
fn stop_or_fire() {
    against_check(
        3,
        20,
        one_due,
        |t| t[0].stop(),
        |t, ts, stopped| {
            ts.check(1000);
            assert_eq!(t[0].fired.load(), u32::from(!stopped));
        },
    );
}

/// A timer that is set anew fires once more if it had fired, and at its new time only.
#[test]
fn reset_or_fire() {
    against_check(
        3,
        20,
        one_due,
        |t| t[0].reset(100),
        |t, ts, pending| {
            let before = u32::from(!pending);
            assert_eq!(t[0].fired.load(), before);
            ts.check(99);
            assert_eq!(t[0].fired.load(), before);
            ts.check(100);
            assert_eq!(t[0].fired.load(), before + 1);
        },
    );
}

/// One timer at 100; another that was moved from 200 to 40, so that the heap is adjusted at 50.
fn one_modified() -> Vec<Arc<T>> {
    let t = vec![T::new(), T::new()];
    t[0].reset(100);
    t[1].reset(200);
    t[1].reset(40);
    t
}

/// A timer that is moved to an earlier time while the heap is put in order: either it has fired, or
/// the P wakes for it.
fn move_and_adjust() {
    against_check(
        3,
        50,
        one_modified,
        |t| t[0].reset(10),
        |t, ts, _| {
            // SAFETY: Ps of models are leaked.
            let wake = unsafe { wake_time(ts.0) };
            assert!(t[0].fired.load() == 1 || wake == 10, "would wake at {wake}, too late");
            ts.check(50);
            assert_eq!((t[0].fired.load(), t[1].fired.load()), (1, 1));
        },
    );
}

#[test]
fn a_modification_is_not_lost() {
    move_and_adjust();
}

/// Who looks at the time to wake while the heap is put in order never sees it too late.
fn look_and_adjust() {
    set_nanotime(1);
    model(3, || {
        run_g(0, |gp| {
            // SAFETY: the P is this thread's.
            let ts = Ts(unsafe { &raw mut (*(*(*gp).m).p.ptr()).timers });
            // Moved to 40, and there is one at 60 in the heap that is not due.
            let t = [T::new(), T::new()];
            t[0].reset(60);
            t[1].reset(200);
            t[1].reset(40);
            // SAFETY: Ps of models are leaked.
            let t1 = thread::spawn(move || run_g(1, move |_| unsafe { wake_time({ ts }.0) }));
            // SAFETY: the same.
            unsafe {
                timers_lock(ts.0);
                adjust_for_model(ts.0, 45);
                timers_unlock(ts.0);
            }
            assert_eq!(t1.join().unwrap(), 40, "too late");
        });
    });
}

#[test]
fn the_time_to_wake_is_never_too_late() {
    look_and_adjust();
}

#[test]
#[should_panic]
fn mutant_modify_marks_the_timer_last() {
    mutant::set("modify marks the timer last");
    move_and_adjust();
}

#[test]
#[should_panic = "too late"]
fn mutant_adjust_forgets_the_modified_minimum() {
    mutant::set("adjust forgets the modified minimum");
    look_and_adjust();
}
