//! proc_test.go

use crate::{Procs, deep, gc, go_test, ms, us};
use gort::sync::WaitGroup;
use gort::{chan, go, runtime, select, time};
use gort_proc::{
    G, GListOps as _, P, RandomOrder, WaitReason, getg, lock_os_thread, runqempty, runqget,
    runqput, runqsteal,
};
use gort_tests::{in_child, until_waiting};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Instant;

/// Something that calls into the runtime now and then, as Go's functions do at each prologue.
fn preempt() {
    black_box([1u64; 128].iter().sum::<u64>());
    // SAFETY: on a user goroutine that holds no lock of the runtime.
    unsafe { gort_proc::preempt_check() };
}

fn gettid() -> i32 {
    // SAFETY: no arguments.
    unsafe { libc::gettid() }
}

go_test! {
    /// Go (runtime): proc_test.go:33 TestStopTheWorldDeadlock
    stops_do_not_deadlock, {
        let p = Procs::set(3);
        let done = chan::<()>(2);
        let stop = Arc::new(AtomicBool::new(false));
        let d = done.clone();
        go(move || {
            (0..300).for_each(|_| gc());
            d.send(());
        });
        let d = done.clone();
        go(move || {
            for i in 0..300 {
                runtime::gomaxprocs(2 + i % 2);
            }
            d.send(());
        });
        // Starts its own successor, for ever.
        fn perpetuum(stop: Arc<AtomicBool>) {
            if !stop.load(SeqCst) {
                go(move || perpetuum(stop));
            }
        }
        let s = stop.clone();
        go(move || perpetuum(s));
        done.recv();
        done.recv();
        stop.store(true, SeqCst);
        drop(p);
    }
}

fn yield_progress(locked: bool) {
    let (c, ack) = (chan::<()>(0), chan::<()>(0));
    let (c1, ack1) = (c.clone(), ack.clone());
    let rounds = Arc::new(AtomicU32::new(0));
    let rounds1 = rounds.clone();
    go(move || {
        if locked {
            runtime::lock_os_thread();
        }
        loop {
            select! {
                recv(c1) -> _ => break,
                default => runtime::gosched(),
            }
            rounds1.fetch_add(1, SeqCst);
        }
        ack1.send(());
    });
    while rounds.load(SeqCst) < 1000 {
        time::sleep(us(100));
    }
    c.send(());
    ack.recv();
}

go_test! {
    /// Go (runtime): proc_test.go:61 TestYieldProgress
    yielding_lets_others_go_on, {
        yield_progress(false);
    }
}

go_test! {
    /// Go (runtime): proc_test.go:65 TestYieldLockedProgress
    yielding_while_locked_lets_others_go_on, {
        yield_progress(true);
    }
}

go_test! {
    /// Go (runtime): proc_test.go:91 TestYieldLocked
    yielding_and_sleeping_while_locked, {
        let c = chan::<()>(0);
        let c1 = c.clone();
        go(move || {
            runtime::lock_os_thread();
            let tid = gettid();
            for _ in 0..10 {
                runtime::gosched();
                time::sleep(ms(1));
                assert_eq!(gettid(), tid);
            }
            c1.send(());
            // ends locked
        });
        c.recv();
    }
}

/// `p` goroutines that pass a counter round by spinning: all must run at the same time.
fn relay(p: u32, me: u32, x: &AtomicU32) {
    for i in 0..3 {
        let expected = p * i + me;
        while x.load(SeqCst) != expected {
            std::hint::spin_loop();
        }
        x.store(expected + 1, SeqCst);
    }
}

go_test! {
    /// Go (runtime): proc_test.go:106 TestGoroutineParallelism
    goroutines_are_parallel, {
        const P: u32 = 4;
        let _p = Procs::set(P as i32);
        for _ in 0..5 {
            let done = chan::<()>(0);
            let x = Arc::new(AtomicU32::new(0));
            for me in 0..P {
                let (done, x) = (done.clone(), x.clone());
                go(move || {
                    relay(P, me, &x);
                    done.send(());
                });
            }
            (0..P).for_each(|_| _ = done.recv());
        }
    }
}

