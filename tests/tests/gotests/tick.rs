//! Package time: tick_test.go

use crate::{gc, go_test, ms, us};
use gort::sync::WaitGroup;
use gort::time::{Ticker, Timer, after, after_func, sleep, tick};
use gort::{Chan, Receiver, chan, go, recover, runtime, select};
use gort_proc::WaitReason;
use gort_tests::until_waiting;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FAR: Duration = Duration::from_secs(10_000);
const NS: Duration = Duration::from_nanos(1);

go_test! {
    /// Go (time): tick_test.go:15 TestTicker
    ticks_then_slower_ticks_then_none, {
        for delta in [ms(5), ms(20), ms(100)] {
            let t = Ticker::new(delta);
            let t0 = Instant::now();
            (0..5).for_each(|_| _ = t.c().recv());
            t.reset(delta * 2);
            (0..5).for_each(|_| _ = t.c().recv());
            t.stop();
            // (How late a tick is, is for the machine to say; time/tests has the exact times, with
            // a clock of its own.)
            let (dt, target) = (t0.elapsed(), delta * 15);
            assert!(dt >= target, "{dt:?} instead of {target:?}");
            sleep(2 * delta);
            assert!(t.c().try_recv().is_err(), "did not stop");
        }
    }
}

go_test! {
    /// Go (time): tick_test.go:110 TestTeardown
    teardown, {
        for _ in 0..3 {
            let t = Ticker::new(ms(20));
            t.c().recv();
            t.stop();
        }
    }
}

go_test! {
    /// Go (time): tick_test.go:133 TestNewTickerLtZeroDuration
    /// Go (time): tick_test.go:143 TestTickerResetLtZeroDuration
    zero_periods_panic, {
        let e = recover(|| drop(Ticker::new(Duration::ZERO))).unwrap_err();
        assert_eq!(e.to_string(), "non-positive interval for NewTicker");
        let t = Ticker::new(Duration::from_secs(1));
        let e = recover(|| t.reset(Duration::ZERO)).unwrap_err();
        assert_eq!(e.to_string(), "non-positive interval for Ticker.Reset");
    }
}

go_test! {
    /// Go (time): tick_test.go:153 TestLongAdjustTimers
    many_timeouts_beside_many_sleepers, {
        const COUNT: usize = 5000;
        let wg = Arc::new(WaitGroup::new());
        wg.add(COUNT as isize);
        for _ in 0..COUNT {
            let wg = wg.clone();
            go(move || {
                sleep(us(10));
                wg.done();
            });
        }
        (0..COUNT).for_each(|_| sleep(us(1)));
        let (in_q, out_q, done) = (chan::<usize>(0), chan::<usize>(0), chan::<()>(0));
        let done1 = done.clone();
        after_func(Duration::from_secs(200), move || done1.close());
        wg.add(1);
        let (in_q1, out_q1, done1, wg1) = (in_q.clone(), out_q.clone(), done.clone(), wg.clone());
        go(move || {
            let mut q = VecDeque::new();
            loop {
                let to = if q.is_empty() { Chan::nil() } else { out_q1.clone() };
                select! {
                    send(to, q.front().copied().unwrap_or(0)) => _ = q.pop_front(),
                    recv(in_q1) -> f => match f {
                        Some(f) => q.push_back(f),
                        None => break,
                    },
                    recv(done1) -> _ => break,
                }
            }
            out_q1.close();
            wg1.done();
        });
        for i in 0..3000 {
            (0..20).for_each(|k| in_q.send(k));
            for k in 0..20 {
                select! {
                    recv(out_q) -> v => assert_eq!(v, Some(k)),
                    recv(after(Duration::from_secs(60))) -> _ => panic!("nothing to read in round {i}"),
                    recv(done) -> _ => panic!("200 seconds are over"),
                }
            }
        }
        in_q.close();
        wg.wait();
    }
}

/// Resident memory in KiB.
fn rss() -> i64 {
    let s = std::fs::read_to_string("/proc/self/statm").unwrap();
    s.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4
}

