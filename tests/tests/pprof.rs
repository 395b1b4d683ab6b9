//! `gort::pprof` and `GORT_CPUPROFILE`: the samples are where the time went, for our own decoder
//! and for `go tool pprof`.

use flate2::read::GzDecoder;
use gort::{blocking, chan, go, pprof, runtime, sync, time};
use gort_tests::{absent, go_command, gort_command, in_child, wait};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// Fields of a message: number, and a number or bytes.
fn fields(mut b: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut found = Vec::new();
    while !b.is_empty() {
        let tag = varint(&mut b);
        let v = varint(&mut b);
        let mut bytes: &[u8] = &[];
        match tag & 7 {
            0 => (),
            2 => (bytes, b) = b.split_at(v as usize),
            t => panic!("type {t}"),
        }
        found.push((tag >> 3, v, bytes));
    }
    found
}

fn varint(b: &mut &[u8]) -> u64 {
    let (mut v, mut shift) = (0, 0);
    loop {
        let c = b[0];
        *b = &b[1..];
        v |= u64::from(c & 0x7f) << shift;
        shift += 7;
        if c < 0x80 {
            return v;
        }
    }
}

/// Numbers of a repeated field, packed or not.
fn numbers(m: &[(u64, u64, &[u8])], field: u64) -> Vec<u64> {
    let mut all = Vec::new();
    for &(f, v, mut b) in m.iter().filter(|m| m.0 == field) {
        if b.is_empty() {
            all.push(v);
        }
        while !b.is_empty() {
            all.push(varint(&mut b));
        }
        assert_eq!(f, field);
    }
    all
}

/// A sample: functions with inlined ones, innermost first; values; labels.
struct Sample {
    stack: Vec<String>,
    values: Vec<u64>,
    labels: HashMap<String, String>,
}

struct Profile {
    samples: Vec<Sample>,
    period: u64,
    /// Name and unit of what the period is of.
    period_type: (String, String),
    duration: u64,
    build_ids: Vec<String>,
}

impl Profile {
    fn read(file: &Path) -> Self {
        let mut b = Vec::new();
        GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_end(&mut b).unwrap();
        let top = fields(&b);
        let all = |n: u64| top.iter().filter(move |f| f.0 == n).map(|f| fields(f.2));
        let get = |m: &[(u64, u64, &[u8])], n: u64| m.iter().find(|f| f.0 == n).map_or(0, |f| f.1);
        let strings: Vec<String> = top
            .iter()
            .filter(|f| f.0 == 6)
            .map(|f| String::from_utf8(f.2.to_vec()).unwrap())
            .collect();
        assert_eq!(strings[0], "");
        let functions: HashMap<u64, String> =
            all(5).map(|f| (get(&f, 1), strings[get(&f, 2) as usize].clone())).collect();
        let mut locations = HashMap::new();
        for l in all(4) {
            let lines =
                l.iter().filter(|f| f.0 == 4).map(|f| functions[&get(&fields(f.2), 1)].clone());
            locations.insert(get(&l, 1), lines.collect::<Vec<_>>());
        }
        let samples = all(2).map(|s| Sample {
            stack: numbers(&s, 1).iter().flat_map(|l| locations[l].clone()).collect(),
            values: numbers(&s, 2),
            labels: s
                .iter()
                .filter(|f| f.0 == 3)
                .map(|f| {
                    let l = fields(f.2);
                    (strings[get(&l, 1) as usize].clone(), strings[get(&l, 2) as usize].clone())
                })
                .collect(),
        });
        let build_ids = all(3).map(|m| strings[get(&m, 6) as usize].clone()).collect();
        let period_type = all(11)
            .map(|t| (strings[get(&t, 1) as usize].clone(), strings[get(&t, 2) as usize].clone()))
            .next()
            .unwrap();
        let (period, duration) = (get(&top, 12), get(&top, 10));
        Self { samples: samples.collect(), period, period_type, duration, build_ids }
    }

