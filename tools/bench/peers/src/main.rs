//! The benchmark workloads on other Rust runtimes: `gort-bench-peers RUNTIME ID[.wN]`, RUNTIME
//! being `tokio` or `may`.
//!
//! Same protocol, same work as `tools/bench/src/main.rs`. Neither runtime has Go's rendezvous
//! channel: tokio's channels have capacity 1 where Go's have none (`pingpong_rdv`: flume's true
//! rendezvous), may's are bounded by its semaphore.

mod may_;
mod tokio_;

use std::time::{Duration, Instant};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, peer, id] = &args[..] else {
        eprintln!("usage: gort-bench-peers tokio|may ID[.wN]");
        std::process::exit(2);
    };
    let (name, workers) = match id.rsplit_once(".w") {
        Some((n, w)) => (n, w.parse().unwrap_or(2)),
        None => (id.as_str(), 2),
    };
    let known = match peer.as_str() {
        "tokio" => tokio_::run(id, name, workers),
        "may" => may_::run(id, name, workers),
        _ => false,
    };
    // Tasks that are parked stay behind.
    std::process::exit(if known { 0 } else { 64 });
}

/// Median of `reps` counted repetitions (`BENCH_REPS` overrides) after one that is not, as a
/// metric: the time of one of `n` operations in `unit`.
struct Repeat {
    reps: usize,
    times: Vec<f64>,
}

impl Repeat {
    fn new(reps: usize) -> Self {
        let reps = std::env::var("BENCH_REPS").ok().and_then(|v| v.parse().ok()).unwrap_or(reps);
        Repeat { reps, times: Vec::new() }
    }

    /// Whether there is another repetition to do; `add` tells its time.
    fn more(&self) -> bool {
        self.times.len() <= self.reps
    }

    fn add(&mut self, t: Duration) {
        self.times.push(t.as_secs_f64());
    }

    fn median(&self) -> f64 {
        let mut t = self.times[1..].to_vec();
        t.sort_by(f64::total_cmp);
        t[t.len() / 2]
    }
}

fn metric(name: &str, value: f64, unit: &str) {
    println!("{name}\t{value:.3}\t{unit}\tlower");
}

/// The rounds of `mutex` (without) and `mutex_hold` (with a yield while the lock is held).
fn rounds(hold: bool) -> u64 {
    if hold { 25_000 } else { 100_000 }
}

fn xorshift(mut x: u64) -> u64 {
    x ^= x << 13;
    x ^= x >> 7;
    x ^ (x << 17)
}

/// What task `i` of `timers` sleeps.
fn nap(i: u64) -> Duration {
    Duration::from_micros(1000 + xorshift((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) % 49_001)
}

/// Process CPU time so far, seconds.
fn cpu() -> f64 {
    let mut u = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: writes `u`, for which zeroes are valid too.
    let u = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, u.as_mut_ptr());
        u.assume_init()
    };
    let s = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    s(u.ru_utime) + s(u.ru_stime)
}

/// `VmRSS` and `VmPTE`, bytes.
fn memory() -> [f64; 2] {
    let s = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["VmRSS:", "VmPTE:"].map(|k| {
        let l = s.lines().find(|l| l.starts_with(k)).unwrap_or_default();
        l.split_whitespace().nth(1).and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
    })
}

fn clock() -> Instant {
    Instant::now()
}

/// fib without tasks.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