go_test! {
    /// Memory of timers that nobody refers to any more is given back (by counting references, not
    /// by a collector).
    ///
    /// Go (time): tick_test.go:264 TestTimerGC
    forgotten_timers_are_freed, {
        const N: usize = 20_000;
        let hour = Duration::from_secs(3600);
        type Make = Box<dyn Fn()>;
        let kinds: [(&str, Make); 6] = [
            ("after", Box::new(move || drop(after(hour)))),
            ("tick", Box::new(move || drop(tick(hour)))),
            ("Timer", Box::new(move || drop(Timer::new(hour)))),
            ("Ticker", Box::new(move || drop(Ticker::new(hour)))),
            ("Timer::stop", Box::new(move || _ = Timer::new(hour).stop())),
            ("Ticker::stop", Box::new(move || Ticker::new(hour).stop())),
        ];
        for (what, f) in &kinds {
            (0..N).for_each(|_| f()); // warm
            let before = rss();
            (0..N).for_each(|_| f());
            let grown = rss() - before;
            // A leak of one timer and channel a time would be 6 MB or more.
            assert!(grown < 2048, "{what}: {grown} KiB more");
        }
    }
}

/// A timer or a ticker.
enum Tim {
    Timer(Timer),
    /// And whether it has been stopped.
    Ticker(Ticker, bool),
}

impl Tim {
    fn c(&self) -> Receiver<Instant> {
        match self {
            Tim::Timer(t) => t.c().clone(),
            Tim::Ticker(t, _) => t.c().clone(),
        }
    }
    fn is_ticker(&self) -> bool {
        matches!(self, Tim::Ticker(..))
    }
    fn stop(&mut self) -> bool {
        match self {
            Tim::Timer(t) => t.stop(),
            Tim::Ticker(t, stopped) => {
                t.stop();
                !std::mem::replace(stopped, true)
            }
        }
    }
    fn reset(&mut self, d: Duration) -> bool {
        match self {
            Tim::Timer(t) => t.reset(d),
            Tim::Ticker(t, stopped) => {
                t.reset(d);
                !std::mem::replace(stopped, false)
            }
        }
    }
}

const SCHED: Duration = Duration::from_millis(10);

/// Waits until `f`, for as long as the test may take.
fn until(f: impl Fn() -> bool) {
    while !f() {
        sleep(SCHED);
    }
}

/// All that one timer's channel shows, in Go 1.23's way (`sync`) or the way before.
fn timer_chan(mut tim: Tim, sync: bool) {
    let c = tim.c();
    // Only the old channels can hold stale values. A stop of the world waits for a P that is about
    // to send one.
    let drain = || {
        if !sync {
            gc();
            while c.try_recv().is_ok() {}
        }
    };
    let no_tick = || assert!(c.try_recv().is_err(), "an extra tick");
    let tick = || until(|| c.try_recv().is_ok());
    let len = || {
        if sync {
            assert_eq!(c.len(), 0, "a synchronous timer's channel always looks empty");
        } else {
            until(|| c.len() == 1);
        }
    };

    // Not in the heap.
    tim.stop();
    no_tick();
    tim.reset(FAR);
    no_tick();
    if sync {
        tim.reset(NS);
        sleep(SCHED);
        assert_eq!((c.len(), c.cap()), (0, 0));
        tick();
    } else {
        tim.reset(NS);
        tick();
        sleep(SCHED);
        tim.reset(FAR);
        drain();
        no_tick();
        tim.reset(NS);
        len();
        tick();
        tim.stop();
        drain();
        tim.reset(NS);
        len();
        tick();
    }

    // Long enough for a second tick: reset takes it away.
    sleep(SCHED);
    tim.reset(FAR);
    drain();
    no_tick();
    tim.reset(FAR);
    drain();

    // In the heap, as somebody is blocked on it.
    let done = chan::<()>(0);
    let (c1, done1) = (c.clone(), done.clone());
    go(move || {
        c1.recv();
        done1.close();
    });
    until_waiting(1, WaitReason::ChanReceive);
    assert!(done.try_recv().is_err());
    tim.reset(FAR * 2);
    sleep(SCHED);
    // An empty, open channel.
    assert_eq!(done.try_recv(), Err(gort::TryRecvError::Empty), "early");
    tim.reset(NS);
    done.recv();
    if tim.is_ticker() {
        tick();
    } else {
        no_tick();
    }
    tim.stop();
    drain();
    no_tick();

    // Two goroutines in selects.
    tim.reset(FAR);
    drain();
    let (done, stop) = (chan::<()>(2), chan::<()>(0));
    let ended = [chan::<()>(0), chan::<()>(0)];
    for e in &ended {
        let (c, done, stop, e) = (c.clone(), done.clone(), stop.clone(), e.clone());
        go(move || {
            select! {
                recv(c) -> _ => done.send(()),
                recv(stop) -> _ => {}
            }
            e.close();
        });
    }
    until_waiting(2, WaitReason::Select);
    assert!(done.try_recv().is_err());
    tim.reset(SCHED / 2);
    sleep(SCHED);
    done.recv();
    tim.stop();
    stop.close();
    ended.iter().for_each(|e| _ = e.recv());
    if tim.is_ticker() {
        let _ = done.try_recv();
        let _ = c.try_recv();
    }
    assert!(done.try_recv().is_err());

    // Blocked on a stopped timer.
    let (done, stop) = (chan::<()>(2), chan::<()>(0));
    for _ in 0..2 {
        let (c, done, stop) = (c.clone(), done.clone(), stop.clone());
        go(move || {
            select! {
                recv(c) -> _ => panic!("unexpected tick"),
                recv(stop) -> _ => {}
            }
            done.send(());
        });
    }
    until_waiting(2, WaitReason::Select);
    stop.close();
    done.recv();
    done.recv();

    // Stop and reset take back what nobody has received.
    if sync {
        tim.reset(NS);
        sleep(SCHED);
        assert!(tim.stop(), "still pending: nobody has received");
        no_tick();
        tim.reset(Duration::from_secs(3600));
        no_tick();
        assert!(tim.reset(NS));
        tick();
        sleep(SCHED);
        if tim.is_ticker() {
            tick();
            sleep(SCHED);
        } else {
            no_tick();
        }
        assert_eq!(tim.reset(Duration::from_secs(3600)), tim.is_ticker());
        no_tick();
    }
}