    /// What the second value is in samples for which `f` holds.
    fn sum(&self, f: impl Fn(&Sample) -> bool) -> u64 {
        self.samples.iter().filter(|s| f(s)).map(|s| s.values[1]).sum()
    }

    /// The same of samples with that function in their stacks.
    fn of(&self, func: &str) -> u64 {
        self.sum(|s| s.stack.iter().any(|f| f.ends_with(func)))
    }
}

/// The processor time of this thread.
fn cpu() -> Duration {
    // SAFETY: a structure of its own.
    unsafe {
        let mut t: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    }
}

#[inline(never)]
fn work(n: u64) -> Duration {
    let from = cpu();
    let mut x = 1u64;
    for i in 0..n * 1_000_000 {
        x = std::hint::black_box(x.wrapping_mul(6364136223846793005).wrapping_add(i));
    }
    cpu() - from
}

#[inline(never)]
fn sixty(n: u64) -> Duration {
    std::hint::black_box(work(6 * n))
}
#[inline(never)]
fn thirty(n: u64) -> Duration {
    std::hint::black_box(work(3 * n))
}
#[inline(never)]
fn ten(n: u64) -> Duration {
    std::hint::black_box(work(n))
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os("PROFILES").expect("PROFILES")).join(name)
}

/// A test of samples that is to hold once in five times: where something else has the processor for
/// long, ticks of the kernel's clock are missing, and samples with them.
macro_rules! in_peace {
    ($f:expr) => {{
        let mut wrong: Vec<String> = Vec::new();
        while wrong.len() < 5 {
            match $f {
                Ok(()) => return,
                Err(e) => wrong.push(e),
            }
        }
        panic!("{wrong:#?}");
    }};
}

/// Three functions with known shares.
#[test]
fn shares() {
    in_peace!({
        let t = tempfile::tempdir().unwrap();
        let o = in_child!(.env("PROFILES", t.path().display()), || {
            // The work that takes a tenth of a second.
            let n = 1 + (100_000_000 / work(20).as_nanos().max(1) * 20) as u64;
            pprof::start_cpu_profile(std::fs::File::create(file("a")).unwrap()).unwrap();
            for hz in [0, 1_000_001] {
                let e = pprof::start_cpu_profile_at(std::io::sink(), hz).unwrap_err();
                assert_eq!(e.kind(), std::io::ErrorKind::InvalidInput);
            }
            let e = pprof::start_cpu_profile(std::io::sink()).unwrap_err();
            assert_eq!(e.to_string(), "cpu profiling already in use");
            let times = [sixty(2 * n), thirty(2 * n), ten(2 * n)];
            pprof::stop_cpu_profile().unwrap();
            pprof::stop_cpu_profile().unwrap();
            println!("{} {} {}", times[0].as_nanos(), times[1].as_nanos(), times[2].as_nanos());
        });
        o.ok();
        let times: Vec<f64> = o.stdout.split_whitespace().map(|n| n.parse().unwrap()).collect();
        looks_right(t.path(), times.iter().sum(), &times)
    });
}