fn parallel_nested(load: bool, netpoll: bool) {
    const P: u32 = 4;
    let _p = Procs::set(P as i32);
    for _ in 0..3 {
        if load {
            // All Ms are about to park when the test proper begins.
            let done = chan::<()>(0);
            let x = Arc::new(AtomicU32::new(0));
            for _ in 0..P {
                let (done, x) = (done.clone(), x.clone());
                go(move || {
                    if x.fetch_add(1, SeqCst) + 1 == P {
                        done.send(());
                        return;
                    }
                    while x.load(SeqCst) != P {
                        std::hint::spin_loop();
                    }
                });
            }
            done.recv();
        }
        if netpoll {
            // SAFETY: on a user goroutine.
            unsafe { gort_netpoll::netpoll_generic_init() };
        }
        let done = chan::<()>(0);
        let x = Arc::new(AtomicU32::new(0));
        for p in 0..P / 2 {
            let (done, x) = (done.clone(), x.clone());
            go(move || {
                for p2 in 0..2 {
                    let (done, x) = (done.clone(), x.clone());
                    go(move || {
                        relay(P, p * 2 + p2, &x);
                        done.send(());
                    });
                }
            });
        }
        (0..P).for_each(|_| _ = done.recv());
    }
}

go_test! {
    /// Go (runtime): proc_test.go:148 TestGoroutineParallelism2
    goroutines_are_parallel_after_load, {
        parallel_nested(true, false);
    }
}

go_test! {
    /// Go (runtime): proc_test.go:148 TestGoroutineParallelism2
    goroutines_are_parallel_with_the_poller, {
        parallel_nested(false, true);
        parallel_nested(true, true);
    }
}

go_test! {
    /// Go (runtime): proc_test.go:231 TestBlockLocked
    blocking_while_locked, {
        let c = chan::<usize>(0);
        let c1 = c.clone();
        go(move || {
            runtime::lock_os_thread();
            (0..10).for_each(|i| c1.send(i));
            runtime::unlock_os_thread();
        });
        (0..10).for_each(|i| assert_eq!(c.recv(), Some(i)));
    }
}

go_test! {
    /// Go (runtime): proc_test.go:246 TestTimerFairness
    a_timer_beside_busy_senders, {
        let (done, c) = (chan::<()>(0), chan::<()>(0));
        for _ in 0..2 {
            let (done, c) = (done.clone(), c.clone());
            go(move || loop {
                select! {
                    send(c, ()) => {}
                    recv(done) -> _ => break,
                }
            });
        }
        let timer = time::after(ms(20));
        loop {
            select! {
                recv(c) -> _ => {}
                recv(timer) -> _ => break,
            }
        }
        done.close();
    }
}

go_test! {
    /// Go (runtime): proc_test.go:276 TestTimerFairness2
    a_timer_beside_system_calls, {
        let (done, c) = (chan::<()>(0), chan::<()>(0));
        for _ in 0..2 {
            let (done, c) = (done.clone(), c.clone());
            go(move || {
                let timer = time::after(ms(20));
                loop {
                    // SAFETY: reads nothing.
                    gort::blocking(|| unsafe { libc::read(0, [0u8].as_mut_ptr().cast(), 0) });
                    select! {
                        send(c, ()) => {}
                        recv(c) -> _ => {}
                        recv(timer) -> _ => break,
                    }
                }
                done.send(());
            });
        }
        done.recv();
        done.recv();
    }
}

go_test! {
    /// Go (runtime): proc_test.go:314 TestPreemption
    two_spinners_are_preempted_for_one_another, {
        let c = chan::<()>(0);
        let x = Arc::new(AtomicU32::new(0));
        for g in 0..2 {
            let (c, x) = (c.clone(), x.clone());
            go(move || {
                for _ in 0..5 {
                    while x.load(SeqCst) != g {
                        preempt();
                    }
                    x.store(1 - g, SeqCst);
                }
                c.send(());
            });
        }
        c.recv();
        c.recv();
    }
}

