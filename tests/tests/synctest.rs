//! Bubbles: Go 1.25's own cases (internal/synctest/synctest_test.go) that do not need Go's
//! language, and what is gort's own.

use gort::context::Context;
use gort::sync::{Cond, Mutex, WaitGroup};
use gort::test::{bubble, is_in_bubble, wait};
use gort::time::{self, now, sleep};
use gort::{chan, go, recover, select, task};
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const S: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Runs it with one P, two and eight.
macro_rules! each {
    ($f:expr) => {
        for n in ["1", "2", "8"] {
            in_child!(.env("GOMAXPROCS", n), $f).ok();
        }
    };
}

/// What a panic in `f` says.
fn panics(f: impl FnOnce()) -> String {
    recover(f).expect_err("it should have panicked").message().into_owned()
}

// TestSuccess, TestNow, TestTimerReadBeforeDeadline
#[test]
fn clock() {
    each!(|| {
        let real = std::time::Instant::now();
        let r = bubble(|| {
            assert!(is_in_bubble());
            let start = now();
            let day = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800);
            assert_eq!(time::system_time(), day);
            sleep(HOUR);
            assert_eq!(now() - start, HOUR);
            assert_eq!(time::system_time(), day + HOUR);
            let t = time::Timer::new(5 * S);
            t.c().recv();
            assert_eq!(now() - start, HOUR + 5 * S);
            // two goroutines, one after the other
            let c = chan::<u32>(0);
            for i in [3, 1, 2] {
                let tx = c.clone();
                go(move || {
                    sleep(i * S);
                    tx.send(i);
                });
            }
            let got: Vec<_> = (0..3).map(|_| c.recv()).collect();
            assert_eq!(got, [Some(1), Some(2), Some(3)]);
            assert_eq!(now() - start, HOUR + 8 * S);
            "done"
        });
        assert_eq!(r, "done");
        assert!(!is_in_bubble());
        assert!(real.elapsed() < HOUR, "the clock is not real");
    });
}

// TestMonotonicClock, in short; TestTimerFromInsideBubble, TestTickerReset, AfterFunc
#[test]
fn timers() {
    each!(|| {
        bubble(|| {
            let start = now();
            let tick = time::Ticker::new(S);
            for i in 1..=10u32 {
                assert_eq!(tick.c().recv(), Some(start + i * S));
            }
            tick.reset(2 * S);
            tick.c().recv();
            assert_eq!(now() - start, 12 * S);
            tick.stop();
            // a function, on a goroutine in the bubble
            let c = chan::<bool>(1);
            let tx = c.clone();
            let t = time::after_func_again(3 * S, move || tx.send(is_in_bubble()));
            assert_eq!(c.recv(), Some(true));
            assert_eq!(now() - start, 15 * S);
            assert!(!t.stop());
            t.reset(S);
            assert!(t.stop());
            // a channel whose time has come is ready without anybody having waited
            let t = time::Timer::new(S);
            sleep(2 * S);
            assert!(t.c().try_recv().is_ok());
            // stopped and reset before
            let t = time::Timer::new(S);
            assert!(t.stop());
            sleep(2 * S);
            assert!(t.c().try_recv().is_err());
            assert!(!t.reset(Duration::ZERO));
            assert!(t.c().try_recv().is_ok());
            // due at once: a function runs before the bubble is blocked
            let hit = Arc::new(AtomicU32::new(0));
            let h = hit.clone();
            let t = time::after_func_again(Duration::ZERO, move || {
                _ = h.fetch_add(1, Ordering::SeqCst)
            });
            wait();
            assert_eq!(hit.load(Ordering::SeqCst), 1);
            t.reset(Duration::ZERO);
            wait();
            assert_eq!(hit.load(Ordering::SeqCst), 2);
        });
    });
}

// TestWait
#[test]
fn waits() {
    each!(|| {
        bubble(|| {
            let done = Arc::new(AtomicU32::new(0));
            let d = done.clone();
            let c = chan::<u32>(0);
            let rx = c.clone();
            go(move || {
                for _ in 0..10 {
                    gort::runtime::gosched();
                }
                d.store(1, Ordering::SeqCst);
                rx.recv();
                d.store(2, Ordering::SeqCst);
                sleep(S);
                d.store(3, Ordering::SeqCst);
            });
            wait();
            assert_eq!(done.load(Ordering::SeqCst), 1);
            c.send(1);
            wait();
            assert_eq!(done.load(Ordering::SeqCst), 2);
            sleep(S);
            wait();
            assert_eq!(done.load(Ordering::SeqCst), 3);
        });
    });
}

