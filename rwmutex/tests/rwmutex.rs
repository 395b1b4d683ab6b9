//! Readers and writers on real threads, after Go's rwmutex_test.go.

#[path = "../../lock_futex/tests/support/mod.rs"]
mod support;
#[path = "../../lock_futex/tests/support/print.rs"]
mod support_print;

use gort_runtime2::{LOCK_RANK_TEST_R, LOCK_RANK_TEST_RINTERNAL, LOCK_RANK_TEST_W};
use gort_rwmutex::Rwmutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;
use support::with_m;

fn new() -> Arc<Rwmutex> {
    let rw = Arc::new(Rwmutex::new());
    rw.init(LOCK_RANK_TEST_R, LOCK_RANK_TEST_RINTERNAL, LOCK_RANK_TEST_W);
    rw
}

/// Ten thousand stands for a writer.
fn hammer(readers: usize, writers: usize, rounds: usize) {
    let (rw, activity) = (new(), Arc::new(AtomicI32::new(0)));
    let mut threads = Vec::new();
    for i in 0..readers + writers {
        let (rw, activity) = (rw.clone(), activity.clone());
        threads.push(thread::spawn(move || {
            with_m(|mp| {
                for _ in 0..rounds {
                    // SAFETY: this thread has an M.
                    unsafe {
                        if i < readers {
                            rw.rlock();
                            let n = activity.fetch_add(1, SeqCst) + 1;
                            assert!((1..10_000).contains(&n), "rlock: {n}");
                            thread::yield_now();
                            activity.fetch_sub(1, SeqCst);
                            rw.runlock();
                        } else {
                            rw.lock();
                            let n = activity.fetch_add(10_000, SeqCst) + 10_000;
                            assert_eq!(n, 10_000, "lock");
                            thread::yield_now();
                            activity.fetch_sub(10_000, SeqCst);
                            rw.unlock();
                        }
                        assert_eq!((*mp).locks.get(), 0);
                        assert_eq!((*mp).park.key.get(), 0);
                    }
                }
            })
        }));
    }
    for t in threads {
        t.join().unwrap();
    }
    assert_eq!(activity.load(SeqCst), 0);
}

#[test]
fn readers_and_writers_exclude_one_another() {
    hammer(1, 1, 2000);
    hammer(3, 1, 2000);
    hammer(5, 3, 1000);
    hammer(0, 4, 1000);
}

#[test]
fn readers_do_not_exclude_readers() {
    let rw = new();
    let (inside, leave) = (Arc::new(AtomicI32::new(0)), Arc::new(AtomicI32::new(0)));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (rw, inside, leave) = (rw.clone(), inside.clone(), leave.clone());
            thread::spawn(move || {
                with_m(|_| {
                    // SAFETY: this thread has an M.
                    unsafe { rw.rlock() };
                    inside.fetch_add(1, SeqCst);
                    while leave.load(SeqCst) == 0 {
                        thread::yield_now();
                    }
                    // SAFETY: as above.
                    unsafe { rw.runlock() };
                })
            })
        })
        .collect();
    while inside.load(SeqCst) != 3 {
        thread::yield_now();
    }
    leave.store(1, SeqCst);
    for t in threads {
        t.join().unwrap();
    }
}