go_test! {
    /// Go (runtime): proc_test.go:341 TestPreemptionGC
    spinners_are_stopped, {
        const P: i32 = 5;
        let _p = Procs::set(P + 1);
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..P {
            let stop = stop.clone();
            go(move || {
                while !stop.load(SeqCst) {
                    preempt();
                }
            });
        }
        for _ in 0..10 {
            runtime::gosched();
            gc();
        }
        stop.store(true, SeqCst);
    }
}

go_test! {
    /// testdata/testprog/gc.go: a goroutine that yields in a loop against one that stops the world
    /// in a loop.
    ///
    /// Go (runtime): proc_test.go:380 TestGCFairness
    stops_are_fair, .procs(1) {
        for _ in 0..2 {
            go(|| loop {
                runtime::gosched();
            });
        }
        go(|| loop {
            gc();
            runtime::gosched();
        });
        time::sleep(ms(20));
    }
}

go_test! {
    /// Go (runtime): proc_test.go:388 TestGCFairness2
    stops_are_fair_to_many, .procs(1) {
        let count = Arc::new([const { AtomicU64::new(0) }; 3]);
        for i in 0..3 {
            let count = count.clone();
            go(move || loop {
                gc();
                count[i].fetch_add(1, SeqCst);
                runtime::gosched();
            });
        }
        // All must come round; the time this takes says nothing.
        while count.iter().any(|n| n.load(SeqCst) < 10) {
            time::sleep(ms(1));
        }
    }
}

go_test! {
    /// Go (runtime): proc_test.go:396 TestNumGoroutine
    the_number_of_goroutines_is_that_of_the_stacks, {
        assert_eq!(runtime::num_goroutine(), 1);
        for _ in 0..5 {
            go(|| select! {});
        }
        until_waiting(5, WaitReason::SelectNoCases);
        let stacks = runtime::stack(true);
        let headers = stacks.lines().filter(|l| l.starts_with("goroutine ")).count();
        assert_eq!((runtime::num_goroutine(), headers), (6, 6), "{stacks}");
    }
}

go_test! {
    /// Go (runtime): proc_test.go:431 TestPingPongHog
    hogs_and_light_pairs_share_the_time, {
        let _p = Procs::set(1);
        hogs();
    }
}

/// Two pairs that pass a token, one working a thousand times as long in between. The members of a
/// pair hand the P to one another inside of one time slice: were it a new one each time, the pair
/// that has the P would keep it for ever. How the time is shared is sysmon's doing and the
/// machine's; that both get on is the scheduler's.
fn hogs() {
    let done = chan::<()>(0);
    let (hog, light) = (chan::<()>(0), chan::<()>(0));
    let counts = Arc::new([const { AtomicU64::new(0) }; 2]);
    for (k, (wake, limit)) in
        [(hog.clone(), 1_000_000u64), (light.clone(), 1_000)].into_iter().enumerate()
    {
        for _ in 0..2 {
            let (done, wake, counts) = (done.clone(), wake.clone(), counts.clone());
            go(move || {
                loop {
                    select! {
                        recv(done) -> _ => break,
                        recv(wake) -> _ => {
                            for _ in 0..limit {
                                counts[k].store(counts[k].load(SeqCst) + 1, std::sync::atomic::Ordering::Relaxed);
                            }
                            wake.send(());
                        }
                    }
                }
            });
        }
    }
    hog.send(());
    light.send(());
    // Several slices' worth of work of either.
    while counts.iter().any(|n| n.load(SeqCst) < 20_000_000) {
        time::sleep(ms(1));
    }
    done.close();
    hog.recv();
    light.recv();
}

