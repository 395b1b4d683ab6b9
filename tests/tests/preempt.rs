//! Preemption: at calls into the runtime, inside `preempt::scope` by signals, and the report of
//! loops that allow neither.

use gort::{chan, go, preempt, runtime};
use gort_tests::in_child;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A loop without calls: ends when `flag` is set by somebody else.
fn spin(flag: &AtomicBool) {
    let mut x = 1u64;
    while !flag.load(SeqCst) {
        for _ in 0..1000 {
            x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}

/// The loop runs in a scope, on the only P, until the goroutine behind it has run.
fn others_run() {
    let flag = Arc::new(AtomicBool::new(false));
    let f = flag.clone();
    go(move || f.store(true, SeqCst));
    // SAFETY: arithmetic and an atomic.
    unsafe { preempt::scope(|| spin(&flag)) };
    println!("done");
}

#[test]
fn a_loop_in_a_scope_lets_others_run() {
    in_child!(.procs(1), others_run).ok().stdout_is("done\n");
}

/// 200 times in one process, at 1, 2 and 8 Ps.
fn many_loops() {
    for _ in 0..200 {
        let flag = Arc::new(AtomicBool::new(false));
        let c = chan::<u64>(0);
        for i in 0..4 {
            let (c, flag) = (c.clone(), flag.clone());
            go(move || {
                if i == 0 {
                    runtime::gosched();
                    flag.store(true, SeqCst);
                } else {
                    // SAFETY: arithmetic and an atomic.
                    unsafe { preempt::scope(|| spin(&flag)) };
                }
                c.send(i);
            });
        }
        let sum: u64 = (0..4).map(|_| c.recv().unwrap()).sum();
        assert_eq!(sum, 6);
    }
}

#[test]
fn many_loops_1() {
    in_child!(.procs(1), many_loops).ok();
}
#[test]
fn many_loops_2() {
    in_child!(.procs(2), many_loops).ok();
}
#[test]
fn many_loops_8() {
    in_child!(.procs(8), many_loops).ok();
}

/// With asyncpreemptoff=1 the loop ends by its own clock only: the other goroutine has not run.
#[test]
fn asyncpreemptoff() {
    in_child!(.procs(1).env("GODEBUG", "asyncpreemptoff=1,preemptreport=0"), || {
        let flag = Arc::new(AtomicBool::new(false));
        let f = flag.clone();
        go(move || f.store(true, SeqCst));
        let t = Instant::now();
        // SAFETY: arithmetic, an atomic, and the time, which the kernel's page tells.
        let ran = unsafe {
            preempt::scope(|| {
                while !flag.load(SeqCst) && t.elapsed() < Duration::from_millis(300) {}
                flag.load(SeqCst)
            })
        };
        println!("{ran}");
    })
    .ok()
    .stdout_is("false\n");
}

/// Outside of a scope too.
#[test]
fn no_scope_no_interruption() {
    in_child!(.procs(1).env("GODEBUG", "preemptreport=0"), || {
        let flag = Arc::new(AtomicBool::new(false));
        let f = flag.clone();
        go(move || f.store(true, SeqCst));
        let t = Instant::now();
        while !flag.load(SeqCst) && t.elapsed() < Duration::from_millis(300) {}
        println!("{}", flag.load(SeqCst));
    })
    .ok()
    .stdout_is("false\n");
}

const REPORT: &str = "without calling the runtime, and keeps others waiting";

fn hog() {
    go(|| ());
    let (mut n, t) = (0u64, Instant::now());
    // Until it must have been reported, however little of the machine this process gets: sysmon
    // wants 0.5 s of its time.
    while cpu() < Duration::from_millis(2500) || t.elapsed() < Duration::from_millis(2500) {
        n = black_box(n + 1);
    }
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills `ts`.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut ts) };
    Duration::new(ts.tv_sec as u64, ts.tv_nsec as u32)
}

#[test]
fn a_loop_outside_of_a_scope_is_reported_once() {
    let o = in_child!(.procs(1), || {
        go(|| {
            hog();
            hog();
        });
        runtime::gosched();
        runtime::gosched();
    });
    o.ok();
    let lines: Vec<_> = o.stderr.lines().filter(|l| l.contains(REPORT)).collect();
    assert_eq!(lines.len(), 1, "{o}");
    assert!(lines[0].starts_with("gort: goroutine "), "{o}");
    o.stderr_has("created by preempt::a_loop_outside_of_a_scope_is_reported_once")
        .stderr_has("GODEBUG=preemptreport=0");
}

#[test]
fn the_report_can_be_turned_off() {
    let o = in_child!(.procs(1).env("GODEBUG", "preemptreport=0"), hog);
    assert!(!o.ok().stderr.contains(REPORT), "{o}");
}

#[test]
fn nobody_waits_nothing_is_reported() {
    let o = in_child!(.procs(1), || {
        let t = Instant::now();
        while cpu() < Duration::from_millis(1500) || t.elapsed() < Duration::from_millis(1500) {
            black_box(0);
        }
    });
    assert!(!o.ok().stderr.contains(REPORT), "{o}");
}

