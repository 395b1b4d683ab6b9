//! sysmon: preemption requests, schedtrace.

use gort_proc::*;
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One P, held by a goroutine that never yields by itself: only sysmon's request lets the other one
/// run.
#[test]
fn a_goroutine_that_runs_for_long_is_preempted() {
    in_child!(.procs(1), || {
        let flag = Arc::new(AtomicBool::new(false));
        let flag2 = flag.clone();
        gort::go(move || flag2.store(true, Ordering::SeqCst));
        while !flag.load(Ordering::SeqCst) {
            // SAFETY: on a user goroutine.
            unsafe { preempt_check() };
        }
    })
    .ok();
}

/// The same with several Ps, all held.
#[test]
fn preemption_on_all_ps() {
    in_child!(.procs(3), || {
        let flag = Arc::new(AtomicBool::new(false));
        for i in 0..6 {
            let flag = flag.clone();
            gort::go(move || {
                if i == 0 {
                    // runs last of all on its P
                    flag.store(true, Ordering::SeqCst);
                }
                while !flag.load(Ordering::SeqCst) {
                    // SAFETY: on a user goroutine.
                    unsafe { preempt_check() };
                }
            });
        }
        while !flag.load(Ordering::SeqCst) {
            // SAFETY: on a user goroutine.
            unsafe { preempt_check() };
        }
    })
    .ok();
}

/// Whether `s` looks like `pattern`, where `#` stands for a number.
fn like(s: &str, pattern: &str) -> bool {
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (mut s, mut parts) = (s, pattern.split('#'));
    let Some(mut rest) = parts.next().and_then(|p| s.strip_prefix(p)) else { return false };
    for p in parts {
        s = rest;
        let n = digits(s);
        match s[n..].strip_prefix(p) {
            Some(r) if n > 0 => rest = r,
            _ => return false,
        }
    }
    rest.is_empty()
}

const SUMMARY: &str = "SCHED #ms: gomaxprocs=# idleprocs=# threads=# spinningthreads=# needspinning=# idlethreads=# runqueue=#";

/// The line of `GODEBUG=schedtrace=N`.
#[test]
fn schedtrace_line() {
    let out = in_child!(.procs(2).env("GODEBUG", "schedtrace=1"), || {
        let t = nanotime();
        while nanotime() - t < 50_000_000 {
            // SAFETY: on a user goroutine.
            unsafe { gosched() };
        }
    });
    out.ok();
    let pattern = format!("{SUMMARY} [# #]");
    // The program may end while sysmon writes a line.
    let whole = &out.stderr[..=out.stderr.rfind('\n').expect("a line")];
    let lines: Vec<_> = whole.lines().filter(|l| l.starts_with("SCHED ")).collect();
    assert!(lines.len() > 1, "{}", out.stderr);
    for l in lines {
        assert!(like(l, &pattern), "{l}");
    }
}

/// All of it with `scheddetail=1`.
#[test]
fn schedtrace_detail() {
    let out = in_child!(.procs(2), || {
        gort::time::sleep(std::time::Duration::from_nanos(1));
        // SAFETY: on a user goroutine, holding no lock.
        unsafe { systemstack(|| linkname::schedtrace(true)) };
    });
    out.ok();
    let lines: Vec<_> = out.stderr.lines().collect();
    let at = lines.iter().position(|l| l.starts_with("SCHED ")).expect("no summary");
    let lines = &lines[at..];
    assert!(
        like(
            &lines[0].replace("true", "B").replace("false", "B"),
            &format!("{SUMMARY} gcwaiting=B nmidlelocked=# stopwait=# sysmonwait=B")
        ),
        "{}",
        lines[0]
    );
    for (i, l) in lines[1..3].iter().enumerate() {
        let l = l.replace("m=nil", "m=0");
        let p = format!(
            "  P{i}: status=# schedtick=# syscalltick=# m=# runqsize=# gfreecnt=# timerslen=#"
        );
        assert!(like(&l, &p), "{l}");
    }
    let m = lines[3..].iter().find(|l| l.contains("curg=1 ")).expect("no M runs goroutine 1");
    let m = m.replace("true", "B").replace("false", "B");
    let p = "  M#: p=# curg=1 mallocing=0 throwing=0 preemptoff= locks=# dying=0 spinning=B blocked=B lockedg=nil";
    assert!(like(&m, p), "{m}");
    // the last reason for which it waited, as in Go
    assert!(
        lines.iter().any(|l| like(l, "  G1: status=2(sleep) m=# lockedm=nil")),
        "{}",
        out.stderr
    );
    assert!(lines.contains(&"  G2: status=4(force gc (idle)) m=nil lockedm=nil"), "{}", out.stderr);
}

/// A program that is idle after a burst of goroutines: once sysmon has begun to free their stacks
/// it does not sleep deeply until it is through, as there may be thousands of rounds to do.
#[test]
fn stacks_of_a_burst_are_freed_without_deep_sleeps() {
    in_child!(.procs(1), || {
        gort_sysmon::FORCEGCPERIOD.set(1_000_000_000);
        for _ in 0..3000 {
            gort::go(|| ());
        }
        // Nobody but sysmon touches the lists from here on. Once both have something in them, the
        // freeing is under way.
        std::thread::spawn(|| {
            // SAFETY: racy looks at atomic cells.
            let left = || unsafe { !(*sched()).g_free.stack.empty() };
            // SAFETY: the same.
            let begun = || unsafe { !(*sched()).g_free.no_stack.empty() };
            // SAFETY: the same.
            let deep = || unsafe { (*sched()).sysmonwait.load() };
            loop {
                if begun() && !left() {
                    std::process::exit(0);
                }
                if begun() && left() && deep() && left() {
                    eprintln!("a deep sleep with stacks left to be freed");
                    std::process::exit(1);
                }
                usleep(100);
            }
        });
        gort::time::sleep(std::time::Duration::from_secs(3600));
    })
    .ok();
}

/// What `schedtrace` reads of another M while that stops the world and starts it: one reason or
/// none, never the address of one text with the length of another.
#[test]
fn a_reason_not_to_be_preempted_is_read_whole() {
    let off = Preemptoff::default();
    std::thread::scope(|s| {
        s.spawn(|| {
            for _ in 0..1_000_000 {
                off.set(StwReason::Gomaxprocs.string());
                off.clear();
            }
        });
        for _ in 0..1_000_000 {
            let r = off.get();
            assert!(r.is_empty() || r == "GOMAXPROCS");
        }
    });
}
