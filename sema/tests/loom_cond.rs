//! Models of waiters of package sync's `Cond` that give up: no signal is lost on one that has gone.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-sema --test loom_cond`
#![cfg(loom)]
#![allow(dead_code)] // of what is included a part

// The code of package sync; the whole crate knows of tracebacks, which know nothing of loom.
#[path = "../../packages/sync/src/cond.rs"]
mod cond;
mod mutex;
/// Nothing is recorded.
mod owner {
    pub(crate) fn on() -> bool {
        false
    }
    pub(crate) fn waits<T>(_: *const T) {}
    pub(crate) fn waits_no_more() {}
}

use cond::TimedCond;
use gort_proc::model::{check as model, run_g};
use gort_runtime2::mutant;
use gort_sema::Token;
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};
use mutex::{Locker, Mutex};
use std::sync::Arc;

#[derive(Default)]
struct S {
    m: Mutex,
    c: TimedCond,
    ready: UnsafeCell<bool>,
    /// One that is out of time.
    token: std::cell::UnsafeCell<Token>,
}
// SAFETY: `ready` is used under the lock, loom checks that; the token under the list's.
unsafe impl Send for S {}
// SAFETY: the same.
unsafe impl Sync for S {}

/// A goroutine of the model.
type Part = fn(&S);

// SAFETY of all: on goroutines; the lock is held where `ready` is used, which loom checks.
impl S {
    fn is_ready(&self) -> bool {
        // SAFETY: see above.
        self.ready.with(|r| unsafe { *r })
    }
    fn wait(&self) {
        // SAFETY: see above.
        unsafe {
            self.m.lock();
            while !self.is_ready() {
                self.c.wait(&self.m);
            }
            self.m.unlock();
        }
    }
    /// Waits, or gives up. If it was notified it hands that on to the next.
    fn may_wait(&self) {
        // SAFETY: see above.
        unsafe {
            self.m.lock();
            let notified = self.is_ready()
                || self.c.wait_or(&self.m, |t| self.c.wait_until(t, self.token.get()));
            self.m.unlock();
            if notified {
                self.c.signal();
            }
        }
    }
    /// The time of `may_wait` is over.
    fn no_more_waiting(&self) {
        // SAFETY: the token lives.
        unsafe { self.c.expire(self.token.get()) }
    }
    fn make_ready(&self) {
        // SAFETY: see above.
        unsafe {
            self.m.lock();
            self.ready.with_mut(|r| *r = true);
            self.m.unlock();
        }
    }
    fn signal(&self) {
        self.make_ready();
        // SAFETY: see above.
        unsafe { self.c.signal() }
    }
    fn broadcast(&self) {
        self.make_ready();
        // SAFETY: see above.
        unsafe { self.c.broadcast() }
    }
}

/// The first runs on the thread of the model. Who waits for ever is a deadlock.
fn goroutines(bound: usize, parts: &'static [Part]) {
    model(bound, move || {
        let s = Arc::new(S::default());
        let others: Vec<JoinHandle<()>> = (1..parts.len())
            .map(|i| {
                let s = s.clone();
                thread::spawn(move || run_g(i as i64, |_| parts[i](&s)))
            })
            .collect();
        run_g(0, |_| parts[0](&s));
        others.into_iter().for_each(|t| t.join().unwrap());
    });
}

/// The one that gives up comes first.
fn the_first_gives_up(end: Part) {
    let parts: [Part; 4] = [S::may_wait, S::no_more_waiting, S::wait, end];
    goroutines(1, Box::leak(Box::new(parts)));
}

/// It comes behind the one that stays.
fn the_second_gives_up(end: Part) {
    let parts: [Part; 4] = [S::wait, S::may_wait, S::no_more_waiting, end];
    goroutines(1, Box::leak(Box::new(parts)));
}

#[test]
fn one_gives_up() {
    goroutines(3, &[S::signal, S::may_wait, S::no_more_waiting]);
}

#[test]
fn the_first_gives_up_before_a_signal() {
    the_first_gives_up(S::signal);
}

#[test]
fn the_second_gives_up_before_a_signal() {
    the_second_gives_up(S::signal);
}

#[test]
fn the_first_gives_up_before_a_broadcast() {
    the_first_gives_up(S::broadcast);
}

#[test]
#[should_panic]
fn mutant_a_ticket_is_given_up_without_a_note() {
    mutant::set("a ticket is given up without a note");
    the_first_gives_up(S::signal);
}

#[test]
#[should_panic]
fn mutant_who_gives_up_passes_over_those_before() {
    mutant::set("who gives up a ticket passes over those before");
    the_second_gives_up(S::signal);
}
