//! Models of a pollDesc: a goroutine that waits for the network, against readiness, close and
//! deadline. Nobody is forgotten, nobody is woken twice, and what was ready stays ready.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-netpoll --test loom_netpoll`
#![cfg(loom)]

use gort_netpoll::*;
use gort_proc::glist::GListOps;
use gort_proc::model::{check as model, run_g};
use gort_proc::park::goready;
use gort_runtime2::{GList, mutant};
use loom::thread::{self, JoinHandle};

#[derive(Clone, Copy)]
struct Pd(*mut PollDesc);
// SAFETY: pollDescs are for that.
unsafe impl Send for Pd {}

impl Pd {
    fn open() -> Pd {
        // SAFETY: on a goroutine; no kernel is asked.
        let (pd, errno) = run_g(9, |_| unsafe { poll_runtime_poll_open(3) });
        assert_eq!(errno, 0);
        Pd(pd)
    }
    fn wait(self) -> i32 {
        self.wait_for(MODE_R)
    }
    fn wait_for(self, mode: i32) -> i32 {
        // SAFETY: on a goroutine.
        unsafe { poll_runtime_poll_wait(self.0, mode) }
    }
    /// What stands in the way of reading.
    fn check(self) -> i32 {
        // SAFETY: open.
        unsafe { netpollcheckerr(self.0, MODE_R) }
    }
    /// The timer that runs now, as it fires.
    fn timer(self) -> impl Fn() + Send + Copy {
        // SAFETY: open.
        unsafe { armed_for_model(self.0) }
    }
    /// Sets a deadline far away; its timer, as it fires.
    fn armed(self, mode: i32) -> impl Fn() + Send + Copy {
        run_g(8, |_| {
            self.deadline_for(FAR, mode);
            self.timer()
        })
    }
    fn free(self) {
        // SAFETY: closed; nobody waits any more.
        unsafe { poll_runtime_poll_close(self.0) }
    }
    /// What `netpoll` and the scheduler do with an event.
    fn ready(self) {
        // SAFETY: the goroutines are ours to ready.
        unsafe {
            let mut l = GList::default();
            let delta = netpollready(&mut l, self.0, MODE_R);
            while !l.empty() {
                goready(l.pop());
            }
            netpoll_adjust_waiters(delta);
        }
    }
    fn close(self) {
        // SAFETY: once.
        unsafe { poll_runtime_poll_unblock(self.0) }
    }
    fn deadline(self, d: i64) {
        self.deadline_for(d, MODE_R);
    }
    fn deadline_for(self, d: i64, mode: i32) {
        // SAFETY: on a goroutine.
        unsafe { poll_runtime_poll_set_deadline(self.0, d, mode) }
    }
}

fn go(id: i64, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || run_g(id, |_| f()))
}

#[test]
fn readiness() {
    model(3, || {
        let pd = Pd::open();
        let t = go(1, move || pd.ready());
        run_g(0, |_| assert_eq!(pd.wait(), POLL_NO_ERROR));
        t.join().unwrap();
        assert!(!netpoll_any_waiters());
    });
}

fn wait_and_close() {
    model(3, || {
        let pd = Pd::open();
        let t = go(1, move || pd.close());
        run_g(0, |_| assert_eq!(pd.wait(), POLL_ERR_CLOSING));
        t.join().unwrap();
        assert!(!netpoll_any_waiters());
    });
}

#[test]
fn a_close_ends_the_wait() {
    wait_and_close();
}

#[test]
fn a_deadline_in_the_past_ends_the_wait() {
    model(3, || {
        let pd = Pd::open();
        let t = go(1, move || pd.deadline(-1));
        run_g(0, |_| assert_eq!(pd.wait(), POLL_ERR_TIMEOUT));
        t.join().unwrap();
        assert!(!netpoll_any_waiters());
    });
}

/// Both at once: either may win, and the goroutine is woken once.
fn ready_or_closed() {
    model(2, || {
        let pd = Pd::open();
        let t = [go(1, move || pd.ready()), go(2, move || pd.close())];
        run_g(0, |_| {
            let e = pd.wait();
            assert!(e == POLL_NO_ERROR || e == POLL_ERR_CLOSING);
        });
        t.into_iter().for_each(|t| t.join().unwrap());
        assert!(!netpoll_any_waiters());
    });
}

#[test]
fn an_event_and_a_close() {
    ready_or_closed();
}

/// A deadline that is taken back before the goroutine looks is as if it had not been.
#[test]
fn a_deadline_that_is_taken_back() {
    model(2, || {
        let pd = Pd::open();
        let t = go(1, move || {
            pd.deadline(-1);
            pd.deadline(0);
            pd.ready();
        });
        run_g(0, |_| {
            let e = pd.wait();
            assert!(e == POLL_NO_ERROR || e == POLL_ERR_TIMEOUT);
        });
        t.join().unwrap();
        assert!(!netpoll_any_waiters());
    });
}

