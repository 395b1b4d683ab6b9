//! Package sync on the scheduler. Each test runs in a process of its own.

use core::ffi::c_void;
use gort_proc::gosched;
use gort_sync::*;
use gort_tests::in_child;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};

static MU: Mutex = Mutex::new();
static RW: RwMutex = RwMutex::new();
static COND: Cond = Cond::new();
static WG: WaitGroup = WaitGroup::new();
static WG2: WaitGroup = WaitGroup::new();
static ONCE: Once = Once::new();
static N: AtomicI64 = AtomicI64::new(0);

/// Starts `n` goroutines that WG waits for.
fn spawn(n: i32, f: impl FnOnce(i32) + Copy + Send + 'static) {
    for i in 0..n {
        // SAFETY: on a goroutine, as all of these tests are.
        unsafe { WG.add(1) };
        gort::go(move || {
            f(i);
            // SAFETY: the same.
            unsafe { WG.done() };
        });
    }
}

/// What this Go program prints at GOMAXPROCS=1 (GOGC=off, Go 1.23.1): for each part below its Go
/// twin, `fmt.Println` for `println!`. The last goroutine started runs first: it has the runnext
/// slot.
#[test]
fn order_on_one_p() {
    in_child!(.procs(1), || {
        // SAFETY: on a goroutine.
        unsafe {
            spawn(6, |i| {
                MU.lock();
                println!("cond in {i}");
                COND.wait(&MU);
                println!("cond out {i}");
                MU.unlock();
            });
            gosched();
            COND.signal();
            println!("signalled");
            gosched();
            COND.signal();
            COND.signal();
            println!("signalled two");
            gosched();
            COND.broadcast();
            println!("broadcast");
            WG.wait();

            MU.lock();
            spawn(5, |i| {
                MU.lock();
                println!("mutex {i}");
                gosched();
                MU.unlock();
            });
            gosched();
            println!("unlock");
            MU.unlock();
            MU.lock();
            println!("main again");
            MU.unlock();
            WG.wait();

            RW.rlock();
            spawn(6, |i| {
                if i % 3 == 2 {
                    RW.lock();
                    println!("write {i}");
                    gosched();
                    RW.unlock();
                } else {
                    RW.rlock();
                    println!("read {i}");
                    gosched();
                    RW.runlock();
                }
            });
            gosched();
            println!("runlock {} {}", RW.try_lock(), RW.try_rlock());
            assert!(RW.has_waiting_readers());
            RW.runlock();
            WG.wait();
            assert!(!RW.has_waiting_readers());

            WG2.add(2);
            spawn(4, |i| {
                WG2.wait();
                println!("wait {i}");
            });
            gosched();
            WG2.done();
            println!("one");
            WG2.done();
            println!("two");
            WG.wait();

            spawn(3, |i| {
                ONCE.do_(|| {
                    println!("once {i}");
                    gosched();
                    println!("once done {i}");
                });
                println!("after once {i}");
            });
            WG.wait();
        }
    })
    .ok()
    .stdout_is(
        "cond in 5\ncond in 0\ncond in 1\ncond in 2\ncond in 3\ncond in 4\nsignalled\ncond out 5\nsignalled two\n\
         cond out 1\ncond out 0\nbroadcast\ncond out 4\ncond out 2\ncond out 3\n\
         unlock\nmain again\nmutex 4\nmutex 0\nmutex 1\nmutex 2\nmutex 3\n\
         runlock false false\nwrite 5\nread 0\nread 1\nread 3\nread 4\nwrite 2\n\
         one\ntwo\nwait 2\nwait 3\nwait 0\nwait 1\n\
         once 2\nonce done 2\nafter once 2\nafter once 0\nafter once 1\n",
    );
}

/// Whoever holds the lock is alone, and all get it in the end.
#[test]
fn mutex_under_load() {
    in_child!(.procs(4), || {
        spawn(50, |i| {
            for j in 0..2000 {
                // SAFETY: on a goroutine.
                unsafe {
                    if i % 10 == 0 && MU.try_lock() {
                    } else {
                        MU.lock();
                    }
                    let n = N.load(SeqCst);
                    if j % 97 == 0 {
                        gosched();
                    }
                    N.store(n + 1, SeqCst);
                    MU.unlock();
                }
            }
        });
        // SAFETY: on a goroutine.
        unsafe { WG.wait() };
        assert_eq!(N.load(SeqCst), 100_000);
        assert_eq!(MU.state.load(), 0);
        assert_eq!(MU.sema.load(), 0);
    })
    .ok();
}