/// A stop of the world does not wait for a loop in a scope.
#[test]
fn the_world_stops_for_a_scope() {
    in_child!(.procs(2), || {
        let flag = Arc::new(AtomicBool::new(false));
        let f = flag.clone();
        // SAFETY: arithmetic and an atomic.
        go(move || unsafe { preempt::scope(|| spin(&f)) });
        for n in [3, 1, 2, 4, 1, 2] {
            runtime::gomaxprocs(n);
        }
        flag.store(true, SeqCst);
    })
    .ok();
}

/// What is inside and outside of nested scopes, values, drops.
#[test]
fn scopes_nest_and_return_values() {
    in_child!(.procs(1), || {
        let flag = Arc::new(AtomicBool::new(false));
        let f = flag.clone();
        let v = [1u64, 2, 3];
        // SAFETY: arithmetic.
        let s = unsafe {
            preempt::scope(|| {
                let a = preempt::scope(|| v.iter().sum::<u64>());
                go_inside(&flag);
                a + 1
            })
        };
        assert_eq!(s, 7);
        assert!(!f.load(SeqCst));
        // and the runtime works again
        let c = chan::<u64>(1);
        c.send(s);
        println!("{:?}", c.recv());
    })
    .ok()
    .stdout_is("Some(7)\n");
}

fn go_inside(flag: &AtomicBool) {
    assert!(!black_box(flag).load(SeqCst));
}

/// The runtime inside a scope is a mistake that is told.
#[test]
fn the_runtime_inside_a_scope() {
    in_child!(.procs(1), || {
        let c = chan::<u64>(1);
        // SAFETY: none: this is what must not be done.
        unsafe { preempt::scope(|| c.send(1)) };
    })
    .exited(2)
    .stderr_has("fatal error: gort: call into the runtime inside preempt::scope");
}

/// The traceback of an interrupted goroutine begins where it was interrupted.
#[test]
fn the_traceback_of_an_interrupted_goroutine() {
    let o = in_child!(.procs(1), || {
        let flag = Arc::new(AtomicBool::new(false));
        let f = flag.clone();
        // SAFETY: arithmetic and an atomic.
        go(move || unsafe { preempt::scope(|| spin(&f)) });
        runtime::gosched();
        let all = runtime::stack(true);
        flag.store(true, SeqCst);
        print!("{all}");
    });
    let g =
        o.ok().stdout.split("\n\n").find(|g| g.contains("spin")).unwrap_or_else(|| panic!("{o}"));
    assert!(g.contains("[runnable]"), "{o}");
    assert!(g.contains("preempt::spin("), "{o}");
    assert!(g.contains("created by preempt::the_traceback_of_an_interrupted_goroutine"), "{o}");
}

/// A goroutine that does nothing but try to send is preempted all the same.
fn only_try_send() {
    let flag = Arc::new(AtomicBool::new(false));
    let f = flag.clone();
    let c = chan::<u64>(0);
    go(move || f.store(true, SeqCst));
    while !flag.load(SeqCst) {
        let _ = c.try_send(1);
    }
    let flag = Arc::new(AtomicBool::new(false));
    let f = flag.clone();
    go(move || f.store(true, SeqCst));
    while !flag.load(SeqCst) {
        let _ = c.try_recv();
    }
    println!("done");
}

#[test]
fn try_send_is_a_preemption_point() {
    in_child!(.procs(1), only_try_send).ok().stdout_is("done\n");
}

/// Nor does one hold the others up that does nothing but I/O which fails at once, or moves timers.
fn only_failing_io_and_timers() {
    let until = |f: &mut dyn FnMut()| {
        let flag = Arc::new(AtomicBool::new(false));
        let other = flag.clone();
        go(move || other.store(true, SeqCst));
        while !flag.load(SeqCst) {
            f();
        }
    };
    let (mut c, _s) = gort::net::UnixStream::pair().unwrap();
    c.set_deadline(Some(Instant::now())).unwrap();
    until(&mut || assert!(std::io::Read::read(&mut c, &mut [0]).is_err()));
    until(&mut || c.set_read_deadline(None).unwrap());
    let t = gort::time::Timer::new(Duration::from_secs(3600));
    until(&mut || assert!(t.reset(Duration::from_secs(3600))));
    until(&mut || _ = t.stop());
    println!("done");
}

#[test]
fn failing_io_and_timers_are_preemption_points() {
    in_child!(.procs(1), only_failing_io_and_timers).ok().stdout_is("done\n");
}

/// Floating point and integers over many preemptions come out as without.
#[test]
fn numbers_come_out_right() {
    fn pi(n: u64) -> f64 {
        let mut s = 0.0;
        for i in 0..n {
            s += (if i % 2 == 0 { 4.0 } else { -4.0 }) / (2 * i + 1) as f64;
        }
        s
    }
    in_child!(.procs(2), || {
        let want = pi(2_000_000).to_bits();
        let left = Arc::new(AtomicU64::new(8));
        let c = chan::<u64>(0);
        for _ in 0..8 {
            let (c, left) = (c.clone(), left.clone());
            go(move || {
                let mut r = 0;
                for _ in 0..20 {
                    // SAFETY: arithmetic.
                    r = unsafe { preempt::scope(|| pi(black_box(2_000_000)).to_bits()) };
                    if r != want {
                        break;
                    }
                }
                left.fetch_sub(1, SeqCst);
                c.send(r);
            });
        }
        for _ in 0..8 {
            assert_eq!(c.recv(), Some(want));
        }
        assert_eq!(left.load(SeqCst), 0);
    })
    .ok();
}
