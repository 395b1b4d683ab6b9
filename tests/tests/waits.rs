//! Waits of package sync that end after a time: nothing is lost when they do.

use gort::sync::{Cond, LazyLock, Mutex, Once, OnceCell, RwMutex, WaitGroup};
use gort::{chan, go, recover, runtime, task};
use gort_proc::WaitReason;
use gort_tests::{in_child, until_waiting};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
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

/// Those who wait for ever beside those who do not: the lock is exclusive, and all get it in the
/// end.
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

#[test]
fn each_wait_of_a_rwmutex_ends() {
    in_child!(.procs(1), || {
        let m = RwMutex::new(0);
        let (w, d) = (m.lock(), [Duration::ZERO, Duration::from_nanos(1), ms(2)]);
        for d in d {
            assert!(m.rlock_timeout(d).is_none() && m.lock_timeout(d).is_none());
        }
        drop(w);
        let r = m.rlock_timeout(ms(1)).unwrap();
        for d in d {
            assert!(m.lock_timeout(d).is_none());
            // Nothing of the writer is left.
            assert_eq!((*m.rlock(), *m.rlock_timeout(Duration::ZERO).unwrap()), (0, 0));
        }
        drop(r);
        *m.lock_timeout(ms(1)).unwrap() += 1;
        task::scope(|s| {
            // In time; and readers who wait for a writer that gives up are let in then, by it,
            // beside a reader who stays.
            let w = m.lock();
            s.spawn(|| assert_eq!(*m.rlock_timeout(Duration::MAX).unwrap(), 1));
            until_waiting(1, WaitReason::SyncRWMutexRLock);
            drop(w);
            let r = m.rlock();
            let gave_up = s.spawn(|| m.lock_timeout(ms(20)).is_none());
            until_waiting(1, WaitReason::SyncRWMutexLock);
            let readers = [(); 2].map(|()| s.spawn(|| *m.rlock()));
            until_waiting(2, WaitReason::SyncRWMutexRLock);
            assert!(gave_up.join().unwrap());
            assert_eq!(readers.map(|r| r.join().unwrap()), [1, 1]);
            assert_eq!(*r, 1);
            s.spawn(|| *m.lock_timeout(Duration::MAX).unwrap() += 1);
            until_waiting(1, WaitReason::SyncRWMutexLock);
            drop(r);
        });
        assert_eq!(*m.try_lock().unwrap(), 2);
    })
    .ok();
}

