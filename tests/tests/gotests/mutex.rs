//! Package sync: mutex_test.go

use crate::{go_test, us};
use gort::sync::Mutex;
use gort::{Chan, chan, go, recover, time};
use gort_runtime2::atomic::Uint32;
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

fn all(n: usize, f: impl Fn(&Chan<()>)) {
    let c = chan::<()>(0);
    (0..n).for_each(|_| f(&c));
    (0..n).for_each(|_| _ = c.recv());
}

go_test! {
    /// Go (sync): mutex_test.go:29 TestSemaphore
    semaphore, {
        let s = Arc::new(Uint32::new(1));
        let inside = Arc::new(AtomicUsize::new(0));
        all(10, |c| {
            let (s, c, inside) = (s.clone(), c.clone(), inside.clone());
            go(move || {
                for _ in 0..1000 {
                    // SAFETY: on a user goroutine; the word outlives its use.
                    unsafe { gort_sema::sync_runtime_semacquire(&*s) };
                    assert_eq!(inside.fetch_add(1, SeqCst), 0);
                    inside.fetch_sub(1, SeqCst);
                    // SAFETY: the same.
                    unsafe { gort_sema::sync_runtime_semrelease(&*s, false, 0) };
                }
                c.send(());
            });
        });
    }
}

go_test! {
    /// Go (sync): mutex_test.go:75 TestMutex
    hammer, {
        let m = Arc::new(Mutex::new(0u64));
        let g = m.lock();
        assert!(m.try_lock().is_none());
        drop(g);
        assert!(m.try_lock().is_some());
        let tried = Arc::new(AtomicUsize::new(0));
        all(10, |c| {
            let (m, c, tried) = (m.clone(), c.clone(), tried.clone());
            go(move || {
                for i in 0..3000 {
                    if i % 3 == 0 {
                        if let Some(mut g) = m.try_lock() {
                            *g += 1;
                            tried.fetch_add(1, SeqCst);
                        }
                        continue;
                    }
                    *m.lock() += 1;
                }
                c.send(());
            });
        });
        assert_eq!(*m.lock(), 10 * 2000 + tried.load(SeqCst) as u64);
    }
}

macro_rules! misuse {
    ($($name:ident, $msg:expr, |$l:ident: $t:ty| $body:block;)*) => { $(
        /// It cannot be recovered from.
        ///
        /// Go (sync): mutex_test.go:189 TestMutexMisuse
        #[test]
        fn $name() {
            in_child!(|| {
                let _ = recover(|| {
                    let $l = <$t>::new();
                    // SAFETY: on a user goroutine; that the locks are not held is the test.
                    unsafe { $body }
                });
                println!("test completed");
            })
            .exited(2)
            .stdout_is("")
            .stderr_has(concat!("fatal error: sync: ", $msg));
        }
    )* };
}
misuse! {
    mutex_unlock, "unlock of unlocked mutex", |mu: gort_sync::Mutex| { mu.unlock() };
    mutex_unlock_2, "unlock of unlocked mutex", |mu: gort_sync::Mutex| { mu.lock(); mu.unlock(); mu.unlock() };
    rwmutex_unlock, "Unlock of unlocked RWMutex", |mu: gort_sync::RwMutex| { mu.unlock() };
    rwmutex_unlock_2, "Unlock of unlocked RWMutex", |mu: gort_sync::RwMutex| { mu.rlock(); mu.unlock() };
    rwmutex_unlock_3, "Unlock of unlocked RWMutex", |mu: gort_sync::RwMutex| { mu.lock(); mu.unlock(); mu.unlock() };
    rwmutex_runlock, "RUnlock of unlocked RWMutex", |mu: gort_sync::RwMutex| { mu.runlock() };
    rwmutex_runlock_2, "RUnlock of unlocked RWMutex", |mu: gort_sync::RwMutex| { mu.lock(); mu.runlock() };
    rwmutex_runlock_3, "RUnlock of unlocked RWMutex", |mu: gort_sync::RwMutex| { mu.rlock(); mu.runlock(); mu.runlock() };
}

go_test! {
    /// Go (sync): mutex_test.go:199 TestMutexFairness
    fairness, {
        let mu = Arc::new(Mutex::new(()));
        let stop = Arc::new(AtomicBool::new(false));
        let (mu1, stop1) = (mu.clone(), stop.clone());
        go(move || {
            while !stop1.load(SeqCst) {
                let _g = mu1.lock();
                time::sleep(us(100));
            }
        });
        let done = chan::<()>(1);
        let done1 = done.clone();
        go(move || {
            for _ in 0..10 {
                time::sleep(us(100));
                drop(mu.lock());
            }
            done1.send(());
        });
        done.recv();
        stop.store(true, SeqCst);
    }
}
