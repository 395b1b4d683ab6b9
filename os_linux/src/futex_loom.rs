//! A futex for loom models: a list of waiters under loom's own mutex. `futexsleep` compares and enqueues in one
//! step, as the kernel does; a sleep with a time limit returns at once, which is a permitted spurious return.

use gort_runtime2::atomic::Uint32;
use loom::sync::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::sync::Arc;

loom::lazy_static! {
    static ref QUEUES: Mutex<BTreeMap<usize, Arc<Condvar>>> = Mutex::new(BTreeMap::new());
}

/// Sleeps while `*addr == val`.
///
/// # Safety
/// `addr` must be alive during the call.
pub unsafe fn futexsleep(addr: *const Uint32, val: u32, ns: i64) {
    if ns >= 0 {
        loom::thread::yield_now();
        return;
    }
    let mut q = QUEUES.lock().unwrap();
    // SAFETY: the caller keeps the word alive.
    if unsafe { (*addr).load() } != val {
        return;
    }
    let cv = q.entry(addr as usize).or_insert_with(|| Arc::new(Condvar::new())).clone();
    drop(cv.wait(q).unwrap());
}

/// Wakes at most `cnt` threads that sleep on `addr`.
///
/// # Safety
/// None: the address is a key only.
pub unsafe fn futexwakeup(addr: *const Uint32, cnt: u32) {
    let q = QUEUES.lock().unwrap();
    if let Some(cv) = q.get(&(addr as usize)) {
        for _ in 0..cnt {
            cv.notify_one();
        }
    }
}
