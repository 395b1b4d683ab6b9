//! Lines 4341-6038 of proc.go: system calls, making goroutines and using them again, locking
//! threads, changing the number of Ps, deadlocks.

use gort_proc::*;
use gort_tests::in_child;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a blocking section is made of: both calls in one frame.
#[inline(never)]
fn in_syscall<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: on a user goroutine; `f` does not use the scheduler.
    unsafe {
        entersyscall();
        let r = f();
        exitsyscall();
        r
    }
}

fn yield_until(done: impl Fn() -> bool) {
    while !done() {
        // SAFETY: on a user goroutine.
        unsafe { gosched() }
    }
}

/// One P: its goroutine blocks in a system call until another one acts, so the P must be taken away
/// from it.
#[test]
fn a_system_call_loses_its_p() {
    in_child!(.procs(1), || {
        let (mut r, mut w) = std::io::pipe().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let done2 = done.clone();
        gort::go(move || {
            let mut b = [0; 1];
            let n = in_syscall(|| r.read(&mut b).unwrap());
            assert_eq!((n, b[0]), (1, 7));
            // SAFETY: on a user goroutine.
            unsafe { assert_eq!(((*getg()).syscallsp, (*getg()).throwsplit), (0, false)) };
            done2.store(1, Ordering::SeqCst);
        });
        // SAFETY: on a user goroutine. The other one blocks now.
        unsafe { gosched() };
        w.write_all(&[7]).unwrap();
        yield_until(|| done.load(Ordering::SeqCst) == 1);
    })
    .ok();
}

/// The same with the call that gives the P away at once.
#[test]
fn entersyscallblock_gives_the_p_away() {
    in_child!(.procs(1), || {
        let (mut r, mut w) = std::io::pipe().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let done2 = done.clone();
        gort::go(move || {
            // SAFETY: on a user goroutine; nothing in between uses the scheduler.
            unsafe {
                let mut b = [0; 1];
                let gp = getg();
                entersyscallblock();
                assert!((*(*gp).m).p.is_null());
                assert!((*gp).stack.lo < (*gp).syscallsp && (*gp).syscallsp <= (*gp).stack.hi);
                // the frame is that of this closure
                assert!((*gp).syscallsp.abs_diff((&raw const b) as usize) < 4096);
                let n = r.read(&mut b).unwrap();
                exitsyscall();
                assert_eq!((n, b[0]), (1, 7));
            }
            done2.store(1, Ordering::SeqCst);
        });
        // SAFETY: on a user goroutine.
        unsafe { gosched() };
        w.write_all(&[7]).unwrap();
        yield_until(|| done.load(Ordering::SeqCst) == 1);
    })
    .ok();
}

/// A goroutine in a system call does not hold up a stop of the world, and waits at its end until it
/// is over.
#[test]
fn stopping_the_world_while_one_is_in_a_system_call() {
    in_child!(.procs(4), || {
        let (mut r, mut w) = std::io::pipe().unwrap();
        let state = Arc::new(AtomicUsize::new(0));
        let state2 = state.clone();
        gort::go(move || {
            let mut b = [0; 1];
            in_syscall(|| {
                state2.store(1, Ordering::SeqCst);
                r.read_exact(&mut b).unwrap();
            });
            state2.store(2, Ordering::SeqCst);
        });
        yield_until(|| state.load(Ordering::SeqCst) == 1);
        // SAFETY: on a user goroutine; the world is started again.
        unsafe {
            for _ in 0..10 {
                let world = stop_the_world_gc(StwReason::Gomaxprocs);
                assert_eq!(state.load(Ordering::SeqCst), 1);
                start_the_world_gc(world);
            }
        }
        w.write_all(&[7]).unwrap();
        yield_until(|| state.load(Ordering::SeqCst) == 2);
    })
    .ok();
}

/// On one P ids follow one another, across the batches of 16.
#[test]
fn ids_are_given_in_order() {
    in_child!(.procs(1), || {
        let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
        // SAFETY: on a goroutine.
        let goid = || unsafe { ((*getg()).goid, (*getg()).parent_goid) };
        for n in 1..=100 {
            let ids2 = ids.clone();
            gort::go(move || ids2.lock().unwrap().push(goid()));
            yield_until(|| ids.lock().unwrap().len() == n);
        }
        let ids = ids.lock().unwrap();
        let want: Vec<_> = (0..100).map(|i| (ids[0].0 + i, 1)).collect();
        assert_eq!(*ids, want);
    })
    .ok();
}

