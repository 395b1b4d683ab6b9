//! The exact order of events at GOMAXPROCS=1. Each case is the twin of one in
//! `tests/go/order/order.go`; the expected events in `tests/golden/order` were recorded from Go
//! 1.23.1. With Go on the machine the program runs there as well, and all three must agree.

use gort::sync::{Cond, Mutex, Once, RwMutex, WaitGroup};
use gort::{Chan, chan, go, runtime, select, time};
use gort_tests::{go_order, in_child};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::time::Duration;

static EVENTS: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// Logs an event; printed at the end, so that printing does not take part in the order.
fn log(s: impl Into<String>) {
    EVENTS.lock().unwrap().push(s.into());
}

macro_rules! log {
    ($($a:tt)*) => { log(format!($($a)*)) };
}

/// One case: runs it on gort and compares with the golden file, and with Go if it is there.
macro_rules! case {
    ($name:ident, $body:expr) => {
        #[test]
        fn $name() {
            let out = in_child!(.procs(1).env("GOGC", "off").env("GODEBUG", "timeslice=0"), || {
                let f: fn() = $body;
                f();
                for e in EVENTS.lock().unwrap().iter() {
                    println!("{e}");
                }
            });
            out.ok();
            go_order(stringify!($name), &out.stdout);
        }
    };
}

fn wait_group() -> Arc<WaitGroup> {
    Arc::new(WaitGroup::new())
}

/// Starts n goroutines that log their number, and waits for them.
fn spawn(n: i32) {
    let wg = wait_group();
    wg.add(n as isize);
    for i in 0..n {
        let wg = wg.clone();
        go(move || {
            log!("{i}");
            wg.done();
        });
    }
    wg.wait();
}

fn yield_until_idle() {
    for _ in 0..200 {
        runtime::gosched();
    }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

case!(runnext_then_fifo, || spawn(10));
case!(fill_255, || spawn(255));
case!(fill_256, || spawn(256));
case!(overflow_257, || spawn(257));
case!(overflow_258, || spawn(258));
case!(overflow_600, || spawn(600));
case!(overflow_2000, || spawn(2000));

case!(nested_go, || {
    fn node(name: String, depth: i32, wg: &Arc<WaitGroup>) {
        log(name.clone());
        if depth > 0 {
            for c in ["a", "b", "c"] {
                wg.add(1);
                let (name, wg) = (name.clone() + c, wg.clone());
                go(move || {
                    node(name, depth - 1, &wg);
                    wg.done();
                });
            }
        }
    }
    let wg = wait_group();
    node(String::new(), 3, &wg);
    wg.wait();
});

case!(gosched_two, || {
    let wg = wait_group();
    for name in ["a", "b", "c"] {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            for i in 0..5 {
                log!("{name}{i}");
                runtime::gosched();
            }
            wg.done();
        });
    }
    wg.wait();
});

case!(gosched_main_global, || {
    for i in 0..5 {
        go(move || log!("g{i}"));
    }
    log("main");
    runtime::gosched();
    log("main again");
    yield_until_idle();
});

case!(tick_61, || {
    let wg = wait_group();
    for i in 0..250 {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            if i == 249 {
                for k in 0..4 {
                    log!("global {k}");
                    runtime::gosched();
                }
            }
            log!("{i}");
            wg.done();
        });
    }
    wg.wait();
});

case!(unbuffered, || {
    let c = chan::<i32>(0);
    let tx = c.clone();
    go(move || {
        for i in 0..6 {
            log!("send {i}");
            tx.send(i);
            log!("sent {i}");
        }
        tx.close();
    });
    for v in &c {
        log!("got {v}");
    }
});

fn buffered(n: usize) {
    let c = chan::<i32>(n);
    let done = chan::<bool>(0);
    let (rx, tx_done) = (c.clone(), done.clone());
    go(move || {
        for v in &rx {
            log!("got {v}");
        }
        log("closed");
        tx_done.send(true);
    });
    for i in 0..12 {
        c.send(i);
        log!("sent {i}");
    }
    c.close();
    done.recv();
}
case!(buffered_1, || buffered(1));
case!(buffered_3, || buffered(3));
case!(buffered_10, || buffered(10));

