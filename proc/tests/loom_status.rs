//! Models of the goroutine's state: the scan bit keeps everybody away, and who owns a transition is
//! never lost. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_status`
#![cfg(loom)]

use gort_proc::model::{check as model, new_g, new_m, on_m};
use gort_proc::*;
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
/// it does not run.
fn park_ready_scan() {
    model(3, || {
        // SAFETY: each transition has one owner.
        unsafe {
            let s = Arc::new(S { gp: new_g(GRUNNABLE), stack: UnsafeCell::new(0) });
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
    park_ready_scan();
}

/// The readier on a thread of its own: what it makes runnable is the owner's to run, whatever the
/// scanner does.
#[test]
fn scanner_and_waker() {
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
    park_ready_scan();
}

#[test]
#[should_panic]
fn mutant_preempt_park_without_the_scan_bit() {
    mutant::set("preemption without the scan bit");
    preempt_two_suspenders();
}
