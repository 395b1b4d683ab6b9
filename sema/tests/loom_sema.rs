//! Models of semaphores and notification lists, on goroutines that really park: no wake-up is lost,
//! whichever side comes first. A goroutine that nobody wakes is a deadlock, which loom reports.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-sema --test loom_sema`
#![cfg(loom)]

use gort_proc::atomic::Uint32;
use gort_proc::model::{check as model, run_g};
use gort_runtime2::mutant;
use gort_sema::*;
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};
use std::sync::Arc;

#[derive(Default)]
struct S {
    sema: Uint32,
    list: NotifyList,
    v: UnsafeCell<u32>,
}
// SAFETY: the semaphore guards `v`, loom checks that; the list has its own lock.
unsafe impl Send for S {}
// SAFETY: the same.
unsafe impl Sync for S {}

impl S {
    fn new(sema: u32) -> Arc<S> {
        Arc::new(S { sema: Uint32::new(sema), ..S::default() })
    }
    fn list(&self) -> *mut NotifyList {
        (&raw const self.list).cast_mut()
    }
    fn add(&self) {
        // SAFETY: loom checks it.
        self.v.with_mut(|v| unsafe { *v += 1 });
    }
    fn get(&self) -> u32 {
        // SAFETY: loom checks it.
        self.v.with(|v| unsafe { *v })
    }
}

/// A goroutine.
fn go(id: i64, s: &Arc<S>, f: impl FnOnce(&S) + Send + 'static) -> JoinHandle<()> {
    let s = s.clone();
    thread::spawn(move || run_g(id, |_| f(&s)))
}

/// One waits, one releases: what the releaser wrote is seen.
fn sleep_and_wake() {
    model(3, || {
        let s = S::new(0);
        let t = go(1, &s, |s| {
            s.add();
            // SAFETY: on a goroutine.
            unsafe { semrelease(&s.sema) }
        });
        run_g(0, |_| {
            // SAFETY: on a goroutine.
            unsafe { semacquire(&s.sema) };
            assert_eq!(s.get(), 1);
        });
        t.join().unwrap();
        assert_eq!(s.sema.load(), 0);
    });
}

#[test]
fn a_release_wakes_the_sleeper() {
    sleep_and_wake();
}

/// A semaphore that starts at 1 excludes.
fn exclusion(bound: usize, others: i64, handoff: bool) {
    model(bound, move || {
        let s = S::new(1);
        let f = move |s: &S| {
            // SAFETY: on a goroutine.
            unsafe { semacquire(&s.sema) };
            s.add();
            // SAFETY: on a goroutine.
            unsafe { semrelease1(&s.sema, handoff, 0) };
        };
        let t: Vec<_> = (1..=others).map(|i| go(i, &s, f)).collect();
        run_g(0, |_| f(&s));
        for t in t {
            t.join().unwrap();
        }
        assert_eq!(s.get() as i64, 1 + others);
        assert_eq!(s.sema.load(), 1);
    });
}

#[test]
fn one_at_a_time() {
    exclusion(3, 1, false);
}

#[test]
fn one_at_a_time_handed_over() {
    exclusion(3, 1, true);
}

#[test]
fn one_of_three() {
    exclusion(2, 2, false);
}

/// Two sleepers, one released twice.
#[test]
fn two_releases_for_two_sleepers() {
    model(2, || {
        let s = S::new(0);
        // SAFETY: on goroutines.
        unsafe {
            let t = [1, 2].map(|i| go(i, &s, |s| semacquire(&s.sema)));
            run_g(0, |_| {
                semrelease(&s.sema);
                semrelease(&s.sema);
            });
            for t in t {
                t.join().unwrap();
            }
        }
        assert_eq!(s.sema.load(), 0);
    });
}

/// The ticket is drawn; the notification may come before the wait or after.
fn notify_one() {
    model(3, || {
        let s = S::new(0);
        // SAFETY: on goroutines.
        unsafe {
            let ticket = notify_list_add(s.list());
            let t = go(1, &s, move |s| {
                notify_list_wait(s.list(), ticket);
                assert_eq!(s.get(), 1);
            });
            run_g(0, |_| {
                s.add();
                notify_list_notify_one(s.list());
            });
            t.join().unwrap();
        }
    });
}

#[test]
fn a_notification_reaches_its_ticket() {
    notify_one();
}

/// Two tickets: by one notification each, or by one for all; each waiter comes to the list when it
/// likes.
fn two_waiters(all: bool) {
    model(2, move || {
        let s = S::new(0);
        // SAFETY: on goroutines.
        unsafe {
            let t = [1, 2].map(|i| {
                let ticket = notify_list_add(s.list());
                go(i, &s, move |s| notify_list_wait(s.list(), ticket))
            });
            run_g(0, |_| {
                if all {
                    notify_list_notify_all(s.list());
                } else {
                    notify_list_notify_one(s.list());
                    notify_list_notify_one(s.list());
                }
            });
            for t in t {
                t.join().unwrap();
            }
        }
    });
}

#[test]
fn two_waiters_one_by_one() {
    two_waiters(false);
}

#[test]
fn two_waiters_at_once() {
    two_waiters(true);
}

#[test]
#[should_panic = "deadlock"]
fn mutant_semacquire_does_not_try_again() {
    mutant::set("semacquire does not try again");
    sleep_and_wake();
}

#[test]
#[should_panic = "deadlock"]
fn mutant_semrelease_looks_for_waiters_first() {
    mutant::set("semrelease looks for waiters first");
    sleep_and_wake();
}

#[test]
#[should_panic = "deadlock"]
fn mutant_notify_list_wait_always_waits() {
    mutant::set("notifyListWait always waits");
    notify_one();
}

/// Who unlocks before it counts as waiting may be readied while it runs.
#[test]
#[should_panic]
fn mutant_park_m_unlocks_first() {
    mutant::set("park_m unlocks first");
    sleep_and_wake();
}