go_test! {
    /// Stops while a goroutine uses large frames. (Go's test is about the stack check of those.)
    ///
    /// Go (runtime): proc_test.go:553 TestPreemptSplitBig
    large_frames, {
        let _p = Procs::set(2);
        let stop = chan::<()>(0);
        let stop1 = stop.clone();
        go(move || loop {
            deep(60);
            preempt();
            select! {
                recv(stop1) -> _ => break,
                default => {}
            }
        });
        for _ in 0..50 {
            time::sleep(us(10));
            gc();
        }
        stop.close();
    }
}

fn leak<T: Default>() -> *mut T {
    Box::into_raw(Box::default())
}

const RUNQ: usize = 256;

go_test! {
    /// Go (runtime): proc_test.go:620 TestSchedLocalQueue
    local_queue, {
        // SAFETY: the P and the Gs are in no list of the scheduler; runqput into a queue with room
        // touches nothing else.
        unsafe {
            let pp = leak::<P>();
            let gs: Vec<*mut G> = (0..RUNQ).map(|_| leak()).collect();
            for (i, &g) in gs.iter().enumerate() {
                assert!(runqget(pp).0.is_null(), "not empty at first");
                for _ in 0..i {
                    runqput(pp, g, false);
                }
                for j in 0..i {
                    assert_eq!(runqget(pp).0, g, "round {i}, element {j}");
                }
                assert!(runqget(pp).0.is_null(), "not empty afterwards");
            }
        }
    }
}

go_test! {
    /// Go (runtime): proc_test.go:624 TestSchedLocalQueueSteal
    local_queue_steal, {
        // SAFETY: as in local_queue.
        unsafe {
            let (p1, p2) = (leak::<P>(), leak::<P>());
            let gs: Vec<*mut G> = (0..RUNQ).map(|_| leak()).collect();
            for i in 0..RUNQ {
                for &g in &gs[..i] {
                    (*g).sig = 0;
                    runqput(p1, g, false);
                }
                let gp = runqsteal(p2, p1, true);
                let mut s = 0;
                if !gp.is_null() {
                    s += 1;
                    (*gp).sig += 1;
                }
                for (pp, stolen) in [(p2, 1), (p1, 0)] {
                    loop {
                        let gp = runqget(pp).0;
                        if gp.is_null() {
                            break;
                        }
                        s += stolen;
                        (*gp).sig += 1;
                    }
                }
                for (j, &g) in gs[..i].iter().enumerate() {
                    assert_eq!((*g).sig, 1, "element {j} in round {i}");
                }
                assert!(s == i / 2 || s == i / 2 + 1, "{s} of {i} stolen");
            }
        }
    }
}

go_test! {
    /// Go (runtime): proc_test.go:628 TestSchedLocalQueueEmpty
    local_queue_is_never_empty_by_mistake, {
        let _p = Procs::set(4);
        let done = chan::<()>(1);
        // SAFETY: as in local_queue; `runqempty` may be called by anybody.
        unsafe {
            let (pp, g0, g1) = (leak::<P>(), leak::<G>(), leak::<G>());
            for i in 0..20_000 {
                let ready = Arc::new(AtomicU32::new(0));
                let meet = |r: &AtomicU32| {
                    r.fetch_add(1, SeqCst);
                    while r.load(SeqCst) != 2 {
                        std::hint::spin_loop();
                    }
                };
                let (next0, next1) = (i & 1 == 0, i & 2 == 0);
                runqput(pp, g0, next0);
                let (ready1, done1, addr) = (ready.clone(), done.clone(), pp as usize);
                go(move || {
                    meet(&ready1);
                    assert!(!runqempty(addr as *mut P), "empty: {next0} {next1}");
                    done1.send(());
                });
                meet(&ready);
                runqput(pp, g1, next1);
                runqget(pp);
                done.recv();
                runqget(pp);
            }
        }
    }
}

