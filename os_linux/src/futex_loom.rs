//! A futex for loom models: a list of waiters under loom's own mutex. `futexsleep` compares and
//! enqueues in one step, as the kernel does; a sleep with a time limit returns at once, which is a
//! permitted spurious return. One without returns so in models that ask for it only
//! (`gort_runtime2::model::disturb`). In models that ask for it ([`set_time_passes`]) each second
//! one returns at its limit.
//!
//! A model of the scheduler ends when all its Ms sleep and nobody is left to wake them. It says how
//! many threads take part ([`set_participants`]); when the last of them goes to sleep, all are
//! thrown out of `futexsleep` by unwinding with [`Quiescent`], and the model looks at what is left
//! lying.

use crate::{nanotime, set_nanotime};
use gort_runtime2::atomic::Uint32;
use loom::sync::{Condvar, Mutex};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::Arc;

/// What `futexsleep` throws once every participant sleeps.
pub struct Quiescent;

#[derive(Default)]
struct Queue {
    cv: Option<Arc<Condvar>>,
    sleepers: usize,
}

#[derive(Default)]
struct Queues {
    map: BTreeMap<usize, Queue>,
    participants: usize,
    asleep: usize,
    quiescent: bool,
}

loom::lazy_static! {
    static ref QUEUES: Mutex<Queues> = Mutex::new(Queues::default());
}

/// The number of threads that count; 0, as at first: a thread that nobody wakes is an error of the
/// model.
pub fn set_participants(n: usize) {
    QUEUES.lock().unwrap().participants = n;
}

std::thread_local! {
    // Whether the clock goes, and how many sleeps with a limit there were.
    static TIME: Cell<(bool, u32)> = const { Cell::new((false, 0)) };
}

/// From the beginning of an execution: each second sleep with a limit is over when its limit is
/// reached.
pub fn set_time_passes() {
    TIME.set((true, 0));
}

/// Sleeps while `*addr == val`.
///
/// # Safety
/// `addr` must be alive during the call.
pub unsafe fn futexsleep(addr: *const Uint32, val: u32, ns: i64) {
    if ns >= 0 {
        let (passes, n) = TIME.get();
        TIME.set((passes, n + 1));
        if passes && n % 2 == 1 {
            set_nanotime(nanotime() + ns);
        }
        loom::thread::yield_now();
        return;
    }
    if gort_runtime2::model::chance() {
        loom::thread::yield_now();
        return;
    }
    let mut q = QUEUES.lock().unwrap();
    // SAFETY: the caller keeps the word alive.
    if unsafe { (*addr).load() } != val {
        return;
    }
    q.asleep += 1;
    if q.asleep == q.participants {
        q.quiescent = true;
        for w in q.map.values() {
            if let Some(cv) = &w.cv {
                cv.notify_all();
            }
        }
        drop(q);
        resume_unwind(Box::new(Quiescent));
    }
    let w = q.map.entry(addr as usize).or_default();
    w.sleepers += 1;
    let cv = w.cv.get_or_insert_with(|| Arc::new(Condvar::new())).clone();
    let q = cv.wait(q).unwrap();
    let over = q.quiescent;
    drop(q);
    if over {
        resume_unwind(Box::new(Quiescent));
    }
}

/// Wakes at most `cnt` threads that sleep on `addr`.
///
/// # Safety
/// The caller owes nothing, as the address is a key only; the real one reads it.
pub unsafe fn futexwakeup(addr: *const Uint32, cnt: u32) {
    let mut q = QUEUES.lock().unwrap();
    let mut n = 0;
    if let Some(w) = q.map.get_mut(&(addr as usize)) {
        n = w.sleepers.min(cnt as usize);
        w.sleepers -= n;
        for _ in 0..n {
            w.cv.as_ref().unwrap().notify_one();
        }
    }
    // Awake from this moment on, wherever the thread itself may be.
    q.asleep -= n;
}
