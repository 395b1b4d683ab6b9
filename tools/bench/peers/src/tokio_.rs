//! tokio, its multi-threaded scheduler. "Main" is a spawned task.

use crate::{Repeat, clock, cpu, memory, metric, nap, rounds, xorshift};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::{spawn, yield_now};

pub fn run(id: &str, name: &str, workers: usize) -> bool {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let rt = rt.expect("tokio starts");
    let (id, name) = (id.to_string(), name.to_string());
    rt.block_on(async move { spawn(workload(id, name)).await.expect("the workload") })
}

/// Go's WaitGroup: an atomic counter that wakes main at zero.
struct Wg {
    n: AtomicU64,
    zero: Notify,
}

impl Wg {
    fn new(n: u64) -> Arc<Self> {
        Arc::new(Wg { n: AtomicU64::new(n), zero: Notify::new() })
    }
    fn done(&self) {
        if self.n.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) == 1 {
            self.zero.notify_one();
        }
    }
    async fn wait(&self) {
        while self.n.load(std::sync::atomic::Ordering::Acquire) != 0 {
            self.zero.notified().await;
        }
    }
}

async fn workload(id: String, name: String) -> bool {
    macro_rules! per {
        ($reps:expr, $n:expr, $f:expr) => {{
            let mut r = Repeat::new($reps);
            while r.more() {
                let t = clock();
                $f.await;
                r.add(t.elapsed());
            }
            metric(&id, r.median() * 1e9 / $n as f64, "ns");
        }};
    }
    match name.as_str() {
        "yield1" => per!(5, 2_000_000, yield1()),
        "yield1000" => per!(5, 1_000_000, yield1000()),
        "spawn_join" => per!(5, 200_000, spawn_join()),
        "spawn_batch" => per!(5, 100_000, spawn_batch()),
        "pingpong" => per!(5, 200_000, pingpong()),
        "pingpong_rdv" => per!(5, 200_000, pingpong_rdv()),
        "chan_buf" => chan_buf(&id).await,
        "chan_mpmc" => per!(5, 1_000_000, chan_mpmc()),
        "ring" => ring(&id).await,
        "sieve" => {
            let mut r = Repeat::new(3);
            while r.more() {
                let t = clock();
                sieve().await;
                r.add(t.elapsed());
            }
            metric(&id, r.median() * 1e3, "ms");
        }
        "select" => per!(5, 400_000, select4()),
        "mutex" => per!(5, 800_000, contend(false)),
        "mutex_hold" => per!(5, 200_000, contend(true)),
        "steal_fib" => {
            let mut r = Repeat::new(5);
            while r.more() {
                let t = clock();
                for _ in 0..20 {
                    assert_eq!(fib(27).await, 196_418);
                }
                r.add(t.elapsed());
            }
            metric(&id, r.median() * 1e3 / 20.0, "ms");
        }
        "steal_imbal" => per!(5, 200_000, steal_imbal()),
        "timers" => timers(&id, 100_000).await,
        "timers30k" => timers(&id, 30_000).await,
        "timer_startstop" => per!(5, 500_000, timer_startstop()),
        "timer_reset" => timer_reset(&id).await,
        "mem.10k" => mem(&id, 10_000).await,
        "mem.100k" => mem(&id, 100_000).await,
        "mem.1m" => mem(&id, 1_000_000).await,
        _ => return false,
    }
    true
}

async fn yield1() {
    for _ in 0..2_000_000 {
        yield_now().await;
    }
}

async fn yield1000() {
    let wg = Wg::new(1000);
    for _ in 0..1000 {
        let wg = wg.clone();
        spawn(async move {
            for _ in 0..1000 {
                yield_now().await;
            }
            wg.done();
        });
    }
    wg.wait().await;
}

async fn spawn_join() {
    for _ in 0..200_000 {
        spawn(async {}).await.expect("a task");
    }
}

async fn spawn_batch() {
    let (n, wg) = (Arc::new(AtomicU64::new(0)), Wg::new(100_000));
    for _ in 0..100_000 {
        let (n, wg) = (n.clone(), wg.clone());
        spawn(async move {
            n.fetch_add(1, Relaxed);
            wg.done();
        });
    }
    wg.wait().await;
    assert_eq!(n.load(Relaxed), 100_000);
}