/// Far away: only the model decides when the timer fires.
const FAR: i64 = 1 << 40;

/// A deadline passes while somebody waits, or just before.
#[test]
fn a_deadline_that_fires() {
    model(3, || {
        let pd = Pd::open();
        let fire = pd.armed(MODE_R);
        let t = go(1, fire);
        run_g(0, |_| assert_eq!(pd.wait(), POLL_ERR_TIMEOUT));
        t.join().unwrap();
        assert!(!netpoll_any_waiters());
    });
}

/// One deadline for both directions wakes the reader and the writer.
#[test]
fn a_deadline_for_both_directions() {
    model(2, || {
        let pd = Pd::open();
        let fire = pd.armed(MODE_RW);
        let t = [go(1, fire), go(2, move || assert_eq!(pd.wait_for(MODE_W), POLL_ERR_TIMEOUT))];
        run_g(0, |_| assert_eq!(pd.wait(), POLL_ERR_TIMEOUT));
        t.into_iter().for_each(|t| t.join().unwrap());
        assert!(!netpoll_any_waiters());
    });
}

/// A timer fires while its deadline is taken back. Once that is done, it has no effect: neither on
/// who waits nor later.
fn stale_timer() {
    model(2, || {
        let pd = Pd::open();
        let fire = pd.armed(MODE_R);
        let t = [
            go(1, fire),
            go(2, move || {
                pd.deadline(0);
                pd.ready();
            }),
        ];
        run_g(0, |_| {
            let e = pd.wait();
            assert!(e == POLL_NO_ERROR || e == POLL_ERR_TIMEOUT);
        });
        t.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(pd.check(), POLL_NO_ERROR, "a deadline that is no longer there has passed");
        assert!(!netpoll_any_waiters());
    });
}

#[test]
fn a_timer_that_is_stale() {
    stale_timer();
}

/// The same while the deadline is moved: the old timer does not pass the new deadline.
#[test]
fn a_deadline_that_is_moved() {
    model(2, || {
        let pd = Pd::open();
        let old = pd.armed(MODE_R);
        let t = [
            go(1, old),
            go(2, move || {
                pd.deadline(2 * FAR);
                pd.ready();
            }),
        ];
        run_g(0, |_| {
            let e = pd.wait();
            assert!(e == POLL_NO_ERROR || e == POLL_ERR_TIMEOUT);
        });
        t.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(pd.check(), POLL_NO_ERROR);
        run_g(7, |_| pd.timer()());
        assert_eq!(pd.check(), POLL_ERR_TIMEOUT, "and the new one does");
    });
}

/// Somebody waits with a deadline, which passes while the descriptor is closed: one of the two
/// wakes it.
#[test]
fn a_close_and_a_deadline() {
    model(2, || {
        let pd = Pd::open();
        let fire = pd.armed(MODE_R);
        let t = [go(1, fire), go(2, move || pd.close())];
        run_g(0, |_| {
            let e = pd.wait();
            assert!(e == POLL_ERR_CLOSING || e == POLL_ERR_TIMEOUT);
        });
        t.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(pd.check(), POLL_ERR_CLOSING);
        assert!(!netpoll_any_waiters());
    });
}

/// A pollDesc is used again for another descriptor while the timer of its former life fires.
#[test]
fn a_timer_of_a_former_life() {
    model(2, || {
        let pd = Pd::open();
        let fire = pd.armed(MODE_R);
        let t = go(1, fire);
        run_g(2, |_| {
            pd.close();
            pd.free();
        });
        let again = Pd::open();
        assert_eq!(again.0, pd.0);
        let t2 = go(3, move || again.ready());
        run_g(0, |_| assert_eq!(again.wait(), POLL_NO_ERROR));
        t.join().unwrap();
        t2.join().unwrap();
        assert_eq!(again.check(), POLL_NO_ERROR);
        assert!(!netpoll_any_waiters());
    });
}

#[test]
#[should_panic]
fn mutant_a_deadline_ignores_its_sequence_number() {
    mutant::set("a deadline ignores its sequence number");
    stale_timer();
}

#[test]
#[should_panic = "deadlock"]
fn mutant_netpollblock_does_not_look_again() {
    mutant::set("netpollblock does not look again");
    wait_and_close();
}

#[test]
#[should_panic = "deadlock"]
fn mutant_close_publishes_last() {
    mutant::set("close publishes last");
    wait_and_close();
}

#[test]
#[should_panic]
fn mutant_netpollblockcommit_just_stores() {
    mutant::set("netpollblockcommit just stores");
    wait_and_close();
}
