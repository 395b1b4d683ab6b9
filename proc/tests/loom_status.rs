//! Models of the goroutine's state: the scan bit keeps everybody away, and who owns a transition is
//! never lost. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_status`
#![cfg(loom)]

use gort_proc::model::{check as model, new_g, new_m, on_m};
use gort_proc::*;
use gort_runtime2::model::set_light_fences;
use gort_runtime2::mutant;
use loom::cell::UnsafeCell;
use loom::thread;
use std::sync::Arc;

/// A goroutine, and what its scanner reads: its stack.
struct S {
    gp: *mut G,
    stack: UnsafeCell<u32>,
}
// SAFETY: the state of `gp` guards `stack`; loom checks that.
unsafe impl Send for S {}
// SAFETY: the same.
unsafe impl Sync for S {}

/// One round of a collector's scanner.
unsafe fn scan(s: &S) {
    // SAFETY: the scan bit is given back.
    unsafe {
        let old = readgstatus(s.gp);
        if matches!(old, GRUNNABLE | GWAITING) && castogscanstatus(s.gp, old, old | GSCAN) {
            s.stack.with(|v| *v);
            casfrom_gscanstatus(s.gp, old | GSCAN, old);
        }
    }
}

/// A goroutine runs, parks, is readied and runs again. A scanner reads its stack at any time when
/// it does not run. With `membarrier`, or with the owner's own fences.
fn park_ready_scan(membarrier: bool) {
    if membarrier {
        set_light_fences();
    }
    model(3, move || {
        // SAFETY: each transition has one owner.
        unsafe {
            let s = Arc::new(S { gp: new_g(GRUNNABLE), stack: UnsafeCell::new(0) });
            (*s.gp).nocgocallback = !membarrier;
            let t = {
                let s = s.clone();
                thread::spawn(move || {
                    on_m(new_m(1), || {
                        scan(&s);
                        scan(&s);
                    })
                })
            };
            on_m(new_m(0), || {
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                s.stack.with_mut(|v| *v += 1);
                casgstatus(s.gp, GRUNNING, GWAITING);
                casgstatus(s.gp, GWAITING, GRUNNABLE);
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                s.stack.with_mut(|v| *v += 1);
            });
            t.join().unwrap();
            assert_eq!(readgstatus(s.gp), GRUNNING);
        }
    });
}

#[test]
fn the_scanner_and_the_goroutine_take_turns() {
    park_ready_scan(true);
}

#[test]
fn without_membarrier() {
    park_ready_scan(false);
}

#[test]
#[should_panic]
fn mutant_casgstatus_without_its_own_fence() {
    mutant::set("casgstatus without its own fence");
    park_ready_scan(false);
}

/// The readier on a thread of its own: what it makes runnable is the owner's to run, whatever the
/// scanner does.
#[test]
fn scanner_and_waker() {
    set_light_fences();
    model(2, || {
        // SAFETY: each transition has one owner.
        unsafe {
            let s = Arc::new(S { gp: new_g(GWAITING), stack: UnsafeCell::new(0) });
            let scanner = {
                let s = s.clone();
                thread::spawn(move || on_m(new_m(1), || scan(&s)))
            };
            let waker = {
                let s = s.clone();
                thread::spawn(move || on_m(new_m(2), || casgstatus(s.gp, GWAITING, GRUNNABLE)))
            };
            waker.join().unwrap();
            on_m(new_m(0), || {
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                s.stack.with_mut(|v| *v += 1);
            });
            scanner.join().unwrap();
            assert_eq!(readgstatus(s.gp), GRUNNING);
        }
    });
}

/// A preempted goroutine leaves its M before anybody may have it, and one of two suspenders gets
/// it.
fn preempt_two_suspenders() {
    set_light_fences();
    model(3, || {
        // SAFETY: as preemptPark and suspendG do.
        unsafe {
            let s = Arc::new(S { gp: new_g(GRUNNING), stack: UnsafeCell::new(0) });
            let t: Vec<_> = (1..3)
                .map(|i| {
                    let s = s.clone();
                    thread::spawn(move || {
                        on_m(new_m(i), || {
                            let mine = cas_g_from_preempted(s.gp, GPREEMPTED, GWAITING);
                            if mine {
                                s.stack.with_mut(|v| *v += 1);
                            }
                            mine
                        })
                    })
                })
                .collect();
            on_m(new_m(0), || {
                cas_g_to_preempt_scan(s.gp, GRUNNING, GSCAN | GPREEMPTED);
                s.stack.with_mut(|v| *v += 1); // dropg
                casfrom_gscanstatus(s.gp, GSCAN | GPREEMPTED, GPREEMPTED);
            });
            let n = t.into_iter().map(|t| t.join().unwrap()).filter(|&m| m).count();
            assert!(n <= 1);
            let want = if n == 1 { GWAITING } else { GPREEMPTED };
            assert_eq!(readgstatus(s.gp), want);
        }
    });
}

#[test]
fn one_suspender_gets_a_preempted_goroutine() {
    preempt_two_suspenders();
}

#[test]
#[should_panic]
fn mutant_casgstatus_ignores_the_scan_bit() {
    mutant::set("casgstatus ignores the scan bit");
    park_ready_scan(true);
}

#[test]
#[should_panic]
fn mutant_preempt_park_without_the_scan_bit() {
    mutant::set("preemption without the scan bit");
    preempt_two_suspenders();
}