go_test! {
    /// Go (runtime): proc_test.go:946 TestStealOrder
    steal_order, {
        let mut ord = RandomOrder { count: 0, coprimes: gort_proc::Slice::nil() };
        for procs in 1..=64u32 {
            // SAFETY: nobody else uses this order.
            unsafe { ord.reset(procs) };
            let starts = procs * coprimes(procs);
            assert!(procs < 3 || starts / procs >= 2, "too few coprimes of {procs}");
            let mut seen = std::collections::HashSet::new();
            for i in 0..starts {
                let mut e = ord.start(i);
                let mut order = vec![];
                let mut checked = vec![false; procs as usize];
                for _ in 0..procs {
                    assert!(!e.done());
                    let x = e.position() as usize;
                    assert!(!std::mem::replace(&mut checked[x], true), "{procs}: twice {x}");
                    order.push(x);
                    e.next();
                }
                assert!(e.done());
                // Position and increment together never come twice, so for more than two Ps neither
                // do orders.
                assert!(procs < 3 || seen.insert(order), "{procs}: an order comes twice");
            }
        }
    }
}

/// Numbers below `n` that have no divisor in common with it, 1 among them.
fn coprimes(n: u32) -> u32 {
    (1..=n).filter(|&i| gort_proc::gcd(i, n) == 1).count() as u32
}

go_test! {
    /// Go (runtime): proc_test.go:950 TestLockOSThreadNesting
    locks_nest, {
        let done = chan::<()>(0);
        let done1 = done.clone();
        go(move || {
            // SAFETY: a goroutine looks at its own M.
            let counts = || unsafe { ((*(*getg()).m).locked_ext, (*(*getg()).m).locked_int) };
            assert_eq!(counts(), (0, 0));
            // SAFETY: on a user goroutine.
            unsafe { lock_os_thread() };
            runtime::lock_os_thread();
            runtime::unlock_os_thread();
            assert_eq!(counts(), (1, 0));
            runtime::unlock_os_thread();
            assert_eq!(counts(), (0, 0));
            done1.send(());
        });
        done.recv();
    }
}

fn alive(tid: i32) -> bool {
    std::path::Path::new(&format!("/proc/self/task/{tid}")).exists()
}

go_test! {
    /// A goroutine ends locked to the main thread: the thread stays as a zombie of the process, but
    /// runs nothing any more.
    ///
    /// Go (runtime): proc_test.go:978 TestLockOSThreadExit
    ending_locked_to_the_main_thread, .procs(1) {
        // The main thread of gort is the one that called run: the main goroutine's first.
        let main = gettid();
        let ready = chan::<()>(1);
        let ready1 = ready.clone();
        go(move || {
            runtime::lock_os_thread();
            assert_eq!(gettid(), main, "not started on the main thread");
            ready1.send(());
        });
        ready.recv();
        while runtime::num_goroutine() > 1 {
            runtime::gosched();
        }
        for _ in 0..50 {
            runtime::gosched();
            assert_ne!(gettid(), main, "moved to a locked thread");
        }
    }
}

go_test! {
    /// Go (runtime): proc_test.go:978 TestLockOSThreadExit
    ending_locked_to_another_thread, {
        runtime::lock_os_thread();
        let (ready, tid) = (chan::<i32>(1), gettid());
        let ready1 = ready.clone();
        go(move || {
            runtime::lock_os_thread();
            ready1.send(gettid());
        });
        let sub = ready.recv().unwrap();
        assert_ne!(sub, tid);
        runtime::unlock_os_thread();
        while alive(sub) {
            time::sleep(ms(1));
            assert_ne!(gettid(), sub, "a locked thread was used again");
        }
    }
}