/// A goroutine that holds the lock nearly all the time cannot keep another one from it: starvation
/// mode.
#[test]
fn mutex_is_fair_in_the_end() {
    in_child!(.procs(2), || {
        static STOP: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        spawn(1, |_| {
            while !STOP.load(SeqCst) {
                // SAFETY: on a goroutine.
                unsafe {
                    MU.lock();
                    let t = std::time::Instant::now();
                    while t.elapsed().as_micros() < 100 {}
                    MU.unlock();
                }
            }
        });
        for _ in 0..50 {
            // SAFETY: on a goroutine.
            unsafe {
                gosched();
                MU.lock();
                MU.unlock();
            }
        }
        STOP.store(true, SeqCst);
        // SAFETY: on a goroutine.
        unsafe { WG.wait() };
    })
    .ok();
}

#[test]
fn rwmutex_under_load() {
    in_child!(.procs(4), || {
        // N: the number of readers inside, or -1 for a writer.
        spawn(40, |i| {
            for j in 0..500 {
                // SAFETY: on a goroutine.
                unsafe {
                    if (i + j) % 10 == 0 {
                        if i % 2 == 0 || !RW.try_lock() {
                            RW.lock();
                        }
                        assert_eq!(N.swap(-1, SeqCst), 0);
                        gosched();
                        assert_eq!(N.swap(0, SeqCst), -1);
                        RW.unlock();
                    } else {
                        if i % 2 == 0 || !RW.try_rlock() {
                            RW.rlock();
                        }
                        assert!(N.fetch_add(1, SeqCst) >= 0);
                        assert!(N.fetch_sub(1, SeqCst) >= 1);
                        RW.runlock();
                    }
                }
            }
        });
        // SAFETY: on a goroutine.
        unsafe { WG.wait() };
        assert_eq!(RW.reader_count.load() as u32, 0);
        assert_eq!(RW.reader_wait.load(), 0);
    })
    .ok();
}

/// A bounded buffer between producers and consumers.
#[test]
fn cond_under_load() {
    in_child!(.procs(4), || {
        static FULL: Cond = Cond::new();
        spawn(20, |i| {
            for _ in 0..1000 {
                // SAFETY: on a goroutine.
                unsafe {
                    MU.lock();
                    if i % 2 == 0 {
                        while N.load(SeqCst) == 5 {
                            FULL.wait(&MU);
                        }
                        N.fetch_add(1, SeqCst);
                        COND.signal();
                    } else {
                        while N.load(SeqCst) == 0 {
                            COND.wait(&MU);
                        }
                        N.fetch_sub(1, SeqCst);
                        FULL.broadcast();
                    }
                    assert!((0..=5).contains(&N.load(SeqCst)));
                    MU.unlock();
                }
            }
        });
        // SAFETY: on a goroutine.
        unsafe { WG.wait() };
        assert_eq!(N.load(SeqCst), 0);
    })
    .ok();
}

#[test]
fn once_under_load() {
    in_child!(.procs(4), || {
        spawn(100, |_| {
            // SAFETY: on a goroutine.
            unsafe {
                ONCE.do_(|| {
                    gosched();
                    N.fetch_add(1, SeqCst);
                });
            }
            assert_eq!(N.load(SeqCst), 1);
        });
        // SAFETY: on a goroutine.
        unsafe { WG.wait() };
    })
    .ok();
}

#[test]
fn once_functions() {
    in_child!(.procs(2), || {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let call = || CALLS.fetch_add(1, SeqCst) + 1;
        // SAFETY: on a goroutine.
        let (f, v, vs) = unsafe {
            (
                once_func(move || {
                    call();
                }),
                once_value(move || format!("v{}", call())),
                once_values(move || (call(), "x")),
            )
        };
        for _ in 0..3 {
            f();
            assert_eq!(v(), "v2");
            assert_eq!(vs(), (3, "x"));
        }
        assert_eq!(CALLS.load(SeqCst), 3);
    })
    .ok();
}

#[test]
fn once_func_panics_each_time() {
    in_child!(.procs(2), || {
        // SAFETY: on a goroutine.
        let f = unsafe { once_func(|| panic!("no {}", std::hint::black_box(1))) };
        for _ in 0..3 {
            let e = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&f)).unwrap_err();
            assert_eq!(e.downcast_ref::<String>().unwrap(), "no 1");
        }
        println!("done");
    })
    .ok()
    .stdout_is("done\n");
}