// TestDurablyBlockedOn..., each with what ends it
#[test]
fn durably_blocked() {
    each!(|| {
        bubble(|| {
            // every way to block durably, and the clock goes on in each
            let start = now();
            let c = chan::<u32>(0);
            let full = chan::<u32>(1);
            full.send(0);
            let wg = Arc::new(WaitGroup::new());
            wg.add(1);
            let cond = Arc::new((Mutex::new(false), Cond::new()));
            let woken = Arc::new(AtomicU32::new(0));
            let w = woken.clone();
            let count = move || _ = w.fetch_add(1, Ordering::SeqCst);
            let (c1, n) = (c.clone(), count.clone());
            go(move || {
                c1.recv();
                n();
            });
            let (f1, n) = (full.clone(), count.clone());
            go(move || {
                f1.send(1);
                n();
            });
            let (c1, n) = (c.clone(), count.clone());
            go(move || {
                let never = chan::<u8>(0);
                select! { recv(c1) -> _ => (), recv(never) -> _ => () };
                n();
            });
            let (wg1, n) = (wg.clone(), count.clone());
            go(move || {
                wg1.wait();
                n();
            });
            let (cond1, n) = (cond.clone(), count.clone());
            go(move || {
                let mut g = cond1.0.lock();
                while !*g {
                    g = cond1.1.wait(g);
                }
                drop(g);
                n();
            });
            let n = count.clone();
            go(move || {
                let mut it = gort::iter::pull(|yield_: &mut dyn FnMut(u32) -> bool| {
                    sleep(2 * S);
                    yield_(1);
                });
                assert_eq!(it.next(), Some(1));
                n();
            });
            wait();
            assert_eq!(woken.load(Ordering::SeqCst), 0);
            sleep(HOUR);
            assert_eq!(now() - start, HOUR);
            assert_eq!(woken.load(Ordering::SeqCst), 1, "the one that sleeps in a coroutine");
            c.send(1);
            c.send(1);
            full.recv();
            wg.done();
            *cond.0.lock() = true;
            cond.1.broadcast();
            wait();
            assert_eq!(woken.load(Ordering::SeqCst), 6);
        });
    });
}

// TestMutexRace, and the like: what is not durable holds the clock
#[test]
fn not_durable() {
    each!(|| {
        let m = Arc::new(Mutex::new(()));
        let outside = chan::<u32>(0);
        let guard = m.lock();
        let go_on = Arc::new(AtomicBool::new(false));
        let (m1, g1, o1) = (m.clone(), go_on.clone(), outside.clone());
        let c = chan::<()>(0);
        let done = c.clone();
        go(move || {
            bubble(move || {
                let start = now();
                let g2 = g1.clone();
                go(move || {
                    drop(m1.lock()); // held outside
                    assert!(g2.load(Ordering::SeqCst), "the clock has gone on");
                });
                sleep(S);
                assert!(g1.load(Ordering::SeqCst), "the clock has gone on");
                // a channel from outside
                assert_eq!(o1.recv(), Some(7));
                assert_eq!(now() - start, S);
            });
            done.close();
        });
        for _ in 0..100 {
            gort::runtime::gosched();
        }
        sleep(20 * MS);
        go_on.store(true, Ordering::SeqCst);
        drop(guard);
        outside.send(7);
        c.recv();
    });
}

// TestDeadlockRoot, TestDeadlockChild, TestDeadlockTicker
#[test]
fn deadlocks() {
    each!(|| {
        let blocked = "deadlock: all goroutines in bubble are blocked";
        let p = panics(|| bubble(|| _ = chan::<u32>(0).recv()));
        assert!(p.starts_with(blocked), "{p}");
        assert!(p.contains("[chan receive (durable), synctest bubble "), "{p}");
        let p = panics(|| {
            bubble(|| {
                let c = chan::<u32>(0);
                go(move || _ = c.recv());
            })
        });
        assert!(
            p.starts_with(
                "deadlock: main bubble goroutine has exited but blocked goroutines remain"
            ),
            "{p}"
        );
        let p = panics(|| {
            bubble(|| {
                let c = chan::<u32>(0);
                go(move || {
                    for _ in time::tick(S).iter().take(3) {}
                    c.send(1);
                });
            })
        });
        assert!(p.starts_with("deadlock: main bubble goroutine has exited"), "{p}");
        let p = panics(|| {
            bubble(|| {
                let m = Mutex::new(0);
                let c = Cond::new();
                drop(c.wait(m.lock()));
            })
        });
        assert!(p.starts_with(blocked) && p.contains("[sync.Cond.Wait (durable)"), "{p}");
        let p = panics(|| bubble(|| _ = gort::Chan::<u32>::nil().recv()));
        assert!(p.starts_with(blocked) && p.contains("[chan receive (nil chan) (durable)"), "{p}");
        let p = panics(|| {
            bubble(|| {
                let wg = WaitGroup::new();
                wg.add(1);
                wg.wait();
            })
        });
        assert!(p.starts_with(blocked) && p.contains("[sync.WaitGroup.Wait (durable)"), "{p}");
        // and then it works again
        assert_eq!(bubble(|| 7), 7);
    });
}

