//! Timers started, stopped, reset and run, against a model and case by case.

use core::ffi::c_void;
use core::ptr::null_mut;
use gort as _;
use gort_chan::{chanlen, freechan, makechan, selectnbsend};
use gort_os_linux::nanotime;
use gort_runtime2::{ElemType, Hchan, P, Timer};
use gort_time::*;
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

mod world;

thread_local! {
    /// What has fired: number of the timer, and delay.
    static FIRED: RefCell<Vec<(usize, i64)>> = const { RefCell::new(Vec::new()) };
}

unsafe fn note(arg: *mut c_void, _seq: usize, delay: i64) {
    FIRED.with(|f| f.borrow_mut().push((arg as usize, delay)));
}

fn fired() -> Vec<(usize, i64)> {
    let mut v = FIRED.with(|f| std::mem::take(&mut *f.borrow_mut()));
    v.sort();
    v
}

/// A P that looks for due timers at `now`.
fn check(pp: *mut P, now: i64) -> (i64, bool) {
    // SAFETY: the P of this thread.
    unsafe {
        let (rnow, until, ran) = timers_check(&raw mut (*pp).timers, now);
        assert_eq!(rnow, now);
        assert!(until == 0 || until > now, "{until} {now}");
        (until, ran)
    }
}

/// Moves the timers of `pp` to `other`, in a world that is said to be stopped.
unsafe fn take(other: *mut P, pp: *mut P) {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock();
    gort_lock_futex::world_stopped();
    // SAFETY: both Ps are ours.
    unsafe { timers_take(&raw mut (*other).timers, &raw mut (*pp).timers) };
    gort_lock_futex::world_started();
    drop(one);
}

#[derive(Clone, Debug)]
enum Op {
    Set(usize, i64, i64),
    Stop(usize),
    Advance(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0usize..24, 1i64..100, prop_oneof![2 => Just(0i64), 1 => 1i64..20]).prop_map(|(i, w, p)| Op::Set(i, w, p)),
        2 => (0usize..24).prop_map(Op::Stop),
        3 => (0i64..60).prop_map(Op::Advance),
    ]
}

proptest! {
    #[test]
    fn against_a_model(ops in prop::collection::vec(op(), 1..200)) {
        let pp = world::world();
        let timers: Vec<*mut Timer> = (0..24).map(|_| Box::into_raw(Box::<Timer>::default())).collect();
        let mut model: BTreeMap<usize, (i64, i64)> = BTreeMap::new(); // number -> when, period
        let mut now = 1000;
        // SAFETY: our own P and timers.
        unsafe {
            for (i, &t) in timers.iter().enumerate() {
                timer_init(t, Some(note), i as *mut c_void);
            }
            for op in ops {
                match op {
                    Op::Set(i, dt, period) => {
                        let was = timer_reset(timers[i], now + dt, period);
                        prop_assert_eq!(was, model.insert(i, (now + dt, period)).is_some());
                    }
                    Op::Stop(i) => {
                        prop_assert_eq!(timer_stop(timers[i]), model.remove(&i).is_some());
                    }
                    Op::Advance(dt) => {
                        now += dt;
                        let (_, ran) = check(pp, now);
                        let mut want = Vec::new();
                        model.retain(|&i, (when, period)| {
                            if *when > now {
                                return true;
                            }
                            let delay = now - *when;
                            want.push((i, delay));
                            if *period > 0 {
                                *when += *period * (1 + delay / *period);
                            }
                            *period > 0
                        });
                        prop_assert_eq!(ran, !want.is_empty());
                        prop_assert_eq!(fired(), want);
                    }
                }
                // The P never wakes too late.
                let wake = wake_time(&raw const (*pp).timers);
                match model.values().map(|v| v.0).min() {
                    Some(min) => prop_assert!(wake != 0 && wake <= min, "{} {}", wake, min),
                    // :848 a lower bound: of zombies, perhaps
                    None => prop_assert!(wake >= 0),
                }
            }
            // In the end nothing is left, and nothing is counted as a zombie.
            for &t in &timers {
                timer_stop(t);
            }
            check(pp, now + 1_000_000);
            prop_assert!(fired().is_empty());
            prop_assert_eq!(wake_time(&raw const (*pp).timers), 0);
            prop_assert_eq!((*pp).timers.zombies.load(), 0);
            prop_assert_eq!((*pp).timers.len.load(), 0);
            for t in timers {
                drop(Box::from_raw(t));
            }
        }
    }
}

#[test]
fn an_overflowing_period_ends_at_max_when() {
    let pp = world::world();
    // SAFETY: our own P; the timer is leaked.
    unsafe {
        let t: *mut Timer = Box::into_raw(Box::default());
        timer_init(t, Some(note), null_mut());
        timer_reset(t, 5, MAX_WHEN);
        assert_eq!(check(pp, 10), (MAX_WHEN, true));
        assert_eq!((*t).when, MAX_WHEN);
        assert!(timer_stop(t));
    }
}