macro_rules! ends {
    ($($name:ident: $msg:literal, $body:expr;)*) => { $(
        #[test]
        fn $name() {
            in_child!(.procs(2), || {
                // SAFETY: on a goroutine.
                unsafe { $body }
            })
            .exited(2)
            .stderr_has($msg);
        }
    )* };
}

ends! {
    unlock_of_unlocked: "fatal error: sync: unlock of unlocked mutex", MU.unlock();
    runlock_of_unlocked: "fatal error: sync: RUnlock of unlocked RWMutex", RW.runlock();
    rwunlock_of_unlocked: "fatal error: sync: Unlock of unlocked RWMutex", RW.unlock();
    negative_counter: "panic: sync: negative WaitGroup counter", WG.done();
    deadlock: "fatal error: all goroutines are asleep - deadlock!", { MU.lock(); MU.lock() };
    reused: "panic: sync: WaitGroup is reused before previous Wait has returned", {
        static G: WaitGroup = WaitGroup::new();
        G.add(1);
        spawn(1, |_| {
            gosched();
            G.done();
            G.add(1);
        });
        // Both may see it first; one of them must.
        G.wait();
        loop { gosched() }
    };
}

fn any(i: usize) -> Eface {
    Eface {
        typ: std::ptr::without_provenance_mut::<c_void>(1),
        val: std::ptr::without_provenance_mut(i),
    }
}

static DROPPED: AtomicUsize = AtomicUsize::new(0);
unsafe fn count_drop(_: Eface) {
    DROPPED.fetch_add(1, SeqCst);
}
unsafe fn make() -> Eface {
    any(usize::MAX)
}

/// The order is Go's: the private one, then last in, first out.
#[test]
fn pool_on_one_p() {
    in_child!(.procs(1), || {
        // SAFETY: on a goroutine; the values are numbers.
        unsafe {
            let p = Box::new(Pool::new(Some(make), Some(count_drop)));
            for i in 1..=20 {
                p.put(any(i));
            }
            p.put(Eface::NIL);
            let got: Vec<_> = (0..22).map(|_| p.get().val.addr()).collect();
            let mut want = vec![1];
            want.extend((2..=20).rev());
            want.extend([usize::MAX; 2]);
            assert_eq!(got, want);

            // Two cleanups end what is inside; one does not.
            for i in 1..=5 {
                p.put(any(i));
            }
            pool::gc_pools();
            assert_eq!(DROPPED.load(SeqCst), 0);
            assert_eq!(p.get().val.addr(), 1);
            assert_eq!(p.get().val.addr(), 2); // a victim's tail
            pool::gc_pools();
            assert_eq!(DROPPED.load(SeqCst), 3);
            assert_eq!(p.get().val.addr(), usize::MAX);
            p.put(any(6));
            p.put(any(7));
            drop(p);
            assert_eq!(DROPPED.load(SeqCst), 5);
            pool::gc_pools();
        }
    })
    .ok();
}

/// Values are neither lost nor doubled, while Ps steal from one another and pools are cleaned.
#[test]
fn pool_under_load() {
    in_child!(.procs(4), || {
        // SAFETY: on goroutines; the values are numbers.
        unsafe {
            // SAFETY: the values are numbers.
            static POOL: Pool = unsafe { Pool::new(Some(make), Some(count_drop)) };
            const EACH: usize = 3000;
            const GS: usize = 16;
            static SEEN: [AtomicUsize; EACH * GS] = [const { AtomicUsize::new(0) }; EACH * GS];
            let see = |x: Eface| {
                if x.val.addr() != usize::MAX {
                    SEEN[x.val.addr()].fetch_add(1, SeqCst);
                }
            };
            spawn(GS as i32, move |g| {
                for i in 0..EACH {
                    POOL.put(any(g as usize * EACH + i));
                    if i % 3 == 0 {
                        gosched();
                    }
                    if i % 2 == 0 {
                        see(POOL.get());
                    }
                    if i == EACH / 2 && g == 0 {
                        pool::gc_pools();
                    }
                }
            });
            WG.wait();
            loop {
                let x = POOL.get();
                if x.val.addr() == usize::MAX {
                    break;
                }
                see(x);
            }
            // Others' private values cannot be taken: at most one for each P, and as many victims.
            // They go now.
            pool::gc_pools();
            pool::gc_pools();
            let mut lost = 0;
            for n in &SEEN {
                match n.load(SeqCst) {
                    0 => lost += 1,
                    1 => {}
                    n => panic!("seen {n} times"),
                }
            }
            assert_eq!(lost, DROPPED.load(SeqCst));
        }
    })
    .ok();
}
