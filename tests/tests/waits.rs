//! Waits of package sync that end after a time: nothing is lost when they do.

use gort::RecvTimeoutError::{Closed, Timeout};
use gort::sync::{Cond, LazyLock, Mutex, Once, OnceCell, RwMutex, WaitGroup};
use gort::task::{Group, Semaphore, Shared, Watch};
use gort::{block_on_timeout, chan, go, recover, runtime, task, time};
use gort_proc::WaitReason;
use gort_tests::{in_child, until_waiting};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

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

fn drop_it(a: Arc<()>) -> Result<(), String> {
    drop(a);
    Ok(())
}

/// Those who wait for a group, for the limit of one, for a change, for another's call, for permits
/// or for a future give up in time, and have changed nothing.
#[test]
fn each_wait_of_task_ends() {
    in_child!(.procs(1), || {
        let short = [Duration::ZERO, Duration::from_nanos(1), ms(2)];
        let stop = chan::<u32>(0);
        // A group: its errors are told to who waits until the end.
        let mut g = Group::new();
        g.set_limit(Some(1));
        let rx = stop.clone();
        g.go(move || Err(rx.recv().map_or("closed".to_string(), |n| format!("stopped {n}"))));
        until_waiting(1, WaitReason::ChanReceive);
        let alive = Arc::new(());
        for d in short {
            assert!(g.wait_timeout(d).is_none());
            let a = alive.clone();
            let f = g.go_timeout(d, move || drop_it(a)).unwrap_err();
            assert_eq!(Arc::strong_count(&alive), 2); // the function is here, whole
            drop(f);
            assert_eq!(Arc::strong_count(&alive), 1);
        }
        stop.send(7);
        let a = alive.clone();
        assert!(g.go_timeout(Duration::MAX, move || drop_it(a)).is_ok());
        assert_eq!(g.wait_timeout(Duration::MAX).unwrap().unwrap_err().to_string(), "stopped 7");
        assert_eq!(Arc::strong_count(&alive), 1);
        g.set_limit(Some(1)); // panics if a place is still taken

        // A value to come.
        let w = Watch::new(1);
        let mut r = w.watcher();
        for d in short {
            assert_eq!(r.wait_for_timeout(d, |n| *n == 3), Err(Timeout));
        }
        w.set(2);
        assert_eq!(r.wait_for_timeout(ms(2), |n| *n == 3), Err(Timeout));
        assert!(!r.has_changed());
        let w2 = w.clone();
        go(move || {
            time::sleep(ms(2));
            w2.set(3);
            w2.set(4);
        });
        assert_eq!(r.wait_for_timeout(Duration::MAX, |n| *n > 2), Ok(4));
        // What changes all the time, and never to what is asked for.
        let w2 = w.clone();
        let never = |n: &i32| {
            w2.set(n + 1);
            false
        };
        assert_eq!(r.wait_for_timeout(ms(2), never), Err(Timeout));
        w.close();
        r.get();
        assert_eq!(r.wait_for_timeout(Duration::MAX, |n| *n == 0), Err(Closed));

        // Another's call. Who has given up does not count as one who shares it.
        let calls = Arc::new(Shared::<u32, u32>::new());
        let (c, rx) = (calls.clone(), stop.clone());
        let h = task::spawn(move || c.call(1, || rx.recv().unwrap()));
        until_waiting(1, WaitReason::ChanReceive);
        for d in short {
            assert_eq!(calls.call_timeout(d, 1, || unreachable!()), None);
            assert_eq!(calls.call_timeout(d, 2, || 5), Some((5, false)));
        }
        stop.send(7);
        assert_eq!(h.join().unwrap(), (7, false));
        let (c, rx) = (calls.clone(), stop.clone());
        let h = task::spawn(move || c.call(1, || rx.recv().unwrap()));
        until_waiting(1, WaitReason::ChanReceive);
        let c = calls.clone();
        let late = task::spawn(move || c.call_timeout(Duration::MAX, 1, || unreachable!()));
        until_waiting(1, WaitReason::Select);
        assert!(!calls.forget_unshared(&1));
        stop.send(8);
        assert_eq!(h.join().unwrap(), (8, true));
        assert_eq!(late.join().unwrap(), Some((8, true)));
        let (c, rx) = (calls.clone(), stop.clone());
        let h = task::spawn(move || c.call(1, || -> u32 { panic!("no {:?}", rx.recv()) }));
        until_waiting(1, WaitReason::ChanReceive);
        let c = calls.clone();
        let late = task::spawn(move || c.call_timeout(Duration::MAX, 1, || unreachable!()));
        until_waiting(1, WaitReason::Select);
        stop.send(9);
        assert!(h.join().is_err());
        let e = late.join().unwrap_err();
        assert_eq!(e.downcast_ref(), Some(&"singleflight: no Some(9)".to_string()));

        // Permits.
        let s = Arc::new(Semaphore::new(3));
        let two = s.acquire_owned_timeout(ms(1), 2).unwrap();
        for d in short {
            assert!(s.acquire_timeout(d, 2).is_none() && s.acquire_owned_timeout(d, 4).is_none());
            assert!(s.acquire_owned_timeout(d, 2).is_none());
            assert!(s.try_acquire(1).is_some()); // nobody stands in the queue
        }
        let s2 = s.clone();
        let h = task::spawn(move || s2.acquire_owned_timeout(Duration::MAX, 3).map(|p| p.count()));
        until_waiting(1, WaitReason::Select);
        drop(two);
        assert_eq!(h.join().unwrap(), Some(3));
        assert!(s.try_acquire(3).is_some());

        // A cell that is being filled.
        let cell = OnceCell::new();
        task::scope(|s| {
            s.spawn(|| cell.get_or_init(|| stop.recv().unwrap()));
            until_waiting(1, WaitReason::ChanReceive);
            for d in short {
                assert_eq!(cell.set_timeout(d, 1), Err(1));
            }
            stop.send(2);
        });
        assert_eq!((cell.set_timeout(ms(1), 1), cell.get()), (Err(1), Some(&2)));
        assert_eq!(OnceCell::new().set_timeout(Duration::ZERO, 1), Ok(()));

        // A goroutine of a scope.
        task::scope(|s| {
            let h = s.spawn(|| stop.recv());
            let h = h.join_deadline(time::now() + ms(2)).unwrap_err();
            stop.send(3);
            assert_eq!(h.join_deadline(time::now() + ms(60_000)).unwrap().unwrap(), Some(3));
        });
    })
    .ok();
}

