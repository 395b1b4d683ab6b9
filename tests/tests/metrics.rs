//! `gort::runtime::metrics`: names and kinds are Go's, and the numbers are those of what the
//! program did.

use gort::runtime::metrics::{self, Float64Histogram, Sample, ValueKind};
use gort::sync::{Mutex, WaitGroup};
use gort::{chan, go, runtime};
use gort_tests::{go_build, in_child, tests_dir};
use std::sync::Arc;

fn count(name: &str) -> u64 {
    let mut s = [Sample::new(name)];
    metrics::read(&mut s);
    s[0].value.uint64()
}

fn float(name: &str) -> f64 {
    let mut s = [Sample::new(name)];
    metrics::read(&mut s);
    s[0].value.float64()
}

fn hist(name: &str) -> Float64Histogram {
    let mut s = [Sample::new(name)];
    metrics::read(&mut s);
    s[0].value.float64_histogram().clone()
}

/// Starts n goroutines that yield once each, and waits for them.
fn spawn(n: usize) {
    let wg = Arc::new(WaitGroup::new());
    wg.add(n as isize);
    for _ in 0..n {
        let wg = wg.clone();
        go(move || {
            runtime::gosched();
            wg.done();
        });
    }
    wg.wait();
}

/// The names that Go has, with their kinds, sorted; all have values of their kind.
#[test]
fn names_and_kinds() {
    in_child!(.procs(2), || {
        let all = metrics::all();
        assert!(all.is_sorted_by(|a, b| a.name < b.name));
        for d in &all {
            let (path, unit) = d.name.split_once(':').expect("a unit");
            assert!(path.starts_with('/') && !unit.is_empty() && !unit.contains(':'), "{}", d.name);
            assert!(d.description.ends_with('.'), "{}", d.name);
            let mut s = [Sample::new(d.name)];
            metrics::read(&mut s);
            assert_eq!(s[0].value.kind(), d.kind, "{}", d.name);
        }
        let mut s = [Sample::new("/no/such:thing"), Sample::new("/sched/gomaxprocs:threads")];
        metrics::read(&mut s);
        assert_eq!(s[0].value.kind(), ValueKind::Bad);
        assert_eq!(s[1].value.uint64(), 2);
    })
    .ok();
}

/// Those outside of `/gort/` are Go's, all that Go has of its scheduler, with the same kinds.
#[test]
fn names_like_go() {
    let out = in_child!(|| {
        for d in metrics::all().iter().filter(|d| !d.name.starts_with("/gort/")) {
            println!("{} {:?} {}", d.name, d.kind, d.cumulative);
        }
    });
    let golden = std::fs::read_to_string(tests_dir().join("golden/metrics.txt")).unwrap();
    out.ok().stdout_is(&golden);
    if let Some(exe) = go_build("metrics") {
        gort_tests::wait(std::process::Command::new(exe), b"", std::time::Duration::from_secs(60))
            .ok()
            .stdout_is(&golden);
    }
}

/// `GODEBUG=metrics=1` prints them when the program ends, by either way.
#[test]
fn godebug() {
    for code in ["0", "3"] {
        let out = in_child!(.env("GODEBUG", "metrics=1").env("CODE", code).procs(2), || {
            spawn(10);
            match std::env::var("CODE").unwrap().parse() {
                Ok(0) => {}
                code => runtime::exit(code.unwrap()),
            }
        });
        out.exited(code.parse().unwrap()).stderr_has("\nP  ");
        for d in metrics::all() {
            assert!(
                out.stderr.lines().any(|l| l.starts_with(&format!("{} ", d.name))),
                "{}\n{out}",
                d.name
            );
        }
    }
    assert_eq!(in_child!(.env("GODEBUG", "metrics=0"), || ()).ok().stderr, "");
}

/// Goroutines are counted when they are created and when they end.
#[test]
fn goroutines() {
    in_child!(.procs(1), || {
        let (created, ended) = (
            count("/gort/sched/goroutines/created:goroutines"),
            count("/gort/sched/goroutines/ended:goroutines"),
        );
        assert_eq!(count("/sched/goroutines:goroutines"), 1);
        let c = chan::<()>(0);
        for _ in 0..100 {
            let c = c.clone();
            go(move || {
                c.recv();
            });
        }
        assert_eq!(count("/sched/goroutines:goroutines"), 101);
        for _ in 0..100 {
            c.send(());
        }
        while runtime::num_goroutine() > 1 {
            runtime::gosched();
        }
        assert_eq!(count("/sched/goroutines:goroutines"), 1);
        assert_eq!(count("/gort/sched/goroutines/created:goroutines") - created, 100);
        assert_eq!(count("/gort/sched/goroutines/ended:goroutines") - ended, 100);
    })
    .ok();
}

/// Each goroutine runs, is preempted, parks and yields as often as it does; with one P the sums are
/// those of the P.
#[test]
fn counters_of_one_p() {
    in_child!(.procs(1), || {
        let before = metrics::per_p();
        assert_eq!(before.len(), 1);
        spawn(50);
        let (after, yields) = (metrics::per_p()[0], count("/gort/sched/yields:events"));
        let before = before[0];
        assert_eq!(after.created - before.created, 50);
        assert_eq!(after.ended - before.ended, 50);
        assert_eq!(after.yields - before.yields, 50);
        assert_eq!(after.yields, yields);
        assert_eq!(after.parks - before.parks, 1, "the main goroutine in wait");
        // Every goroutine twice, the main one once more, and perhaps some that sysmon preempted.
        let preempted = after.preemptions - before.preemptions;
        assert_eq!(after.runs - before.runs, 101 + preempted);
        assert_eq!((after.steals_tried, after.steals_won), (0, 0), "nobody to steal from");
    })
    .ok();
}

