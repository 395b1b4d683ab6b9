//! may: stackful coroutines. Its channels are unbounded, so a bounded one is its semaphore (free
//! slots) beside them. "Main" is a coroutine.

use crate::{Repeat, clock, memory, metric, rounds, xorshift};
use may::coroutine::yield_now;
use may::sync::mpsc::{Receiver, Sender, channel};
use may::sync::{Mutex, Semphore, mpmc};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

pub fn run(id: &str, name: &str, workers: usize) -> bool {
    may::config().set_workers(workers);
    let (id, name) = (id.to_string(), name.to_string());
    spawn(move || workload(&id, &name)).join().expect("the workload")
}

fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> may::coroutine::JoinHandle<T> {
    // SAFETY: no workload keeps a thread-local across a switch or overflows its stack.
    unsafe { may::coroutine::spawn(f) }
}

fn per(id: &str, reps: usize, n: u64, mut f: impl FnMut()) {
    let mut r = Repeat::new(reps);
    while r.more() {
        let t = clock();
        f();
        r.add(t.elapsed());
    }
    metric(id, r.median() * 1e9 / n as f64, "ns");
}

fn per_ms(id: &str, reps: usize, n: u64, mut f: impl FnMut()) {
    let mut r = Repeat::new(reps);
    while r.more() {
        let t = clock();
        f();
        r.add(t.elapsed());
    }
    metric(id, r.median() * 1e3 / n as f64, "ms");
}

fn workload(id: &str, name: &str) -> bool {
    match name {
        "yield1" => per(id, 5, 2_000_000, || (0..2_000_000).for_each(|_| yield_now())),
        "yield1000" => per(id, 5, 1_000_000, yield1000),
        "spawn_join" => {
            per(id, 5, 200_000, || (0..200_000).for_each(|_| spawn(|| ()).join().expect("a task")))
        }
        "spawn_batch" => per(id, 5, 100_000, spawn_batch),
        "pingpong" => per(id, 5, 200_000, pingpong),
        "chan_buf" => chan_buf(id),
        "chan_mpmc" => per(id, 5, 1_000_000, chan_mpmc),
        "ring" => ring(id),
        "sieve" => per_ms(id, 3, 1, sieve),
        "mutex" => per(id, 5, 800_000, || contend(false)),
        "mutex_hold" => per(id, 5, 200_000, || contend(true)),
        "steal_fib" => per_ms(id, 5, 20, || (0..20).for_each(|_| assert_eq!(fib(27), 196_418))),
        "steal_imbal" => per(id, 5, 200_000, steal_imbal),
        "mem.10k" => mem(id, 10_000),
        "mem.100k" => mem(id, 100_000),
        _ => return false,
    }
    true
}

struct Tx(Sender<u64>, Arc<Semphore>);
struct Rx(Receiver<u64>, Arc<Semphore>);

fn bounded(n: usize) -> (Tx, Rx) {
    let ((tx, rx), slots) = (channel(), Arc::new(Semphore::new(n)));
    (Tx(tx, slots.clone()), Rx(rx, slots))
}

impl Tx {
    /// Whether there was a receiver.
    fn send(&self, v: u64) -> bool {
        self.1.wait();
        self.0.send(v).is_ok()
    }
}

impl Rx {
    fn recv(&self) -> Option<u64> {
        let v = self.0.recv().ok();
        self.1.post();
        v
    }
}

fn wg(n: u64) -> Arc<(AtomicU64, Semphore)> {
    Arc::new((AtomicU64::new(n), Semphore::new(0)))
}

fn done(wg: &(AtomicU64, Semphore)) {
    if wg.0.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) == 1 {
        wg.1.post();
    }
}

fn yield1000() {
    let all = wg(1000);
    for _ in 0..1000 {
        let all = all.clone();
        spawn(move || {
            (0..1000).for_each(|_| yield_now());
            done(&all);
        });
    }
    all.1.wait();
}

fn spawn_batch() {
    let (n, all) = (Arc::new(AtomicU64::new(0)), wg(100_000));
    for _ in 0..100_000 {
        let (n, all) = (n.clone(), all.clone());
        spawn(move || {
            n.fetch_add(1, Relaxed);
            done(&all);
        });
    }
    all.1.wait();
    assert_eq!(n.load(Relaxed), 100_000);
}

fn pingpong() {
    let ((a, pa), (pb, b)) = (bounded(1), bounded(1));
    spawn(move || while pa.recv().is_some_and(|v| pb.send(v)) {});
    for i in 0..200_000 {
        a.send(i);
        assert_eq!(b.recv(), Some(i));
    }
}