/// Whether that profile has the functions' shares.
fn looks_right(dir: &Path, all: f64, times: &[f64]) -> Result<(), String> {
    let p = Profile::read(&dir.join("a"));
    assert_eq!(p.period, 10_000_000);
    assert_eq!(p.period_type, ("cpu".into(), "nanoseconds".into()));
    assert!(p.duration > 0);
    assert!(p.build_ids.iter().any(|id| id.len() >= 16), "{:?}", p.build_ids);
    let seen = p.sum(|_| true) as f64;
    if !(seen > 0.9 * all && seen < 1.1 * all) {
        return Err(format!("{seen} of {all}"));
    }
    let mut shares = Vec::new();
    for (f, time) in ["::sixty", "::thirty", "::ten"].iter().zip(times) {
        let (is, was) = (100.0 * p.of(f) as f64 / seen, 100.0 * time / all);
        if (is - was).abs() >= 3.0 {
            return Err(format!("{f}: {is} of {was}"));
        }
        shares.push(was);
    }
    let Some(go) = go_command() else {
        absent("Go", "its pprof has not read the profile");
        return Ok(());
    };
    let o = Command::new(go)
        .args(["tool", "pprof", "-top", "-cum"])
        .arg(dir.join("a"))
        .output()
        .unwrap();
    let top = String::from_utf8_lossy(&o.stdout).into_owned();
    assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
    for (f, was) in ["::sixty", "::thirty", "::ten"].iter().zip(&shares) {
        // flat flat% sum% cum cum% name
        let line = top.lines().find(|l| l.ends_with(f)).unwrap_or_else(|| panic!("{f}: {top}"));
        let is: f64 =
            line.split_whitespace().nth(4).unwrap().trim_end_matches('%').parse().unwrap();
        assert!((is - was).abs() < 3.0, "{line}: {was}");
    }
    Ok(())
}

/// Code that calls nothing is seen, also if it ran when the profile began; and so are labels.
#[test]
fn spinning() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static SPINS: AtomicBool = AtomicBool::new(false);
    #[inline(never)]
    fn spins() {
        SPINS.store(true, SeqCst);
        while !STOP.load(SeqCst) {
            std::hint::spin_loop();
        }
    }
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("PROFILES", t.path().display()).env("GOMAXPROCS", 2), || {
        go(|| {
            runtime::set_labels(runtime::Labels::new([("who", "spinner")]));
            spins();
        });
        while !SPINS.load(SeqCst) {
            runtime::gosched();
        }
        pprof::start_cpu_profile(std::fs::File::create(file("a")).unwrap()).unwrap();
        // Until it has had half a second of a processor: all of the process's time, but for a
        // little.
        while blocking(process_cpu) < Duration::from_millis(800) {
            time::sleep(Duration::from_millis(10));
        }
        pprof::stop_cpu_profile().unwrap();
        STOP.store(true, SeqCst);
    })
    .ok();
    let p = Profile::read(&t.path().join("a"));
    assert!(p.of("::spins") > 300_000_000, "{}", p.of("::spins"));
    let labelled = p.sum(|s| s.labels.get("who").is_some_and(|v| v == "spinner"));
    assert!(labelled >= p.of("::spins"), "{labelled}");
}

/// The processor time of the process.
fn process_cpu() -> Duration {
    // SAFETY: a structure of its own.
    unsafe {
        let mut t: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut t);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    }
}

/// However the process ends, the profile of the environment is there.
#[test]
fn environment() {
    for how in ["return", "exit", "panic", "deadlock"] {
        let t = tempfile::tempdir().unwrap();
        let f = t.path().join("a");
        let o = in_child!(.env("GORT_CPUPROFILE", f.display()).env("HOW", how), || {
            let until = cpu() + Duration::from_millis(200);
            while cpu() < until {
                ten(1);
            }
            match &*std::env::var("HOW").unwrap() {
                "exit" => std::process::exit(0),
                "panic" => panic!("on purpose"),
                "deadlock" => gort::chan::<()>(0).recv().unwrap(),
                _ => (),
            }
        });
        o.exited(if matches!(how, "panic" | "deadlock") { 2 } else { 0 });
        let p = Profile::read(&f);
        assert!(p.of("::ten") > 50_000_000, "{how}: {}", p.of("::ten"));
    }
}

#[inline(never)]
fn receives(c: &gort::Chan<()>) {
    c.recv();
    std::hint::black_box(());
}

#[inline(never)]
fn unlocks(g: sync::MutexGuard<'_, ()>) {
    drop(g);
    std::hint::black_box(());
}