case!(close_wakes_receivers, || {
    let c = chan::<i32>(0);
    let wg = wait_group();
    for i in 0..8 {
        wg.add(1);
        let (c, wg) = (c.clone(), wg.clone());
        go(move || {
            if c.recv().is_none() {
                log!("woken {i}");
            }
            wg.done();
        });
    }
    yield_until_idle();
    log("close");
    c.close();
    log("closed");
    wg.wait();
});

fn senders(cap: usize) {
    let c = chan::<i32>(cap);
    for i in 0..6 {
        let c = c.clone();
        go(move || {
            c.send(i);
            log!("sent {i}");
        });
    }
    yield_until_idle();
    for _ in 0..6 {
        log!("got {}", c.recv().unwrap());
    }
    yield_until_idle();
}
case!(senders_fifo, || senders(0));
case!(senders_full_buffer, || senders(2));

case!(waitgroup_waiters, || {
    let (wg, all) = (wait_group(), wait_group());
    wg.add(1);
    for i in 0..6 {
        all.add(1);
        let (wg, all) = (wg.clone(), all.clone());
        go(move || {
            wg.wait();
            log!("waiter {i}");
            all.done();
        });
    }
    yield_until_idle();
    wg.done();
    log("done");
    all.wait();
});

case!(mutex_queue, || {
    let (mu, wg) = (Arc::new(Mutex::new(())), wait_group());
    let held = mu.lock();
    for i in 0..6 {
        wg.add(1);
        let (mu, wg) = (mu.clone(), wg.clone());
        go(move || {
            let held = mu.lock();
            log!("locked {i}");
            drop(held);
            wg.done();
        });
    }
    yield_until_idle();
    log("unlock");
    drop(held);
    log("unlocked");
    wg.wait();
});

case!(mutex_yield_inside, || {
    let (mu, wg) = (Arc::new(Mutex::new(())), wait_group());
    for i in 0..4 {
        wg.add(1);
        let (mu, wg) = (mu.clone(), wg.clone());
        go(move || {
            for _ in 0..3 {
                let held = mu.lock();
                log!("{i} in");
                runtime::gosched();
                log!("{i} out");
                drop(held);
            }
            wg.done();
        });
    }
    wg.wait();
});

case!(rwmutex, || {
    let (mu, wg) = (Arc::new(RwMutex::new(())), wait_group());
    let held = mu.lock();
    let reader = |i: i32| {
        wg.add(1);
        let (mu, wg) = (mu.clone(), wg.clone());
        go(move || {
            let held = mu.rlock();
            log!("r{i}");
            runtime::gosched();
            drop(held);
            wg.done();
        });
    };
    (0..3).for_each(reader);
    for i in 0..3 {
        wg.add(1);
        let (mu, wg) = (mu.clone(), wg.clone());
        go(move || {
            let held = mu.lock();
            log!("w{i}");
            runtime::gosched();
            drop(held);
            wg.done();
        });
    }
    (3..6).for_each(reader);
    yield_until_idle();
    log("unlock");
    drop(held);
    wg.wait();
});

case!(cond_signal, || {
    let c = Arc::new((Mutex::new(()), Cond::new()));
    let n = Arc::new(AtomicI32::new(0));
    for i in 0..5 {
        let (c, n) = (c.clone(), n.clone());
        go(move || {
            let held = c.0.lock();
            n.fetch_add(1, SeqCst);
            let held = c.1.wait(held);
            log!("woken {i}");
            n.fetch_sub(1, SeqCst);
            drop(held);
        });
    }
    yield_until_idle();
    for _ in 0..5 {
        log("signal");
        c.1.signal();
        yield_until_idle();
    }
    log!("{}", n.load(SeqCst));
});

case!(cond_broadcast, || {
    let c = Arc::new((Mutex::new(()), Cond::new()));
    for i in 0..5 {
        let c = c.clone();
        go(move || {
            let held = c.0.lock();
            let held = c.1.wait(held);
            log!("woken {i}");
            drop(held);
        });
    }
    yield_until_idle();
    log("broadcast");
    c.1.broadcast();
    yield_until_idle();
});

