//! `Chan::recv_async` and `send_async`: with tokio's tasks, the futures crate, and goroutines at
//! the other end.

use futures::future::{Either, FutureExt, join_all, select as first};
use gort::{Chan, SendAsyncError, block_on, chan, go, select};
use gort_tests::in_child;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Runs it with one P, two and eight.
macro_rules! each {
    ($f:expr) => {
        for n in ["1", "2", "8"] {
            in_child!(.env("GOMAXPROCS", n), $f).ok();
        }
    };
}

/// A value that knows how often it was dropped.
struct D(u32, Arc<AtomicU32>);
impl Drop for D {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future at one end, a goroutine at the other; with room and without.
#[test]
fn with_goroutines() {
    each!(|| {
        for cap in [0, 1, 7] {
            let c = chan::<u32>(cap);
            let tx = c.clone();
            go(move || {
                for i in 0..500 {
                    tx.send(i);
                }
                tx.close();
            });
            let mut got = Vec::new();
            while let Some(v) = block_on(c.recv_async()) {
                got.push(v);
            }
            assert!(got.into_iter().eq(0..500));
            let c = chan::<u32>(cap);
            let tx = c.clone();
            go(move || {
                for i in 0..500 {
                    block_on(tx.send_async(i)).unwrap();
                }
                tx.close();
            });
            assert!(c.iter().eq(0..500));
            // a select on the other side
            let (c, never) = (chan::<u32>(cap), chan::<u32>(0));
            let tx = c.clone();
            go(move || {
                for i in 0..500 {
                    block_on(tx.send_async(i)).unwrap();
                }
            });
            for i in 0..500 {
                let got = select! { recv(c) -> v => v, recv(never) -> v => v };
                assert_eq!(got, Some(i));
            }
            let tx = c.clone();
            go(move || {
                for i in 0..500 {
                    select! { send(tx, i) => (), recv(never) -> _ => () };
                }
            });
            for i in 0..500 {
                assert_eq!(block_on(c.recv_async()), Some(i));
            }
        }
    });
}

/// Futures at both ends.
#[test]
fn both_ends() {
    each!(|| {
        for cap in [0, 1, 3] {
            let c = chan::<u32>(cap);
            let all = block_on(async {
                let sends = join_all((0..100).map(|i| c.send_async(i)));
                let receives = join_all((0..100).map(|_| c.recv_async()));
                let (s, r) = futures::join!(sends, receives);
                assert!(s.iter().all(Result::is_ok));
                r
            });
            let all: BTreeSet<_> = all.into_iter().flatten().collect();
            assert!(all.into_iter().eq(0..100), "cap {cap}");
        }
    });
}

#[test]
fn closed_and_nil() {
    each!(|| {
        let c = chan::<u32>(1);
        c.send(1);
        c.close();
        assert_eq!(block_on(c.recv_async()), Some(1));
        assert_eq!(block_on(c.recv_async()), None);
        assert_eq!(block_on(c.send_async(2)), Err(SendAsyncError(2)));
        // closed while they wait
        let c = chan::<u32>(0);
        let c2 = c.clone();
        go(move || c2.close());
        assert_eq!(block_on(c.recv_async()), None);
        let c = chan::<u32>(0);
        let c2 = c.clone();
        go(move || c2.close());
        assert_eq!(block_on(c.send_async(7)), Err(SendAsyncError(7)));
        assert!(Chan::<u32>::nil().recv_async().now_or_never().is_none());
        assert!(Chan::<u32>::nil().send_async(1).now_or_never().is_none());
        // a timer's channel
        let t = gort::time::Timer::new(Duration::from_millis(5));
        assert!(block_on(t.c().recv_async()).is_some());
    });
}

/// A future that is dropped: what it would have sent is dropped, and what it would have received is
/// for others.
#[test]
fn cancelled() {
    each!(|| {
        let drops = Arc::new(AtomicU32::new(0));
        let d = |i| D(i, drops.clone());
        let c = chan::<D>(0);
        let mut f = c.send_async(d(1));
        assert!((&mut f).now_or_never().is_none());
        drop(f);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert!(c.try_recv().is_err());
        drop(c.send_async(d(2))); // never polled
        assert_eq!(drops.load(Ordering::SeqCst), 2);
        // taken by another future: it must not be dropped with this one
        let mut f = c.send_async(d(3));
        assert!((&mut f).now_or_never().is_none());
        let got = c.recv_async().now_or_never().flatten().expect("it waits there");
        drop(f);
        assert_eq!((got.0, drops.load(Ordering::SeqCst)), (3, 2));
        drop(got);
        // a receiver that is dropped when a sender has come already
        let mut r = c.recv_async();
        assert!((&mut r).now_or_never().is_none());
        let (tx, v) = (c.clone(), d(4));
        go(move || tx.send(v));
        gort::runtime::gosched();
        drop(r);
        assert_eq!(c.recv().unwrap().0, 4);
        assert_eq!(drops.load(Ordering::SeqCst), 4);
        // with the channel
        let mut f = c.send_async(d(5));
        assert!((&mut f).now_or_never().is_none());
        drop(c);
        drop(f);
        assert_eq!(drops.load(Ordering::SeqCst), 5);
    });
}

/// Receives that lose against a time-out again and again: every value arrives, once.
#[test]
fn nothing_is_lost() {
    each!(|| {
        for cap in [0, 2] {
            let c = chan::<u32>(cap);
            let ack = chan::<()>(0);
            for s in 0..4u32 {
                let tx = c.clone();
                go(move || {
                    for i in 0..200 {
                        if i % 7 == 0 {
                            gort::runtime::gosched();
                        }
                        if i % 2 == 0 {
                            tx.send(s * 200 + i)
                        } else {
                            block_on(tx.send_async(s * 200 + i)).unwrap()
                        }
                    }
                });
            }
            let all = chan::<u32>(800);
            for r in 0..4u32 {
                let (c, all, ack) = (c.clone(), all.clone(), ack.clone());
                go(move || {
                    let mut n = r;
                    loop {
                        n += 1;
                        let timeout = async {
                            for _ in 0..n % 4 {
                                // yields to the other future
                                let mut once = false;
                                std::future::poll_fn(|cx| {
                                    if once {
                                        return std::task::Poll::Ready(());
                                    }
                                    once = true;
                                    gort::runtime::gosched();
                                    cx.waker().wake_by_ref();
                                    std::task::Poll::Pending
                                })
                                .await;
                            }
                        };
                        let timeout = std::pin::pin!(timeout);
                        match block_on(first(c.recv_async(), timeout)) {
                            Either::Left((Some(v), _)) => all.send(v),
                            Either::Left((None, _)) => break,
                            Either::Right(_) => gort::runtime::gosched(),
                        }
                    }
                    ack.send(());
                });
            }
            let mut got = BTreeSet::new();
            for _ in 0..800 {
                assert!(got.insert(all.recv().unwrap()), "twice");
            }
            assert!(got.into_iter().eq(0..800));
            c.close();
            for _ in 0..4 {
                ack.recv();
            }
        }
    });
}

/// Tasks on tokio's threads, goroutines at the other end.
#[test]
fn on_tokio_threads() {
    each!(|| {
        // tokio's threads call in whenever they like: goroutines that all wait are no deadlock
        let _here = gort::start(gort::Config::new());
        let rt = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        for cap in [0, 3] {
            let (to, from) = (chan::<u32>(cap), chan::<u32>(cap));
            for _ in 0..4 {
                let (to, from) = (to.clone(), from.clone());
                rt.spawn(async move {
                    // a receive that loses against a time-out is tried again
                    loop {
                        tokio::select! {
                            v = to.recv_async() => match v {
                                Some(v) => from.send_async(v * 2).await.unwrap(),
                                None => break,
                            },
                            () = tokio::time::sleep(Duration::from_micros(200)) => (),
                        }
                    }
                });
            }
            let tx = to.clone();
            go(move || {
                for i in 0..400 {
                    tx.send(i);
                }
                tx.close();
            });
            let got: BTreeSet<_> = (0..400).map(|_| from.recv().unwrap()).collect();
            assert!(got.into_iter().eq((0..400).map(|i| i * 2)));
        }
        gort::blocking(|| drop(rt));
    });
}
