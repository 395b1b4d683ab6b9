//! Futures on goroutines, and wakers on any thread: with the crates futures and tokio. The report
//! `new_futures` is in here.

use futures::channel::{mpsc, oneshot};
use futures::stream::StreamExt;
use gort::{block_on, chan, go, recover};
use gort_tests::{in_child, in_plain_child};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Runs it with one P, two and eight.
macro_rules! each {
    ($f:expr) => {
        for n in ["1", "2", "8"] {
            in_child!(.env("GOMAXPROCS", n), $f).ok();
        }
    };
}

/// `new_futures`: with `futures::executor::block_on` a goroutine blocked its thread, and the
/// program hung.
#[test]
fn new_futures() {
    each!(|| {
        assert_eq!(block_on(async { 1 + 1 }), 2);
        let (tx, rx) = oneshot::channel::<u32>();
        go(move || {
            gort::time::sleep(20 * MS);
            tx.send(9).unwrap();
        });
        assert_eq!(block_on(rx), Ok(9));
        let n = Arc::new(AtomicU32::new(0));
        for i in 0..8 {
            let n = n.clone();
            go(move || {
                loop {
                    block_on(async move { gort::time::sleep(Duration::from_micros(100 + i)) });
                    n.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while n.load(Ordering::Relaxed) < 1000 {
            gort::time::sleep(MS);
        }
    });
}

/// Wakers on other goroutines, and on threads that the runtime does not know.
#[test]
fn wakers_anywhere() {
    each!(|| {
        let done = chan::<u32>(0);
        let (to_thread, from_goroutines) = std::sync::mpsc::channel::<oneshot::Sender<u32>>();
        std::thread::spawn(move || {
            for (i, tx) in from_goroutines.into_iter().enumerate() {
                if i % 100 == 0 {
                    std::thread::sleep(MS); // all are parked, and no M is
                }
                tx.send(1).unwrap();
            }
        });
        for i in 0..16 {
            let (done, to_thread) = (done.clone(), to_thread.clone());
            go(move || {
                let mut sum = 0;
                for j in 0..200 {
                    let (tx, rx) = oneshot::channel();
                    if (i + j) % 3 == 0 {
                        go(move || tx.send(1).unwrap());
                    } else {
                        to_thread.send(tx).unwrap();
                    }
                    sum += block_on(rx).unwrap();
                }
                done.send(sum);
            });
        }
        drop(to_thread);
        assert_eq!((0..16).map(|_| done.recv().unwrap()).sum::<u32>(), 16 * 200);
    });
}

/// A waker in a blocking section, and `block_on` there.
#[test]
fn in_blocking() {
    each!(|| {
        let (tx, rx) = oneshot::channel();
        go(move || {
            gort::blocking(move || {
                std::thread::sleep(5 * MS);
                tx.send(3).unwrap();
            })
        });
        assert_eq!(block_on(rx), Ok(3));
        let (tx, rx) = oneshot::channel();
        go(move || tx.send(4).unwrap());
        assert_eq!(gort::blocking(|| block_on(rx)), Ok(4));
    });
}

/// tokio's runtime beside: its timers and tasks are awaited on goroutines.
#[test]
fn tokio_beside() {
    each!(|| {
        let rt = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let handle = rt.handle().clone();
        let done = chan::<u32>(0);
        for i in 0..20u32 {
            let (done, handle) = (done.clone(), handle.clone());
            go(move || {
                let task = handle.spawn(async move {
                    tokio::time::sleep(Duration::from_millis(u64::from(i % 4))).await;
                    i
                });
                let got = block_on(task).unwrap();
                // one of tokio's futures, polled here, with its context entered around each poll
                let mut sleep = None;
                let mut f = pin!(poll_fn(|cx| {
                    let _g = handle.enter();
                    let s = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(MS)));
                    s.as_mut().poll(cx)
                }));
                block_on(f.as_mut());
                // a channel of tokio's
                let (tx, mut rx) = tokio::sync::mpsc::channel(1);
                handle.spawn(async move {
                    for k in 0..10u32 {
                        tx.send(k).await.unwrap();
                    }
                });
                let mut sum = 0;
                while let Some(k) = block_on(rx.recv()) {
                    sum += k;
                }
                assert_eq!(sum, 45);
                done.send(got);
            });
        }
        assert_eq!((0..20).map(|_| done.recv().unwrap()).sum::<u32>(), 190);
        gort::blocking(|| drop(rt));
    });
}

/// A stream; a future that wakes itself; one that is woken before it is parked; a panic; what it
/// owns is dropped.
#[test]
fn kinds() {
    each!(|| {
        let (mut tx, rx) = mpsc::channel::<u32>(1);
        go(move || {
            for i in 0..100 {
                block_on(poll_fn(|cx| tx.poll_ready(cx))).unwrap();
                tx.start_send(i).unwrap();
            }
        });
        assert_eq!(block_on(rx.fold(0, |a, b| async move { a + b })), 4950);
        let mut n = 0;
        block_on(poll_fn(|cx| {
            n += 1;
            if n == 1000 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(n, 1000);
        assert_eq!(
            recover(|| block_on(async { panic!("in a future") })).unwrap_err().message(),
            "in a future"
        );
        let owned = Arc::new(());
        let weak = Arc::downgrade(&owned);
        block_on(async move { drop(owned) });
        assert!(weak.upgrade().is_none());
        // one inside another
        assert_eq!(block_on(async { block_on(async { 5 }) }), 5);
    });
}

/// However often a future is woken, there is nothing that grows.
#[test]
fn many_wake_ups() {
    each!(|| {
        fn rss() -> usize {
            let s = std::fs::read_to_string("/proc/self/statm").unwrap();
            s.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
        }
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Mutex::new(None::<Waker>));
        let (s1, w1) = (stop.clone(), shared.clone());
        let thread = std::thread::spawn(move || {
            let mut n = 0u64;
            while !s1.load(Ordering::Relaxed) {
                // Not under the lock, which this thread would take again before anybody else could.
                let w = w1.lock().unwrap().take();
                let Some(w) = w else {
                    std::thread::yield_now();
                    continue;
                };
                w.wake_by_ref();
                let another = w.clone();
                another.wake_by_ref();
                drop(another);
                n += 2;
            }
            n
        });
        let mut polls = 0u64;
        let mut before = 0;
        let mut last = None::<Waker>;
        block_on(poll_fn(|cx| {
            last = Some(cx.waker().clone());
            *shared.lock().unwrap() = last.clone();
            polls += 1;
            if polls == 10_000 {
                before = rss();
            }
            if polls == 50_000 { Poll::Ready(()) } else { Poll::Pending }
        }));
        assert!(rss() < before + (4 << 20), "grew from {before} to {}", rss());
        // and a waker that has outlived its future does nothing
        let w = last.unwrap();
        for _ in 0..1000 {
            w.wake_by_ref();
        }
        stop.store(true, Ordering::Relaxed);
        gort::blocking(|| thread.join().unwrap());
    });
}

/// Who waits for a thread is not deadlocked; who waits for nobody is.
#[test]
fn deadlock() {
    in_child!(|| {
        let (tx, rx) = oneshot::channel();
        std::thread::spawn(move || {
            // Long enough for every M to sleep and for sysmon to look twice; one that was slower
            // would still be no deadlock.
            std::thread::sleep(100 * MS);
            tx.send(1).unwrap();
        });
        assert_eq!(block_on(rx), Ok(1));
    })
    .ok();
}

#[test]
fn no_waker_is_a_deadlock() {
    in_child!(|| block_on(pending::<()>()))
        .exited(2)
        .stderr_has("fatal error: all goroutines are asleep - deadlock!")
        .stderr_has("[future (nobody can wake it)]:");
}

/// Without the runtime it is a plain `block_on`.
#[test]
fn plain_thread() {
    in_plain_child!(|| {
        let (tx, rx) = oneshot::channel();
        std::thread::spawn(move || {
            std::thread::sleep(5 * MS);
            tx.send(1).unwrap();
        });
        assert_eq!(block_on(rx), Ok(1));
        let mut n = 0;
        block_on(poll_fn(|cx| {
            n += 1;
            cx.waker().wake_by_ref();
            if n == 10 { Poll::Ready(()) } else { Poll::Pending }
        }));
    })
    .ok();
}
