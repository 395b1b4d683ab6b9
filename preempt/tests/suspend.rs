//! suspendG and resumeG, from another goroutine, on goroutines that run, wait, are runnable, and
//! are in a system call.

use gort::{chan, go, preempt, runtime};
use gort_asm::systemstack;
use gort_preempt::{resume_g, suspend_g};
use gort_proc::*;
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// Suspends `gp` from the system stack of a goroutine that counts as waiting meanwhile, as Go's
/// collector does, so that two goroutines can suspend one another. Returns the status it was held
/// in.
fn hold(gp: *mut G, f: impl FnOnce()) -> Option<u32> {
    // SAFETY: on a user goroutine; `gp` is one of this runtime.
    unsafe {
        systemstack(|| {
            let me = (*(*getg()).m).curg.ptr();
            casgstatus(me, GRUNNING, GWAITING);
            let s = suspend_g(gp);
            let r = (!s.dead).then_some(s.status);
            if !s.dead {
                f();
            }
            resume_g(s);
            casgstatus(me, GWAITING, GRUNNING);
            r
        })
    }
}

/// Starts a goroutine that says who it is, and runs `f`.
fn start(f: impl FnOnce() + Send + 'static) -> *mut G {
    let who = Arc::new(AtomicUsize::new(0));
    let w = who.clone();
    go(move || {
        w.store(getg() as usize, SeqCst);
        f();
    });
    while who.load(SeqCst) == 0 {
        runtime::gosched();
    }
    who.load(SeqCst) as *mut G
}

/// A goroutine in a loop, which counts: it stands still while it is held, and goes on afterwards.
fn running() {
    let n = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let (n1, s1) = (n.clone(), stop.clone());
    let gp = start(move || {
        // SAFETY: atomics.
        unsafe {
            preempt::scope(|| {
                while !s1.load(SeqCst) {
                    n1.fetch_add(1, SeqCst);
                }
            })
        }
    });
    for _ in 0..200 {
        let st = hold(gp, || {
            let a = n.load(SeqCst);
            for _ in 0..100 {
                std::hint::spin_loop();
            }
            assert_eq!(n.load(SeqCst), a, "it runs while it is held");
        });
        assert!(matches!(st, Some(GWAITING | GRUNNABLE)), "{st:?}");
        let a = n.load(SeqCst);
        while n.load(SeqCst) == a {
            runtime::gosched();
        }
    }
    stop.store(true, SeqCst);
}

/// One that waits stays where it is, and is woken by a send while it is held only afterwards.
fn waiting() {
    let c = chan::<u64>(0);
    let back = chan::<u64>(0);
    let (c1, b1) = (c.clone(), back.clone());
    let gp = start(move || {
        while let Some(v) = c1.recv() {
            b1.send(v + 1);
        }
    });
    for i in 0..200 {
        hold(gp, || ()).unwrap();
        c.send(i);
        hold(gp, || ()).unwrap();
        assert_eq!(back.recv(), Some(i + 1));
    }
    c.close();
}

/// One in a system call may go on there, but does not come back while it is held.
fn in_a_system_call() {
    let go_on = Arc::new(AtomicU64::new(0));
    let left = Arc::new(AtomicU64::new(0));
    let (g1, l1) = (go_on.clone(), left.clone());
    let gp = start(move || {
        for i in 1..=200 {
            gort::blocking(|| {
                while g1.load(SeqCst) < i {
                    std::thread::yield_now();
                }
            });
            l1.store(i, SeqCst);
        }
    });
    for i in 1..=200 {
        // SAFETY: reads its status.
        while unsafe { readgstatus(gp) } & !GSCAN != GSYSCALL || left.load(SeqCst) != i - 1 {
            runtime::gosched();
        }
        let st = hold(gp, || {
            go_on.store(i, SeqCst);
            std::thread::yield_now();
            assert_eq!(left.load(SeqCst), i - 1, "it came back");
        });
        assert_eq!(st, Some(GSYSCALL));
        while left.load(SeqCst) != i {
            runtime::gosched();
        }
    }
}

