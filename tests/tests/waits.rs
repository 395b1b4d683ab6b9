//! Waits of package sync that end after a time: nothing is lost when they do.

use gort::sync::{Cond, Mutex, WaitGroup};
use gort::{chan, go, recover, runtime, task};
use gort_proc::WaitReason;
use gort_tests::{in_child, until_waiting};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A number that looks random, below `n`.
fn pick(a: u64, b: u64, n: u64) -> u64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x.wrapping_mul(0x94d0_49bb_1331_11eb) % n
}

#[test]
fn each_wait_ends() {
    in_child!(.procs(1), || {
        let (m, c, wg) = (Mutex::new(0), Cond::new(), WaitGroup::new());
        let held = m.lock();
        for d in [Duration::ZERO, Duration::from_nanos(1), ms(2)] {
            assert!(m.lock_timeout(d).is_none());
        }
        drop(held);
        *m.lock_timeout(ms(1)).unwrap() += 1;
        wg.add(1);
        assert!(!wg.wait_timeout(ms(1)));
        wg.done();
        assert!(wg.wait_timeout(Duration::ZERO));
        let (g, signalled) = c.wait_timeout(m.lock(), ms(1));
        assert_eq!((*g, signalled), (1, false));
        drop(g);
        // In time.
        task::scope(|s| {
            let held = m.lock();
            s.spawn(|| assert_eq!(*m.lock_timeout(Duration::MAX).unwrap(), 1));
            until_waiting(1, WaitReason::SyncMutexLock);
            drop(held);
            wg.add(1);
            s.spawn(|| assert!(wg.wait_timeout(Duration::MAX)));
            until_waiting(1, WaitReason::Semacquire);
            wg.done();
            s.spawn(|| assert!(c.wait_timeout(m.lock(), Duration::MAX).1));
            until_waiting(1, WaitReason::SyncCondWait);
            c.signal();
        });
        wg.add(1);
        let e = task::scope(|s| {
            s.spawn(|| wg.wait());
            until_waiting(1, WaitReason::Semacquire);
            let e = recover(|| wg.add(-2)).unwrap_err().to_string();
            wg.add(1);
            wg.add(1);
            wg.done();
            e
        });
        assert_eq!(e, "sync: negative WaitGroup counter");
    })
    .ok();
}