async fn pingpong() {
    let ((a, mut pa), (pb, mut b)) = (mpsc::channel::<u64>(1), mpsc::channel::<u64>(1));
    spawn(async move {
        while let Some(v) = pa.recv().await {
            if pb.send(v).await.is_err() {
                return;
            }
        }
    });
    for i in 0..200_000 {
        a.send(i).await.expect("the peer");
        assert_eq!(b.recv().await, Some(i));
    }
}

async fn pingpong_rdv() {
    let ((a, pa), (pb, b)) = (flume::bounded::<u64>(0), flume::bounded::<u64>(0));
    spawn(async move {
        while let Ok(v) = pa.recv_async().await {
            if pb.send_async(v).await.is_err() {
                return;
            }
        }
    });
    for i in 0..200_000 {
        a.send_async(i).await.expect("the peer");
        assert_eq!(b.recv_async().await, Ok(i));
    }
}

async fn chan_buf(id: &str) {
    const N: u64 = 2_000_000;
    let (tx, mut rx) = mpsc::channel::<u64>(128);
    let mut r = Repeat::new(5);
    while r.more() {
        let (t, tx) = (clock(), tx.clone());
        spawn(async move {
            for i in 0..N {
                tx.send(i).await.expect("main");
            }
        });
        let mut sum = 0;
        for _ in 0..N {
            sum += rx.recv().await.expect("the producer");
        }
        assert_eq!(sum, N * (N - 1) / 2);
        r.add(t.elapsed());
    }
    metric(id, r.median() * 1e9 / N as f64, "ns");
}

/// tokio's mpsc has one receiver, so this is flume's channel.
async fn chan_mpmc() {
    let (tx, rx) = flume::bounded::<u64>(128);
    let (cons, sum) = (Wg::new(4), Arc::new(AtomicU64::new(0)));
    for p in 0..4u64 {
        let tx = tx.clone();
        spawn(async move {
            for i in 0..250_000 {
                tx.send_async(p * 250_000 + i).await.expect("a consumer");
            }
        });
        let (rx, cons, sum) = (rx.clone(), cons.clone(), sum.clone());
        spawn(async move {
            let mut s = 0;
            while let Ok(v) = rx.recv_async().await {
                s += v;
            }
            sum.fetch_add(s, Relaxed);
            cons.done();
        });
    }
    drop((tx, rx));
    cons.wait().await;
    assert_eq!(sum.load(Relaxed), 1_000_000 * 999_999 / 2);
}

async fn ring(id: &str) {
    const LAPS: u64 = 500;
    let mut r = Repeat::new(5);
    while r.more() {
        let (first, mut last) = mpsc::channel::<u64>(1);
        for _ in 1..1000 {
            let (to, next) = mpsc::channel(1);
            let mut from = std::mem::replace(&mut last, next);
            spawn(async move {
                while let Some(v) = from.recv().await {
                    if to.send(v + 1).await.is_err() {
                        return;
                    }
                }
            });
        }
        let t = clock();
        let mut token = 0;
        for _ in 0..LAPS {
            first.send(token).await.expect("the ring");
            token = last.recv().await.expect("the ring") + 1;
        }
        assert_eq!(token, 500_000);
        r.add(t.elapsed());
    }
    metric(id, r.median() * 1e9 / 500_000.0, "ns");
}

async fn sieve() {
    const LAST: u64 = 17389;
    let wg = Wg::new(2000);
    let (tx, mut c) = mpsc::channel::<u64>(1);
    let wg2 = wg.clone();
    spawn(async move {
        for i in 2..=LAST {
            if tx.send(i).await.is_err() {
                break;
            }
        }
        wg2.done();
    });
    let mut p = 0;
    for k in 0..2000 {
        p = c.recv().await.expect("a prime");
        if k == 1999 {
            break;
        }
        let (tx, next) = mpsc::channel(1);
        let mut rx = std::mem::replace(&mut c, next);
        let wg2 = wg.clone();
        spawn(async move {
            while let Some(v) = rx.recv().await {
                if v % p != 0 && tx.send(v).await.is_err() {
                    break;
                }
                if v == LAST {
                    break;
                }
            }
            wg2.done();
        });
    }
    assert_eq!(p, LAST);
    wg.wait().await;
}

