//! Package time: sleep_test.go. There are no upper bounds: the machine may be busy.

use crate::{Procs, gc, go_test, ms, us};
use gort::sync::WaitGroup;
use gort::time::{Ticker, Timer, after, after_func, after_func_again, sleep};
use gort::{Receiver, chan, go};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A timer and its channel: made by `Timer::new`, or of a function that sends. Both kinds take the
/// same tests.
struct T(Timer, Receiver<Instant>);

impl T {
    fn chan(d: Duration) -> T {
        let t = Timer::new(d);
        let c = t.c().clone();
        T(t, c)
    }
    fn func(d: Duration) -> T {
        let c = chan::<Instant>(1);
        let c1 = c.clone();
        T(after_func_again(d, move || c1.send(Instant::now())), c.receiver())
    }
}

const KINDS: [fn(Duration) -> T; 2] = [T::chan, T::func];

go_test! {
    /// Signals do not shorten a sleep.
    ///
    /// Go (time): sleep_test.go:57 TestSleep
    sleeps, {
        go(|| {
            sleep(ms(50));
            // SAFETY: SIGURG is harmless.
            unsafe { libc::kill(libc::getpid(), libc::SIGURG) };
        });
        let start = Instant::now();
        sleep(ms(100));
        assert!(start.elapsed() >= ms(100));
    }
}

go_test! {
    /// Go (time): sleep_test.go:75 TestAfterFunc
    after_func_of_after_func, {
        let c = chan::<()>(0);
        fn f(i: Arc<AtomicI32>, c: gort::Chan<()>) {
            if i.fetch_sub(1, SeqCst) > 0 {
                let (i, c) = (i.clone(), c.clone());
                after_func(Duration::ZERO, move || f(i.clone(), c.clone()));
                sleep(Duration::from_secs(1));
            } else {
                c.send(());
            }
        }
        let (i, c1) = (Arc::new(AtomicI32::new(10)), c.clone());
        after_func(Duration::ZERO, move || f(i.clone(), c1.clone()));
        c.recv();
    }
}

/// Stops the world in a loop until told to end.
fn collector() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let s = stop.clone();
    go(move || {
        while !s.load(SeqCst) {
            gc();
            sleep(Duration::from_nanos(1));
        }
    });
    stop
}

go_test! {
    /// Go (time): sleep_test.go:93 TestTickerStress
    ticker_beside_stops, {
        let stop = collector();
        let t = Ticker::new(Duration::from_nanos(1));
        (0..100).for_each(|_| _ = t.c().recv());
        t.stop();
        stop.store(true, SeqCst);
    }
}

go_test! {
    /// Go (time): sleep_test.go:112 TestTickerConcurrentStress
    ticker_for_many_beside_stops, {
        let stop = collector();
        let t = Ticker::new(Duration::from_nanos(1));
        let wg = Arc::new(WaitGroup::new());
        for _ in 0..10 {
            wg.add(1);
            let (wg, c) = (wg.clone(), t.c().clone());
            go(move || {
                (0..100).for_each(|_| _ = c.recv());
                wg.done();
            });
        }
        wg.wait();
        t.stop();
        stop.store(true, SeqCst);
    }
}

go_test! {
    /// Go (time): sleep_test.go:139 TestAfterFuncStarvation
    after_func_beside_busy_goroutines, {
        let _p = Procs::set(1);
        let stop = Arc::new(AtomicBool::new(false));
        let c = chan::<()>(1);
        let wg = Arc::new(WaitGroup::new());
        wg.add(2);
        let (stop1, c1, wg1) = (stop.clone(), c.clone(), wg.clone());
        go(move || {
            while !stop1.load(SeqCst) {
                c1.send(());
            }
            c1.close();
            wg1.done();
        });
        let wg1 = wg.clone();
        go(move || {
            c.iter().for_each(drop);
            wg1.done();
        });
        after_func(us(1), move || stop.store(true, SeqCst));
        wg.wait();
    }
}

go_test! {
    /// Go (time): sleep_test.go:320 TestAfter
    after_100_ms, {
        let start = Instant::now();
        let end = after(ms(100)).recv().unwrap();
        assert!(start.elapsed() >= ms(100));
        assert!(end >= start + ms(100));
    }
}

go_test! {
    /// Go (time): sleep_test.go:333 TestAfterTick
    ten_times_after, {
        let start = Instant::now();
        (0..10).for_each(|_| _ = after(ms(10)).recv());
        assert!(start.elapsed() >= ms(100));
    }
}