case!(once, || {
    let (once, wg) = (Arc::new(Once::new()), wait_group());
    for i in 0..5 {
        wg.add(1);
        let (once, wg) = (once.clone(), wg.clone());
        go(move || {
            once.call(|| {
                log!("first {i}");
                runtime::gosched();
                log("first done");
            });
            log!("after {i}");
            wg.done();
        });
    }
    wg.wait();
});

/// Starts five things whose times differ by some units of a millisecond, and sees in which order
/// they come. Two that are due at once, as the machine stood still, run the last one first, in Go
/// as well: then again, with units twice as long. Each comes once, in whatever order.
fn one_by_one(want: [usize; 5], start: impl Fn(usize, Duration, Chan<usize>)) -> [usize; 5] {
    let mut unit = ms(1);
    loop {
        let c = chan::<usize>(5);
        (0..5).for_each(|i| start(i, unit, c.clone()));
        let mut came = [0; 5].map(|_| c.recv().unwrap());
        if came == want {
            return want;
        }
        came.sort_unstable();
        assert_eq!(came, [0, 1, 2, 3, 4]);
        unit *= 2;
    }
}

case!(sleep_order, || {
    const MS: [u32; 5] = [30, 10, 20, 50, 40];
    let start = |i: usize, unit: Duration, woken: Chan<usize>| {
        go(move || {
            time::sleep(unit * MS[i]);
            woken.send(i);
        });
    };
    for i in one_by_one([1, 2, 0, 4, 3], start) {
        log!("{i} after {}", MS[i]);
    }
});

case!(timers_fire_in_order, || {
    const MS: [u32; 5] = [12, 3, 9, 6, 15];
    let start = |i: usize, unit: Duration, fired: Chan<usize>| {
        time::after_func(unit * MS[i], move || fired.send(i));
    };
    for i in one_by_one([1, 3, 2, 0, 4], start) {
        log!("timer {i}");
    }
});

case!(timer_stop_reset, || {
    let t = time::Timer::new(Duration::from_secs(3600));
    if t.stop() {
        log("stopped an active timer");
    }
    if !t.stop() {
        log("it was stopped already");
    }
    if !t.reset(ms(1)) {
        log("reset a stopped timer");
    }
    t.c().recv();
    log("fired");
    if !t.reset(ms(1)) {
        log("reset a fired timer");
    }
    time::sleep(ms(5)); // one P: of two timers the earlier fires first
    log!("{} {}", t.c().len(), t.c().cap());
    if t.stop() {
        log("nobody has received it: stop takes it back");
    }
    select! {
        recv(t.c()) -> _ => log("stale value"),
        default => log("nothing there"),
    }
});

case!(ticker_drops_ticks, || {
    let t = time::Ticker::new(ms(2));
    time::sleep(ms(11)); // so several ticks, of which one has room
    t.c().recv();
    log("one tick was waiting");
    t.stop();
    select! {
        recv(t.c()) -> _ => log("more"),
        default => log("no more"),
    }
});

case!(select_blocks, || {
    let (a, b, c) = (chan::<i32>(0), chan::<i32>(0), chan::<i32>(1));
    let wg = wait_group();
    wg.add(1);
    let (a2, b2, c2, wg2) = (a.clone(), b.clone(), c.clone(), wg.clone());
    go(move || {
        for _ in 0..3 {
            select! {
                recv(a2) -> v => log!("a {}", v.unwrap()),
                recv(b2) -> v => log!("b {}", v.unwrap()),
            }
        }
        select! {
            send(c2, 7) => log("c taken"),
            recv(a2) -> _ => log("never"),
        }
        wg2.done();
    });
    yield_until_idle();
    b.send(1);
    log("b sent");
    yield_until_idle();
    a.send(2);
    log("a sent");
    b.send(3);
    log("b sent");
    log!("c {}", c.recv().unwrap());
    wg.wait();
});