async fn select4() {
    let [mut a, mut b, mut c, mut d] = std::array::from_fn(|_| {
        let (tx, rx) = mpsc::channel::<u64>(1);
        spawn(async move {
            for i in 0..100_000 {
                tx.send(i).await.expect("main");
            }
            // The channel stays open, as in Go.
            std::future::pending::<()>().await;
        });
        rx
    });
    let mut sum = 0;
    for _ in 0..400_000 {
        sum += tokio::select! {
            Some(v) = a.recv() => v,
            Some(v) = b.recv() => v,
            Some(v) = c.recv() => v,
            Some(v) = d.recv() => v,
        };
    }
    assert_eq!(sum, 4 * (100_000 * 99_999 / 2));
}

async fn contend(hold: bool) {
    let (counter, wg) = (Arc::new(Mutex::new(0u64)), Wg::new(8));
    for _ in 0..8 {
        let (counter, wg) = (counter.clone(), wg.clone());
        spawn(async move {
            for _ in 0..rounds(hold) {
                let mut n = counter.lock().await;
                *n += 1;
                if hold {
                    yield_now().await;
                }
                drop(n);
            }
            wg.done();
        });
    }
    wg.wait().await;
    assert_eq!(*counter.lock().await, 8 * rounds(hold));
}

fn fib(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if n < 12 {
            return crate::fib(n);
        }
        let (a, b) = (spawn(fib(n - 1)), spawn(fib(n - 2)));
        a.await.expect("a task") + b.await.expect("a task")
    })
}

async fn steal_imbal() {
    let wg = Wg::new(200_000);
    let wg2 = wg.clone();
    spawn(async move {
        for i in 0..200_000u64 {
            let wg = wg2.clone();
            spawn(async move {
                let mut x = i + 1;
                for _ in 0..200 {
                    x = xorshift(x);
                }
                std::hint::black_box(x);
                wg.done();
            });
        }
    });
    wg.wait().await;
}

async fn timers(id: &str, n: u64) {
    let (mut total, mut used, mut late) = (Repeat::new(3), Repeat::new(3), Repeat::new(3));
    while total.more() {
        let (wg, lateness) = (Wg::new(n), Arc::new(AtomicU64::new(0)));
        let (t, c) = (clock(), cpu());
        for i in 0..n {
            let (wg, lateness) = (wg.clone(), lateness.clone());
            spawn(async move {
                let (d, t) = (nap(i), clock());
                tokio::time::sleep(d).await;
                lateness.fetch_add((t.elapsed() - d).as_nanos() as u64, Relaxed);
                wg.done();
            });
        }
        wg.wait().await;
        total.add(t.elapsed());
        used.add(Duration::from_secs_f64(cpu() - c));
        late.add(Duration::from_nanos(lateness.load(Relaxed) / n));
    }
    metric(&format!("{id}.total"), total.median() * 1e3, "ms");
    metric(&format!("{id}.cpu"), used.median(), "s");
    metric(&format!("{id}.late"), late.median() * 1e6, "us");
}

/// Registers a timer: polls it once.
fn poll_once(s: Pin<&mut tokio::time::Sleep>) {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(s.poll(&mut cx).is_pending());
}

const HOUR: Duration = Duration::from_secs(3600);

async fn timer_startstop() {
    for _ in 0..500_000 {
        poll_once(std::pin::pin!(tokio::time::sleep(HOUR)));
    }
}

async fn timer_reset(id: &str) {
    let mut s = std::pin::pin!(tokio::time::sleep(HOUR));
    poll_once(s.as_mut());
    let mut r = Repeat::new(5);
    while r.more() {
        let t = clock();
        for _ in 0..500_000 {
            s.as_mut().reset(tokio::time::Instant::now() + HOUR);
        }
        r.add(t.elapsed());
    }
    metric(id, r.median() * 1e9 / 500_000.0, "ns");
}

async fn mem(id: &str, n: u64) {
    let (started, never) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let before = memory();
    for _ in 0..n {
        let (started, never) = (started.clone(), never.clone());
        spawn(async move {
            started.fetch_add(1, Relaxed);
            never.notified().await;
        });
    }
    while started.load(Relaxed) != n {
        yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = memory();
    for (k, part) in ["rss", "pte"].into_iter().enumerate() {
        metric(&format!("{id}.{part}"), (after[k] - before[k]) / n as f64, "B/task");
    }
}
