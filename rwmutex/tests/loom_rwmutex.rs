//! Models of the reader/writer lock: writers exclude everybody, readers do not wait for readers,
//! and nobody who waits is forgotten, neither by the writer that leaves nor by the last reader
//! before it. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-rwmutex --test loom_rwmutex`
#![cfg(loom)]

use gort_asm::setg;
use gort_runtime2::model::check;
use gort_runtime2::{G, M, mutant};
use gort_rwmutex::Rwmutex;
use loom::cell::UnsafeCell;
use loom::thread;
use std::ptr::null_mut;
use std::sync::Arc;

#[derive(Default)]
struct S {
    l: Rwmutex,
    v: UnsafeCell<u32>,
}
// SAFETY: `v` is used under `l`; loom checks that.
unsafe impl Send for S {}
// SAFETY: the same.
unsafe impl Sync for S {}

impl S {
    fn read(&self) {
        // SAFETY: the thread has an M; the lock is held for reading.
        unsafe {
            self.l.rlock();
            // Others may come meanwhile.
            self.v.with(|v| {
                thread::yield_now();
                *v
            });
            self.l.runlock();
        }
    }
    fn write(&self) {
        // SAFETY: the thread has an M; the lock is held for writing.
        unsafe {
            self.l.lock();
            self.v.with_mut(|v| *v += 1);
            self.l.unlock();
        }
    }
}

/// Calls `f` as an M on its g0.
fn as_m(f: impl FnOnce()) {
    let (mut m, mut g) = (Box::<M>::default(), Box::<G>::default());
    g.m = &raw mut *m;
    m.g0 = &raw mut *g;
    // SAFETY: both outlive their use by this thread.
    unsafe { setg(&raw mut *g) };
    f();
    // SAFETY: the thread is a foreign one again.
    unsafe { setg(null_mut()) };
}

/// The first runs on the thread of the model; `writes` of them write.
fn threads(bound: usize, all: &'static [fn(&S)], writes: u32) {
    check(bound, move || {
        let s = Arc::new(S::default());
        let t: Vec<_> = all[1..]
            .iter()
            .map(|f| {
                let s = s.clone();
                thread::spawn(move || as_m(|| f(&s)))
            })
            .collect();
        as_m(|| all[0](&s));
        t.into_iter().for_each(|t| t.join().unwrap());
        // SAFETY: the other threads have ended.
        assert_eq!(s.v.with(|v| unsafe { *v }), writes);
    });
}

fn reader_and_writer() {
    threads(3, &[S::read, S::write], 1);
}

#[test]
fn a_reader_and_a_writer() {
    reader_and_writer();
}

#[test]
fn two_readers_and_a_writer() {
    threads(2, &[S::read, S::read, S::write], 1);
}

#[test]
fn a_reader_and_two_writers() {
    threads(2, &[S::read, S::write, S::write], 2);
}

#[test]
#[should_panic = "deadlock"]
fn mutant_rlock_does_not_look_whether_it_may_pass() {
    mutant::set("rlock does not look whether it may pass");
    reader_and_writer();
}

#[test]
#[should_panic = "deadlock"]
fn mutant_runlock_wakes_no_writer() {
    mutant::set("runlock wakes no writer");
    reader_and_writer();
}

#[test]
#[should_panic]
fn mutant_lock_does_not_wait_for_readers() {
    mutant::set("lock does not wait for readers");
    reader_and_writer();
}