/// Who waited how often and for how long, and who made others wait.
#[test]
fn waits() {
    const N: u64 = 10;
    const EACH: Duration = Duration::from_millis(20);
    let t = tempfile::tempdir().unwrap();
    let start = Instant::now();
    in_child!(.env("PROFILES", t.path().display()).env("GOMAXPROCS", 2), || {
        let c = chan(0);
        // Not yet.
        let tx = c.clone();
        go(move || tx.send(()));
        receives(&c);
        assert_eq!(pprof::lookup("block").unwrap().count(), 0);
        pprof::set_block_profile_rate(1);
        assert_eq!(pprof::set_mutex_profile_fraction(1), 0);
        assert_eq!(pprof::set_mutex_profile_fraction(-1), 1);
        let tx = c.clone();
        go(move || {
            for _ in 0..N {
                time::sleep(EACH);
                tx.send(());
            }
        });
        for _ in 0..N {
            receives(&c);
        }
        let m: &'static sync::Mutex<()> = Box::leak(Box::new(sync::Mutex::new(())));
        for _ in 0..N {
            let g = m.lock();
            let done = c.clone();
            go(move || {
                drop(m.lock());
                done.send(());
            });
            // Until it waits.
            while !runtime::stack(true).contains("sync.Mutex.Lock") {
                time::sleep(Duration::from_millis(1));
            }
            time::sleep(EACH);
            unlocks(g);
            c.recv();
        }
        pprof::set_block_profile_rate(0);
        pprof::set_mutex_profile_fraction(0);
        for p in ["block", "mutex"] {
            pprof::lookup(p).unwrap().write_to(std::fs::File::create(file(p)).unwrap()).unwrap();
        }
    })
    .ok();
    // One waits at a time.
    let (least, most) = (N * EACH.as_nanos() as u64, start.elapsed().as_nanos() as u64);
    let p = Profile::read(&t.path().join("block"));
    let of = |p: &Profile, f: &str| {
        // As in Go (runtime/pprof, printCountCycleProfile).
        assert_eq!(p.period_type, ("contentions".into(), "count".into()));
        assert_eq!((p.period, p.duration), (1, 0));
        p.samples
            .iter()
            .filter(|s| s.stack.first().is_some_and(|s| s.ends_with(f)))
            .fold((0, 0), |n, s| (n.0 + s.values[0], n.1 + s.values[1]))
    };
    let (n, ns) = of(&p, "::receives");
    // The waits end when the sleeps do, and those may be late.
    assert!(n == N && ns > least * 9 / 10 && ns < most, "{n} {ns} {most}");
    let p = Profile::read(&t.path().join("mutex"));
    let (n, ns) = of(&p, "::unlocks");
    assert!(n == N && ns > least && ns < most, "{n} {ns} {most}");
    if let Some(go) = go_command() {
        let o = Command::new(go)
            .args(["tool", "pprof", "-top"])
            .arg(t.path().join("block"))
            .output()
            .unwrap();
        let top = String::from_utf8_lossy(&o.stdout);
        assert!(top.contains("Type: delay") && top.contains("::receives"), "{top}");
    }
}

/// A signal that ends a program writes each of them, also if nothing else is asked for.
#[test]
fn environment_alone() {
    for variable in ["GORT_BLOCKPROFILE", "GORT_MUTEXPROFILE", "GORT_CPUPROFILE"] {
        let t = tempfile::tempdir().unwrap();
        let file = t.path().join("profile");
        let o = in_child!(.env(variable, file.display()), || {
            // SAFETY: no memory is touched.
            unsafe { assert_eq!(libc::raise(libc::SIGTERM), 0) };
            unreachable!();
        });
        o.exited(128 + libc::SIGTERM);
        Profile::read(&file);
    }
}

