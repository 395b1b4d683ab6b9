//! The benchmark workloads on gort, one per run: `gort-bench ID[.wN]`.
//!
//! Prints a line per metric, `name<TAB>value<TAB>unit<TAB>lower|higher`. Exit status 64: no such
//! workload. The Go twin is `tools/bench/go/main.go`; both do the same work, checked by sums.

mod hotsplit;

use gort::net::{TcpListener, TcpStream};
use gort::sync::{Mutex, WaitGroup};
use gort::{Chan, chan, go, runtime, select, time};
use gort_asm::{gogo, mcall};
use gort_runtime2::G;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn main() {
    let Some(id) = std::env::args().nth(1) else {
        eprintln!("usage: gort-bench ID[.wN]");
        std::process::exit(2);
    };
    let (name, workers) = match id.rsplit_once(".w") {
        Some((n, w)) => (n.to_string(), w.parse().unwrap_or(2)),
        None => (id.clone(), 2),
    };
    let Some(f) = workload(&name) else { std::process::exit(64) };
    // The number of workers comes from the id alone.
    // SAFETY: no other thread exists yet.
    unsafe {
        std::env::set_var("GOMAXPROCS", workers.to_string());
        if name == "hotsplit_freed" {
            std::env::set_var("GORTSPLIT", "free");
        }
    }
    gort::run_main(move || {
        f(&id);
        let _ = std::io::stdout().flush();
    })
}

type Workload = fn(&str);

fn workload(name: &str) -> Option<Workload> {
    Some(match name {
        "switch" => |id| {
            per(id, 5, 10_000_000, switch);
            per(&format!("{id}.pull"), 5, 10_000_000, pull);
        },
        "yield1" => |id| per(id, 5, 2_000_000, yield1),
        "yield1000" => |id| per(id, 5, 1_000_000, yield1000),
        "spawn_join" => |id| per(id, 5, 200_000, spawn_join),
        "spawn_batch" => |id| per(id, 5, 100_000, spawn_batch),
        "pingpong" | "pingpong_rdv" => |id| per(id, 5, 200_000, pingpong),
        "chan_buf" => chan_buf,
        "chan_mpmc" => |id| per(id, 5, 1_000_000, chan_mpmc),
        "ring" => ring,
        "sieve" => |id| per_ms(id, 3, 1, sieve),
        "select" => |id| per(id, 5, 400_000, select4),
        "mutex" => |id| per(id, 5, 800_000, mutex),
        "mutex_hold" => |id| per(id, 5, 200_000, mutex_hold),
        "steal_fib" => |id| per_ms(id, 5, 20, steal_fib),
        "steal_imbal" => |id| per(id, 5, 200_000, steal_imbal),
        "timers" => |id| timers(id, 100_000),
        "timers30k" => |id| timers(id, 30_000),
        "timer_startstop" => |id| per(id, 5, 500_000, timer_startstop),
        "timer_reset" => timer_reset,
        "spawn_cold" => spawn_cold,
        "mem.10k" => |id| mem(id, 10_000),
        "mem.100k" => |id| mem(id, 100_000),
        "mem.1m" => |id| mem(id, 1_000_000),
        "echo_self" => echo_self,
        "echo_ext" | "echo_held" => |_| echo_ext(),
        "syscall" => syscall,
        "hotsplit_none" => |id| hotsplit::run(id, false),
        "hotsplit_kept" | "hotsplit_freed" => |id| hotsplit::run(id, true),
        _ => return None,
    })
}

fn metric(name: &str, value: f64, unit: &str, better: &str) {
    println!("{name}\t{value:.3}\t{unit}\t{better}");
}

/// Median of `reps` counted repetitions (`BENCH_REPS` overrides) after one that is not.
fn repeat(reps: usize, mut f: impl FnMut() -> Duration) -> f64 {
    let reps = std::env::var("BENCH_REPS").ok().and_then(|v| v.parse().ok()).unwrap_or(reps);
    f();
    let mut t: Vec<f64> = (0..reps).map(|_| f().as_secs_f64()).collect();
    median(&mut t)
}

fn median(t: &mut [f64]) -> f64 {
    t.sort_by(f64::total_cmp);
    t[t.len() / 2]
}