/// A dead G and its stack are used again; many of them go to the global list and come back.
#[test]
fn dead_goroutines_are_used_again() {
    in_child!(.procs(1), || {
        let done = Arc::new(AtomicUsize::new(0));
        let start = |n: usize| {
            for _ in 0..n {
                let done = done.clone();
                gort::go(move || _ = done.fetch_add(1, Ordering::SeqCst));
            }
        };
        start(1);
        yield_until(|| done.load(Ordering::SeqCst) == 1);
        let all = ALLGLEN.load();
        for n in 0..500 {
            start(1);
            yield_until(|| done.load(Ordering::SeqCst) == n + 2);
        }
        assert_eq!(ALLGLEN.load(), all);
        // 300 at a time: 300 Gs in all (fewer if the time slice ends between two), most of them in
        // the global list in between
        for r in 1..=20 {
            start(300);
            yield_until(|| done.load(Ordering::SeqCst) == 501 + 300 * r);
            assert!(ALLGLEN.load() <= all + 300);
            // SAFETY: on a user goroutine, with a P; on one P the counts are exact.
            unsafe {
                assert_eq!(gcount(), 1);
                // all dead ones but those in the P's own list, whose length stays below 64
                assert!((*sched()).g_free.n.get() as usize + 63 > ALLGLEN.load() - all);
                if r % 5 == 0 {
                    // what sysmon does after two minutes
                    while systemstack(|| markroot_free_g_stacks(100)) {}
                    assert!((*sched()).g_free.stack.empty());
                }
            }
        }
    })
    .ok();
}

/// The number of Ps goes up and down while goroutines run, block and end; none is lost.
#[test]
fn procresize_loses_nobody() {
    in_child!(.procs(3), || {
        let done = Arc::new(AtomicUsize::new(0));
        let mut n = 0;
        for r in 0..200 {
            for i in 0..20 {
                let done = done.clone();
                gort::go(move || {
                    // SAFETY: on a user goroutine.
                    unsafe { gosched() };
                    if i % 5 == 0 {
                        in_syscall(std::thread::yield_now);
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                });
                n += 1;
            }
            // SAFETY: on a user goroutine; newprocs is read by the start of the world.
            unsafe {
                let world = stop_the_world_gc(StwReason::Gomaxprocs);
                NEWPROCS.set(r * 7 % 40 + 1);
                start_the_world_gc(world);
                assert_eq!(GOMAXPROCS.load(), r * 7 % 40 + 1);
            }
        }
        yield_until(|| done.load(Ordering::SeqCst) == n);
    })
    .ok();
}

/// A locked goroutine stays on its thread, alone; locks nest.
#[test]
fn locked_goroutines_own_their_thread() {
    in_child!(.procs(2), || {
        // SAFETY: no preconditions.
        let tid = || unsafe { libc::syscall(libc::SYS_gettid) } as u64;
        let mine = Arc::new(AtomicU64::new(0));
        let done = Arc::new(AtomicUsize::new(0));
        // SAFETY: on a user goroutine.
        unsafe {
            lock_os_thread();
            lock_os_thread();
        }
        mine.store(tid(), Ordering::SeqCst);
        for _ in 0..100 {
            let (mine, done) = (mine.clone(), done.clone());
            gort::go(move || {
                for _ in 0..10 {
                    assert_ne!(tid(), mine.load(Ordering::SeqCst));
                    // SAFETY: on a user goroutine.
                    unsafe { gosched() };
                }
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        yield_until(|| {
            assert_eq!(tid(), mine.load(Ordering::SeqCst));
            done.load(Ordering::SeqCst) == 100
        });
        // SAFETY: on a user goroutine.
        unsafe {
            unlock_os_thread();
            assert!(!(*getg()).lockedm.is_null());
            unlock_os_thread();
            assert!((*getg()).lockedm.is_null() && (*(*getg()).m).lockedg.is_null());
            unlock_os_thread(); // one too many does nothing
        }
    })
    .ok();
}

/// Nobody can ever wake the only goroutine.
#[test]
fn deadlock_is_reported() {
    in_child!(.procs(2), || {
        // SAFETY: on a user goroutine.
        unsafe { gopark(None, core::ptr::null_mut(), WaitReason::ChanReceive) };
    })
    .exited(2)
    .stderr_has("fatal error: all goroutines are asleep - deadlock!");
}

/// The same, found by a goroutine that ends after the main goroutine has stopped.
#[test]
fn deadlock_is_reported_when_the_last_one_ends() {
    in_child!(.procs(4), || {
        for _ in 0..50 {
            gort::go(|| in_syscall(std::thread::yield_now));
        }
        // SAFETY: on a user goroutine.
        unsafe { gopark(None, core::ptr::null_mut(), WaitReason::ChanReceive) };
    })
    .exited(2)
    .stderr_has("fatal error: all goroutines are asleep - deadlock!");
}

/// The runtime's own goroutines are told apart.
#[test]
fn system_goroutines() {
    in_child!(.procs(1), || {
        let mut system = Vec::new();
        // SAFETY: reads only.
        unsafe {
            for_each_g_race(&mut |gp| {
                if is_system_goroutine(gp, false) {
                    system.push((*gp).goid);
                }
            });
            assert_eq!((*sched()).ngsys.load(), 3);
            assert!(!is_system_goroutine(getg(), false));
        }
        system.sort_unstable();
        assert_eq!(system, [2, 3, 4]);
    })
    .ok();
}