go_test! {
    /// Go (time): tick_test.go:309 TestChan
    timer_channels, {
        timer_chan(Tim::Timer(Timer::new(FAR)), true);
        timer_chan(Tim::Ticker(Ticker::new(FAR), false), true);
    }
}

go_test! {
    /// Go (time): tick_test.go:309 TestChan
    timer_channels_of_the_old_kind, .env("GODEBUG", "asynctimerchan=1") {
        timer_chan(Tim::Timer(Timer::new(FAR)), false);
        timer_chan(Tim::Ticker(Ticker::new(FAR), false), false);
    }
}

go_test! {
    /// Go (time): tick_test.go:309 TestChan
    timer_channels_of_the_third_kind, .env("GODEBUG", "asynctimerchan=2") {
        timer_chan(Tim::Timer(Timer::new(FAR)), false);
        timer_chan(Tim::Ticker(Ticker::new(FAR), false), false);
    }
}

/// The first value of `c` says when it was due, not when it was received. (A machine that stands
/// still for 390 ms between two readings of the clock spoils one attempt; the time of receipt would
/// spoil all.)
fn time_of(c: fn() -> Receiver<Instant>) {
    loop {
        let start = Instant::now();
        let c = c();
        sleep(ms(500));
        let t = c.recv().unwrap() - start;
        assert!(t >= ms(10), "{t:?}: early");
        if t < ms(400) {
            return;
        }
    }
}

go_test! {
    /// Go (time): tick_test.go:660 TestAfterTimes
    after_says_when_it_was_due, {
        time_of(|| after(ms(10)));
    }
}

go_test! {
    /// Go (time): tick_test.go:680 TestTickTimes
    tick_says_when_it_was_due, {
        time_of(|| tick(ms(10)));
    }
}

go_test! {
    /// Go (time): tick_test.go:233 BenchmarkTicker
    tickers_reset_by_many, .procs(4) {
        let wg = Arc::new(WaitGroup::new());
        let t = Arc::new(Ticker::new(NS));
        for k in 0..8u64 {
            wg.add(1);
            let (wg, t) = (wg.clone(), t.clone());
            go(move || {
                for i in 0..5_000 {
                    t.reset(Duration::from_nanos(1 + (i * k) % 1000));
                    if i % 100 == 0 {
                        t.c().recv();
                        runtime::gosched();
                    }
                }
                wg.done();
            });
        }
        wg.wait();
    }
}