/// A timer fires or is stopped, not both.
fn stopped(new: fn(Duration) -> T) {
    let t = new(Duration::from_secs(10_000));
    assert!(t.0.stop(), "could not be stopped");
    assert!(!t.0.stop(), "stopped twice");
    assert!(t.1.try_recv().is_err(), "fired early");
    // One that would have fired by now; it may have, if the machine stood still.
    let t = new(ms(50));
    if t.0.stop() {
        after(ms(100)).recv();
        assert!(t.1.try_recv().is_err(), "was not stopped");
    } else {
        t.1.recv();
    }
}

go_test! {
    /// Go (time): sleep_test.go:355 TestAfterStop
    stop_before_the_time, {
        KINDS.into_iter().for_each(stopped);
    }
}

/// Timers `delta` apart, not started in that order: none is early. Says whether their values came
/// in the order of the times, which only a machine that stands still for about `delta` can prevent.
fn queued(delta: Duration, after: fn(Duration) -> Receiver<Instant>) -> bool {
    const SLOTS: [u32; 13] = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0];
    let result = chan::<(u32, Instant)>(SLOTS.len());
    let t0 = Instant::now();
    for slot in SLOTS {
        let (result, c) = (result.clone(), after(delta * slot));
        go(move || result.send((slot, c.recv().unwrap())));
    }
    let got: Vec<_> = SLOTS.iter().map(|_| result.recv().unwrap()).collect();
    for &(slot, t) in &got {
        let (d, target) = (t - t0, delta * slot);
        assert!(d >= target, "{d:?} instead of {target:?}");
    }
    got.is_sorted_by_key(|r| r.0)
}

go_test! {
    /// Go (time): sleep_test.go:420 TestAfterQueuing
    in_the_order_of_their_times, {
        for a in [after, |d| T::func(d).1] {
            // Farther apart each time, so that sooner or later the machine is fast enough.
            let mut delta = ms(20);
            while !queued(delta, a) {
                delta *= 2;
            }
        }
    }
}

go_test! {
    /// Go (time): sleep_test.go:488 TestTimerStopStress
    a_hundred_stopped_timers, {
        let wg = Arc::new(WaitGroup::new());
        let fired = Arc::new(AtomicI32::new(0));
        for _ in 0..100 {
            wg.add(1);
            let (wg, fired) = (wg.clone(), fired.clone());
            go(move || {
                let f = fired.clone();
                let t = after_func(Duration::from_secs(2), move || _ = f.fetch_add(1, SeqCst));
                sleep(ms(100));
                // Late by a machine that stood still for two seconds: then it has fired, and says
                // so.
                if !t.stop() {
                    fired.fetch_sub(1, SeqCst);
                }
                wg.done();
            });
        }
        wg.wait();
        sleep(ms(2100));
        assert_eq!(fired.load(SeqCst), 0);
    }
}

go_test! {
    /// Go (time): sleep_test.go:505 TestSleepZeroDeadlock
    sleep_zero, {
        let _p = Procs::set(4);
        let c = chan::<()>(0);
        let c1 = c.clone();
        go(move || {
            (0..100).for_each(|_| gc());
            c1.send(());
        });
        for _ in 0..100 {
            sleep(Duration::ZERO);
            let t = chan::<()>(1);
            t.send(());
            t.recv();
        }
        c.recv();
    }
}

go_test! {
    /// Go (time): sleep_test.go:552 TestReset
    reset_before_and_after, {
        let far = Duration::from_secs(10_000);
        let t = Timer::new(far);
        assert!(t.reset(far), "reset of a running timer gives false");
        let start = Instant::now();
        assert!(t.reset(ms(20)), "reset of a running timer gives false");
        t.c().recv();
        assert!(start.elapsed() >= ms(20), "fired early");
        assert!(!t.reset(far), "reset of an expired timer gives true");
        assert!(t.c().try_recv().is_err(), "fired early");
        assert!(t.stop() && !t.reset(ms(1)), "reset of a stopped timer gives true");
        t.c().recv();
    }
}

go_test! {
    /// Go (time): sleep_test.go:578 TestOverflowSleep
    for_ever, {
        let big = Duration::from_nanos(i64::MAX as u64);
        for d in [big, Duration::MAX] {
            go(move || {
                sleep(d);
                panic!("a very long sleep returned");
            });
        }
        gort::select! {
            recv(after(big)) -> _ => panic!("292 years are over"),
            recv(after(Duration::MAX)) -> _ => panic!("all time is over"),
            recv(after(ms(25))) -> _ => {}
        }
        // Rust's durations are never negative.
        sleep(Duration::ZERO);
        after(Duration::ZERO).recv();
    }
}

go_test! {
    /// Go (time): sleep_test.go:607 TestIssue5745
    stopping_in_a_destructor_after_a_panic, {
        struct Stop(Ticker);
        impl Drop for Stop {
            fn drop(&mut self) {
                self.0.stop();
            }
        }
        let r = gort::recover(|| {
            let _t = Stop(Ticker::new(Duration::from_secs(3600)));
            panic!("x");
        });
        assert!(r.is_err());
    }
}