fn timed(f: impl FnOnce()) -> Duration {
    let t = Instant::now();
    f();
    t.elapsed()
}

fn per(id: &str, reps: usize, n: u64, f: fn()) {
    let t = repeat(reps, || timed(f));
    metric(id, t * 1e9 / n as f64, "ns", "lower");
}

fn per_ms(id: &str, reps: usize, n: u64, f: fn()) {
    let t = repeat(reps, || timed(f));
    metric(id, t * 1e3 / n as f64, "ms", "lower");
}

fn wait_group() -> Arc<WaitGroup> {
    Arc::new(WaitGroup::new())
}

fn xorshift(mut x: u64) -> u64 {
    x ^= x << 13;
    x ^= x >> 7;
    x ^ (x << 17)
}

/// The bare switch: the goroutine and g0, with Go's own primitives and no scheduler between them.
/// There by `mcall`, back by `gogo`.
fn switch() {
    unsafe extern "C" fn back(gp: *mut G) -> ! {
        // SAFETY: `mcall` has just saved the goroutine, and nobody else knows.
        unsafe { gogo(&raw mut (*gp).sched) }
    }
    for _ in 0..5_000_000 {
        // SAFETY: on a goroutine; `back` does not return.
        unsafe { mcall(back) };
    }
}

/// The same number of switches of a coroutine, with all that Go's `iter.Pull` does at each.
fn pull() {
    let mut it = gort::iter::pull(|yield_| {
        let mut n = 0u64;
        while yield_(n) {
            n += 1;
        }
    });
    let mut last = 0;
    for _ in 0..5_000_000 {
        last = it.next().unwrap_or(0);
    }
    assert_eq!(last, 4_999_999);
}

fn yield1() {
    for _ in 0..2_000_000 {
        runtime::gosched();
    }
}

fn yield1000() {
    let wg = wait_group();
    wg.add(1000);
    for _ in 0..1000 {
        let wg = wg.clone();
        go(move || {
            for _ in 0..1000 {
                runtime::gosched();
            }
            wg.done();
        });
    }
    wg.wait();
}

fn spawn_join() {
    let wg = wait_group();
    for _ in 0..200_000 {
        wg.add(1);
        let wg2 = wg.clone();
        go(move || wg2.done());
        wg.wait();
    }
}

fn spawn_batch() {
    let (n, wg) = (Arc::new(AtomicU64::new(0)), wait_group());
    wg.add(100_000);
    for _ in 0..100_000 {
        let (n, wg) = (n.clone(), wg.clone());
        go(move || {
            n.fetch_add(1, Ordering::Relaxed);
            wg.done();
        });
    }
    wg.wait();
    assert_eq!(n.load(Ordering::Relaxed), 100_000);
}

/// One goroutine makes 5,000 that wait, in a process that had none: each stack is touched for the
/// first time. Processor time of the thread that makes them; once.
fn spawn_cold(id: &str) {
    let gate = chan::<()>(0);
    let cpu = || {
        let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: room for a time.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t) };
        t.tv_sec as f64 * 1e9 + t.tv_nsec as f64
    };
    runtime::lock_os_thread();
    let start = cpu();
    for _ in 0..5000 {
        let gate = gate.clone();
        go(move || {
            gate.recv();
        });
    }
    metric(id, (cpu() - start) / 5000.0, "ns", "lower");
}

fn pingpong() {
    let (a, b) = (chan::<u64>(0), chan::<u64>(0));
    let (pa, pb) = (a.clone(), b.clone());
    go(move || {
        for _ in 0..200_000 {
            match pa.recv() {
                Some(v) => pb.send(v),
                None => return,
            }
        }
    });
    for i in 0..200_000 {
        a.send(i);
        assert_eq!(b.recv(), Some(i));
    }
}

fn chan_buf(id: &str) {
    const N: u64 = 2_000_000;
    let c = chan::<u64>(128);
    let t = repeat(5, || {
        let tx = c.clone();
        timed(|| {
            go(move || {
                for i in 0..N {
                    tx.send(i);
                }
            });
            let mut sum = 0;
            for _ in 0..N {
                sum += c.recv().unwrap_or(0);
            }
            assert_eq!(sum, N * (N - 1) / 2);
        })
    });
    metric(id, t * 1e9 / N as f64, "ns", "lower");
}

