//! Lines 1-2142 of proc.go: start-up, parking, states, stopping the world, safe points, the end of
//! an M.

use gort_proc::*;
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};

fn goid() -> u64 {
    // SAFETY: on a goroutine.
    unsafe { (*getg()).goid }
}

/// main is 1; forcegc, bgsweep and bgscavenge are 2 to 4; the P's cache of ids goes on from there.
#[test]
fn ids_of_the_first_goroutines() {
    in_child!(.procs(1), || {
        assert_eq!(goid(), 1);
        let mut ids = Vec::new();
        // SAFETY: reads ids only.
        unsafe {
            for_each_g_race(&mut |gp| {
                if (*gp).goid != 0 {
                    ids.push((*gp).goid);
                }
            });
            assert_eq!((*(*forcegc()).g.ptr()).goid, 2);
            assert!((*forcegc()).idle.load());
        }
        ids.sort_unstable();
        assert_eq!(ids[..4], [1, 2, 3, 4]);
    })
    .ok();
}

/// A goroutine that yields goes behind all others: round robin on one P.
#[test]
fn gosched_is_round_robin() {
    in_child!(.procs(1), || {
        let done = Arc::new(AtomicUsize::new(0));
        for name in ["a", "b", "c"] {
            let done = done.clone();
            gort::go(move || {
                for i in 0..3 {
                    println!("{name}{i}");
                    // SAFETY: on a user goroutine.
                    unsafe { gosched() }
                }
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
        while done.load(Ordering::SeqCst) != 3 {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
    })
    .ok()
    // The last one started runs first: it has the runnext slot.
    .stdout_is("c0\na0\nb0\nc1\na1\nb1\nc2\na2\nb2\n");
}

/// An unlockf that returns false cancels the park; one that returns true is undone by goready.
#[test]
fn park_and_ready() {
    in_child!(.procs(2), || {
        unsafe fn refuse(_: *mut G, n: *mut core::ffi::c_void) -> bool {
            // SAFETY: n is the counter below.
            unsafe { (*n.cast::<AtomicI32>()).fetch_add(1, Ordering::SeqCst) };
            false
        }
        let n = AtomicI32::new(0);
        // SAFETY: nobody else knows of this park.
        unsafe { gopark(Some(refuse), (&raw const n).cast_mut().cast(), WaitReason::Sleep) };
        assert_eq!(n.load(Ordering::SeqCst), 1);

        unsafe fn publish(gp: *mut G, cell: *mut core::ffi::c_void) -> bool {
            // SAFETY: cell is the pointer below.
            unsafe { (*cell.cast::<AtomicUsize>()).store(gp.addr(), Ordering::SeqCst) };
            true
        }
        let cell = Arc::new(AtomicUsize::new(0));
        for _ in 0..1000 {
            cell.store(0, Ordering::SeqCst);
            let c = cell.clone();
            let me = getg().addr();
            gort::go(move || {
                while c.load(Ordering::SeqCst) == 0 {
                    // SAFETY: on a user goroutine.
                    unsafe { gosched() }
                }
                assert_eq!(c.load(Ordering::SeqCst), me);
                // SAFETY: the goroutine has parked, and only this one knows.
                unsafe { goready(me as *mut G) }
            });
            // SAFETY: as above.
            unsafe { gopark(Some(publish), Arc::as_ptr(&cell).cast_mut().cast(), WaitReason::ChanReceive) };
        }
    })
    .ok();
}

/// 128 sudogs stay with the P; the 129th moves half of them to the central list, from where they
/// come back.
#[test]
fn sudogs_go_to_the_central_list_and_back() {
    in_child!(.procs(1), || {
        // SAFETY: the only goroutine that runs, on the only P.
        unsafe {
            let pp = (*(*getg()).m).p.ptr();
            let central = || {
                let mut n = 0;
                let mut s = (*sched()).sudogcache;
                while !s.is_null() {
                    n += 1;
                    s = (*s).next;
                }
                n
            };
            let all: Vec<_> = (0..300).map(|_| acquire_sudog()).collect();
            let mut distinct = all.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 300);
            let (local0, central0) = ((*pp).sudogcache.len, central());
            assert_eq!(local0, 0);
            for s in all {
                release_sudog(s);
            }
            // 128 fill the cache; from then on each 64 more go over.
            assert_eq!((*pp).sudogcache.len, 108);
            assert_eq!(central(), central0 + 192);
            let some: Vec<_> = (0..109).map(|_| acquire_sudog()).collect();
            assert_eq!((*pp).sudogcache.len, 63);
            assert_eq!(central(), central0 + 128);
            for s in some {
                release_sudog(s);
            }
        }
    })
    .ok();
}

/// While the world is stopped nobody else runs, and everybody goes on afterwards.
#[test]
fn stop_the_world_stops_everybody() {
    in_child!(.procs(4), || {
        let stop = Arc::new(AtomicBool::new(false));
        let ended = Arc::new(AtomicUsize::new(0));
        let ticks = Arc::new(AtomicU64::new(0));
        for _ in 0..8 {
            let (stop, ended, ticks) = (stop.clone(), ended.clone(), ticks.clone());
            gort::go(move || {
                while !stop.load(Ordering::SeqCst) {
                    ticks.fetch_add(1, Ordering::SeqCst);
                    // SAFETY: on a user goroutine.
                    unsafe { gosched() }
                }
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        for i in 0..200 {
            let reason = if i % 2 == 0 { StwReason::ReadMemStats } else { StwReason::GCMarkTerm };
            // SAFETY: on a user goroutine without locks.
            unsafe {
                let w = stop_the_world(reason);
                assert_eq!(w.reason, reason);
                assert!(w.finished_stopping >= w.started_stopping);
                let before = ticks.load(Ordering::SeqCst);
                for k in 0..(*allp()).len {
                    assert_eq!((*(*(*allp()).at(k))).status.load(), PGCSTOP);
                }
                for _ in 0..100 {
                    procyield(10);
                }
                assert_eq!(ticks.load(Ordering::SeqCst), before);
                start_the_world(w);
            }
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
        stop.store(true, Ordering::SeqCst);
        while ended.load(Ordering::SeqCst) != 8 {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
    })
    .ok();
}

/// Several goroutines stop the world at the same time: one after the other.
#[test]
fn stops_are_serialised() {
    in_child!(.procs(4), || {
        let inside = Arc::new(AtomicI32::new(0));
        let ended = Arc::new(AtomicUsize::new(0));
        for _ in 0..6 {
            let (inside, ended) = (inside.clone(), ended.clone());
            gort::go(move || {
                for _ in 0..50 {
                    // SAFETY: on a user goroutine without locks.
                    unsafe {
                        let w = stop_the_world_gc(StwReason::Gomaxprocs);
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        start_the_world_gc(w);
                    }
                }
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        while ended.load(Ordering::SeqCst) != 6 {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
    })
    .ok();
}

/// `for_each_p` reaches every P exactly once: idle ones, running ones and those in system calls.
#[test]
fn every_p_passes_a_safe_point() {
    in_child!(.procs(4), || {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let stop = stop.clone();
            gort::go(move || {
                while !stop.load(Ordering::SeqCst) {
                    // SAFETY: on a user goroutine.
                    unsafe { gosched() }
                }
            });
        }
        let s = stop.clone();
        gort::go(move || {
            gort::blocking(|| {
                while !s.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
            })
        });
        let hits: [AtomicI32; 4] = Default::default();
        for round in 1..=100 {
            // SAFETY: worldsema is held; the closure uses a native stack, which is never moved.
            unsafe {
                linkname::semacquire(&WORLDSEMA);
                for_each_p(WaitReason::FlushProcCaches, &|pp| {
                    hits[(*pp).id as usize].fetch_add(1, Ordering::SeqCst);
                });
                linkname::semrelease1(&WORLDSEMA, false, 0);
            }
            for h in &hits {
                assert_eq!(h.load(Ordering::SeqCst), round);
            }
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
        stop.store(true, Ordering::SeqCst);
    })
    .ok();
}

/// A goroutine that ends while it is locked to its thread ends the thread as well.
#[test]
fn a_locked_goroutine_takes_its_thread_along() {
    in_child!(.procs(2), || {
        // SAFETY: counters, and functions of user goroutines.
        unsafe {
            for i in 1..=20 {
                gort::go(|| lock_os_thread());
                while (*sched()).nmfreed.load() < i {
                    gosched();
                }
            }
            // Every M that is left is in allm, and none that ended.
            let mut n = 0;
            let mut mp = ALLM.load();
            while !mp.is_null() {
                n += 1;
                mp = (*mp).alllink.load();
            }
            lock(&raw mut (*sched()).lock);
            let m = mcount();
            unlock(&raw mut (*sched()).lock);
            assert!((n - i64::from(m)).abs() <= 1, "{n} Ms in allm, {m} counted");
        }
    })
    .ok();
}

/// Latency is measured for one in eight transitions out of running.
#[test]
fn scheduling_latency_is_recorded() {
    in_child!(.procs(1), || {
        // SAFETY: reads counters.
        unsafe {
            let total = || -> u64 { (*sched()).time_to_run.counts.iter().map(|c| c.load()).sum() };
            let before = total();
            for _ in 0..80 {
                gosched();
            }
            let n = total() - before;
            assert!((9..=20).contains(&n), "{n} samples of 80 transitions");
        }
    })
    .ok();
}

/// Who holds the scan bit of a goroutine holds off its wake-up, which goes through afterwards.
#[test]
fn the_scan_bit_is_a_lock() {
    in_child!(.procs(2), || {
        unsafe fn publish(gp: *mut G, cell: *mut core::ffi::c_void) -> bool {
            // SAFETY: cell is the word below.
            unsafe { (*cell.cast::<AtomicUsize>()).store(gp.addr(), Ordering::SeqCst) };
            true
        }
        let parked = Arc::new(AtomicUsize::new(0));
        let woken = Arc::new(AtomicBool::new(false));
        let (p, w) = (parked.clone(), woken.clone());
        gort::go(move || {
            // SAFETY: readied by the other goroutine below, once.
            unsafe { gopark(Some(publish), Arc::as_ptr(&p).cast_mut().cast(), WaitReason::Sleep) };
            w.store(true, Ordering::SeqCst);
        });
        while parked.load(Ordering::SeqCst) == 0 {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
        let gp = parked.load(Ordering::SeqCst);
        let running = Arc::new(AtomicBool::new(false));
        let held = Arc::new(AtomicBool::new(false));
        let (r, h) = (running.clone(), held.clone());
        gort::go(move || {
            r.store(true, Ordering::SeqCst);
            while !h.load(Ordering::SeqCst) {
                procyield(1);
            }
            // SAFETY: gp is parked, and nobody else wakes it.
            unsafe { goready(gp as *mut G) }
        });
        while !running.load(Ordering::SeqCst) {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
        // SAFETY: the bit is taken and given back here.
        unsafe {
            let gp = gp as *mut G;
            assert!(!castogscanstatus(gp, GRUNNABLE, GSCANRUNNABLE));
            assert!(castogscanstatus(gp, GWAITING, GSCANWAITING));
            held.store(true, Ordering::SeqCst);
            // The waker has stored what comes next, and waits for the bit.
            while readgstatus(gp) != GSCANRUNNABLE {
                procyield(1);
            }
            for _ in 0..10_000 {
                procyield(1);
                assert_eq!(readgstatus(gp), GSCANRUNNABLE);
                assert!(!woken.load(Ordering::SeqCst));
            }
            casfrom_gscanstatus(gp, GSCANWAITING, GWAITING);
        }
        while !woken.load(Ordering::SeqCst) {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
    })
    .ok();
}

/// A state change with the scan bit in it is refused, with Go's words.
#[test]
fn bad_transition_throws() {
    let o = in_child!(|| {
        // SAFETY: this ends the process.
        unsafe { casgstatus(getg(), GRUNNING, GSCANRUNNING) }
    });
    o.exited(2).stderr_has("runtime: casgstatus: oldval=0x2 newval=0x1002");
    o.stderr_has("fatal error: casgstatus: bad incoming values");
}

/// The scheduler's own stack is bad: the report is made on the crash stack.
#[test]
fn morestack_on_g0() {
    in_child!(|| {
        // SAFETY: this ends the process.
        unsafe {
            systemstack::<(), _>(|| {
                assert_eq!(getg(), (*(*getg()).m).g0);
                badmorestackg0()
            })
        }
    })
    .exited(2)
    .stderr_has("runtime: morestack on g0, stack [0x")
    .stderr_has("fatal error: morestack on g0");
}

/// When main returns the process ends, whatever the others do.
#[test]
fn main_does_not_wait() {
    in_child!(.procs(2), || {
        gort::go(|| {
            loop {
                // SAFETY: on a user goroutine.
                unsafe { gosched() }
            }
        });
        println!("main");
    })
    .ok()
    .stdout_is("main\n");
}

/// More threads than allowed are fatal, with Go's words.
#[test]
fn thread_exhaustion() {
    in_child!(|| {
        // SAFETY: on a user goroutine.
        unsafe { set_max_threads(20) };
        for _ in 0..40 {
            gort::go(|| gort::blocking(|| std::thread::sleep(std::time::Duration::from_secs(60))));
        }
        loop {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
    })
    .exited(2)
    .stderr_has("runtime: program exceeds 20-thread limit")
    .stderr_has("fatal error: thread exhaustion");
}

/// A bad GOMAXPROCS is ignored, a good one is not.
#[test]
fn gomaxprocs_from_the_environment() {
    let procs = || println!("{} {}", GOMAXPROCS.load(), NCPU.load());
    for bad in ["0", "-3", "x", "99999999999", "2x", ""] {
        let o = in_child!(.env("GOMAXPROCS", bad), procs);
        let (a, b) = o.ok().stdout.trim().split_once(' ').expect("two numbers");
        assert_eq!(a, b, "GOMAXPROCS={bad:?}");
    }
}

/// A good GOMAXPROCS is honoured.
#[test]
fn gomaxprocs_three() {
    in_child!(.procs(3), || println!("{}", GOMAXPROCS.load())).ok().stdout_is("3\n");
}

/// A limit that does not fit into an int32 is cut down to the largest one.
#[test]
fn more_threads_than_can_be_counted() {
    in_child!(|| {
        // SAFETY: on a goroutine.
        unsafe {
            assert_eq!(set_max_threads(1 << 40), 10000);
            assert_eq!(set_max_threads(10000), i32::MAX as isize);
        }
    })
    .ok();
}

/// MXCSR without its sticky flags, and the x87 control word.
fn control_words() -> (u32, u16) {
    let (mut mxcsr, mut x87) = (0u32, 0u16);
    // SAFETY: stores two control words.
    unsafe {
        core::arch::asm!("stmxcsr [{}]", "fnstcw [{}]", in(reg) &raw mut mxcsr, in(reg) &raw mut x87, options(nostack));
    }
    (mxcsr & !0x3f, x87)
}

/// What [`report_control_words`] found; 0 before.
static NEW_THREADS_WORDS: AtomicU64 = AtomicU64::new(0);

/// The start of an M that never schedules.
unsafe fn report_control_words() {
    let (mxcsr, x87) = control_words();
    NEW_THREADS_WORDS.store(u64::from(mxcsr) << 16 | u64::from(x87), Ordering::SeqCst);
    loop {
        usleep(1_000_000);
    }
}

/// A thread inherits the control words of the one that makes it, which may do so for a goroutine
/// that has changed its own. A new goroutine, and a parked one with the default words, would run
/// with them.
#[test]
fn control_words_stay_with_their_goroutine() {
    in_child!(.procs(2), || {
        assert_eq!(control_words(), (0x1f80, 0x37f));
        let upwards: (u32, u16) = (0x5f80, 0xb7f);
        // SAFETY: rounds upwards from here on, but nothing is computed. The new M needs no P, as
        // its function does not return.
        unsafe {
            core::arch::asm!("ldmxcsr [{}]", "fldcw [{}]", in(reg) &raw const upwards.0, in(reg) &raw const upwards.1, options(nostack));
            systemstack(|| newm(Some(report_control_words), core::ptr::null_mut(), -1));
        }
        while NEW_THREADS_WORDS.load(Ordering::SeqCst) == 0 {
            gort::time::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(NEW_THREADS_WORDS.load(Ordering::SeqCst), 0x1f80 << 16 | 0x37f);
        assert_eq!(control_words(), upwards);
    })
    .ok();
}

/// User goroutines that come to the scheduler, or out of a system call, are put aside while they
/// are disabled, and run when they are enabled again.
#[test]
fn disabled_user_goroutines_are_put_aside() {
    in_child!(.procs(2), || {
        let n = Arc::new(AtomicU64::new(0));
        let (entered, leave) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let left = Arc::new(AtomicBool::new(false));
        let n2 = n.clone();
        gort::go(move || {
            loop {
                n2.fetch_add(1, Ordering::SeqCst);
                // SAFETY: on a user goroutine.
                unsafe { gosched() }
            }
        });
        let (entered2, leave2, left2) = (entered.clone(), leave.clone(), left.clone());
        gort::go(move || {
            gort::blocking(|| {
                entered2.store(true, Ordering::SeqCst);
                while !leave2.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
            });
            left2.store(true, Ordering::SeqCst);
        });
        while !entered.load(Ordering::SeqCst) || n.load(Ordering::SeqCst) == 0 {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
        // Until they are enabled again this goroutine must not yield.
        // SAFETY: the world is stopped when they are disabled, as `sched_enable_user` wants it.
        let put_aside = || unsafe {
            lock(&raw mut (*sched()).lock);
            let n = (*sched()).disable.n;
            unlock(&raw mut (*sched()).lock);
            n
        };
        // SAFETY: as above.
        unsafe {
            let w = stop_the_world(StwReason::Unknown);
            sched_enable_user(false);
            start_the_world(w);
        }
        while put_aside() != 1 {
            std::thread::yield_now();
        }
        leave.store(true, Ordering::SeqCst);
        while put_aside() != 2 {
            std::thread::yield_now();
        }
        let then = n.load(Ordering::SeqCst);
        assert!(!left.load(Ordering::SeqCst));
        // SAFETY: on a user goroutine.
        unsafe { sched_enable_user(true) };
        while n.load(Ordering::SeqCst) == then || !left.load(Ordering::SeqCst) {
            // SAFETY: on a user goroutine.
            unsafe { gosched() }
        }
    })
    .ok();
}

/// What is taken for the bounds of a thread's stack, without asking the C library, is inside of
/// what that says.
#[test]
fn the_stack_of_g0_is_the_threads() {
    in_child!(.procs(2), || {
        // SAFETY: on a user goroutine. m0 stays with it.
        unsafe { lock_os_thread() };
        let c = gort::chan::<()>(0);
        let c2 = c.clone();
        gort::go(move || {
            // SAFETY: this thread's own M and g0.
            unsafe {
                systemstack(|| {
                    let (s, whole) = ((*getg()).stack, thread_stack());
                    assert_ne!((*getg()).m, M0.load());
                    assert!(whole.lo <= s.lo && s.lo <= whole.lo + 8192, "{whole:x?} {s:x?}");
                    assert!(s.hi <= whole.hi && s.hi - s.lo == M_STACK_SIZE);
                });
            }
            c2.send(());
        });
        c.recv();
    })
    .ok();
}
