//! Models of the mutex and the note: the very code that ships, with loom's atomics and a futex of
//! loom's parts. `RUSTFLAGS="--cfg loom" cargo test -p gort-lock-futex --test loom --release`
#![cfg(loom)]

use gort_asm::setg;
use gort_lock_futex::*;
use gort_runtime2::model::{check as model, disturb};
use gort_runtime2::{G, M, Mutex, Note, mutant};
use loom::cell::UnsafeCell;
use loom::thread;
use std::ptr::null_mut;
use std::sync::Arc;

fn with_m(f: impl FnOnce()) {
    let mut m = Box::<M>::default();
    let mut g = Box::<G>::default();
    g.m = &raw mut *m;
    m.g0 = &raw mut *g;
    // SAFETY: both outlive their use by this thread.
    unsafe { setg(&raw mut *g) };
    f();
    // SAFETY: the thread is a foreign one again.
    unsafe { setg(null_mut()) };
}

#[derive(Default)]
struct Locked {
    l: Mutex,
    n: UnsafeCell<u32>,
}
// SAFETY: `n` is used under `l`; loom checks that.
unsafe impl Sync for Locked {}
// SAFETY: the same.
unsafe impl Send for Locked {}

impl Locked {
    fn add(&self) {
        let l = (&raw const self.l).cast_mut();
        // SAFETY: the thread has an M; `n` is used under the lock.
        unsafe {
            lock(l);
            self.n.with_mut(|n| *n += 1);
            unlock(l);
        }
    }
}

fn two(chances: usize) {
    model(3, move || {
        let s = Arc::new(Locked::default());
        let d = (chances > 0).then(|| disturb(chances));
        let t = {
            let s = s.clone();
            thread::spawn(move || with_m(|| s.add()))
        };
        with_m(|| s.add());
        t.join().unwrap();
        d.map(|d| d.join().unwrap());
        // SAFETY: the other threads have ended.
        assert_eq!(s.n.with(|n| unsafe { *n }), 2);
    });
}

#[test]
fn mutex_excludes_and_wakes() {
    two(0);
}

/// The third thread shows that a sleeper is not forgotten when another takes the lock before it.
fn three() {
    model(2, || {
        let s = Arc::new(Locked::default());
        let t: Vec<_> = (0..2)
            .map(|_| {
                let s = s.clone();
                thread::spawn(move || with_m(|| s.add()))
            })
            .collect();
        with_m(|| s.add());
        for t in t {
            t.join().unwrap();
        }
        // SAFETY: the other threads have ended.
        assert_eq!(s.n.with(|n| unsafe { *n }), 3);
    });
}

#[test]
fn mutex_of_three() {
    three();
}

/// What the waker wrote before is visible after the sleep, in whatever order they come.
fn sleep_and_wake(chances: usize) {
    struct S {
        note: Note,
        v: UnsafeCell<u32>,
    }
    // SAFETY: `v` is handed over by the note; loom checks that.
    unsafe impl Sync for S {}
    // SAFETY: the same.
    unsafe impl Send for S {}
    model(3, move || {
        let d = (chances > 0).then(|| disturb(chances));
        let s = Arc::new(S { note: Note::default(), v: UnsafeCell::new(0) });
        let t = {
            let s = s.clone();
            thread::spawn(move || {
                with_m(|| {
                    // SAFETY: the sleeper looks at it after the wake only; loom checks that.
                    s.v.with_mut(|v| unsafe { *v = 7 });
                    // SAFETY: the note is alive.
                    unsafe { notewakeup((&raw const s.note).cast_mut()) };
                })
            })
        };
        with_m(|| {
            // SAFETY: the note is alive, and the thread is on its g0.
            unsafe { notesleep((&raw const s.note).cast_mut()) };
            // SAFETY: the waker has written before.
            assert_eq!(s.v.with(|v| unsafe { *v }), 7);
        });
        t.join().unwrap();
        d.map(|d| d.join().unwrap());
    });
}

#[test]
fn note_publishes() {
    sleep_and_wake(0);
}

#[test]
#[should_panic = "deadlock"]
fn mutant_unlock2_wakes_nobody() {
    mutant::set("unlock2 wakes nobody");
    two(0);
}

/// Two sleep; the first that is woken must see to it that its own unlock wakes the other.
#[test]
#[should_panic = "deadlock"]
fn mutant_lock2_forgets_that_it_slept() {
    mutant::set("lock2 forgets that it slept");
    three();
}

#[test]
#[should_panic = "deadlock"]
fn mutant_notewakeup_wakes_nobody() {
    mutant::set("notewakeup wakes nobody");
    sleep_and_wake(0);
}

/// A futex may return though nobody has woken it: each sleep looks again.
#[test]
fn sleeps_return_without_a_reason() {
    two(1);
    sleep_and_wake(2);
}

#[test]
#[should_panic = "Causality violation"]
fn mutant_notesleep_does_not_look_again() {
    mutant::set("notesleep does not look again");
    sleep_and_wake(1);
}

/// Without such returns it is not found: the reason for `disturb`.
#[test]
fn ordinary_sleeps_do_not_find_it() {
    mutant::set("notesleep does not look again");
    sleep_and_wake(0);
}