fn chan_mpmc() {
    let c = chan::<u64>(128);
    let (prod, cons, sum) = (wait_group(), wait_group(), Arc::new(AtomicU64::new(0)));
    for p in 0..4u64 {
        prod.add(1);
        cons.add(1);
        let (tx, prod) = (c.clone(), prod.clone());
        go(move || {
            for i in 0..250_000 {
                tx.send(p * 250_000 + i);
            }
            prod.done();
        });
        let (rx, cons, sum) = (c.clone(), cons.clone(), sum.clone());
        go(move || {
            let mut s = 0;
            for v in &rx {
                s += v;
            }
            sum.fetch_add(s, Ordering::Relaxed);
            cons.done();
        });
    }
    prod.wait();
    c.close();
    cons.wait();
    assert_eq!(sum.load(Ordering::Relaxed), 1_000_000 * 999_999 / 2);
}

fn ring(id: &str) {
    const LAPS: u64 = 500;
    let t = repeat(5, || {
        let cs: Vec<Chan<u64>> = (0..1000).map(|_| chan(0)).collect();
        for i in 1..1000 {
            let (from, to) = (cs[i - 1].clone(), cs[i].clone());
            go(move || {
                for _ in 0..LAPS {
                    match from.recv() {
                        Some(v) => to.send(v + 1),
                        None => return,
                    }
                }
            });
        }
        timed(|| {
            let mut token = 0;
            for _ in 0..LAPS {
                cs[0].send(token);
                token = cs[999].recv().unwrap_or(0) + 1;
            }
            assert_eq!(token, 500_000);
        })
    });
    metric(id, t * 1e9 / 500_000.0, "ns", "lower");
}

fn sieve() {
    const LAST: u64 = 17389;
    let wg = wait_group();
    let mut c = chan::<u64>(0);
    wg.add(1);
    let (tx, wg2) = (c.clone(), wg.clone());
    go(move || {
        for i in 2..=LAST {
            tx.send(i);
        }
        wg2.done();
    });
    let mut p = 0;
    for k in 0..2000 {
        p = c.recv().unwrap_or(0);
        if k == 1999 {
            break;
        }
        let next = chan::<u64>(0);
        let (rx, tx, wg2) = (c, next.clone(), wg.clone());
        wg.add(1);
        go(move || {
            for v in &rx {
                if !v.is_multiple_of(p) {
                    tx.send(v);
                }
                if v == LAST {
                    break;
                }
            }
            wg2.done();
        });
        c = next;
    }
    assert_eq!(p, LAST);
    wg.wait();
}

fn select4() {
    let cs: [Chan<u64>; 4] = std::array::from_fn(|_| chan(0));
    for c in &cs {
        let c = c.clone();
        go(move || {
            for i in 0..100_000 {
                c.send(i);
            }
        });
    }
    let [a, b, c, d] = &cs;
    let mut sum = 0;
    for _ in 0..400_000 {
        sum += select! {
            recv(a) -> v => v.unwrap_or(0),
            recv(b) -> v => v.unwrap_or(0),
            recv(c) -> v => v.unwrap_or(0),
            recv(d) -> v => v.unwrap_or(0),
        };
    }
    assert_eq!(sum, 4 * (100_000 * 99_999 / 2));
}

fn contend(rounds: u64, hold: bool) {
    let (counter, wg) = (Arc::new(Mutex::new(0u64)), wait_group());
    wg.add(8);
    for _ in 0..8 {
        let (counter, wg) = (counter.clone(), wg.clone());
        go(move || {
            for _ in 0..rounds {
                let mut n = counter.lock();
                *n += 1;
                if hold {
                    runtime::gosched();
                }
                drop(n);
            }
            wg.done();
        });
    }
    wg.wait();
    assert_eq!(*counter.lock(), 8 * rounds);
}

fn mutex() {
    contend(100_000, false);
}

fn mutex_hold() {
    contend(25_000, true);
}