fn chan_buf(id: &str) {
    const N: u64 = 2_000_000;
    let (tx, rx) = bounded(128);
    let tx = Arc::new(tx);
    per(id, 5, N, || {
        let tx = tx.clone();
        spawn(move || (0..N).for_each(|i| assert!(tx.send(i))));
        let sum: u64 = (0..N).map(|_| rx.recv().expect("the producer")).sum();
        assert_eq!(sum, N * (N - 1) / 2);
    });
}

fn chan_mpmc() {
    let ((tx, rx), slots) = (mpmc::channel::<u64>(), Arc::new(Semphore::new(128)));
    let sum = Arc::new(AtomicU64::new(0));
    let mut consumers = Vec::new();
    for p in 0..4u64 {
        let (tx, slots1) = (tx.clone(), slots.clone());
        spawn(move || {
            for i in 0..250_000 {
                slots1.wait();
                tx.send(p * 250_000 + i).expect("a consumer");
            }
        });
        let (rx, slots, sum) = (rx.clone(), slots.clone(), sum.clone());
        consumers.push(spawn(move || {
            let mut s = 0;
            while let Ok(v) = rx.recv() {
                slots.post();
                s += v;
            }
            sum.fetch_add(s, Relaxed);
        }));
    }
    drop((tx, rx));
    consumers.into_iter().for_each(|c| c.join().expect("a consumer"));
    assert_eq!(sum.load(Relaxed), 1_000_000 * 999_999 / 2);
}

fn ring(id: &str) {
    const LAPS: u64 = 500;
    let mut r = Repeat::new(5);
    while r.more() {
        let (first, mut last) = bounded(1);
        for _ in 1..1000 {
            let (to, next) = bounded(1);
            let from = std::mem::replace(&mut last, next);
            spawn(move || while from.recv().is_some_and(|v| to.send(v + 1)) {});
        }
        let t = clock();
        let mut token = 0;
        for _ in 0..LAPS {
            first.send(token);
            token = last.recv().expect("the ring") + 1;
        }
        assert_eq!(token, 500_000);
        r.add(t.elapsed());
    }
    metric(id, r.median() * 1e9 / 500_000.0, "ns");
}

fn sieve() {
    const LAST: u64 = 17389;
    let all = wg(2000);
    let (tx, mut c) = bounded(1);
    let all2 = all.clone();
    spawn(move || {
        (2..=LAST).all(|i| tx.send(i));
        done(&all2);
    });
    let mut p = 0;
    for k in 0..2000 {
        p = c.recv().expect("a prime");
        if k == 1999 {
            break;
        }
        let (tx, next) = bounded(1);
        let rx = std::mem::replace(&mut c, next);
        let all2 = all.clone();
        spawn(move || {
            while let Some(v) = rx.recv() {
                if (v % p != 0 && !tx.send(v)) || v == LAST {
                    break;
                }
            }
            done(&all2);
        });
    }
    assert_eq!(p, LAST);
    all.1.wait();
}

fn contend(hold: bool) {
    let (counter, all) = (Arc::new(Mutex::new(0u64)), wg(8));
    for _ in 0..8 {
        let (counter, all) = (counter.clone(), all.clone());
        spawn(move || {
            for _ in 0..rounds(hold) {
                let mut n = counter.lock().expect("no panics");
                *n += 1;
                if hold {
                    yield_now();
                }
                drop(n);
            }
            done(&all);
        });
    }
    all.1.wait();
    assert_eq!(*counter.lock().expect("no panics"), 8 * rounds(hold));
}

fn fib(n: u64) -> u64 {
    if n < 12 {
        return crate::fib(n);
    }
    let (a, b) = (spawn(move || fib(n - 1)), spawn(move || fib(n - 2)));
    a.join().expect("a task") + b.join().expect("a task")
}

fn steal_imbal() {
    let all = wg(200_000);
    let all2 = all.clone();
    spawn(move || {
        for i in 0..200_000u64 {
            let all = all2.clone();
            spawn(move || {
                let mut x = i + 1;
                for _ in 0..200 {
                    x = xorshift(x);
                }
                std::hint::black_box(x);
                done(&all);
            });
        }
    });
    all.1.wait();
}

fn mem(id: &str, n: u64) {
    let (started, never) = (Arc::new(AtomicU64::new(0)), Arc::new(Semphore::new(0)));
    let before = memory();
    for _ in 0..n {
        let (started, never) = (started.clone(), never.clone());
        spawn(move || {
            started.fetch_add(1, Relaxed);
            never.wait();
        });
    }
    while started.load(Relaxed) != n {
        yield_now();
    }
    may::coroutine::sleep(Duration::from_millis(300));
    let after = memory();
    for (k, part) in ["rss", "pte"].into_iter().enumerate() {
        metric(&format!("{id}.{part}"), (after[k] - before[k]) / n as f64, "B/task");
    }
}