go_test! {
    /// Go (time): sleep_test.go:625 TestOverflowPeriodRuntimeTimer
    an_overflowing_period, {
        let t = Ticker::new(Duration::MAX);
        t.reset(Duration::from_nanos(i64::MAX as u64 - 1));
        after(ms(25)).recv(); // other timers still work
        assert!(t.c().try_recv().is_err());
        t.stop();
    }
}

go_test! {
    /// Go (time): sleep_test.go:652 TestZeroTimer
    zero, {
        for new in KINDS {
            for _ in 0..50_000 {
                new(Duration::ZERO).1.recv();
            }
        }
        let t = T::func(Duration::from_secs(3600));
        for _ in 0..50_000 {
            t.0.reset(Duration::ZERO);
            t.1.recv();
        }
    }
}

go_test! {
    /// Go (time): sleep_test.go:685 TestTimerModifiedEarlier
    moved_earlier_again_and_again, {
        for _ in 0..1000 {
            let t = T::func(Duration::from_secs(3600));
            for _ in 0..10 {
                if !t.0.stop() {
                    t.1.recv();
                }
                t.0.reset(Duration::ZERO); // there is no past for Rust's durations
            }
            let deadline = Timer::new(Duration::from_secs(60));
            gort::select! {
                recv(t.1) -> _ => {}
                recv(deadline.c()) -> _ => panic!("lost"),
            }
            deadline.stop();
        }
    }
}

go_test! {
    /// Go (time): sleep_test.go:724 TestAdjustTimers
    moved_to_and_fro, {
        let hour = Duration::from_secs(3600);
        let mut rnd = 1u64;
        let mut timers: Vec<(Option<T>, u32)> = (0..100).map(|_| (None, 0)).collect();
        while !timers.is_empty() {
            rnd = rnd.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let i = (rnd >> 33) as usize % timers.len();
            let (t, state) = &mut timers[i];
            let s = *state;
            *state += 1;
            match (s, t.as_ref()) {
                (0, _) => *t = Some(T::func(Duration::ZERO)),
                (1, Some(t)) => _ = t.1.recv(), // idle now
                (2 | 4 | 6, Some(t)) => assert!(!t.0.reset(hour * (s - 1)), "still active"),
                (3 | 5 | 7, Some(t)) => {
                    if !t.0.stop() {
                        t.1.recv();
                    }
                }
                (8, Some(t)) => assert!(!t.0.reset(Duration::ZERO)),
                (9, Some(t)) => _ = t.1.recv(), // not in an hour
                _ => drop(timers.swap_remove(i)),
            }
        }
    }
}

go_test! {
    /// Timers of a P whose goroutine is busy are run by others.
    ///
    /// Go (time): sleep_test.go:791 BenchmarkParallelTimerLatency
    timers_of_busy_ps, {
        let _p = Procs::set(3);
        let fired = Arc::new(AtomicI32::new(0));
        for _ in 0..20 {
            for _ in 0..2 {
                let f = fired.clone();
                after_func(us(100), move || _ = f.fetch_add(1, SeqCst));
                // This P has the timer and is busy.
                let start = Instant::now();
                while start.elapsed() < us(500) {
                    std::hint::spin_loop();
                }
            }
        }
        while fired.load(SeqCst) < 40 {
            sleep(ms(1));
        }
    }
}

go_test! {
    /// Go (time): sleep_test.go:873 BenchmarkStaggeredTickerLatency
    staggered_tickers, {
        let _p = Procs::set(4);
        let wg = Arc::new(WaitGroup::new());
        for k in 0..12u64 {
            wg.add(1);
            let wg = wg.clone();
            go(move || {
                sleep(us(100 * k));
                let t = Ticker::new(ms(2));
                for _ in 0..20 {
                    t.c().recv();
                    let start = Instant::now();
                    while start.elapsed() < us(100) {
                        std::hint::spin_loop();
                    }
                }
                t.stop();
                wg.done();
            });
        }
        wg.wait();
    }
}

go_test! {
    /// Go (time): sleep_test.go:975 BenchmarkAdjustTimers10000
    ten_thousand_timers_reset, .procs(4) {
        let wg = Arc::new(WaitGroup::new());
        for _ in 0..4 {
            wg.add(1);
            let wg = wg.clone();
            go(move || {
                let hour = Duration::from_secs(3600);
                let timers: Vec<_> = (0..2500).map(|_| after_func(hour, || panic!("fired"))).collect();
                for r in 1..=3 {
                    for t in &timers {
                        assert!(t.reset(hour / r));
                    }
                }
                assert!(timers.iter().all(|t| t.stop()));
                wg.done();
            });
        }
        wg.wait();
    }
}