// TestPanic, and panics elsewhere
#[test]
fn panics_come_back() {
    each!(|| {
        assert_eq!(panics(|| bubble(|| panic!("boom"))), "boom");
        assert_eq!(
            panics(|| {
                bubble(|| {
                    go(|| panic!("in another"));
                    sleep(HOUR);
                    panic!("not reached");
                })
            }),
            "in another"
        );
        // the value is kept
        let p = recover(|| bubble(|| std::panic::panic_any(42u8))).unwrap_err();
        assert_eq!(p.into_value().downcast_ref::<u8>(), Some(&42));
        let p = panics(|| bubble(|| gort::runtime::goexit()));
        assert_eq!(p, "bubble: its function has not returned, but called goexit");
    });
}

#[test]
fn misuse_panics() {
    each!(|| {
        assert_eq!(panics(wait), "goroutine is not in a bubble");
        assert_eq!(panics(|| bubble(|| bubble(|| ()))), "bubble: called from within a bubble");
        assert_eq!(
            panics(|| {
                bubble(|| {
                    go(wait);
                    go(wait);
                })
            }),
            "wait already in progress"
        );
    });
}

// TestChannelFromOutsideBubble and kin: Go ends the program
#[test]
fn outside_is_fatal() {
    fn leak<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
        bubble(f)
    }
    /// Keeps a bubble from being blocked.
    fn busy() {
        go(|| {
            loop {
                gort::runtime::gosched()
            }
        });
    }
    let cases = [
        "receive on synctest channel from outside bubble",
        "send on synctest channel from outside bubble",
        "close of synctest channel from outside bubble",
        "synctest channel from outside bubble",
        "select on synctest channel from outside bubble",
        "send on synctest channel from outside bubble", // another bubble is outside, too
        "stop of synctest timer from outside bubble",
        "reset of synctest timer from outside bubble",
        "sync: WaitGroup.Add called from inside and outside synctest bubble",
        "semaphore wake of synctest goroutine from outside bubble",
    ];
    for (i, text) in cases.into_iter().enumerate() {
        let out = in_child!(.env("CASE", i), || {
            match std::env::var("CASE").as_deref() {
                Ok("0") => _ = leak(|| chan::<u32>(1)).try_recv(),
                Ok("1") => leak(|| chan::<u32>(1)).send(1),
                Ok("2") => leak(|| chan::<u32>(1)).close(),
                Ok("3") => {
                    let c = leak(|| chan::<u32>(1));
                    select! { recv(c) -> _ => (), default => () }
                }
                Ok("4") => {
                    let (c, d) = (leak(|| chan::<u32>(1)), chan::<u32>(0));
                    select! { recv(c) -> _ => (), recv(d) -> _ => () }
                }
                Ok("5") => {
                    let c = leak(|| chan::<u32>(1));
                    bubble(move || c.send(1));
                }
                Ok("6") => _ = leak(|| time::after_func(S, || ())).stop(),
                Ok("7") => _ = leak(|| time::after_func(S, || ())).reset(S),
                Ok("8") => {
                    let c = chan::<Arc<WaitGroup>>(1);
                    let tx = c.clone();
                    go(move || {
                        bubble(move || {
                            busy();
                            let wg = Arc::new(WaitGroup::new());
                            wg.add(1);
                            tx.send(wg.clone());
                            wg.wait();
                        })
                    });
                    c.recv().unwrap().done();
                }
                _ => {
                    let c = Arc::new((Mutex::new(()), Cond::new()));
                    let (c1, there) = (c.clone(), chan::<()>(1));
                    let t1 = there.clone();
                    go(move || {
                        bubble(move || {
                            busy();
                            let mut g = c1.0.lock();
                            t1.send(());
                            loop {
                                g = c1.1.wait(g);
                            }
                        })
                    });
                    there.recv();
                    drop(c.0.lock());
                    loop {
                        c.1.broadcast();
                        gort::runtime::gosched();
                    }
                }
            }
        });
        out.exited(2).stderr_has("fatal error: ").stderr_has(text);
    }
}