go_test! {
    /// Here with the signal mask instead of the working directory: new threads do not have what a
    /// locked one changed.
    ///
    /// Go (runtime): proc_test.go:995 TestLockOSThreadAvoidsStatePropagation
    the_state_of_a_locked_thread_does_not_spread, .procs(1) {
        fn mask() -> bool {
            // SAFETY: asks for this thread's mask.
            unsafe {
                let mut set = std::mem::zeroed();
                libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut set);
                libc::sigismember(&set, libc::SIGUSR2) == 1
            }
        }
        runtime::lock_os_thread();
        assert!(!mask());
        let ready = chan::<()>(1);
        let ready1 = ready.clone();
        go(move || {
            runtime::lock_os_thread();
            // SAFETY: blocks one signal on this thread.
            unsafe {
                let mut set = std::mem::zeroed();
                libc::sigaddset(&mut set, libc::SIGUSR2);
                libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
            }
            assert!(mask());
            ready1.send(());
            // More locked goroutines, each on a new thread, while this one still is on its own.
            for _ in 0..5 {
                let c = chan::<()>(0);
                let c1 = c.clone();
                go(move || {
                    runtime::lock_os_thread();
                    assert!(!mask(), "the mask of a locked thread has spread");
                    c1.send(());
                });
                c.recv();
            }
            ready1.send(());
        });
        ready.recv();
        for _ in 0..5 {
            let done = chan::<()>(0);
            let done1 = done.clone();
            go(move || {
                runtime::lock_os_thread();
                assert!(!mask(), "the mask of a locked thread has spread");
                done1.recv();
                runtime::unlock_os_thread();
            });
            done.send(());
        }
        ready.recv();
        runtime::unlock_os_thread();
    }
}

go_test! {
    /// Go (runtime): proc_test.go:1006 TestLockOSThreadTemplateThreadRace
    locks_against_stops, {
        let _p = Procs::set(4);
        let stop = Arc::new(AtomicBool::new(false));
        let (stop1, ended) = (stop.clone(), chan::<()>(0));
        let ended1 = ended.clone();
        go(move || {
            while !stop1.load(SeqCst) {
                gc();
                runtime::gosched();
            }
            ended1.send(());
        });
        for _ in 0..20 {
            let start = Instant::now() + ms(2);
            let wg = Arc::new(WaitGroup::new());
            wg.add(2);
            for _ in 0..2 {
                let wg = wg.clone();
                go(move || {
                    while Instant::now() < start {
                        preempt();
                    }
                    go(|| ()); // work for an early startm in handoffp
                    runtime::lock_os_thread();
                    runtime::gosched();
                    wg.done();
                });
            }
            wg.wait();
        }
        stop.store(true, SeqCst);
        ended.recv();
    }
}

/// Eight goroutines in system calls of `d` microseconds on two Ps: all start, and all see the end.
fn short_syscalls(d: u64) {
    let _p = Procs::set(2);
    const N: usize = 8;
    for _ in 0..5 {
        let c = chan::<()>(N);
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..N {
            let (c, stop) = (c.clone(), stop.clone());
            go(move || {
                c.send(());
                while !stop.load(SeqCst) {
                    gort::blocking(|| {
                        let t = Instant::now();
                        while t.elapsed() < us(d) {
                            std::hint::spin_loop();
                        }
                    });
                }
                c.send(());
            });
        }
        (0..N).for_each(|_| _ = c.recv());
        stop.store(true, SeqCst);
        (0..N).for_each(|_| _ = c.recv());
    }
}

go_test! {
    /// Go (runtime): proc_test.go:1087 TestPreemptionAfterSyscall
    preemption_after_short_system_calls, {
        short_syscalls(10);
        short_syscalls(100);
        short_syscalls(1000);
    }
}

go_test! {
    /// Go (runtime): proc_test.go:1100 TestGetgThreadSwitch
    getg_after_a_change_of_thread, .procs(4) {
        let wg = Arc::new(WaitGroup::new());
        for _ in 0..100 {
            wg.add(1);
            let wg = wg.clone();
            go(move || {
                let me = getg();
                for _ in 0..1000 {
                    assert_eq!(getg(), me);
                    runtime::gosched();
                    assert_eq!(getg(), me);
                    // SAFETY: a running goroutine's M, and that M's current goroutine.
                    unsafe { assert_eq!((*(*me).m).curg.ptr(), me) };
                }
                wg.done();
            });
        }
        wg.wait();
    }
}

