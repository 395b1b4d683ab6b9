//! Package time: sleep_test.go. Upper bounds are generous where the machine may be busy.

use crate::{Procs, gc, go_test, ms, us};
use gort::sync::WaitGroup;
use gort::time::{Ticker, Timer, after, after_func, sleep};
use gort::{Receiver, chan, go};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// A timer and its channel: made by `Timer::new`, or of a function that sends. Both kinds take the same tests.
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
        T(after_func(d, move || c1.send(Instant::now())), c.receiver())
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

fn stopped(new: fn(Duration) -> T) -> Result<(), &'static str> {
    after_func(ms(100), || ());
    let t0 = new(ms(50));
    let c1 = chan::<()>(1);
    let c = c1.clone();
    let t1 = after_func(ms(150), move || c.send(()));
    let c2 = after(ms(200));
    if !t0.0.stop() {
        return Err("event 0 could not be stopped");
    }
    if !t1.stop() {
        return Err("event 1 could not be stopped");
    }
    c2.recv();
    if t0.1.try_recv().is_ok() {
        return Err("event 0 was not stopped");
    }
    if c1.try_recv().is_ok() {
        return Err("event 1 was not stopped");
    }
    if t1.stop() {
        return Err("stopped twice");
    }
    Ok(())
}

go_test! {
    /// Go (time): sleep_test.go:355 TestAfterStop
    stop_before_the_time, {
        for new in KINDS {
            // A busy machine may be late five times in a row hardly ever.
            let errors: Vec<_> = (0..5).map_while(|_| stopped(new).err()).collect();
            assert!(errors.len() < 5, "{errors:?}");
        }
    }
}

fn queued(delta: Duration, after: fn(Duration) -> Receiver<Instant>) -> Result<(), String> {
    const SLOTS: [u32; 13] = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0];
    let result = chan::<(u32, Instant)>(SLOTS.len());
    let t0 = Instant::now();
    for slot in SLOTS {
        let (result, c) = (result.clone(), after(delta * slot));
        go(move || result.send((slot, c.recv().unwrap())));
    }
    let got: Vec<_> = SLOTS.iter().map(|_| result.recv().unwrap()).collect();
    if !got.is_sorted_by_key(|r| r.0) {
        return Err(format!("out of order: {got:?}"));
    }
    for (slot, t) in got {
        let (d, target) = (t - t0, delta * slot);
        assert!(d + delta / 2 >= target, "{d:?} instead of {target:?}");
        if d > target + delta * 10 {
            return Err(format!("{d:?} instead of {target:?}"));
        }
    }
    Ok(())
}

go_test! {
    /// Go (time): sleep_test.go:420 TestAfterQueuing
    in_the_order_of_their_times, {
        for a in [after, |d| T::func(d).1] {
            let errors: Vec<_> = (0..5).map_while(|i| queued(ms(20 + i * 50), a).err()).collect();
            assert!(errors.len() < 5, "{errors:?}");
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
                // Late by a machine that stood still for two seconds: then it has fired, and says so.
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

fn reset(d: Duration) -> Result<(), &'static str> {
    let t0 = Timer::new(2 * d);
    sleep(d);
    if !t0.reset(3 * d) {
        return Err("reset of a running timer gives false");
    }
    sleep(2 * d);
    if t0.c().try_recv().is_ok() {
        return Err("fired early");
    }
    sleep(2 * d);
    if t0.c().try_recv().is_err() {
        return Err("did not fire");
    }
    if t0.reset(ms(50)) {
        return Err("reset of an expired timer gives true");
    }
    Ok(())
}

go_test! {
    /// Go (time): sleep_test.go:552 TestReset
    reset_before_and_after, {
        let mut d = ms(1);
        while let Err(e) = reset(d) {
            d *= 2;
            assert!(d < Duration::from_secs(10), "{e}");
        }
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
        let minute = Duration::from_secs(60);
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
                (2 | 4 | 6, Some(t)) => assert!(!t.0.reset(minute * (s - 1)), "still active"),
                (3 | 5 | 7, Some(t)) => {
                    if !t.0.stop() {
                        t.1.recv();
                    }
                }
                (8, Some(t)) => assert!(!t.0.reset(Duration::ZERO)),
                (9, Some(t)) => {
                    let now = Instant::now();
                    t.1.recv();
                    assert!(now.elapsed() < minute / 2, "late by {:?}", now.elapsed());
                }
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