/// A foreign thread that gives its M back while its goroutine is held: that goroutine ends, but
/// only afterwards.
fn in_c() {
    for _ in 0..100 {
        let who = Arc::new(AtomicUsize::new(0));
        let (go_on, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (w1, g1, gone1) = (who.clone(), go_on.clone(), gone.clone());
        // SAFETY: on a goroutine with a P; the thread has no M when it asks for one.
        unsafe { newextram() };
        let t = std::thread::spawn(move || {
            // SAFETY: the thread has no M, and is on its g0 between the two.
            unsafe {
                needm(false);
                w1.store((*(*getg()).m).curg.ptr() as usize, SeqCst);
                while !g1.load(SeqCst) {
                    std::thread::yield_now();
                }
                dropm();
            }
            gone1.store(true, SeqCst);
        });
        while who.load(SeqCst) == 0 {
            runtime::gosched();
        }
        let gp = who.load(SeqCst) as *mut G;
        let st = hold(gp, || {
            go_on.store(true, SeqCst);
            // Natively who waits for the scan bit has stored the next state (gort_proc::status).
            // SAFETY: reads its status.
            while unsafe { readgstatus(gp) } != GSCAN | GDEAD {
                std::thread::yield_now();
            }
            for _ in 0..1000 {
                std::hint::spin_loop();
            }
            assert!(!gone.load(SeqCst), "it ended while it was held");
        });
        assert_eq!(st, Some(GSYSCALL));
        t.join().unwrap();
    }
}

/// Goroutines that suspend one another, and everybody else.
fn each_other() {
    let stop = Arc::new(AtomicBool::new(false));
    let done = chan::<()>(0);
    let gs: Arc<Vec<AtomicUsize>> = Arc::new((0..4).map(|_| AtomicUsize::new(0)).collect());
    for i in 0..4 {
        let (gs, done, stop) = (gs.clone(), done.clone(), stop.clone());
        go(move || {
            gs[i].store(getg() as usize, SeqCst);
            for k in 0..200 {
                let other = gs[(i + 1 + k % 3) % 4].load(SeqCst) as *mut G;
                if !other.is_null() {
                    hold(other, || ());
                }
                runtime::gosched();
            }
            done.send(());
            while !stop.load(SeqCst) {
                runtime::gosched();
            }
        });
    }
    for _ in 0..4 {
        done.recv();
    }
    stop.store(true, SeqCst);
}

/// Four goroutines that change their state all the time: one that is held does nothing meanwhile,
/// whatever it was about to do.
fn hopping() {
    let mut all = vec![];
    for _ in 0..2 {
        let (a, b) = (chan::<u64>(0), chan::<u64>(0));
        for first in [true, false] {
            let (a, b, n) = (a.clone(), b.clone(), Arc::new(AtomicU64::new(0)));
            let n1 = n.clone();
            // Until the program ends.
            let gp = start(move || {
                loop {
                    if first {
                        a.send(1);
                        b.recv();
                    } else {
                        a.recv();
                        b.send(1);
                    }
                    n1.fetch_add(1, SeqCst);
                    runtime::gosched();
                }
            });
            all.push((gp, n));
        }
    }
    for i in 0..2000 {
        let (gp, n) = &all[i % 4];
        hold(*gp, || {
            let before = n.load(SeqCst);
            for _ in 0..200 {
                std::hint::spin_loop();
            }
            assert_eq!(n.load(SeqCst), before, "a goroutine went on while it was held");
        });
        runtime::gosched();
    }
    for (_, n) in &all {
        assert!(n.load(SeqCst) > 0);
    }
}

macro_rules! at {
    ($($name:ident $f:ident $procs:literal $membarrier:literal;)*) => { $(
        #[test]
        fn $name() {
            in_child!(.procs($procs).env("GORTMEMBARRIER", $membarrier), $f).ok();
        }
    )* };
}
at! {
    running_1 running 1 "on"; running_2 running 2 "on"; running_8 running 8 "on";
    waiting_1 waiting 1 "on"; waiting_2 waiting 2 "on"; waiting_8 waiting 8 "on";
    in_a_system_call_1 in_a_system_call 1 "on"; in_a_system_call_2 in_a_system_call 2 "on"; in_a_system_call_8 in_a_system_call 8 "on";
    hopping_1 hopping 1 "on"; hopping_2 hopping 2 "on"; hopping_8 hopping 8 "on";
    in_c_1 in_c 1 "on"; in_c_2 in_c 2 "on"; in_c_8 in_c 8 "on";
    each_other_1 each_other 1 "on"; each_other_2 each_other 2 "on"; each_other_8 each_other 8 "on";
    // As on a kernel without the call.
    running_off running 2 "off";
    waiting_off waiting 2 "off";
    in_a_system_call_off in_a_system_call 2 "off";
    hopping_off hopping 2 "off";
    in_c_off in_c 2 "off";
    each_other_off each_other 2 "off";
}

/// A goroutine in a blocking section that was suspended there still may not use the runtime, and is
/// told so.
#[test]
fn a_blocking_section_is_one_after_it_was_suspended() {
    in_child!(.procs(2), || {
        let held = Arc::new(AtomicBool::new(false));
        let h1 = held.clone();
        let c = chan::<u64>(1);
        let c1 = c.clone();
        let gp = start(move || {
            gort::blocking(|| {
                while !h1.load(SeqCst) {
                    std::thread::yield_now();
                }
                c1.send(1);
            });
        });
        // SAFETY: reads its status.
        while unsafe { readgstatus(gp) } & !GSCAN != GSYSCALL {
            runtime::gosched();
        }
        assert_eq!(hold(gp, || ()), Some(GSYSCALL));
        held.store(true, SeqCst);
        c.recv();
    })
    .exited(2)
    .stderr_has(
        "fatal error: gort: operation inside of gort::blocking, where its goroutine has no processor",
    );
}