/// A value whose `clone` panics is a panic of the call, for all who wait for it; and it may use the
/// same calls.
#[test]
fn a_clone_that_panics() {
    static CALLS: LazyLock<Arc<Shared<u32, V>>> = LazyLock::new(Arc::default);
    #[derive(Debug)]
    struct V(bool);
    impl Clone for V {
        fn clone(&self) -> V {
            CALLS.forget(&7);
            assert!(self.0, "no copy");
            V(true)
        }
    }
    in_child!(.procs(1).limit(Duration::from_secs(60)), || {
        for fine in [true, false] {
            let go_on = chan::<()>(0);
            let rx = go_on.clone();
            let first = task::spawn(move || {
                CALLS.call(1, move || {
                    rx.recv();
                    V(fine)
                })
            });
            until_waiting(1, WaitReason::ChanReceive);
            let second = task::spawn(|| CALLS.call(1, || unreachable!()));
            until_waiting(2, WaitReason::ChanReceive);
            let third = task::spawn(|| CALLS.call_timeout(Duration::MAX, 1, || unreachable!()));
            until_waiting(1, WaitReason::Select);
            let fourth = CALLS.call_chan(1, || unreachable!());
            go_on.send(());
            assert_eq!(fourth.recv().is_some(), fine);
            let ended = [
                first.join().is_ok(),
                second.join().is_ok(),
                third.join().is_ok_and(|r| r.is_some()),
            ];
            assert_eq!(ended, [fine; 3]);
        }
    })
    .ok();
}

/// Permits that were there before the limit are taken, whenever the goroutine gets its turn.
#[test]
fn permits_at_the_last_moment() {
    in_child!(.procs(1), || {
        let (mut in_time, limit) = (0, ms(20));
        while in_time < 10 {
            let s = Arc::new(Semaphore::new(1));
            let held = s.acquire_owned_timeout(Duration::ZERO, 1).unwrap();
            let (begin, s2) = (Instant::now(), s.clone());
            let late = task::spawn(move || s2.acquire_owned_timeout(limit, 1).is_some());
            until_waiting(1, WaitReason::Select);
            drop(held);
            let counts = begin.elapsed() < limit;
            // With one processor it does not run before the time is over.
            while begin.elapsed() < limit * 3 {}
            assert!(late.join().unwrap() || !counts);
            assert!(s.try_acquire(1).is_some());
            in_time += u32::from(counts);
        }
    })
    .ok();
}