#[test]
fn old_timer_channels() {
    in_child!(.env("GODEBUG", "asynctimerchan=1"), || bubble(|| ()))
        .exited(2)
        .stderr_has("bubble: not supported with asynctimerchan!=0");
}

/// What a bubble has made may be dropped outside; its memory is given back.
#[test]
fn things_leave_the_bubble() {
    each!(|| {
        struct D(Arc<AtomicU32>);
        impl Drop for D {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicU32::new(0));
        for _ in 0..100 {
            let d = dropped.clone();
            let things = bubble(move || {
                let (d1, d2) = (D(d.clone()), D(d));
                let c = chan::<D>(1);
                c.send(d1);
                let f = time::after_func(S, move || _ = &d2);
                let t = time::Timer::new(S);
                let tick = time::Ticker::new(S);
                tick.c().recv();
                (c, f, t, tick)
            });
            drop(things);
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 200);
    });
}

/// Bubbles side by side do not know of each other; a wait group can serve one after the other.
#[test]
fn side_by_side() {
    each!(|| {
        let wg = Arc::new(WaitGroup::new());
        for i in 0..50u32 {
            wg.add(1);
            let wg = wg.clone();
            go(move || {
                for j in 0..20u32 {
                    bubble(move || {
                        let start = now();
                        let inner = Arc::new(WaitGroup::new());
                        let c = chan::<u32>(0);
                        for k in 0..5 {
                            inner.add(1);
                            let (inner, c) = (inner.clone(), c.clone());
                            go(move || {
                                sleep((i + j + k) * MS);
                                c.send(k);
                                inner.done();
                            });
                        }
                        for k in 0..5 {
                            assert_eq!(c.recv(), Some(k));
                        }
                        inner.wait();
                        assert_eq!(now() - start, (i + j + 4) * MS);
                    });
                }
                wg.done();
            });
        }
        wg.wait();
        let shared = Arc::new(WaitGroup::new());
        for _ in 0..3 {
            let w = shared.clone();
            bubble(move || {
                w.add(1);
                let w2 = w.clone();
                go(move || w2.done());
                w.wait();
            });
        }
    });
}

/// What is given a point in time goes by the bubble's clock, as what is given a duration does.
#[test]
fn deadlines() {
    in_child!(|| bubble(|| {
        // Far from the real clock.
        time::sleep(1000 * S);
        let passes = |s: u32, f: &dyn Fn(Instant)| {
            let start = time::now();
            f(start + s * S);
            assert_eq!(time::now() - start, s * S);
        };
        let c = chan::<u32>(0);
        passes(10, &|t| assert!(c.recv_deadline(t).is_err()));
        passes(20, &|t| assert!(c.send_deadline(1, t).is_err()));
        let rx = c.receiver();
        let h = std::cell::Cell::new(Some(task::spawn(move || rx.recv())));
        passes(30, &|t| h.set(h.take().unwrap().join_deadline(t).err()));
        let (outer, _cancel) = Context::background().with_timeout(100 * S);
        assert_eq!(outer.deadline(), Some(time::now() + 100 * S));
        time::sleep(60 * S);
        let (inner, _cancel) = outer.with_timeout(50 * S);
        assert_eq!(inner.deadline(), Some(time::now() + 40 * S)); // the outer one's
        passes(40, &|_| _ = inner.done().recv());
        passes(5, &|t| {
            let (ctx, _cancel) = Context::background().with_deadline(t);
            ctx.done().recv();
        });
        let mut w = task::Watch::new(1).watcher();
        passes(7, &|_| {
            assert!(w.clone().wait_for_timeout(7 * S, |n| *n > 1).is_err());
        });
        w.get();
        // I/O is not of the bubble, whose clock stands still meanwhile; a deadline that has
        // passed there has passed.
        let (r, _w) = gort::os::pipe().unwrap();
        r.set_read_deadline(Some(time::now() - S)).unwrap();
        let e = std::io::Read::read(&mut &r, &mut [0]).unwrap_err();
        assert_eq!(e.kind(), std::io::ErrorKind::TimedOut);
        c.send(1);
        assert_eq!(h.take().unwrap().join().unwrap(), Some(1));
    }))
    .ok();
}