/// However the process ends, the profiles of waits that the environment asks for are there, beside
/// the others.
#[test]
fn environment_waits() {
    for how in ["return", "exit", "panic", "deadlock", "SIGTERM"] {
        let t = tempfile::tempdir().unwrap();
        let f = |name| t.path().join(name);
        let o = in_child!(
            .env("GORT_BLOCKPROFILE", f("block").display())
            .env("GORT_MUTEXPROFILE", f("mutex").display())
            .env("GORT_CPUPROFILE", f("cpu").display())
            .env("GORT_TRACE", f("trace").display())
            .env("HOW", how),
            || {
                let c = chan(0);
                let tx = c.clone();
                go(move || {
                    for _ in 0..3 {
                        time::sleep(Duration::from_millis(20));
                        tx.send(());
                    }
                });
                (0..3).for_each(|_| receives(&c));
                let m: &'static sync::Mutex<()> = Box::leak(Box::new(sync::Mutex::new(())));
                let g = m.lock();
                go(|| drop(m.lock()));
                while !runtime::stack(true).contains("sync.Mutex.Lock") {
                    time::sleep(Duration::from_millis(1));
                }
                unlocks(g);
                match &*std::env::var("HOW").unwrap() {
                    "exit" => std::process::exit(0),
                    "panic" => panic!("on purpose"),
                    "deadlock" => gort::chan::<()>(0).recv().unwrap(),
                    // SAFETY: no memory is touched.
                    "SIGTERM" => unsafe { assert_eq!(libc::raise(libc::SIGTERM), 0) },
                    _ => (),
                }
            }
        );
        match how {
            "panic" | "deadlock" => o.exited(2),
            "SIGTERM" => o.exited(128 + libc::SIGTERM),
            _ => o.exited(0),
        };
        let count = |name, func: &str| {
            let p = Profile::read(&f(name));
            let in_it = |s: &&Sample| s.stack.first().is_some_and(|s| s.ends_with(func));
            p.samples.iter().filter(in_it).map(|s| s.values[0]).sum::<u64>()
        };
        assert_eq!(count("block", "::receives"), 3, "{how}");
        assert_eq!(count("mutex", "::unlocks"), 1, "{how}");
        Profile::read(&f("cpu"));
        gort_tracereader::validate::check(&*std::fs::read(f("trace")).unwrap()).unwrap();
    }
}

/// A file that cannot be written is told before anything runs.
#[test]
fn environment_unwritable() {
    let o = in_child!(.env("GORT_MUTEXPROFILE", "/nonexistent/file"), || unreachable!());
    o.exited(1).stderr_has("gort: GORT_MUTEXPROFILE: cannot write /nonexistent/file: ");
}

/// Where each goroutine is, with its labels.
#[test]
fn goroutines() {
    let t = tempfile::tempdir().unwrap();
    in_child!(.env("PROFILES", t.path().display()), || {
        let c = chan(0);
        for i in 0..30 {
            let c = c.clone();
            go(move || {
                if i == 0 {
                    return runtime::with_labels([("who", "one")], || receives(&c));
                }
                receives(&c);
            });
        }
        let profile = pprof::lookup("goroutine").unwrap();
        while runtime::stack(true).matches("[chan receive]").count() != 30 {
            time::sleep(Duration::from_millis(1));
        }
        assert_eq!(profile.count(), 31);
        profile.write_to(std::fs::File::create(file("goroutine")).unwrap()).unwrap();
        profile.write_text_to(std::fs::File::create(file("text")).unwrap()).unwrap();
        // A thread of the program's may ask too.
        let text = blocking(|| {
            let t = std::thread::spawn(move || {
                let mut text = Vec::new();
                profile.write_text_to(&mut text).map(|()| text)
            });
            t.join().unwrap().unwrap()
        });
        assert!(text.starts_with(b"goroutine profile: total "));
        c.close();
    })
    .ok();
    let p = Profile::read(&t.path().join("goroutine"));
    assert_eq!((p.period_type, p.period), (("goroutine".into(), "count".into()), 1));
    assert!(p.samples.iter().all(|s| s.values.len() == 1));
    assert_eq!(p.samples.iter().map(|s| s.values[0]).sum::<u64>(), 31);
    let at = |s: &&Sample| s.stack.iter().any(|f| f.ends_with("::receives"));
    let mut of: Vec<_> = p.samples.iter().filter(at).map(|s| (s.values[0], &s.labels)).collect();
    of.sort_by_key(|s| s.0);
    assert_eq!(of.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 29]);
    assert_eq!(of[0].1.get("who").map(String::as_str), Some("one"));
    assert!(of[1].1.is_empty());
    let text = std::fs::read_to_string(t.path().join("text")).unwrap();
    let blocks: Vec<_> = text.split("\n\n").collect();
    assert!(blocks[0].starts_with("goroutine profile: total 31\n29 @ 0x"), "{text}");
    assert!(blocks[0].contains("::receives+0x") && blocks[0].contains("pprof.rs:"), "{text}");
    let labelled = blocks.iter().find(|b| b.contains("# labels: {\"who\":\"one\"}")).unwrap();
    assert!(labelled.starts_with("1 @ 0x") && labelled.contains("::receives+0x"), "{text}");
    if let Some(go) = go_command() {
        let file = t.path().join("goroutine");
        let o = Command::new(go).args(["tool", "pprof", "-top"]).arg(file).output().unwrap();
        let top = String::from_utf8_lossy(&o.stdout);
        assert!(top.contains("Type: goroutine") && top.contains("::receives"), "{top}");
    }
}

