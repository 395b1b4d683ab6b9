//! rwmutex_test.go of the package runtime: its own lock, which blocks threads.

use crate::{Procs, go_test};
use gort::{chan, go, runtime};
use gort_runtime2::{LOCK_RANK_TEST_R, LOCK_RANK_TEST_RINTERNAL, LOCK_RANK_TEST_W};
use gort_rwmutex::Rwmutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};

fn new() -> Arc<Rwmutex> {
    let rw = Arc::new(Rwmutex::new());
    rw.init(LOCK_RANK_TEST_R, LOCK_RANK_TEST_RINTERNAL, LOCK_RANK_TEST_W);
    rw
}

go_test! {
    /// Go (runtime): rwmutex_test.go:50 TestParallelRWMutexReaders
    readers_are_parallel, {
        for readers in [1, 3, 4] {
            let _p = Procs::set(readers + 1);
            let m = new();
            let (inside, unlock) = (Arc::new(AtomicI32::new(0)), Arc::new(AtomicBool::new(false)));
            let done = chan::<()>(0);
            for _ in 0..readers {
                let (m, inside, unlock, done) = (m.clone(), inside.clone(), unlock.clone(), done.clone());
                go(move || {
                    // SAFETY: on a user goroutine, which does not park between the two.
                    unsafe {
                        m.rlock();
                        inside.fetch_add(1, SeqCst);
                        while !unlock.load(SeqCst) {
                            std::hint::spin_loop();
                        }
                        m.runlock();
                    }
                    done.send(());
                });
            }
            while inside.load(SeqCst) < readers {
                runtime::gosched();
            }
            unlock.store(true, SeqCst);
            (0..readers).for_each(|_| _ = done.recv());
        }
    }
}

/// Readers count 1, writers 10000.
fn hammer(procs: i32, readers: usize, n: usize) {
    let _p = Procs::set(procs);
    let activity = Arc::new(AtomicI32::new(0));
    let m = new();
    let done = chan::<()>(0);
    for i in 0..readers + 2 {
        let writer = i == 0 || i == readers / 2 + 1;
        let (m, activity, done) = (m.clone(), activity.clone(), done.clone());
        go(move || {
            for _ in 0..n {
                // SAFETY: on a user goroutine, which does not park between lock and unlock.
                unsafe {
                    if writer {
                        m.lock();
                        assert_eq!(activity.fetch_add(10_000, SeqCst), 0);
                        (0..100).for_each(|i| _ = std::hint::black_box(i));
                        activity.fetch_sub(10_000, SeqCst);
                        m.unlock();
                    } else {
                        m.rlock();
                        assert!((0..9_999).contains(&activity.fetch_add(1, SeqCst)));
                        (0..100).for_each(|i| _ = std::hint::black_box(i));
                        activity.fetch_sub(1, SeqCst);
                        m.runlock();
                    }
                }
            }
            done.send(());
        });
    }
    (0..readers + 2).for_each(|_| _ = done.recv());
}

go_test! {
    /// Go (runtime): rwmutex_test.go:121 TestRWMutex
    readers_and_writers, {
        for (procs, readers) in
            [(1, 1), (1, 3), (1, 10), (4, 1), (4, 3), (4, 10), (10, 1), (10, 3), (10, 10), (10, 5)]
        {
            hammer(procs, readers, 200);
        }
    }
}