/// Callers of one key who give up beside others who do not: each gets a value of a call that was
/// made, or nothing; and who made it knows whether somebody has it besides.
fn calls() {
    let calls = Arc::new(Shared::<u8, u64>::new());
    for round in 0..2000u64 {
        let (made, got) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // For each call: how many others have its value, and what its maker was told.
        let others: [AtomicUsize; 6] = Default::default();
        let told: [AtomicUsize; 6] = Default::default();
        task::scope(|s| {
            for who in 0..6u64 {
                let (calls, made, got, others, told) = (&calls, &made, &got, &others, &told);
                s.spawn(move || {
                    let f = || {
                        made.fetch_add(1, SeqCst);
                        for _ in 0..pick(round, who, 4) {
                            runtime::gosched();
                        }
                        who
                    };
                    let d = Duration::from_nanos(pick(who, round, 20_000));
                    let r =
                        if who == 5 { Some(calls.call(1, f)) } else { calls.call_timeout(d, 1, f) };
                    let Some((by, shared)) = r else { return };
                    got.fetch_add(1, SeqCst);
                    if by == who {
                        told[who as usize].store(1 + usize::from(shared), SeqCst);
                    } else {
                        assert!(shared);
                        others[by as usize].fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert!(got.load(SeqCst) >= made.load(SeqCst));
        let mut makers = 0;
        for (others, told) in others.iter().zip(&told) {
            let (others, told) = (others.load(SeqCst), told.load(SeqCst));
            makers += usize::from(told > 0);
            assert_eq!(
                told == 2,
                others > 0,
                "{round}: {others} others, the maker was told {told}"
            );
        }
        assert_eq!(makers, made.load(SeqCst));
    }
}

#[test]
fn calls_1() {
    in_child!(.procs(1), calls).ok();
}
#[test]
fn calls_2() {
    in_child!(.procs(2), calls).ok();
}
#[test]
fn calls_8() {
    in_child!(.procs(8), calls).ok();
}

/// Goroutines of groups with a limit that are started at about the moment when their starter gives
/// up: as many run as were started, and each place is free in the end. Permits the same.
fn places() {
    for round in 0..300u64 {
        let (mut g, s) = (Group::new(), Arc::new(Semaphore::new(3)));
        g.set_limit(Some(2));
        let (ran, inside) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut started = 0;
        task::scope(|scope| {
            for who in 0..3u64 {
                let s = &s;
                scope.spawn(move || {
                    for k in 0..8 {
                        let d = Duration::from_nanos(pick(who, round + k, 8000));
                        let p = s.acquire_owned_timeout(d, 1 + pick(k, who, 3));
                        runtime::gosched();
                        drop(p);
                    }
                });
            }
            for k in 0..20u64 {
                let (ran, inside) = (ran.clone(), inside.clone());
                let f = move || {
                    assert!(inside.fetch_add(1, SeqCst) < 2);
                    for _ in 0..pick(round, k, 5) {
                        runtime::gosched();
                    }
                    inside.fetch_sub(1, SeqCst);
                    ran.fetch_add(1, SeqCst);
                    Ok::<_, String>(())
                };
                let d = Duration::from_nanos(pick(k, round, 10_000));
                started += usize::from(g.go_timeout(d, f).is_ok());
            }
        });
        while g.wait_timeout(Duration::from_nanos(pick(round, 1, 3000))).is_none() {}
        assert_eq!((ran.load(SeqCst), inside.load(SeqCst)), (started, 0));
        g.wait().unwrap();
        // Each place was given back before the group knew of the end.
        let hold = chan::<()>(0);
        for _ in 0..2 {
            let hold = hold.clone();
            assert!(g.try_go(move || {
                hold.recv();
                Ok::<_, String>(())
            }));
        }
        assert!(!g.try_go(|| Ok::<_, String>(())));
        hold.close();
        g.wait().unwrap();
        assert!(s.try_acquire(3).is_some(), "a permit is lost");
    }
}

#[test]
fn places_1() {
    in_child!(.procs(1), places).ok();
}
#[test]
fn places_2() {
    in_child!(.procs(2), places).ok();
}
#[test]
fn places_8() {
    in_child!(.procs(8), places).ok();
}

/// Futures that are ready at about the moment when their waiter gives up: lent ones lose nothing,
/// and each value arrives once.
fn futures() {
    let c = chan::<u64>(0);
    let tx = c.clone();
    const N: u64 = 2000;
    let h = task::spawn(move || {
        for k in 0..N {
            if pick(k, 2, 4) == 0 {
                time::sleep(Duration::from_nanos(pick(k, 3, 6000)));
            }
            let (mut f, mut i) = (tx.send_async(k), 0);
            let sent = loop {
                i += 1;
                let d = Duration::from_nanos(pick(k, i, 5000));
                if let Some(r) = block_on_timeout(d, &mut f) {
                    break r;
                }
            };
            sent.unwrap();
        }
        tx.close();
    });
    let (mut next, mut late) = (0, 0u64);
    let mut f = c.recv_async();
    for i in 0.. {
        match block_on_timeout(Duration::from_nanos(pick(next, i, 5000)), &mut f) {
            None => late += 1,
            Some(None) => break,
            Some(Some(v)) => {
                assert_eq!(v, next);
                next += 1;
                f = c.recv_async();
            }
        }
    }
    assert_eq!(next, N);
    assert!(late > 0);
    h.join().unwrap();
}

#[test]
fn futures_1() {
    in_child!(.procs(1), futures).ok();
}
#[test]
fn futures_2() {
    in_child!(.procs(2), futures).ok();
}
#[test]
fn futures_8() {
    in_child!(.procs(8), futures).ok();
}

#[test]
fn a_future_is_waited_for_for_a_while() {
    in_child!(.procs(1), || {
        for d in [Duration::ZERO, Duration::from_nanos(1), ms(2)] {
            let (mut n, mut here) = (0, std::future::pending::<u8>());
            let f = std::future::poll_fn(|cx| {
                n += 1;
                std::pin::Pin::new(&mut here).poll(cx)
            });
            assert_eq!(block_on_timeout(d, f), None);
            assert_eq!(n, if d.is_zero() { 1 } else { 2 });
        }
        assert_eq!(block_on_timeout(Duration::MAX, async { 1 }), Some(1));
        assert_eq!(block_on_timeout(Duration::ZERO, std::future::ready(1)), Some(1));
        // What is ready at the last moment is taken: the poll after the time has passed.
        let mut polls = 0;
        let last = std::future::poll_fn(|_| {
            polls += 1;
            if polls == 2 { std::task::Poll::Ready(2) } else { std::task::Poll::Pending }
        });
        assert_eq!(block_on_timeout(ms(2), last), Some(2));
        // The same where there is no goroutine.
        let there = || {
            for d in [Duration::ZERO, ms(2)] {
                assert_eq!(block_on_timeout(d, std::future::pending::<u8>()), None);
            }
            assert_eq!(block_on_timeout(Duration::MAX, async { 1 }), Some(1));
        };
        gort::blocking(there);
        gort::blocking(|| std::thread::spawn(there).join().unwrap());
        // A future that panics after its limit has begun takes that along. Then one that is over:
        // neither keeps a deadlock from being told, as a timer would for a day.
        let day = Duration::from_secs(86_400);
        let at_second = |f: fn()| {
            let mut polls = 0;
            std::future::poll_fn(move |cx| {
                polls += 1;
                if polls == 1 {
                    let waker = cx.waker().clone();
                    go(move || waker.wake());
                    return std::task::Poll::Pending;
                }
                f();
                std::task::Poll::Ready(3)
            })
        };
        let e = recover(|| block_on_timeout(day, at_second(|| panic!("no"))));
        assert_eq!(e.unwrap_err().message(), "no");
        assert_eq!(block_on_timeout(day, at_second(|| ())), Some(3));
        gort::block_on(std::future::pending::<()>());
    })
    .exited(2)
    .stderr_has("all goroutines are asleep - deadlock!")
    .stderr_has("[future (nobody can wake it)]");
}

/// A future that wakes itself keeps nobody else from their turn, nor the limit from striking.
#[test]
fn a_future_that_wakes_itself() {
    fn busy(mut ready: impl FnMut() -> bool) -> impl Future<Output = ()> {
        std::future::poll_fn(move |cx| {
            if ready() {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
    }
    for procs in [1, 2, 8] {
        in_child!(.procs(procs).limit(Duration::from_secs(60)), || {
            assert_eq!(block_on_timeout(ms(2), busy(|| false)), None);
            gort::blocking(|| assert_eq!(block_on_timeout(ms(2), busy(|| false)), None));
            let ran = Arc::new(AtomicUsize::new(0));
            let r = ran.clone();
            go(move || {
                time::sleep(ms(1));
                r.store(1, SeqCst);
            });
            gort::block_on(busy(move || ran.load(SeqCst) == 1));
        })
        .ok();
    }
}

/// In a bubble the limit is one of real time: the bubble's clock stands still meanwhile.
#[test]
fn a_future_in_a_bubble() {
    for procs in [1, 2] {
        in_child!(.procs(procs).limit(Duration::from_secs(60)), || {
            let begin = Instant::now();
            gort::test::bubble(|| {
                let start = time::now();
                assert_eq!(block_on_timeout(ms(2), std::future::pending::<()>()), None);
                assert_eq!(time::now(), start);
                // The goroutine that the limit runs on is none of the bubble's: this one's timers
                // are.
                time::sleep(Duration::from_secs(3600));
                assert_eq!(time::now() - start, Duration::from_secs(3600));
            });
            assert!(begin.elapsed() >= ms(2));
        })
        .ok();
    }
}

/// A context from outside of a bubble has its deadline on another clock, so one that is made of it
/// inside has one of its own.
#[test]
fn a_context_in_a_bubble() {
    in_child!(.procs(1), || {
        let d = Duration::from_secs;
        let (outer, _cancel) = gort::context::Context::background().with_timeout(d(60));
        gort::test::bubble(move || {
            time::sleep(d(3600));
            let begin = time::now();
            let (inner, _cancel) = outer.with_timeout(d(1));
            assert_eq!(inner.deadline(), Some(begin + d(1)));
            // Of the same clock: the earlier one.
            assert_eq!(inner.with_timeout(d(5)).0.deadline(), Some(begin + d(1)));
            assert_eq!(inner.done().recv(), None);
            assert_eq!(time::now() - begin, d(1));
        });
    })
    .ok();
}

/// The time of a poll counts.
#[test]
fn a_poll_that_takes_long() {
    in_child!(.procs(1), || {
        let limit = Duration::from_secs(1);
        let there = move || {
            let mut polls = Vec::new();
            let f = std::future::poll_fn(|_| {
                let begin = Instant::now();
                if polls.is_empty() {
                    std::thread::sleep(limit);
                }
                polls.push((begin, Instant::now()));
                std::task::Poll::<()>::Pending
            });
            assert_eq!(block_on_timeout(limit, f), None);
            let [(_, end), (next, _)] = polls[..] else { panic!("{polls:?}") };
            // Nothing is left of the limit, so nobody waits for it.
            assert!(next - end < limit / 2, "{polls:?}");
        };
        there();
        gort::blocking(there);
    })
    .ok();
}

/// docs/guide.md has a table of all that waits, and how it waits for a while only. Each public
/// function whose description says that it waits is in it, and each that ends in a time.
#[test]
fn the_guide_has_each_wait() {
    /// What speaks of waiting and does not wait, or for what is named.
    const OTHERS: &[&str] = &[
        "add",
        "call_on",
        "cancel",
        "forget_unshared",
        "get",
        "grace",
        "lookup",
        "never_calls_in",
        "new",
        "no_park",
        "read_timeout",
        "set_block_profile_rate",
        "set_limit",
        "set_linger",
        "set_mutex_profile_fraction",
        "signal",
        "spawn",
        "stdin",
        "try_acquire",
        "try_go",
        "watcher",
        "with",
        "with_context",
        "write_timeout",
    ];
    let root = gort_tests::tests_dir().join("..");
    let guide = std::fs::read_to_string(root.join("docs/guide.md")).unwrap();
    let table = guide.split("| waits | for a while only |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let has =
        |name: &str| table.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|w| w == name);
    let mut files = vec![root.join("gort/src")];
    let (mut seen, mut used) = (0, std::collections::BTreeSet::new());
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            continue;
        }
        let (mut waits, mut code) = (false, false);
        for line in std::fs::read_to_string(&path).unwrap().lines().map(str::trim) {
            if let Some(doc) = line.strip_prefix("///") {
                code ^= doc.trim_start().starts_with("```");
                let mut words = doc.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
                waits |= !code
                    && words.any(|w| ["wait", "waits", "waited", "waiting"].contains(&w.as_str()));
            } else if let Some(f) = ["pub fn ", "pub const fn ", "pub unsafe fn "]
                .iter()
                .find_map(|p| line.strip_prefix(p))
            {
                let name = f.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap();
                if waits || name.ends_with("_timeout") || name.ends_with("_deadline") {
                    seen += 1;
                    if OTHERS.contains(&name) {
                        used.insert(name.to_string());
                    } else {
                        assert!(
                            has(name),
                            "{}: {name} waits, and docs/guide.md's table has it not",
                            path.display()
                        );
                    }
                }
                waits = false;
            } else if !line.starts_with('#') {
                waits = false;
            }
        }
    }
    assert!(seen > 80, "{seen}");
    let unused: Vec<_> = OTHERS.iter().filter(|n| !used.contains(**n)).collect();
    assert!(unused.is_empty(), "not needed any more: {unused:?}");
}