/// Waiters that would give up after a time count like the others.
#[test]
fn timed_waits() {
    let t = tempfile::tempdir().unwrap();
    let start = Instant::now();
    in_child!(.env("PROFILES", t.path().display()).env("GOMAXPROCS", 2), || {
        pprof::set_mutex_profile_fraction(1);
        let m: &'static sync::Mutex<()> = Box::leak(Box::new(sync::Mutex::new(())));
        let g = m.lock();
        let done = chan(0);
        let waiter = |n, f: fn(&'static sync::Mutex<()>)| {
            let done = done.clone();
            go(move || {
                f(m);
                done.send(());
            });
            while runtime::stack(true).matches("sync.Mutex.Lock").count() != n {
                time::sleep(Duration::from_millis(1));
            }
        };
        waiter(1, |m| unlocks(m.lock()));
        waiter(2, |m| unlocks(m.lock_timeout(Duration::from_secs(3600)).unwrap()));
        waiter(3, |m| unlocks(m.lock()));
        unlocks(g);
        (0..3).for_each(|_| _ = done.recv());
        let out = std::fs::File::create(file("mutex")).unwrap();
        pprof::lookup("mutex").unwrap().write_to(out).unwrap();
    })
    .ok();
    let most = 3 * start.elapsed().as_nanos() as u64;
    let p = Profile::read(&t.path().join("mutex"));
    let ns: u64 = p.samples.iter().map(|s| s.values[1]).sum();
    assert!(!p.samples.is_empty() && ns < most, "{ns} {most}");
}

/// A profile is made where there is room for it.
#[test]
fn small_stacks() {
    in_child!(.env("GORTSTACK", "16K"), || {
        pprof::set_block_profile_rate(1);
        let c = chan(0);
        let tx = c.clone();
        go(move || tx.send(()));
        receives(&c);
        let mut file = Vec::new();
        pprof::lookup("block").unwrap().write_to(&mut file).unwrap();
        assert!(file.starts_with(&[0x1f, 0x8b]));
    })
    .ok();
}

/// Threads that are no Ms are seen, and said to be such.
#[test]
fn threads() {
    #[inline(never)]
    fn alone() {
        let until = cpu() + Duration::from_millis(300);
        while cpu() < until {
            std::hint::black_box(work(1));
        }
    }
    in_peace!({
        let t = tempfile::tempdir().unwrap();
        in_child!(.env("PROFILES", t.path().display()), || {
            pprof::start_cpu_profile(std::fs::File::create(file("a")).unwrap()).unwrap();
            blocking(|| std::thread::spawn(alone).join().unwrap());
            pprof::stop_cpu_profile().unwrap();
        })
        .ok();
        let p = Profile::read(&t.path().join("a"));
        let external = |f: &String| f == "runtime._ExternalCode";
        let seen = p.sum(|s| s.stack.last().is_some_and(external) && s.stack.len() > 1);
        if seen > 30_000_000 { Ok(()) } else { Err(format!("{seen}")) }
    });
}