/// Threads that have nothing to do steal, and what they steal is counted.
#[test]
fn steals() {
    in_child!(.procs(4), || {
        while count("/gort/sched/steals/won:events") == 0 {
            spawn(1000);
        }
        let tried = count("/gort/sched/steals/tried:events");
        let won = count("/gort/sched/steals/won:events");
        assert!(tried >= won && won > 0, "{won} of {tried}");
        assert!(count("/gort/sched/steals/stolen:goroutines") >= won);
        assert!(count("/gort/sched/steals/runnext:events") <= count("/gort/sched/steals/won:events"));
        assert!(count("/gort/sched/threads/created:threads") >= 2);
        assert_eq!(metrics::per_p().len(), 4);
    })
    .ok();
}

/// One wait in eight is measured, so of 8,000 waits some must be; buckets are Go's.
#[test]
fn latencies() {
    in_child!(.procs(2), || {
        let before = hist("/sched/latencies:seconds");
        spawn(4000);
        let after = hist("/sched/latencies:seconds");
        assert!(after.total() > before.total() + 500, "{} and {}", before.total(), after.total());
        assert!(after.counts.iter().zip(&before.counts).all(|(a, b)| a >= b));
        assert_eq!(after.buckets.len(), after.counts.len() + 1);
        // histogram.go: 40 buckets of 4 parts, and one at each end.
        assert_eq!(after.counts.len(), 162);
        assert_eq!(after.buckets[..4], [f64::NEG_INFINITY, 0.0, 64e-9, 128e-9]);
        assert_eq!(after.buckets[161], (1u64 << 47) as f64 / 1e9);
        assert_eq!(after.buckets[162], f64::INFINITY);
        assert!(after.buckets.is_sorted_by(|a, b| a < b));
        assert!(after.quantile(0.5) > 0.0 && after.quantile(0.5) <= after.quantile(1.0));
    })
    .ok();
}

/// A change of gomaxprocs shows, and stops the world once for each change: not for a collection.
#[test]
fn gomaxprocs_and_pauses() {
    in_child!(.procs(3), || {
        let pauses = || {
            [
                "/sched/pauses/stopping/gc:seconds",
                "/sched/pauses/stopping/other:seconds",
                "/sched/pauses/total/gc:seconds",
                "/sched/pauses/total/other:seconds",
            ]
            .map(|n| hist(n).total())
        };
        let before = pauses();
        for n in [1, 4, 2] {
            runtime::gomaxprocs(n);
            assert_eq!(count("/sched/gomaxprocs:threads"), n as u64);
        }
        let after = pauses();
        assert_eq!([0, 1, 2, 3].map(|i| after[i] - before[i]), [0, 3, 0, 3]);
        assert_eq!(metrics::per_p().len(), 4, "those that are gone keep their counts");
    })
    .ok();
}

/// Waiting for a mutex is time spent; not waiting is not.
#[test]
fn mutex_wait() {
    in_child!(.procs(1), || {
        let m = Arc::new(Mutex::new(0));
        for _ in 0..1000 {
            *m.lock() += 1;
        }
        let name = "/sync/mutex/wait/total:seconds";
        let before = float(name);
        // One in eight changes of state is measured, so there are some among so many.
        for _ in 0..200 {
            let wg = Arc::new(WaitGroup::new());
            wg.add(4);
            let guard = m.lock();
            for _ in 0..4 {
                let (m, wg) = (m.clone(), wg.clone());
                go(move || {
                    *m.lock() += 1;
                    wg.done();
                });
            }
            runtime::gosched();
            drop(guard);
            wg.wait();
        }
        assert_eq!(*m.lock(), 1800);
        assert!(float(name) > before, "{before} and then {}", float(name));
    })
    .ok();
}

/// Idle time is counted when it ends.
#[test]
fn idle() {
    in_child!(.procs(1), || {
        let (start, before) = (std::time::Instant::now(), float("/gort/sched/idle:seconds"));
        loop {
            gort::time::sleep(std::time::Duration::from_millis(5));
            let idle = float("/gort/sched/idle:seconds") - before;
            let most = start.elapsed().as_secs_f64();
            assert!((0.0..=most).contains(&idle), "{idle} s of {most}");
            // (How much of a sleep the processor is idle is for the system to say as well.)
            if idle >= 0.015 {
                break;
            }
        }
        assert!(metrics::per_p()[0].idle.as_secs_f64() >= 0.015);
    })
    .ok();
}

/// Reading does not disturb a program that runs at full speed.
#[test]
fn while_running() {
    in_child!(.procs(4), || {
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let d = done.clone();
        let c = chan::<u64>(0);
        let tx = c.clone();
        go(move || {
            let mut n = 0;
            let mut last = 0;
            while !d.load(std::sync::atomic::Ordering::Relaxed) {
                let runs = count("/gort/sched/runs:events");
                assert!(runs >= last);
                last = runs;
                n += metrics::dump().lines().count() as u64;
                runtime::gosched();
            }
            tx.send(n);
        });
        for _ in 0..20 {
            spawn(500);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(c.recv().is_some_and(|n| n > 0));
    })
    .ok();
}

/// The dump has a line for each metric and one for each P.
#[test]
fn dump() {
    let out = in_child!(.procs(2), || print!("{}", metrics::dump()));
    out.ok();
    for d in metrics::all() {
        assert!(
            out.stdout.lines().any(|l| l.starts_with(&format!("{} ", d.name))),
            "{}\n{out}",
            d.name
        );
    }
    let table: Vec<_> = out.stdout.lines().skip(metrics::all().len()).collect();
    assert_eq!(table.len(), 3, "{out}");
    assert!(table[0].starts_with("P "), "{out}");
    assert!(table[1].starts_with("0 ") && table[2].starts_with("1 "), "{out}");
}