fn fib(n: u64) -> u64 {
    if n < 12 {
        fn plain(n: u64) -> u64 {
            if n < 2 { n } else { plain(n - 1) + plain(n - 2) }
        }
        return plain(n);
    }
    struct Both {
        wg: WaitGroup,
        r: [AtomicU64; 2],
    }
    let both = Arc::new(Both { wg: WaitGroup::new(), r: [AtomicU64::new(0), AtomicU64::new(0)] });
    both.wg.add(2);
    for i in 0..2 {
        let both = both.clone();
        go(move || {
            both.r[i].store(fib(n - 1 - i as u64), Ordering::Relaxed);
            both.wg.done();
        });
    }
    both.wg.wait();
    both.r[0].load(Ordering::Relaxed) + both.r[1].load(Ordering::Relaxed)
}

fn steal_fib() {
    for _ in 0..20 {
        assert_eq!(fib(27), 196_418);
    }
}

fn steal_imbal() {
    let wg = wait_group();
    wg.add(200_000);
    let wg2 = wg.clone();
    go(move || {
        for i in 0..200_000u64 {
            let wg = wg2.clone();
            go(move || {
                let mut x = i + 1;
                for _ in 0..200 {
                    x = xorshift(x);
                }
                std::hint::black_box(x);
                wg.done();
            });
        }
    });
    wg.wait();
}

fn cpu_seconds() -> f64 {
    // SAFETY: fills the structure it is given.
    let r = unsafe {
        let mut r: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut r);
        r
    };
    let s = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    s(r.ru_utime) + s(r.ru_stime)
}

fn timers(id: &str, n: u64) {
    let reps = std::env::var("BENCH_REPS").ok().and_then(|v| v.parse().ok()).unwrap_or(3);
    let (mut total, mut cpu, mut late) = (vec![], vec![], vec![]);
    for rep in 0..=reps {
        let (wg, lateness) = (wait_group(), Arc::new(AtomicU64::new(0)));
        wg.add(n as isize);
        let (t, c) = (Instant::now(), cpu_seconds());
        for i in 0..n {
            let (wg, lateness) = (wg.clone(), lateness.clone());
            go(move || {
                let d = 1000 + xorshift((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) % 49_001;
                let before = Instant::now();
                time::sleep(Duration::from_micros(d));
                let slept = before.elapsed().as_nanos() as u64;
                lateness.fetch_add(slept.saturating_sub(d * 1000), Ordering::Relaxed);
                wg.done();
            });
        }
        wg.wait();
        if rep > 0 {
            total.push(t.elapsed().as_secs_f64() * 1e3);
            cpu.push(cpu_seconds() - c);
            late.push(lateness.load(Ordering::Relaxed) as f64 / 1e3 / n as f64);
        }
    }
    metric(&format!("{id}.total"), median(&mut total), "ms", "lower");
    metric(&format!("{id}.cpu"), median(&mut cpu), "s", "lower");
    metric(&format!("{id}.late"), median(&mut late), "us", "lower");
}

fn timer_startstop() {
    for _ in 0..500_000 {
        let t = time::Timer::new(Duration::from_secs(3600));
        assert!(t.stop());
    }
}

fn timer_reset(id: &str) {
    let timer = time::Timer::new(Duration::from_secs(3600));
    let t = repeat(5, || {
        timed(|| {
            for _ in 0..500_000 {
                assert!(timer.reset(Duration::from_secs(3600)));
            }
        })
    });
    metric(id, t * 1e9 / 500_000.0, "ns", "lower");
}

/// VmRSS and VmPTE in bytes.
fn memory() -> (f64, f64) {
    let s = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |key: &str| -> f64 {
        let line = s.lines().find(|l| l.starts_with(key)).unwrap_or("");
        line.split_whitespace().nth(1).and_then(|v| v.parse().ok()).unwrap_or(0.0)
    };
    (kib("VmRSS:") * 1024.0, kib("VmPTE:") * 1024.0)
}

fn mem(id: &str, n: u64) {
    let before = memory();
    let (started, gate) = (Arc::new(AtomicU64::new(0)), chan::<()>(0));
    for _ in 0..n {
        let (started, gate) = (started.clone(), gate.clone());
        go(move || {
            started.fetch_add(1, Ordering::Relaxed);
            gate.recv();
        });
    }
    while started.load(Ordering::Relaxed) < n {
        runtime::gosched();
    }
    time::sleep(Duration::from_millis(300));
    let after = memory();
    metric(&format!("{id}.rss"), (after.0 - before.0) / n as f64, "B/task", "lower");
    metric(&format!("{id}.pte"), (after.1 - before.1) / n as f64, "B/task", "lower");
}

/// Serves each connection: reads up to 64 bytes and writes them back.
fn echo_server(l: TcpListener) {
    for conn in l.incoming() {
        let mut conn = conn.expect("accept");
        go(move || {
            let mut b = [0; 64];
            while let Ok(n @ 1..) = conn.read(&mut b) {
                if conn.write_all(&b[..n]).is_err() {
                    break;
                }
            }
        });
    }
}

fn echo_self(id: &str) {
    const CLIENTS: usize = 64;
    let l = TcpListener::bind("127.0.0.1:0").expect("listen");
    let addr = l.local_addr().expect("listen");
    go(move || echo_server(l));
    let (wg, all) = (wait_group(), Arc::new(Mutex::new(Vec::<u32>::new())));
    let begin = Instant::now() + Duration::from_millis(300);
    let end = begin + Duration::from_millis(1500);
    for i in 0..CLIENTS {
        wg.add(1);
        let (wg, all) = (wg.clone(), all.clone());
        go(move || {
            let mut c = TcpStream::connect(addr).expect("connect");
            let out = [i as u8; 64];
            let mut list = Vec::with_capacity(1 << 16);
            let mut t = Instant::now();
            while t < end {
                let mut b = [0; 64];
                c.write_all(&out).expect("write");
                c.read_exact(&mut b).expect("read");
                assert_eq!(b, out);
                let now = Instant::now();
                if t >= begin && now <= end {
                    list.push((now - t).as_nanos() as u32);
                }
                t = now;
            }
            all.lock().append(&mut list);
            wg.done();
        });
    }
    wg.wait();
    let mut all = std::mem::take(&mut *all.lock());
    all.sort_unstable();
    metric(&format!("{id}.rps"), all.len() as f64 / 1.5, "req/s", "higher");
    metric(&format!("{id}.p99"), f64::from(all[all.len() * 99 / 100]) / 1e3, "us", "lower");
}

/// The server alone; the client is `tools/bench/c/echoclient.c`, for `echo_held` with 10,000 idle
/// connections.
fn echo_ext() {
    // Go does so in every program.
    let mut lim = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the structure, and reads it.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut lim);
        lim.rlim_cur = lim.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &lim);
    }
    let l = TcpListener::bind("127.0.0.1:0").expect("listen");
    println!("PORT {}", l.local_addr().expect("listen").port());
    std::io::stdout().flush().expect("standard output");
    echo_server(l);
}

