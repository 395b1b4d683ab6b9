//! Models of where idle Ms wait: the real poller, with a small kernel below it, and the real
//! timers, inside the real `find_runnable`. A descriptor that becomes ready gets its goroutine run;
//! and for a timer some M wakes in time, whatever the one that would wait in the poller is just
//! doing. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-netpoll --test loom_idle`
#![cfg(loom)]

use gort_netpoll::*;
use gort_proc::model::{Ptr, Role, check as model, new_g, scene};
use gort_proc::*;
use gort_runtime2::linkname::{Upward, set_upward};
use gort_time::{timer_init, timer_reset, timers_check, wake_time};
use loom::thread::yield_now;

const MS: i64 = 1_000_000;

/// The first goroutine sets timers; the second one waits for a descriptor.
#[derive(Clone, Copy)]
struct Scene {
    g: [Ptr<G>; 2],
    /// The times of the timers that are set one after the other, in ms.
    timers: &'static [i64],
    /// The descriptor becomes ready.
    event: bool,
    done: Ptr<Note>,
    never: Ptr<Note>,
}

const FD: i32 = 7;

fn set_timer(ms: i64) {
    let t = Ptr::<Timer>::new();
    // SAFETY: a new timer, on an M with a P.
    unsafe {
        timer_init(t.0, Some(|_, _, _| ()), std::ptr::null_mut());
        timer_reset(t.0, nanotime() + ms * MS, 0);
    }
}

impl Scene {
    fn body(&self, gp: *mut G) {
        // SAFETY: `gp` is running on this M; notes are leaked.
        unsafe {
            if gp == self.g[1].0 {
                notewakeup(self.done.0);
                return;
            }
            // The others go first, as far as they come.
            yield_now();
            for &ms in self.timers {
                set_timer(ms);
                yield_now();
            }
            if self.event {
                sys::make_ready(FD);
                notesleep(self.done.0);
            }
            // Keeps its P and its M.
            notesleep(self.never.0);
        }
    }
}

/// Two Ps: one M has the first goroutine, one has nothing to do, a third may be made. `before`: a
/// timer that is there from the beginning, in ms; `waiter`: the second goroutine waits in the
/// poller.
fn idle(before: Option<i64>, timers: &'static [i64], waiter: bool, event: bool) {
    set_upward(Upward {
        timers_check,
        timers_wake_time: wake_time,
        netpollinited,
        netpoll_any_waiters,
        netpoll_adjust_waiters,
        netpoll,
        netpoll_break,
        ..Upward::NONE
    });
    model(1, move || {
        let g = [Ptr(new_g(GRUNNABLE)), Ptr(new_g(GWAITING))];
        let sc = Scene { g, timers, event, done: Ptr::new(), never: Ptr::new() };
        // SAFETY: the second goroutine waits for its descriptor, or for nothing.
        unsafe {
            let prepare = |busy: &[*mut P]| {
                (*sched()).lastpoll.store(1);
                netpoll_generic_init();
                if waiter {
                    let (pd, errno) = poll_runtime_poll_open(FD as usize);
                    assert_eq!(errno, 0);
                    (*pd).rg.store(g[1].0 as usize);
                    netpoll_adjust_waiters(1);
                }
                before.into_iter().for_each(set_timer);
                runqput(busy[0], g[0].0, false);
            };
            scene(2, &[Role::Busy, Role::Busy, Role::Unborn], prepare, move |gp| sc.body(gp));
            let first = timers.iter().copied().chain(before).min();
            if let Some(first) = first {
                let limit = sys::waiting().expect("nobody waits for the timers");
                assert!(
                    limit >= 0 && i64::from(limit) <= first,
                    "wakes at {limit} ms, too late for {first}"
                );
            }
            assert_eq!(
                readgstatus(g[1].0),
                if event { GDEAD } else { GWAITING },
                "an event was missed"
            );
            assert_eq!((*sched()).nmspinning.load(), 0);
        }
    });
}

fn a_timer() {
    idle(None, &[20], false, false);
}

#[test]
fn a_timer_for_an_m_that_goes_idle() {
    a_timer();
}

fn an_earlier_timer() {
    idle(Some(50), &[20], false, false);
}

#[test]
fn an_earlier_timer_for_an_m_that_polls() {
    an_earlier_timer();
}

fn a_timer_and_a_waiter() {
    idle(None, &[20], true, false);
}

#[test]
fn a_timer_for_an_m_that_waits_for_the_network() {
    a_timer_and_a_waiter();
}

fn earlier_and_earlier() {
    idle(Some(50), &[40, 30, 20], false, false);
}

#[test]
fn timers_earlier_and_earlier() {
    earlier_and_earlier();
}

#[test]
fn an_event_for_an_m_that_goes_idle() {
    idle(None, &[], true, true);
}

#[test]
fn an_event_and_a_timer() {
    idle(None, &[20], true, true);
}

#[test]
#[should_panic = "too late"]
fn mutant_wake_net_poller_leaves_the_poller_alone() {
    mutant::set("wakeNetPoller leaves the poller alone");
    an_earlier_timer();
}

#[test]
#[should_panic = "nobody waits for the timers"]
fn mutant_find_runnable_does_not_look_at_the_timers_again() {
    mutant::set("find_runnable does not look at the timers again");
    a_timer();
}

#[test]
#[should_panic = "too late"]
fn mutant_who_may_not_poll_leaves_the_poller_alone() {
    mutant::set("who may not poll leaves the poller alone");
    a_timer_and_a_waiter();
}

#[test]
#[should_panic = "nobody waits for the timers"]
fn mutant_the_poller_keeps_its_place() {
    mutant::set("the poller keeps its place");
    an_earlier_timer();
}

#[test]
#[should_panic = "too late"]
fn mutant_netpoll_takes_the_break_before_it_has_read_it() {
    mutant::set("netpoll takes the break before it has read it");
    earlier_and_earlier();
}