/// Readers and writers, those who wait for ever beside those who give up.
fn rwmutex() {
    // The number of readers inside, or -1 for a writer.
    let (m, inside) = (RwMutex::new(0u64), AtomicI64::new(0));
    let (wrote, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    task::scope(|s| {
        for who in 0..10u64 {
            let (m, inside, wrote, late) = (&m, &inside, &wrote, &late);
            s.spawn(move || {
                let pause = |k| match pick(k, who, 20) {
                    0..4 => runtime::gosched(),
                    4 => gort::time::sleep(Duration::from_nanos(pick(k, k, 3000))),
                    _ => {}
                };
                for k in 0..2000u64 {
                    let d = Duration::from_nanos(pick(who, k, 6000));
                    if pick(k, who + 3, 4) == 0 {
                        let g = if who % 2 == 0 { m.lock_timeout(d) } else { Some(m.lock()) };
                        let Some(mut g) = g else {
                            late.fetch_add(1, SeqCst);
                            continue;
                        };
                        assert_eq!(inside.swap(-1, SeqCst), 0);
                        *g += 1;
                        pause(k);
                        assert_eq!(inside.swap(0, SeqCst), -1);
                        wrote.fetch_add(1, SeqCst);
                    } else {
                        let g = if who % 3 == 0 { m.rlock_timeout(d) } else { Some(m.rlock()) };
                        let Some(g) = g else {
                            late.fetch_add(1, SeqCst);
                            continue;
                        };
                        assert!(inside.fetch_add(1, SeqCst) >= 0);
                        pause(k);
                        assert!(*g <= 20_000 && inside.fetch_sub(1, SeqCst) >= 1);
                    }
                }
            });
        }
    });
    assert!(late.load(SeqCst) > 0);
    assert!(m.try_rlock().is_some());
    assert_eq!(*m.try_lock().expect("free"), wrote.load(SeqCst) as u64);
}

#[test]
fn rwmutex_1() {
    in_child!(.procs(1), rwmutex).ok();
}
#[test]
fn rwmutex_2() {
    in_child!(.procs(2), rwmutex).ok();
}
#[test]
fn rwmutex_8() {
    in_child!(.procs(8), rwmutex).ok();
}

/// Who waits for a call that takes its time gives up, and does not call; whoever is there when it
/// has returned knows.
#[test]
fn once() {
    in_child!(.procs(2), || {
        let (once, go_on) = (Once::new(), chan::<()>(0));
        let n = AtomicUsize::new(0);
        task::scope(|s| {
            s.spawn(|| {
                once.call(|| {
                    go_on.recv();
                    n.fetch_add(1, SeqCst);
                });
            });
            until_waiting(1, WaitReason::ChanReceive);
            for d in [Duration::ZERO, ms(2)] {
                assert!(!once.call_timeout(d, || unreachable!()));
            }
            s.spawn(|| {
                assert!(once.call_timeout(Duration::MAX, || unreachable!()));
                assert_eq!(n.load(SeqCst), 1);
            });
            until_waiting(1, WaitReason::SyncMutexLock);
            go_on.send(());
        });
        assert!(once.call_timeout(Duration::ZERO, || unreachable!()));
        let first = Once::new();
        assert!(first.call_timeout(Duration::ZERO, || ()));
        // A call that panics counts, as Go has it.
        let first = Once::new();
        recover(|| first.call_timeout(ms(1), || panic!("no"))).unwrap_err();
        assert!(first.call_timeout(Duration::ZERO, || unreachable!()));
    })
    .ok();
}

/// The same of a cell and of a lazy value, whose initialisers may fail.
#[test]
fn cells() {
    static GO_ON: LazyLock<gort::Chan<()>> = LazyLock::new(|| chan(0));
    static LAZY: LazyLock<u32> = LazyLock::new(|| {
        GO_ON.recv();
        7
    });
    in_child!(.procs(2), || {
        let (cell, go_on) = (OnceCell::new(), &*GO_ON);
        task::scope(|s| {
            s.spawn(|| {
                cell.get_or_try_init(|| {
                    go_on.recv();
                    Err::<u32, _>("no")
                })
                .unwrap_err();
            });
            until_waiting(1, WaitReason::ChanReceive);
            for d in [Duration::ZERO, ms(2)] {
                assert_eq!(cell.get_or_init_timeout(d, || unreachable!()), None);
                assert_eq!(cell.get_or_try_init_timeout(d, || Err("unreachable")), Ok(None));
            }
            s.spawn(|| assert_eq!(cell.get_or_init_timeout(Duration::MAX, || 5), Some(&5)));
            until_waiting(1, WaitReason::SyncMutexLock);
            go_on.send(());
        });
        assert_eq!(cell.get_or_init_timeout(Duration::ZERO, || unreachable!()), Some(&5));
        let empty = OnceCell::new();
        assert_eq!(empty.get_or_try_init_timeout(ms(1), || Err::<u32, _>("no")), Err("no"));
        recover(|| empty.get_or_init_timeout(ms(1), || panic!("no"))).unwrap_err();
        recover(|| empty.get_or_init_timeout(ms(1), || *empty.get_or_init(|| 1))).unwrap_err();
        assert_eq!(empty.get_or_init_timeout(Duration::ZERO, || 1), Some(&1));

        task::scope(|s| {
            s.spawn(|| assert_eq!(*LAZY, 7));
            until_waiting(1, WaitReason::ChanReceive);
            assert_eq!(LazyLock::force_timeout(&LAZY, ms(2)), None);
            s.spawn(|| assert_eq!(LazyLock::force_timeout(&LAZY, Duration::MAX), Some(&7)));
            until_waiting(1, WaitReason::SyncMutexLock);
            go_on.send(());
        });
        assert_eq!(LazyLock::force_timeout(&LAZY, Duration::ZERO), Some(&7));
    })
    .ok();
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

/// A signal for each thing, consumers who wait for ever, and others who give up: no signal goes to
/// one who has left, or a consumer would sleep for ever beside a thing.
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
                    let (g, signalled) =
                        c.wait_timeout(m.lock(), Duration::from_nanos(pick(who, k, 5000)));
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