fn syscall(id: &str) {
    let (chunks, reads) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for seed in 1..=2u64 {
        let chunks = chunks.clone();
        go(move || {
            let mut x = seed;
            loop {
                for _ in 0..10_000 {
                    x = xorshift(x);
                }
                std::hint::black_box(x);
                chunks.fetch_add(1, Ordering::Relaxed);
                runtime::gosched();
            }
        });
    }
    let ms = Duration::from_millis;
    let rate = |d: Duration| {
        let (t, c, r) =
            (Instant::now(), chunks.load(Ordering::Relaxed), reads.load(Ordering::Relaxed));
        time::sleep(d);
        let s = t.elapsed().as_secs_f64();
        let diff = |a: &AtomicU64, b| (a.load(Ordering::Relaxed) - b) as f64 / s;
        (diff(&chunks, c), diff(&reads, r))
    };
    time::sleep(ms(200));
    let alone = rate(ms(500)).0;
    for _ in 0..8 {
        let reads = reads.clone();
        go(move || {
            let mut b = 0u8;
            // SAFETY: one byte is read into a local.
            while gort::blocking(|| unsafe { libc::read(0, (&raw mut b).cast(), 1) }) == 1 {
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    time::sleep(ms(400));
    let (with, reads) = rate(ms(1000));
    metric(&format!("{id}.kept"), 100.0 * with / alone, "%", "higher");
    metric(&format!("{id}.reads"), reads, "reads/s", "higher");
}