/// A Go program's profile beside that of the environment: it has no samples, and the other one has
/// them all. And the program that it executes next is not ended by a signal.
#[test]
fn go_programs() {
    const TEXT: &str = r#"package main

import (
	"bytes"
	"os"
	"runtime/pprof"
	"syscall"
	"time"
)

//go:noinline
func work(until time.Time) (n int) {
	for time.Now().Before(until) {
		n++
	}
	return
}

func main() {
	for i := 0; i < 3; i++ {
		var b bytes.Buffer
		if err := pprof.StartCPUProfile(&b); err != nil {
			panic(err)
		}
		work(time.Now().Add(200 * time.Millisecond))
		if len(os.Args) > 1 {
			syscall.Exec("/bin/sh", []string{"sh", "-c", os.Args[1]}, nil)
		}
		pprof.StopCPUProfile()
		println(b.Len() > 0)
	}
}
"#;
    let t = tempfile::tempdir().unwrap();
    let (source, program, profile) =
        (t.path().join("main.go"), t.path().join("main"), t.path().join("cpu"));
    std::fs::write(&source, TEXT).unwrap();
    let Some(mut gort) = gort_command() else { return };
    gort.arg("build").arg("-o").arg(&program).arg(&source);
    wait(gort, b"", Duration::from_secs(300)).ok();
    let mut c = Command::new(&program);
    c.env("GORT_CPUPROFILE", &profile);
    let o = wait(c, b"", Duration::from_secs(60));
    let says = "runtime: cannot set cpu profile rate until previous profile has finished.\ntrue\n"
        .repeat(3);
    o.ok();
    assert_eq!(o.stderr, says);
    let p = Profile::read(&profile);
    assert!(p.of("main.work") > 0, "{}", p.of("main.work"));
    let mut c = Command::new(&program);
    c.arg("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo $i");
    assert_eq!(wait(c, b"", Duration::from_secs(60)).ok().stdout, "200000\n");
}

/// What a profile costs: processor time of the process for the same work with and without one, in
/// turns. By hand: `cargo test -p gort-tests --test pprof costs -- --ignored --nocapture`.
/// docs/profiling.md has the result.
#[test]
#[ignore = "a measurement"]
fn costs() {
    let o = in_child!(.limit(Duration::from_secs(600)), || {
        fn round(deep: u32, c: &gort::Chan<u64>, d: &gort::Chan<u64>) -> u64 {
            if deep > 0 {
                return std::hint::black_box(round(deep - 1, c, d));
            }
            (0..100_000).map(|i| (c.send(i), d.recv().unwrap()).1).sum()
        }
        let (c, d) = (chan::<u64>(0), chan::<u64>(0));
        let (rx, tx) = (c.clone(), d.clone());
        go(move || rx.iter().for_each(|i| tx.send(i)));
        let mut ratios = Vec::new();
        for pair in 0..41 {
            let mut took = [Duration::ZERO; 2];
            // Now this first, now that.
            for on in if pair % 2 == 0 { [0, 1] } else { [1, 0] } {
                if on == 1 {
                    pprof::start_cpu_profile(std::io::sink()).unwrap();
                }
                let from = blocking(process_cpu);
                std::hint::black_box(round(20, &c, &d) + work(100).as_nanos() as u64);
                took[on] = blocking(process_cpu) - from;
                pprof::stop_cpu_profile().unwrap();
            }
            ratios.push(took[1].as_secs_f64() / took[0].as_secs_f64());
        }
        ratios.sort_by(f64::total_cmp);
        println!("with a profile: {:.4} (quartiles {:.4}, {:.4})", ratios[20], ratios[10], ratios[30]);
    });
    print!("{}", o.ok().stdout);
}