/// Those who wait for ever beside those who do not: the lock is exclusive, and all get it in the end.
fn mutex() {
    let (m, inside, got) = (Mutex::new(0u64), AtomicUsize::new(0), AtomicUsize::new(0));
    task::scope(|s| {
        for who in 0..8u64 {
            let (m, inside, got) = (&m, &inside, &got);
            s.spawn(move || {
                for k in 0..2000u64 {
                    let d = Duration::from_nanos(pick(who, k, 4000));
                    let guard = if who < 5 { m.lock_timeout(d) } else { Some(m.lock()) };
                    let Some(mut g) = guard else { continue };
                    assert_eq!(inside.fetch_add(1, SeqCst), 0);
                    *g += 1;
                    got.fetch_add(1, SeqCst);
                    match pick(k, who, 30) {
                        0 => runtime::gosched(),
                        1 => gort::time::sleep(Duration::from_nanos(pick(k, k, 3000))),
                        // long enough for starvation mode
                        2 if k % 64 == 0 => gort::time::sleep(ms(2)),
                        _ => {}
                    }
                    inside.fetch_sub(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(*m.try_lock().expect("free, and in no mode"), got.load(SeqCst) as u64);
    assert!(got.load(SeqCst) >= 6000);
}

#[test]
fn mutex_1() {
    in_child!(.procs(1), mutex).ok();
}
#[test]
fn mutex_2() {
    in_child!(.procs(2), mutex).ok();
}
#[test]
fn mutex_8() {
    in_child!(.procs(8), mutex).ok();
}

/// Groups whose last goroutine ends at about the moment when those who wait give up.
fn groups() {
    for round in 0..2000u64 {
        let wg = Arc::new(WaitGroup::new());
        wg.add(2);
        task::scope(|s| {
            for who in 0..4u64 {
                let wg = &wg;
                s.spawn(move || {
                    if who == 3 {
                        wg.wait();
                    } else {
                        let d = Duration::from_nanos(pick(round, who, 20_000));
                        while !wg.wait_timeout(d) {
                            runtime::gosched();
                        }
                    }
                });
            }
            for who in 0..2 {
                let wg = &wg;
                s.spawn(move || {
                    for _ in 0..pick(round, who + 7, 6) {
                        runtime::gosched();
                    }
                    wg.done();
                });
            }
        });
        assert!(wg.wait_timeout(Duration::ZERO));
    }
}

#[test]
fn groups_1() {
    in_child!(.procs(1), groups).ok();
}
#[test]
fn groups_2() {
    in_child!(.procs(2), groups).ok();
}
#[test]
fn groups_8() {
    in_child!(.procs(8), groups).ok();
}

/// A signal for each thing, consumers who wait for ever, and others who give up: no signal goes to one who has left, or a
/// consumer would sleep for ever beside a thing.
fn cond() {
    const THINGS: usize = 3000;
    let (m, c) = (Mutex::new(0usize), Cond::new());
    let (left, over) = (AtomicUsize::new(THINGS), AtomicUsize::new(0));
    task::scope(|s| {
        for _ in 0..3 {
            let (m, c, left) = (&m, &c, &left);
            s.spawn(move || {
                loop {
                    let mut n = m.lock();
                    while *n == 0 && left.load(SeqCst) > 0 {
                        n = c.wait(n);
                    }
                    if left.load(SeqCst) == 0 {
                        c.broadcast();
                        return;
                    }
                    *n -= 1;
                    left.fetch_sub(1, SeqCst);
                }
            });
        }
        for who in 0..5u64 {
            let (m, c, left, over) = (&m, &c, &left, &over);
            s.spawn(move || {
                for k in 0.. {
                    if left.load(SeqCst) == 0 {
                        return;
                    }
                    let (g, signalled) = c.wait_timeout(m.lock(), Duration::from_nanos(pick(who, k, 5000)));
                    drop(g);
                    if signalled {
                        c.signal(); // it was meant for a consumer
                    } else {
                        over.fetch_add(1, SeqCst);
                    }
                }
            });
        }
        for k in 0..THINGS as u64 {
            *m.lock() += 1;
            c.signal();
            if pick(k, 1, 4) == 0 {
                runtime::gosched();
            }
        }
    });
    assert_eq!((*m.lock(), left.load(SeqCst)), (0, 0));
}

#[test]
fn cond_1() {
    in_child!(.procs(1), cond).ok();
}
#[test]
fn cond_2() {
    in_child!(.procs(2), cond).ok();
}
#[test]
fn cond_8() {
    in_child!(.procs(8), cond).ok();
}

/// Waiters are woken in the order in which they began to wait, without those who gave up.
#[test]
fn order_of_those_who_stay() {
    in_child!(.procs(1), || {
        let (m, c, log) = (Arc::new(Mutex::new(())), Arc::new(Cond::new()), chan::<u32>(20));
        let mut waiting = 0;
        for i in 0..9 {
            let (m, c, tx) = (m.clone(), c.clone(), log.clone());
            go(move || {
                let g = m.lock();
                if i % 3 == 1 {
                    assert!(!c.wait_timeout(g, ms(1)).1);
                    tx.send(100);
                } else {
                    drop(c.wait(g));
                    tx.send(i);
                }
            });
            if i % 3 == 1 {
                assert_eq!(log.recv(), Some(100));
            } else {
                waiting += 1;
                until_waiting(waiting, WaitReason::SyncCondWait);
            }
        }
        let woken: Vec<_> = (0..6)
            .map(|_| {
                c.signal();
                log.recv().unwrap()
            })
            .collect();
        println!("{woken:?}");
        c.signal();
    })
    .ok()
    .stdout_is("[0, 2, 3, 5, 6, 8]\n");
}
