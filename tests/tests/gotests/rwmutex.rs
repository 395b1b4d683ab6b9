//! Package sync: rwmutex_test.go

use crate::{Procs, go_test};
use gort::sync::RwMutex;
use gort::{chan, go};
use gort_sync::Locker;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

fn parallel_readers(readers: usize, procs: i32) {
    let _p = Procs::set(procs);
    let m = Arc::new(RwMutex::new(()));
    let (locked, unlock, done) = (chan::<()>(0), chan::<()>(0), chan::<()>(0));
    for _ in 0..readers {
        let (m, locked, unlock, done) = (m.clone(), locked.clone(), unlock.clone(), done.clone());
        go(move || {
            let g = m.rlock();
            locked.send(());
            unlock.recv();
            drop(g);
            done.send(());
        });
    }
    (0..readers).for_each(|_| _ = locked.recv());
    (0..readers).for_each(|_| unlock.send(()));
    (0..readers).for_each(|_| _ = done.recv());
}

go_test! {
    /// Go (sync): rwmutex_test.go:50 TestParallelReaders
    readers_are_parallel, {
        parallel_readers(1, 4);
        parallel_readers(3, 4);
        parallel_readers(4, 2);
    }
}

/// Readers count 1, writers 10000.
fn hammer(procs: i32, readers: usize, n: usize) {
    let _p = Procs::set(procs);
    let activity = Arc::new(AtomicI32::new(0));
    let m = Arc::new(RwMutex::new(0u64));
    let done = chan::<()>(0);
    let writer = || {
        let (m, activity, done) = (m.clone(), activity.clone(), done.clone());
        go(move || {
            for _ in 0..n {
                let mut g = m.lock();
                assert_eq!(activity.fetch_add(10_000, SeqCst), 0, "a writer is not alone");
                *g += 1;
                (0..100).for_each(|i| _ = std::hint::black_box(i));
                activity.fetch_sub(10_000, SeqCst);
            }
            done.send(());
        });
    };
    let reader = || {
        let (m, activity, done) = (m.clone(), activity.clone(), done.clone());
        go(move || {
            let mut last = 0;
            for _ in 0..n {
                let g = m.rlock();
                let a = activity.fetch_add(1, SeqCst);
                assert!((0..9_999).contains(&a), "a reader beside a writer: {a}");
                assert!(*g >= last);
                last = *g;
                (0..100).for_each(|i| _ = std::hint::black_box(i));
                activity.fetch_sub(1, SeqCst);
            }
            done.send(());
        });
    };
    writer();
    (0..readers / 2).for_each(|_| reader());
    writer();
    (readers / 2..readers).for_each(|_| reader());
    (0..2 + readers).for_each(|_| _ = done.recv());
    assert_eq!(*m.rlock(), 2 * n as u64);
}

go_test! {
    /// Go (sync): rwmutex_test.go:110 TestRWMutex
    readers_and_writers, {
        let m = RwMutex::new(());
        {
            let _g = m.lock();
            assert!(m.try_lock().is_none());
            assert!(m.try_rlock().is_none());
        }
        assert!(m.try_lock().is_some());
        {
            let _r1 = m.try_rlock().unwrap();
            let _r2 = m.try_rlock().unwrap();
            assert!(m.try_lock().is_none());
        }
        for (procs, readers) in
            [(1, 1), (1, 3), (1, 10), (4, 1), (4, 3), (4, 10), (10, 1), (10, 3), (10, 10), (10, 5)]
        {
            hammer(procs, readers, 300);
        }
    }
}

go_test! {
    /// Go (sync): rwmutex_test.go:156 TestRLocker
    rlocker, {
        let wl = Arc::new(gort_sync::RwMutex::new());
        let (wlocked, rlocked) = (chan::<()>(1), chan::<()>(1));
        const N: usize = 10;
        let (wl1, wlocked1, rlocked1) = (wl.clone(), wlocked.clone(), rlocked.clone());
        go(move || {
            let rl = wl1.rlocker();
            for _ in 0..N {
                // SAFETY: on a user goroutine; the other side unlocks.
                unsafe {
                    rl.lock();
                    rl.lock();
                    rlocked1.send(());
                    wl1.lock();
                }
                wlocked1.send(());
            }
        });
        let rl = wl.rlocker();
        for _ in 0..N {
            rlocked.recv();
            // SAFETY: locked by the other side.
            unsafe { rl.unlock() };
            assert!(wlocked.try_recv().is_err(), "locked beside a reader");
            // SAFETY: the same.
            unsafe { rl.unlock() };
            wlocked.recv();
            assert!(rlocked.try_recv().is_err(), "a reader beside the writer");
            // SAFETY: the same.
            unsafe { wl.unlock() };
        }
    }
}
