//! Stress: many goroutines, threads, timers, locks and stops of the world at once, with invariants
//! that must hold at any speed. Each test is a child process.
//!
//! `GORT_SOAK=minutes cargo test --release -p gort-tests --test stress -- --test-threads 1` repeats
//! each test for that long.

use gort::sync::{Cond, Mutex, Once, RwMutex, WaitGroup};
use gort::{Chan, chan, go, recover, runtime, select, time};
use gort_proc::{
    ALLGLEN, EXTRA_M_IN_USE, G, GSYSCALL, StwReason, WaitReason, getg, readgstatus, sched,
};
use gort_runtime2::CARRIES_PANIC;
use gort_tests::in_child;
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Minutes of `GORT_SOAK`.
fn soak() -> u64 {
    std::env::var("GORT_SOAK").ok().and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// Runs `f` once, or for the time of the soak.
fn repeat(mut f: impl FnMut()) {
    let start = Instant::now();
    f();
    while start.elapsed() < Duration::from_secs(60 * soak()) {
        f();
    }
}

macro_rules! stress {
    ($(#[$m:meta])* $name:ident, $(. $s:ident ( $($a:expr),* ))* $body:block) => {
        $(#[$m])*
        #[test]
        fn $name() {
            let limit = Duration::from_secs(240 + 60 * soak());
            in_child!(.limit(limit)$(.$s($($a),*))*, || repeat(|| $body)).ok();
        }
    };
}

fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A number from a sequence of its own.
struct Rnd(u64);
impl Rnd {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
}

/// A line of `/proc/self/status`.
fn status(key: &str) -> i64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = s.lines().find(|l| l.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn threads() -> i64 {
    status("Threads:")
}

/// Resident KiB.
fn rss() -> i64 {
    status("VmRSS:")
}

/// Gs that were ever made.
fn gs() -> usize {
    ALLGLEN.load()
}

/// Sleeps until it is so; a hang is found by the test's limit.
fn until(f: impl Fn() -> bool) {
    while !f() {
        time::sleep(us(200));
    }
}

/// Runs `f` on `n` goroutines and waits for all.
fn all(n: usize, f: impl Fn(usize) + Send + Sync + 'static) {
    let wg = Arc::new(WaitGroup::new());
    let f = Arc::new(f);
    wg.add(n as isize);
    for i in 0..n {
        let (wg, f) = (wg.clone(), f.clone());
        go(move || {
            f(i);
            drop(f);
            wg.done();
        });
    }
    wg.wait();
}

/// Does something in a loop beside a test, until it is dropped.
struct Beside(Arc<AtomicBool>, Chan<()>);

impl Beside {
    fn new(f: impl Fn(u64) + Send + 'static) -> Self {
        let (stop, ended) = (Arc::new(AtomicBool::new(false)), chan::<()>(1));
        let (stop1, ended1) = (stop.clone(), ended.clone());
        go(move || {
            for i in 0.. {
                f(i);
                if stop1.load(SeqCst) {
                    break;
                }
                runtime::gosched();
            }
            ended1.send(());
        });
        Beside(stop, ended)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
        self.1.recv();
    }
}

fn stop_the_world(i: u64) {
    // SAFETY: on a user goroutine that holds no lock of the runtime.
    unsafe {
        match i % 3 {
            0 => {
                let w = gort_proc::stop_the_world(StwReason::ReadMemStats);
                gort_proc::start_the_world(w);
            }
            1 => {
                let w = gort_proc::stop_the_world_gc(StwReason::GCMarkTerm);
                gort_proc::start_the_world_gc(w);
            }
            _ => {
                gort_sema::semacquire(&gort_proc::WORLDSEMA);
                gort_proc::for_each_p(WaitReason::GCMarkTermination, &|_| ());
                gort_sema::semrelease(&gort_proc::WORLDSEMA);
            }
        }
    }
}

stress! {
    /// The number of Ps goes up and down between 1 and 16 while 10⁵ goroutines talk to one another.
    procresize_while_goroutines_talk, {
        let _p = Beside::new(|i| {
            let n = 1 + (i % 30) as i32;
            runtime::gomaxprocs(if n > 16 { 31 - n } else { n });
        });
        for _ in 0..20 {
            let sum = Arc::new(AtomicU64::new(0));
            let s = sum.clone();
            all(2500, move |i| {
                let c = chan::<u64>(i % 3);
                let c1 = c.clone();
                go(move || {
                    (0..4).for_each(|k| c1.send(k));
                    c1.close();
                });
                s.fetch_add(c.iter().sum(), SeqCst);
            });
            assert_eq!(sum.load(SeqCst), 2500 * 6);
        }
    }
}

fn lives(n: usize) {
    for _ in 0..n / 1000 {
        all(1000, |i| {
            if i % 16 == 0 {
                runtime::gosched();
            }
            black_box([i; 64]);
        });
    }
}

stress! {
    /// A million goroutines live and die in waves. After the first 10⁵ nothing grows: threads, Gs,
    /// memory.
    a_million_lives, {
        lives(100_000);
        let (t, g, m) = (threads(), gs(), rss());
        lives(900_000);
        assert!(threads() <= t + 2, "threads: {t}, then {}", threads());
        // A wave is 1000; dead Gs wait in the lists of two Ps and in the global one.
        assert!(gs() <= g + 1000, "Gs: {g}, then {}", gs());
        assert!(rss() <= m + 4096, "KiB: {m}, then {}", rss());
        until(|| runtime::num_goroutine() == 1);
    }
}

/// A million goroutines wait at the same time. (200,000 with less than 10 GiB of free memory.)
#[test]
fn a_million_parked() {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap();
    let free = info.lines().find(|l| l.starts_with("MemAvailable:")).unwrap();
    let free: usize = free.split_whitespace().nth(1).unwrap().parse().unwrap();
    let n = if free > 10 << 20 { 1_000_000usize } else { 200_000 };
    in_child!(.limit(Duration::from_secs(240)).env("PARKED", n), || {
        let n: usize = std::env::var("PARKED").unwrap().parse().unwrap();
        let t0 = threads();
        let (c, started, ended) = (chan::<()>(0), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..n {
            let (c, started, ended) = (c.clone(), started.clone(), ended.clone());
            go(move || {
                started.fetch_add(1, SeqCst);
                c.recv();
                ended.fetch_add(1, SeqCst);
            });
        }
        until(|| started.load(SeqCst) == n);
        assert_eq!(runtime::num_goroutine(), n + 1);
        let per = rss() as usize * 1024 / n;
        assert!(per < 12_000, "{per} bytes for each");
        c.close();
        until(|| ended.load(SeqCst) == n);
        until(|| runtime::num_goroutine() == 1);
        assert!(threads() <= t0 + 8, "{} threads", threads());
        // And the scheduler is as good as before.
        all(1000, |_| runtime::gosched());
    })
    .ok();
}

/// A million timers at the same time, in the heaps of all Ps: made, then a quarter stopped, the
/// others moved near, and a part of these stopped in the very moment. Each fires once and not
/// before its time, or not at all if `stop` says so.
fn a_million_timers() {
    const N: usize = 1_000_000;
    const MAKERS: usize = 8;
    struct Due {
        at: AtomicI64,
        fired: AtomicUsize,
    }
    let due: Arc<Vec<Due>> = Arc::new(
        (0..N).map(|_| Due { at: AtomicI64::new(i64::MAX), fired: AtomicUsize::new(0) }).collect(),
    );
    let timers: Arc<Vec<Mutex<Vec<time::Timer>>>> =
        Arc::new((0..MAKERS).map(|_| Mutex::new(Vec::new())).collect());
    let (t, d) = (timers.clone(), due.clone());
    all(MAKERS, move |m| {
        let mut mine = Vec::with_capacity(N / MAKERS);
        for i in (m..N).step_by(MAKERS) {
            let d = d.clone();
            mine.push(time::after_func(Duration::from_secs(3600), move || {
                let now = gort_proc::nanotime();
                assert!(now >= d[i].at.load(SeqCst), "too early");
                d[i].fired.fetch_add(1, SeqCst);
            }));
            if i % 1000 == 0 {
                runtime::gosched();
            }
        }
        *t[m].lock() = mine;
    });
    // SAFETY: Ps are never freed, the lengths are atomic.
    let waiting = unsafe {
        (0..(*gort_proc::allp()).len)
            .map(|i| (*gort_proc::allp_at(i)).timers.len.load())
            .sum::<u32>()
    };
    assert!(waiting >= N as u32, "{waiting} in the heaps");

    let (expected, t, d) = (Arc::new(AtomicUsize::new(0)), timers.clone(), due.clone());
    let e = expected.clone();
    all(MAKERS, move |m| {
        let mut r = Rnd(m as u64);
        let mine = t[m].lock();
        for (k, t) in mine.iter().enumerate() {
            let i = m + k * MAKERS;
            if k % 4 == 0 {
                assert!(t.stop());
                continue;
            }
            let after = r.below(300_000);
            d[i].at.store(gort_proc::nanotime() + after as i64 * 1000, SeqCst);
            assert!(t.reset(us(after)));
            e.fetch_add(1, SeqCst);
        }
        // Those that have not fired yet will not.
        for t in mine.iter().skip(1).step_by(4) {
            if t.stop() {
                e.fetch_sub(1, SeqCst);
            }
        }
    });
    let fired = || due.iter().map(|d| d.fired.load(SeqCst)).sum::<usize>();
    until(|| fired() == expected.load(SeqCst));
    assert!(due.iter().all(|d| d.fired.load(SeqCst) <= 1), "twice");
    assert!(timers.iter().all(|t| t.lock().iter().all(|t| !t.stop())), "not fired, not stopped");
    until(|| runtime::num_goroutine() == 1);
    assert_eq!(fired(), expected.load(SeqCst));
}

#[test]
fn a_million_timers_1() {
    in_child!(.procs(1).limit(Duration::from_secs(240)), a_million_timers).ok();
}

#[test]
fn a_million_timers_4() {
    in_child!(.procs(4).limit(Duration::from_secs(240)), a_million_timers).ok();
}

stress! {
    /// Goroutines that lock their threads, some of them never unlock: those threads end with them.
    lock_os_thread_storm, {
        for _ in 0..20 {
            all(60, |i| {
                runtime::lock_os_thread();
                // SAFETY: no arguments.
                let tid = unsafe { libc::gettid() };
                for _ in 0..5 {
                    runtime::gosched();
                    // SAFETY: no arguments.
                    assert_eq!(tid, unsafe { libc::gettid() });
                }
                if i % 2 == 0 {
                    runtime::unlock_os_thread();
                }
            });
        }
        // 600 threads have ended. Those that were unlocked may stay, idle: at most as many as there
        // were at once.
        until(|| threads() < 100);
    }
}

/// Threads that end leave nothing: their Ms and the Gs of these are used again.
#[test]
fn ended_threads_leave_no_memory() {
    in_child!(.procs(2), || {
        let used = || {
            // SAFETY: no arguments.
            unsafe { libc::mallinfo2().uordblks }
        };
        let round = || {
            all(50, |_| runtime::lock_os_thread());
            until(|| threads() < 50);
        };
        for _ in 0..10 {
            round();
        }
        let before = used();
        for _ in 0..40 {
            round();
        }
        let grown = used().saturating_sub(before);
        // 2,000 threads have ended; an M each would be twice as much.
        assert!(grown < 1000 * size_of::<gort_runtime2::M>(), "{grown} bytes more after 2,000 threads");
    })
    .ok();
}

stress! {
    /// On one P: sections that block their thread, short ones and those during which sysmon takes
    /// the P away.
    blocking_storm_on_one_p, .procs(1) {
        let n = Arc::new(AtomicUsize::new(0));
        let n1 = n.clone();
        all(64, move |i| {
            let mut r = Rnd(i as u64);
            for k in 0..150 {
                let d = r.below(200);
                gort::blocking(|| {
                    if k % 10 == 0 {
                        std::thread::sleep(us(d)); // longer than sysmon's tick now and then
                    } else {
                        std::thread::yield_now();
                    }
                });
                n1.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(n.load(SeqCst), 64 * 150);
        // Two that wait for one another in the system.
        let (mut r1, mut w1) = std::io::pipe().unwrap();
        let (mut r2, mut w2) = std::io::pipe().unwrap();
        let done = chan::<()>(0);
        let done1 = done.clone();
        go(move || {
            use std::io::{Read, Write};
            for i in 0..2000u32 {
                let mut b = [0];
                gort::blocking(|| r1.read_exact(&mut b)).unwrap();
                assert_eq!(b[0], i as u8);
                gort::blocking(|| w2.write_all(&b)).unwrap();
            }
            done1.send(());
        });
        use std::io::{Read, Write};
        for i in 0..2000u32 {
            let mut b = [i as u8];
            gort::blocking(|| w1.write_all(&b)).unwrap();
            gort::blocking(|| r2.read_exact(&mut b)).unwrap();
            assert_eq!(b[0], i as u8);
        }
        done.recv();
        assert!(threads() < 64 + 32, "{} threads", threads());
    }
}

stress! {
    /// 10⁵ sleepers, and timers that many goroutines start, stop and reset.
    timer_storm, {
        let early = Arc::new(AtomicUsize::new(0));
        let e = early.clone();
        all(100_000, move |i| {
            let d = us((i as u64 * 7919) % 50_000);
            let start = Instant::now();
            time::sleep(d);
            e.fetch_add((start.elapsed() < d) as usize, SeqCst);
        });
        assert_eq!(early.load(SeqCst), 0, "woken too early");
        let shared: Arc<Vec<time::Timer>> = Arc::new((0..16).map(|_| time::Timer::new(us(50))).collect());
        let (started, fired, stopped) =
            (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
        let (s, f, st) = (started.clone(), fired.clone(), stopped.clone());
        all(32, move |i| {
            let mut r = Rnd(i as u64);
            for _ in 0..500 {
                let t = &shared[r.below(16) as usize];
                match r.below(4) {
                    0 => _ = t.stop(),
                    1 => _ = t.reset(us(r.below(100))),
                    2 => _ = t.c().try_recv(),
                    _ => {
                        // A function's timer fires once or is stopped once.
                        s.fetch_add(1, SeqCst);
                        let f = f.clone();
                        let t = time::after_func(us(r.below(200)), move || _ = f.fetch_add(1, SeqCst));
                        if r.below(2) == 0 {
                            runtime::gosched();
                            st.fetch_add(t.stop() as i64, SeqCst);
                        }
                    }
                }
            }
        });
        until(|| fired.load(SeqCst) + stopped.load(SeqCst) == started.load(SeqCst));
        time::sleep(ms(2)); // longer than any of them: one that fires twice would have
        assert_eq!(fired.load(SeqCst) + stopped.load(SeqCst), started.load(SeqCst));
    }
}

stress! {
    /// Selects over shared channels, with timeouts and defaults; the channels are closed in the
    /// middle. What was sent is received, or was still in a buffer, and every value is dropped
    /// once.
    select_storm, {
        static LIVE: AtomicI64 = AtomicI64::new(0);
        struct V(Box<u64>);
        impl V {
            fn new(n: u64) -> V {
                LIVE.fetch_add(1, SeqCst);
                V(Box::new(n))
            }
        }
        impl Drop for V {
            fn drop(&mut self) {
                LIVE.fetch_sub(1, SeqCst);
            }
        }
        for round in 0..20 {
            let cs: Arc<Vec<Chan<V>>> = Arc::new((0..4).map(|k| chan(k * round % 7)).collect());
            let (sent, got) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let quit = chan::<()>(0);
            let wg = Arc::new(WaitGroup::new());
            for i in 0..16 {
                let (cs, sent, quit, wg1) = (cs.clone(), sent.clone(), quit.clone(), wg.clone());
                wg.add(1);
                go(move || {
                    let mut r = Rnd(i);
                    for n in 0..300 {
                        let (a, b) = (&cs[r.below(4) as usize], &cs[r.below(4) as usize]);
                        let ok = select! {
                            send(a, V::new(n)) => true,
                            send(b, V::new(n)) => true,
                            recv(quit) -> _ => break,
                            recv(time::after(us(500))) -> _ => false,
                        };
                        if ok {
                            sent.fetch_add(n, SeqCst);
                        }
                    }
                    wg1.done();
                });
            }
            let readers = Arc::new(WaitGroup::new());
            for i in 0..16 {
                let (cs, got, readers1) = (cs.clone(), got.clone(), readers.clone());
                readers.add(1);
                go(move || {
                    let mut cs: Vec<Chan<V>> = cs.to_vec();
                    let mut r = Rnd(i);
                    while cs.iter().any(|c| !c.is_nil()) {
                        if r.below(3) == 0 {
                            runtime::gosched();
                        }
                        let (k, v) = select! {
                            recv(cs[0]) -> v => (0, v),
                            recv(cs[1]) -> v => (1, v),
                            recv(cs[2]) -> v => (2, v),
                            recv(cs[3]) -> v => (3, v),
                        };
                        match v {
                            Some(v) => _ = got.fetch_add(*v.0, SeqCst),
                            None => cs[k] = Chan::nil(),
                        }
                    }
                    readers1.done();
                });
            }
            wg.wait();
            quit.close();
            cs.iter().for_each(Chan::close);
            readers.wait();
            assert_eq!(sent.load(SeqCst), got.load(SeqCst));
        }
        until(|| LIVE.load(SeqCst) == 0);
    }
}

stress! {
    /// Closing a channel under senders and receivers that park in selects: each sender's panic is
    /// its own.
    close_storm, {
        for _ in 0..300 {
            let (c, d) = (chan::<u64>(0), chan::<u64>(0));
            let (panics, nones) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let wg = Arc::new(WaitGroup::new());
            wg.add(12);
            for i in 0..6 {
                let (c1, d1, p, wg1) = (c.clone(), d.clone(), panics.clone(), wg.clone());
                go(move || {
                    let r = recover(|| select! {
                        send(c1, i) => {}
                        recv(d1) -> _ => {}
                    });
                    if let Err(e) = r {
                        assert_eq!(e.to_string(), "send on closed channel");
                        p.fetch_add(1, SeqCst);
                    }
                    wg1.done();
                });
                let (c1, n, wg1) = (d.clone(), nones.clone(), wg.clone());
                go(move || {
                    n.fetch_add(c1.recv().is_none() as usize, SeqCst);
                    wg1.done();
                });
            }
            if panics.load(SeqCst) == 0 {
                runtime::gosched();
            }
            c.close();
            d.close();
            wg.wait();
            assert_eq!(nones.load(SeqCst), 6);
        }
    }
}

stress! {
    /// Every kind of lock at once, with what each of them promises.
    lock_storm, {
        struct All {
            mu: Mutex<u64>,
            rw: RwMutex<[u64; 4]>,
            cond: (Mutex<i64>, Cond),
            once: Vec<(Once, AtomicUsize)>,
        }
        let a = Arc::new(All {
            mu: Mutex::new(0),
            rw: RwMutex::new([0; 4]),
            cond: (Mutex::new(0), Cond::new()),
            once: (0..64).map(|_| Default::default()).collect(),
        });
        let expect = Arc::new(AtomicU64::new(0));
        let (a1, e1) = (a.clone(), expect.clone());
        let _s = Beside::new(|i| {
            stop_the_world(i);
            time::sleep(us(100));
        });
        all(64, move |i| {
            let mut r = Rnd(i as u64);
            for k in 0..1000 {
                match r.below(8) {
                    0 | 1 => {
                        *a1.mu.lock() += 1;
                        e1.fetch_add(1, SeqCst);
                    }
                    2 => {
                        if let Some(mut g) = a1.mu.try_lock() {
                            *g += 1;
                            if r.below(4) == 0 {
                                runtime::gosched();
                            }
                            e1.fetch_add(1, SeqCst);
                        }
                    }
                    3 => {
                        let mut g = a1.rw.lock();
                        for x in 0..4 {
                            g[x] += 1;
                            if r.below(16) == 0 {
                                runtime::gosched();
                            }
                        }
                    }
                    4 | 5 => {
                        let g = a1.rw.rlock();
                        if r.below(4) == 0 {
                            runtime::gosched();
                        }
                        assert!(g.iter().all(|&v| v == g[0]), "half of a write");
                    }
                    6 => {
                        // Tokens: who takes one waits until there is one.
                        let mut g = a1.cond.0.lock();
                        if i % 2 == 0 {
                            *g += 1;
                            a1.cond.1.signal();
                        } else if *g > 0 {
                            *g -= 1;
                        }
                        assert!(*g >= 0);
                    }
                    _ => {
                        let o = &a1.once[k % 64];
                        o.0.call(|| {
                            runtime::gosched();
                            o.1.fetch_add(1, SeqCst);
                        });
                        assert_eq!(o.1.load(SeqCst), 1);
                    }
                }
            }
        });
        assert_eq!(*a.mu.lock(), expect.load(SeqCst));
        // A buffer with one place between many.
        let slot = Arc::new((Mutex::new(None::<u64>), Cond::new(), Cond::new()));
        let sum = Arc::new(AtomicU64::new(0));
        let (slot1, sum1) = (slot, sum.clone());
        all(32, move |i| {
            for k in 0..200u64 {
                let mut g = slot1.0.lock();
                if i % 2 == 0 {
                    while g.is_some() {
                        g = slot1.1.wait(g);
                    }
                    *g = Some(k);
                    slot1.2.signal();
                } else {
                    while g.is_none() {
                        g = slot1.2.wait(g);
                    }
                    sum1.fetch_add(g.take().unwrap(), SeqCst);
                    slot1.1.signal();
                }
            }
        });
        assert_eq!(sum.load(SeqCst), 16 * (199 * 200 / 2));
    }
}

stress! {
    /// The world is stopped in a loop, in each way there is, by several at once, beside a mixed
    /// load.
    stop_the_world_storm, .procs(4) {
        let _a = Beside::new(stop_the_world);
        let _b = Beside::new(|i| stop_the_world(i + 1));
        let _c = Beside::new(|i| _ = runtime::gomaxprocs(2 + (i % 4) as i32));
        let _d = Beside::new(|i| {
            if i % 16 == 0 {
                drop(runtime::stack(true));
            }
        });
        all(50, |i| {
            let c = chan::<usize>(0);
            for k in 0..50 {
                let c1 = c.clone();
                go(move || c1.send(k));
                assert_eq!(c.recv(), Some(k));
                match (i + k) % 5 {
                    0 => time::sleep(us(20)),
                    1 => gort::blocking(|| std::thread::sleep(us(20))),
                    2 => runtime::gosched(),
                    _ => {}
                }
            }
        });
    }
}

/// What a goroutine that is not unwinding looks like.
fn settled() {
    assert!(!std::thread::panicking());
    // SAFETY: a goroutine looks at itself.
    unsafe {
        let gp = getg();
        assert!((&raw const (*gp).carries).read() & CARRIES_PANIC == 0, "unwinding");
        assert_eq!((*(*gp).m).locked_ext, 0, "locked");
    }
}

stress! {
    /// Panics that are recovered, from goroutines that park while they unwind and change threads in
    /// between.
    panic_storm, .procs(4) {
        static DROPS: AtomicUsize = AtomicUsize::new(0);
        struct Parks(Chan<()>);
        impl Drop for Parks {
            fn drop(&mut self) {
                let c = self.0.clone();
                go(move || c.send(()));
                self.0.recv();
                runtime::gosched();
                DROPS.fetch_add(1, SeqCst);
            }
        }
        let before = DROPS.load(SeqCst);
        all(200, |i| {
            let c = chan::<()>(0);
            for k in 0..15 {
                let p = recover(|| {
                    let _p = Parks(c.clone());
                    if k % 3 == 0 {
                        // One inside of the other, recovered while the outer one has not begun.
                        let _ = recover(|| panic!("inner"));
                    }
                    panic!("{i} {k}");
                });
                assert_eq!(p.unwrap_err().to_string(), format!("{i} {k}"));
                runtime::gosched();
                settled();
            }
        });
        assert_eq!(DROPS.load(SeqCst) - before, 200 * 15);
        all(100, |_| settled());
    }
}

stress! {
    /// Goroutines that end by Goexit from deep inside, with destructors that park; every one of
    /// them runs.
    goexit_storm, .procs(4) {
        static DROPS: AtomicUsize = AtomicUsize::new(0);
        struct D(bool);
        impl Drop for D {
            fn drop(&mut self) {
                if self.0 {
                    runtime::gosched();
                }
                DROPS.fetch_add(1, SeqCst);
            }
        }
        #[inline(never)]
        fn down(n: usize, yields: bool) {
            let _d = D(yields);
            if n == 0 {
                runtime::goexit();
            }
            down(n - 1, yields);
            unreachable!();
        }
        let before = DROPS.load(SeqCst);
        let t = threads();
        for _ in 0..20 {
            for i in 0..1000 {
                go(move || down(9, i % 50 == 0));
            }
            until(|| runtime::num_goroutine() <= 2 + 1);
        }
        until(|| runtime::num_goroutine() == 1);
        assert_eq!(DROPS.load(SeqCst) - before, 20_000 * 10);
        // While they unwind they are locked to their threads; those threads go back to the others
        // afterwards.
        assert!(threads() < t + 600, "{t} threads, then {}", threads());
        all(100, |_| settled());
    }
}

thread_local! {
    static SLOT: Cell<u64> = const { Cell::new(0) };
}

stress! {
    /// Goroutines change threads deep inside of Rust stacks, at each level, and find their frames
    /// as they were.
    migration_in_deep_stacks, .procs(8) {
        static MOVED: AtomicUsize = AtomicUsize::new(0);
        #[inline(never)]
        fn down(n: u64, seed: u64, me: *mut G) -> u64 {
            let frame = black_box([seed ^ n; 32]);
            // SAFETY: no arguments.
            let tid = unsafe { libc::gettid() };
            SLOT.set(seed ^ n);
            assert_eq!(SLOT.get(), seed ^ n); // no call of the runtime between the two
            runtime::gosched();
            let sum = if n == 0 { 0 } else { down(n - 1, seed, me) };
            if n.is_multiple_of(7) {
                time::sleep(us(10));
            } else {
                runtime::gosched();
            }
            // SAFETY: no arguments.
            if unsafe { libc::gettid() } != tid {
                MOVED.fetch_add(1, SeqCst);
            }
            assert_eq!(getg(), me);
            // SAFETY: reads its own stack bounds.
            let s = unsafe { (*me).stack };
            let here = &raw const frame as usize;
            assert!(s.lo < here && here < s.hi);
            assert!(black_box(&frame).iter().all(|&v| v == seed ^ n));
            sum + frame[3]
        }
        // On a busy machine one thread may do it all, once.
        loop {
            all(64, |i| {
                let seed = (i as u64).wrapping_mul(0x9e3779b97f4a7c15);
                for depth in [10, 60, 100] {
                    let mut want = 0u64;
                    for n in 0..=depth {
                        want = want.wrapping_add(seed >> 16 ^ n);
                    }
                    assert_eq!(down(depth, seed >> 16, getg()), want);
                }
            });
            if MOVED.load(SeqCst) > 0 {
                break;
            }
        }
    }
}

stress! {
    /// Threads that the runtime did not start borrow Ms, some for one call, some until they end.
    foreign_threads, {
        /// With this thread's borrowed M.
        fn inside() {
            // SAFETY: this thread has an extra M: it is on its g0.
            unsafe {
                let g = getg();
                let mp = (*g).m;
                assert_eq!((*mp).g0, g);
                assert!((*mp).isextra && !(*mp).is_extra_in_c);
                assert_eq!(readgstatus((*mp).curg.ptr()), GSYSCALL);
                let here = &raw const mp as usize;
                assert!((*g).stack.lo < here && here < (*g).stack.hi);
            }
        }
        // SAFETY: on user goroutines with a P; the threads have no M when they ask for one.
        unsafe {
            // Somebody must make what they take.
            let _n = Beside::new(|_| gort_proc::newextram());
            let done = Arc::new(AtomicUsize::new(0));
            for i in 0..16 {
                let done = done.clone();
                std::thread::spawn(move || {
                    for _ in 0..300 {
                        assert!(getg().is_null());
                        gort_proc::needm(false);
                        inside();
                        gort_proc::dropm();
                        assert!(getg().is_null());
                    }
                    if i % 2 == 0 {
                        gort_proc::need_and_bind_m();
                        inside();
                        // given back by the thread's end
                    }
                    done.fetch_add(1, SeqCst);
                });
            }
            all(100, |_| {
                for _ in 0..50 {
                    runtime::gosched();
                    time::sleep(us(50));
                }
            });
            until(|| done.load(SeqCst) == 16 && EXTRA_M_IN_USE.load() == 0);
            let _ = sched();
        }
    }
}

stress! {
    /// All of it at once for a while: the mix finds what no single load does.
    mixture, {
        let _p = Beside::new(|i| {
            runtime::gomaxprocs(1 + (i * 7 % 16) as i32);
            time::sleep(us(300));
        });
        let _s = Beside::new(|i| {
            stop_the_world(i);
            time::sleep(us(700));
        });
        let sum = Arc::new(AtomicU64::new(0));
        let s = sum.clone();
        let mu = Arc::new(Mutex::new(0u64));
        let m = mu.clone();
        all(300, move |i| {
            let mut r = Rnd(i as u64);
            for k in 0..40u64 {
                match r.below(10) {
                    0 => time::sleep(us(r.below(100))),
                    1 => gort::blocking(|| std::thread::sleep(us(30))),
                    2 => _ = recover(|| panic!("x")),
                    3 => {
                        runtime::lock_os_thread();
                        runtime::gosched();
                        runtime::unlock_os_thread();
                    }
                    4 => {
                        let v: u64 = gort::iter::pull(|y| {
                            for n in 0..5u64 {
                                runtime::gosched();
                                if !y(n) {
                                    return;
                                }
                            }
                        })
                        .sum();
                        assert_eq!(v, 10);
                    }
                    5 => *m.lock() += 1,
                    6 => {
                        let t = time::Timer::new(us(20));
                        select! {
                            recv(t.c()) -> _ => {}
                            recv(time::after(ms(1))) -> _ => {}
                        }
                    }
                    _ => {
                        let c = chan::<u64>(0);
                        let c1 = c.clone();
                        go(move || c1.send(k));
                        assert_eq!(c.recv(), Some(k));
                    }
                }
                s.fetch_add(1, SeqCst);
            }
        });
        assert_eq!(sum.load(SeqCst), 300 * 40);
        assert!(*mu.lock() > 0);
        until(|| runtime::num_goroutine() == 3); // main and the two beside it
    }
}