case!(select_default, || {
    let c = chan::<i32>(1);
    for i in 0..3 {
        select! {
            send(c, i) => log!("sent {i}"),
            default => log!("full {i}"),
        }
    }
    for _ in 0..2 {
        select! {
            recv(c) -> v => log!("got {}", v.unwrap()),
            default => log("empty"),
        }
    }
    c.close();
    select! {
        recv(c) -> v => if v.is_none() { log("closed") },
        default => log("never"),
    }
});

case!(select_close_wakes, || {
    let (a, b) = (chan::<i32>(0), chan::<i32>(0));
    let wg = wait_group();
    for i in 0..4 {
        wg.add(1);
        let (a, b, wg) = (a.clone(), b.clone(), wg.clone());
        go(move || {
            select! {
                recv(a) -> _ => log!("a wakes {i}"),
                recv(b) -> _ => log!("b wakes {i}"),
            }
            wg.done();
        });
    }
    yield_until_idle();
    b.close();
    wg.wait();
});

/// Logs when it is dropped: a deferred call.
struct Defer<F: FnMut()>(F);
impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

case!(goexit_runs_defers, || {
    let wg = wait_group();
    wg.add(2);
    let wg2 = wg.clone();
    go(move || {
        let _done = Defer(|| wg2.done());
        let _deferred = Defer(|| log("deferred"));
        fn inner() {
            let _inner = Defer(|| log("inner"));
            runtime::goexit();
        }
        inner();
        log("never");
    });
    let wg2 = wg.clone();
    go(move || {
        log("other");
        wg2.done();
    });
    wg.wait();
});

case!(lock_os_thread, || {
    let wg = wait_group();
    for i in 0..3 {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            let _unlock = (i == 1).then(|| {
                runtime::lock_os_thread();
                Defer(runtime::unlock_os_thread)
            });
            for k in 0..3 {
                log!("{i}.{k}");
                runtime::gosched();
            }
            wg.done();
        });
    }
    wg.wait();
});

case!(gomaxprocs_up_down, || {
    for n in [4, 0, 1, -5] {
        log!("was {}", runtime::gomaxprocs(n));
    }
    spawn(5);
});

case!(iter_pull, || {
    let mut it = gort::iter::pull(|yield_| {
        log("start");
        for i in 0.. {
            if !yield_(i) {
                log("stopped");
                return;
            }
            log("resumed");
        }
    });
    for _ in 0..3 {
        let v: i32 = it.next().unwrap();
        log!("{v}");
    }
    it.stop();
    if it.next().is_none() {
        log("over");
    }
});

case!(num_goroutine, || {
    log!("{}", runtime::num_goroutine());
    let c = chan::<i32>(0);
    for _ in 0..3 {
        let c = c.clone();
        go(move || {
            c.recv();
        });
    }
    log!("{}", runtime::num_goroutine());
    yield_until_idle();
    c.close();
    yield_until_idle();
    log!("{}", runtime::num_goroutine());
});

case!(sieve_20, || {
    let mut c = chan::<i32>(0);
    let first = c.clone();
    go(move || {
        for i in 2.. {
            first.send(i);
        }
    });
    for _ in 0..20 {
        let p = c.recv().unwrap();
        log!("{p}");
        let n = chan::<i32>(0);
        let (input, out) = (c, n.clone());
        go(move || {
            for v in &input {
                if v % p != 0 {
                    out.send(v);
                } else {
                    log!("{p} drops {v}");
                }
            }
        });
        c = n;
    }
});

case!(producers_consumers, || {
    let c = chan::<i32>(2);
    let (prod, cons) = (wait_group(), wait_group());
    for i in 0..3 {
        prod.add(1);
        let (c, prod) = (c.clone(), prod.clone());
        go(move || {
            for k in 0..4 {
                c.send(10 * i + k);
                log!("sent {}", 10 * i + k);
            }
            prod.done();
        });
    }
    for i in 0..2 {
        cons.add(1);
        let (c, cons) = (c.clone(), cons.clone());
        go(move || {
            for v in &c {
                log!("consumer {i} got {v}");
            }
            cons.done();
        });
    }
    prod.wait();
    c.close();
    cons.wait();
});