go_test! {
    /// Go (runtime): proc_test.go:1108 TestNetpollBreak
    the_poller_can_be_interrupted, .procs(2) {
        // SAFETY: on a user goroutine; what netpoll returns is injected as the scheduler does it:
        // nothing is registered, so nothing is returned.
        unsafe {
            gort_netpoll::netpoll_generic_init();
            let c = chan::<()>(2);
            let c1 = c.clone();
            go(move || {
                c1.send(());
                // An hour: only the break ends it within the test's limit.
                let (list, _) = gort_proc::linkname::netpoll(3_600_000_000_000);
                assert!(list.empty());
                c1.send(());
            });
            c.recv();
            loop {
                time::sleep(us(100));
                // Twice: one break may be eaten by the scheduler's own poll.
                gort_proc::linkname::netpoll_break();
                gort_proc::linkname::netpoll_break();
                if c.try_recv().is_ok() {
                    break;
                }
            }
        }
    }
}

/// Go (runtime): proc_test.go:1145 TestBigGOMAXPROCS
#[test]
fn a_thousand_ps() {
    let o = in_child!(.procs(1024), || println!("{}", runtime::gomaxprocs(0)));
    o.ok().stdout_is("1024\n");
}

go_test! {
    /// Starting goroutines on all Ps at once.
    ///
    /// Go (runtime): proc_test.go:670 BenchmarkCreateGoroutinesParallel
    goroutines_that_start_goroutines, {
        fn chain(n: usize, c: gort::Chan<()>) {
            if n == 0 {
                c.send(());
                return;
            }
            go(move || chain(n - 1, c));
        }
        let c = chan::<()>(0);
        for _ in 0..4 {
            let c = c.clone();
            go(move || chain(50_000, c));
        }
        (0..4).for_each(|_| _ = c.recv());
    }
}

/// Alternating senders and receivers that spin, or sleep in the system, before each step.
fn wake_up(spin: fn(u64)) {
    let _p = Procs::set(2);
    for delay in [0, 1, 5, 20, 50] {
        let (ping, pong, done) = (chan::<()>(0), chan::<()>(0), chan::<()>(0));
        let (ping1, pong1, done1) = (ping.clone(), pong.clone(), done.clone());
        go(move || {
            for _ in 0..200 {
                spin(delay + 5);
                ping1.send(());
                spin(delay);
                pong1.recv();
            }
            done1.send(());
        });
        let done1 = done.clone();
        go(move || {
            for _ in 0..200 {
                spin(delay);
                ping.recv();
                spin(delay + 5);
                pong.send(());
            }
            done1.send(());
        });
        done.recv();
        done.recv();
    }
}

go_test! {
    /// Go (runtime): proc_test.go:858 BenchmarkWakeupParallelSpinning
    wake_ups_after_spinning, {
        wake_up(|n| {
            let t = Instant::now();
            while t.elapsed() < us(n) {
                std::hint::spin_loop();
            }
        });
    }
}

go_test! {
    /// Go (runtime): proc_test.go:873 BenchmarkWakeupParallelSyscall
    wake_ups_after_system_calls, {
        wake_up(|n| gort::blocking(|| std::thread::sleep(us(n))));
    }
}

go_test! {
    /// Divide and conquer, a goroutine for each half.
    ///
    /// Go (runtime): proc_test.go:884 BenchmarkMatmult
    divide_and_conquer, .procs(4) {
        fn sum(from: u64, to: u64) -> u64 {
            if to - from < 16 {
                return (from..to).sum();
            }
            let c = chan::<u64>(1);
            let c1 = c.clone();
            let mid = from + (to - from) / 2;
            go(move || c1.send(sum(from, mid)));
            sum(mid, to) + c.recv().unwrap()
        }
        assert_eq!(sum(0, 100_000), 100_000 * 99_999 / 2);
    }
}