#[test]
fn timers_move_to_another_p() {
    let pp = world::world();
    let other = world::new_p();
    // SAFETY: our own Ps; the world counts as stopped while it is said to be.
    unsafe {
        let ts: Vec<*mut Timer> = (0..20).map(|_| Box::into_raw(Box::<Timer>::default())).collect();
        for (i, &t) in ts.iter().enumerate() {
            timer_init(t, Some(note), i as *mut c_void);
            timer_reset(t, 100 + i as i64, 0);
        }
        for &t in &ts[10..] {
            timer_stop(t);
        }
        timer_reset(ts[0], 500, 0);
        take(other, pp);
        assert_eq!((*pp).timers.len.load(), 0);
        assert_eq!(wake_time(&raw const (*pp).timers), 0);
        assert_eq!((*other).timers.len.load(), 10);
        assert_eq!((*other).timers.zombies.load(), 0);
        assert_eq!(wake_time(&raw const (*other).timers), 101);
        timers_check(&raw mut (*other).timers, 1000);
        assert_eq!(fired().iter().map(|f| f.0).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }
}

static FREED: AtomicUsize = AtomicUsize::new(0);

unsafe fn on_free(tt: *mut TimeTimer) {
    FREED.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the last reference.
    drop(unsafe { Box::from_raw(tt) });
}

unsafe fn release(tt: *mut TimeTimer) {
    // SAFETY: the caller gives up its reference.
    unsafe { time_timer_ref(&raw mut (*tt).timer, false) }
}

/// Stops its own timer and gives up the program's reference while it runs; also empties the heap of
/// zombies.
unsafe fn suicide(arg: *mut c_void, _: usize, _: i64) {
    // SAFETY: `arg` is the TimeTimer.
    unsafe {
        let tt: *mut TimeTimer = arg.cast();
        let ts = (*tt).timer.ts;
        stop_timer(tt);
        release(tt);
        timers_check(ts, 1_000_000_000);
        // out of the heap, and alive only because it runs
        assert!((*tt).timer.ts.is_null());
        assert_eq!((*tt).refs.load(), 1);
    }
}

#[test]
fn memory() {
    let pp = world::world();
    // SAFETY: our own P; references are counted as the test says.
    unsafe {
        let fresh = |when, period, f| {
            let tt: *mut TimeTimer = Box::into_raw(Box::default());
            (*tt).on_free = Some(on_free);
            start_timer(tt, when, period, f, tt.cast(), null_mut());
            tt
        };
        let freed = || FREED.swap(0, Ordering::SeqCst);

        // fires, then is released
        let t = fresh(10, 0, note);
        assert_eq!((*t).refs.load(), 2);
        check(pp, 20);
        assert_eq!((*t).refs.load(), 1);
        release(t);
        assert_eq!(freed(), 1);

        // released, then fires
        let t = fresh(30, 0, note);
        release(t);
        assert_eq!(freed(), 0);
        check(pp, 40);
        assert_eq!(freed(), 1);

        // stopped and released: the heap frees it when it throws it out
        let t = fresh(50, 0, note);
        assert!(stop_timer(t));
        release(t);
        assert_eq!(freed(), 0);
        check(pp, 41);
        assert_eq!(freed(), 1);

        // a thousand of them: maybe_add cleans up by itself
        for _ in 0..1000 {
            let t = fresh(1000, 0, note);
            stop_timer(t);
            release(t);
        }
        assert!(freed() >= 999);
        check(pp, 42);

        // moved to another P while dead
        freed();
        let t = fresh(60, 0, note);
        stop_timer(t);
        release(t);
        let other = world::new_p();
        take(other, pp);
        timers_lock(&raw mut (*other).timers);
        timers_unlock(&raw mut (*other).timers);
        assert_eq!(freed(), 1);

        // thrown out and released while its function runs
        fresh(100, 7, suicide);
        check(pp, 200);
        assert_eq!(freed(), 1);
        assert_eq!((*pp).timers.len.load(), 0);
        assert_eq!((*pp).timers.zombies.load(), 0);
    }
    fired();
}

unsafe fn send(arg: *mut c_void, _: usize, delay: i64) {
    // SAFETY: `arg` is a channel of i64.
    unsafe { selectnbsend(arg.cast(), (&raw const delay).cast()) };
}

unsafe fn channel_timer(when: i64, period: i64) -> (*mut TimeTimer, *mut Hchan) {
    // SAFETY: the channel lives as long as the test.
    unsafe {
        let c = makechan(ElemType { size: 8, align: 8 }, 1);
        (new_timer(when, period, send, c.cast(), c), c)
    }
}

#[test]
fn channel_timers_are_lazy() {
    let pp = world::world();
    // SAFETY: our own P, timers and channels.
    unsafe {
        let ts = &raw mut (*pp).timers;
        let qcount = |c: *mut Hchan| (*c).qcount.load();

        // nobody waits: in no heap, whoever looks at the channel runs it
        let (t, c) = channel_timer(1, 0);
        assert_eq!((*ts).len.load(), 0);
        maybe_run_chan(&raw mut (*t).timer);
        assert_eq!(qcount(c), 1);
        // :438 a stop takes the value back
        assert!(stop_timer(t));
        assert_eq!(qcount(c), 0);
        assert!(!stop_timer(t));
        assert_eq!(chanlen(c), 0);

        // reset after it has fired
        assert!(!reset_timer(t, 1, 0));
        maybe_run_chan(&raw mut (*t).timer);
        assert_eq!(qcount(c), 1);
        assert!(reset_timer(t, nanotime() + 1_000_000_000_000, 0));
        assert_eq!(qcount(c), 0);
        maybe_run_chan(&raw mut (*t).timer);
        assert_eq!(qcount(c), 0); // not yet

        // somebody waits: in the heap; nobody any more: out of it, still to fire
        block_timer_chan(c);
        block_timer_chan(c);
        assert_eq!(((*ts).len.load(), (*t).timer.state), (1, TIMER_HEAPED));
        maybe_run_chan(&raw mut (*t).timer);
        unblock_timer_chan(c);
        assert_eq!((*ts).zombies.load(), 0);
        unblock_timer_chan(c);
        assert_eq!((*ts).zombies.load(), 1);
        block_timer_chan(c); // no longer a zombie
        assert_eq!(((*ts).len.load(), (*ts).zombies.load()), (1, 0));
        unblock_timer_chan(c);
        check(pp, nanotime());
        assert_eq!(((*ts).len.load(), (*ts).zombies.load()), (0, 0));
        assert!((*t).timer.when > 0);
        assert!(stop_timer(t));

        time_timer_ref(&raw mut (*t).timer, false);
        freechan(c);
    }
}

#[test]
fn many_threads_stop_and_reset() {
    // Timers of one P, meddled with by other Ms: what counts is that nothing is lost and no state
    // is bad.
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    unsafe fn count(_: *mut c_void, _: usize, _: i64) {
        RUNS.fetch_add(1, Ordering::Relaxed);
    }
    let timers: Vec<usize> = (0..64)
        .map(|_| {
            let t: *mut Timer = Box::into_raw(Box::default());
            // SAFETY: fresh memory.
            unsafe { timer_init(t, Some(count), null_mut()) };
            t as usize
        })
        .collect();
    let starts = AtomicUsize::new(0);
    let stops = AtomicUsize::new(0);
    let ps: Vec<usize> = std::thread::scope(|s| {
        let handles: Vec<_> = (0..4usize)
            .map(|k| {
                let (timers, starts, stops) = (&timers, &starts, &stops);
                s.spawn(move || {
                    let pp = world::world();
                    let mut x = 88172645463325252u64 + k as u64;
                    for _ in 0..20_000 {
                        x ^= x << 13;
                        x ^= x >> 7;
                        x ^= x << 17;
                        let t = timers[(x % 64) as usize] as *mut Timer;
                        // SAFETY: the timers' own locks order all of it.
                        unsafe {
                            match x >> 32 & 3 {
                                0 => stops.fetch_add(timer_stop(t) as usize, Ordering::Relaxed),
                                1 | 2 => {
                                    starts.fetch_add(1, Ordering::Relaxed);
                                    let was =
                                        timer_reset(t, nanotime() + (x >> 40 & 0xffff) as i64, 0);
                                    stops.fetch_add(was as usize, Ordering::Relaxed)
                                }
                                _ => {
                                    timers_check(&raw mut (*pp).timers, 0);
                                    0
                                }
                            };
                        }
                    }
                    pp as usize
                })
            })
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    world::world();
    for p in ps {
        let ts = p as *mut P;
        // SAFETY: all other threads have ended.
        unsafe {
            let ts = &raw mut (*ts).timers;
            timers_check(ts, MAX_WHEN);
            assert_eq!(wake_time(ts), 0);
            assert_eq!((*ts).len.load(), 0);
            assert_eq!((*ts).zombies.load(), 0);
        }
    }
    // Every start ended in exactly one run or one successful stop.
    assert_eq!(
        RUNS.load(Ordering::Relaxed) + stops.load(Ordering::Relaxed),
        starts.load(Ordering::Relaxed)
    );
}