#[test]
#[should_panic]
fn mutant_casgstatus_without_its_fence() {
    mutant::set("casgstatus without its fence");
    park_ready_scan(true);
}

#[test]
#[should_panic]
fn mutant_castogscanstatus_does_not_look_again() {
    mutant::set("castogscanstatus does not look again");
    park_ready_scan(true);
}

/// The state is the old one when the scanner looks for the first time, another one when it takes
/// the bit, and the old one again, stored by an owner who has to wait now, when it looks for the
/// second time.
fn back_to_the_same_state() {
    set_light_fences();
    model(4, || {
        // SAFETY: each transition has one owner.
        unsafe {
            let s = Arc::new(S { gp: new_g(GWAITING), stack: UnsafeCell::new(0) });
            let t = {
                let s = s.clone();
                thread::spawn(move || {
                    on_m(new_m(1), || {
                        if castogscanstatus(s.gp, GWAITING, GSCANWAITING) {
                            s.stack.with(|v| *v);
                            casfrom_gscanstatus(s.gp, GSCANWAITING, GWAITING);
                        }
                    })
                })
            };
            on_m(new_m(0), || {
                casgstatus(s.gp, GWAITING, GRUNNABLE);
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                s.stack.with_mut(|v| *v += 1);
                casgstatus(s.gp, GRUNNING, GWAITING);
                casgstatus(s.gp, GWAITING, GRUNNABLE);
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                s.stack.with_mut(|v| *v += 1);
            });
            t.join().unwrap();
            assert_eq!(readgstatus(s.gp), GRUNNING);
        }
    });
}

#[test]
fn a_goroutine_comes_back_to_the_same_state() {
    back_to_the_same_state();
}

#[test]
#[should_panic]
fn mutant_castogscanstatus_does_not_acquire() {
    mutant::set("castogscanstatus does not acquire");
    back_to_the_same_state();
}

#[test]
#[should_panic]
fn mutant_casgstatus_does_not_release() {
    mutant::set("casgstatus does not release");
    back_to_the_same_state();
}

#[test]
#[should_panic]
fn mutant_casgstatus_does_not_acquire() {
    mutant::set("casgstatus does not acquire");
    park_ready_scan(true);
}

/// A goroutine ends while a scanner is about to see that; its G is used again.
fn ends() {
    set_light_fences();
    model(3, || {
        // SAFETY: each transition has one owner.
        unsafe {
            let s = Arc::new(S { gp: new_g(GRUNNABLE), stack: UnsafeCell::new(0) });
            let t = {
                let s = s.clone();
                thread::spawn(move || on_m(new_m(1), || scan(&s)))
            };
            on_m(new_m(0), || {
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                casgstatus(s.gp, GRUNNING, GDEAD);
                assert!(is_dead(s.gp), "it has ended"); // gfput, newproc1
                s.stack.with_mut(|v| *v += 1);
                casgstatus(s.gp, GDEAD, GRUNNABLE);
            });
            t.join().unwrap();
            assert_eq!(readgstatus(s.gp), GRUNNABLE);
        }
    });
}

#[test]
fn a_goroutine_ends() {
    ends();
}

#[test]
#[should_panic = "it has ended"]
fn mutant_a_dead_goroutine_has_no_scan_bit() {
    mutant::set("a dead goroutine has no scan bit");
    ends();
}

/// Two scanners and the goroutine itself.
#[test]
fn two_scanners() {
    set_light_fences();
    model(2, || {
        // SAFETY: each transition has one owner.
        unsafe {
            let s = Arc::new(S { gp: new_g(GWAITING), stack: UnsafeCell::new(0) });
            let t: Vec<_> = (1..3)
                .map(|i| {
                    let s = s.clone();
                    thread::spawn(move || on_m(new_m(i), || scan(&s)))
                })
                .collect();
            on_m(new_m(0), || {
                casgstatus(s.gp, GWAITING, GRUNNABLE);
                casgstatus(s.gp, GRUNNABLE, GRUNNING);
                s.stack.with_mut(|v| *v += 1);
            });
            t.into_iter().for_each(|t| t.join().unwrap());
            assert_eq!(readgstatus(s.gp), GRUNNING);
        }
    });
}

/// A stack is moved by somebody else, between any two transitions of its goroutine.
#[test]
fn a_stack_is_copied() {
    set_light_fences();
    model(3, || {
        // SAFETY: each transition has one owner; the copier gives the state back.
        unsafe {
            let s = Arc::new(S { gp: new_g(GWAITING), stack: UnsafeCell::new(0) });
            let t = {
                let s = s.clone();
                thread::spawn(move || {
                    on_m(new_m(1), || {
                        let old = readgstatus(s.gp);
                        if matches!(old, GRUNNABLE | GWAITING)
                            && castogscanstatus(s.gp, old, old | GSCAN)
                        {
                            casfrom_gscanstatus(s.gp, old | GSCAN, old);
                        }
                    })
                })
            };
            on_m(new_m(0), || {
                casgstatus(s.gp, GWAITING, GRUNNABLE);
                let old = casgcopystack(s.gp);
                assert_eq!(old, GRUNNABLE);
                s.stack.with_mut(|v| *v += 1);
                casgstatus(s.gp, GCOPYSTACK, old);
            });
            t.join().unwrap();
            assert_eq!(readgstatus(s.gp), GRUNNABLE);
        }
    });
}
