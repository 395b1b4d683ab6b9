//! metrics_test.go: the numbers that the scheduler itself keeps.

use crate::{Procs, go_test, ms};
use gort::sync::{Mutex, RwMutex};
use gort::{chan, go, runtime, time};
use gort_debug::total_mutex_wait_time_nanos;
use gort_proc::{CASGSTATUS_ALWAYS_TRACK, G, WaitReason, getg, readgstatus, sched};
use std::sync::Arc;
use std::time::Instant;

/// Somebody waits 50 ms in `lock2` for what `lock1` holds.
fn wait_time<T: Send>(lock1: impl FnOnce() -> T, lock2: impl Fn() + Send + 'static) {
    CASGSTATUS_ALWAYS_TRACK.set(true);
    let before = total_mutex_wait_time_nanos();
    let held = lock1();
    let (gc, done) = (chan::<usize>(0), chan::<()>(0));
    let (gc1, done1) = (gc.clone(), done.clone());
    go(move || {
        gc1.send(getg() as usize);
        lock2();
        done1.send(());
    });
    let gp = gc.recv().unwrap() as *mut G;
    // SAFETY: Gs are never freed; the reason is looked at only.
    while unsafe {
        readgstatus(gp) != gort_proc::GWAITING
            || !(&raw const (*gp).waitreason).read().is_mutex_wait()
    } {
        runtime::gosched();
    }
    time::sleep(ms(50));
    drop(held);
    done.recv();
    let waited = total_mutex_wait_time_nanos() - before;
    assert!(waited >= 50_000_000, "{waited} ns");
}

go_test! {
    /// Go (runtime): metrics_test.go:564 TestMutexWaitTimeMetric
    time_waited_for_locks, {
        let m = Arc::new(Mutex::new(()));
        let m1 = m.clone();
        wait_time(|| m.lock(), move || drop(m1.lock()));
        let m = Arc::new(RwMutex::new(()));
        let m1 = m.clone();
        wait_time(|| m.lock(), move || drop(m1.lock()));
        let m1 = m.clone();
        wait_time(|| m.rlock(), move || drop(m1.lock()));
        let m1 = m.clone();
        wait_time(|| m.lock(), move || drop(m1.rlock()));
        let _ = WaitReason::SyncMutexLock;
    }
}

go_test! {
    /// Go (runtime): metrics_test.go:689 TestCPUMetricsSleep
    idle_time, .procs(2) {
        // SAFETY: an atomic counter; a stop of the world brings it up to date when it restarts idle
        // Ps.
        let idle = |i: i32| unsafe {
            drop(Procs::set(3 - i % 2));
            (*sched()).idle_time.load()
        };
        // How soon idle threads' Ps are idle is the system's doing; that the time adds up, and to
        // no more than there was, is the scheduler's.
        let (start, before) = (Instant::now(), idle(0));
        for i in 1.. {
            time::sleep(ms(20));
            let d = idle(i) - before;
            let most = 3 * start.elapsed().as_nanos();
            assert!((0..=most).contains(&(d as u128)), "idle for {d} ns of {most}");
            if d >= 100_000_000 {
                break;
            }
        }
    }
}

go_test! {
    /// Go (runtime): metrics_test.go:856 TestSchedPauseMetrics
    stops_are_counted_by_kind, {
        // SAFETY: atomic counters.
        let counts = || unsafe {
            let s = sched();
            let sum = |h: *const gort_proc::TimeHistogram| {
                let mut out = [0; gort_proc::TIME_HIST_TOTAL_BUCKETS];
                gort_histogram::write(h, &mut out);
                out.iter().sum::<u64>()
            };
            [
                sum(&raw const (*s).stw_stopping_time_gc),
                sum(&raw const (*s).stw_stopping_time_other),
                sum(&raw const (*s).stw_total_time_gc),
                sum(&raw const (*s).stw_total_time_other),
            ]
        };
        let before = counts();
        drop(Procs::set(7)); // two stops
        assert_eq!(counts(), [before[0], before[1] + 2, before[2], before[3] + 2]);
        let before = counts();
        drop(runtime::stack(true));
        assert_eq!(counts(), [before[0], before[1] + 1, before[2], before[3] + 1]);
        let before = counts();
        crate::gc();
        assert_eq!(counts(), [before[0] + 2, before[1], before[2] + 2, before[3]]);
    }
}
