//! Models of the run queues: no goroutine is lost, none runs twice, whatever the owner and the
//! thieves do. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_runq`
#![cfg(loom)]

use gort_proc::model::{Ptr, check as model, init_ps, new_g, new_m, on_m, take_p};
use gort_proc::*;
use gort_runtime2::mutant;
use loom::thread;
use std::ptr::null_mut;

/// A goroutine that knows its number.
fn numbered(i: u64) -> *mut G {
    let gp = new_g(GRUNNABLE);
    // SAFETY: it is new.
    unsafe { (*gp).goid = i };
    gp
}

unsafe fn take_all(pp: *mut P, got: &mut Vec<u64>) {
    // SAFETY: the owner calls.
    unsafe {
        loop {
            let (gp, _) = runqget(pp);
            if gp.is_null() {
                return;
            }
            got.push((*gp).goid);
        }
    }
}

unsafe fn take_global(got: &mut Vec<u64>) {
    // SAFETY: nobody else is left.
    unsafe {
        let q = &raw mut (*sched()).runq;
        while !(*q).empty() {
            got.push((*(*q).pop()).goid);
        }
    }
}

unsafe fn put(pp: *mut P, ids: std::ops::Range<u64>, next: bool) {
    for i in ids {
        // SAFETY: the owner calls.
        unsafe { runqput(pp, numbered(i), next) };
    }
}

/// The owner does `own`, each thief steals once, then everything that is anywhere is collected: it
/// must be `0..n`, each once.
fn owner_and_thieves(
    n: u64,
    before: u64,
    thieves: i32,
    runnext: bool,
    own: unsafe fn(*mut P, &mut Vec<u64>),
) {
    // SAFETY: one thread each; the Ps are theirs.
    unsafe {
        let m0 = new_m(0);
        let pp = on_m(m0, || {
            init_ps(1 + thieves);
            let pp = take_p();
            put(pp, 0..before, false);
            pp
        });
        let t: Vec<_> = (0..thieves)
            .map(|i| {
                let mp = new_m(1 + i as i64);
                let p2 = on_m(mp, || take_p());
                let (mp, p2, pp) = (Ptr(mp), Ptr(p2), Ptr(pp));
                thread::spawn(move || {
                    on_m(mp.get(), || {
                        let mut got = vec![];
                        let gp = runqsteal(p2.get(), pp.get(), runnext);
                        if !gp.is_null() {
                            got.push((*gp).goid);
                        }
                        take_all(p2.get(), &mut got);
                        got
                    })
                })
            })
            .collect();
        let mut got = vec![];
        on_m(m0, || own(pp, &mut got));
        for t in t {
            got.extend(t.join().unwrap());
        }
        on_m(m0, || {
            take_all(pp, &mut got);
            assert!(runqempty(pp));
        });
        take_global(&mut got);
        got.sort_unstable();
        assert_eq!(got, (0..n).collect::<Vec<_>>(), "lost or duplicated");
    }
}

/// Puts two while one is there, takes one.
unsafe fn put_and_get(pp: *mut P, got: &mut Vec<u64>) {
    // SAFETY: the owner calls.
    unsafe {
        put(pp, 1..3, false);
        let (gp, _) = runqget(pp);
        if !gp.is_null() {
            got.push((*gp).goid);
        }
    }
}

/// A thief that comes at once takes the one that is just being put.
unsafe fn put_two(pp: *mut P, _: &mut Vec<u64>) {
    // SAFETY: the owner calls.
    unsafe { put(pp, 0..2, false) };
}

/// Through runnext: the second kicks the first out into the ring.
unsafe fn put_next_and_get(pp: *mut P, got: &mut Vec<u64>) {
    // SAFETY: the owner calls.
    unsafe {
        put(pp, 0..2, true);
        let (gp, _) = runqget(pp);
        if !gp.is_null() {
            got.push((*gp).goid);
        }
    }
}

/// One more than the ring holds.
unsafe fn overflow(pp: *mut P, _: &mut Vec<u64>) {
    // SAFETY: the owner calls.
    unsafe { put(pp, 4..5, false) };
}

unsafe fn drain(pp: *mut P, got: &mut Vec<u64>) {
    // SAFETY: the owner calls.
    unsafe {
        let (q, n) = runqdrain(pp);
        let before = got.len();
        while !q.empty() {
            got.push((*q.pop()).goid);
        }
        assert_eq!(got.len() - before, n as usize);
    }
}

fn ring_one_thief() {
    model(3, || owner_and_thieves(3, 1, 1, false, put_and_get));
}

#[test]
fn ring_against_one_thief() {
    ring_one_thief();
}

#[test]
fn ring_against_two_thieves() {
    model(2, || owner_and_thieves(3, 1, 2, false, put_and_get));
}

fn empty_one_thief() {
    model(3, || owner_and_thieves(2, 0, 1, false, put_two));
}

#[test]
fn an_empty_ring_against_a_thief() {
    empty_one_thief();
}

fn runnext_one_thief() {
    model(3, || owner_and_thieves(2, 0, 1, true, put_next_and_get));
}

#[test]
fn runnext_against_a_thief() {
    runnext_one_thief();
}

#[test]
fn runnext_against_two_thieves() {
    model(2, || owner_and_thieves(2, 0, 2, true, put_next_and_get));
}

fn full_one_thief() {
    model(3, || owner_and_thieves(5, 4, 1, false, overflow));
}

#[test]
fn a_full_ring_against_a_thief() {
    full_one_thief();
}

fn drain_one_thief() {
    model(3, || owner_and_thieves(3, 3, 1, false, drain));
}

#[test]
fn drain_against_a_thief() {
    drain_one_thief();
}

/// The P is never seen as empty while its one goroutine goes from runnext into the ring and another
/// comes.
fn never_empty(ps: i32) {
    model(3, move || {
        // SAFETY: one thread each.
        unsafe {
            let (m0, m1) = (new_m(0), new_m(1));
            let pp = on_m(m0, || {
                init_ps(ps);
                let pp = take_p();
                put(pp, 0..1, true);
                pp
            });
            let (m1, p) = (Ptr(m1), Ptr(pp));
            let t = thread::spawn(move || {
                on_m(m1.get(), || assert!(!runqempty(p.get()), "seen as empty"))
            });
            on_m(m0, || {
                put(pp, 1..2, true);
                assert!(!runqget(pp).0.is_null());
            });
            t.join().unwrap();
            assert_ne!(pp, null_mut());
        }
    });
}

#[test]
fn a_queue_is_never_empty_by_mistake() {
    never_empty(2);
}

/// There is a short cut in `runqget` for a single P.
#[test]
fn a_single_queue_is_never_empty_by_mistake() {
    never_empty(1);
}

#[test]
#[should_panic]
fn mutant_runqput_publishes_first() {
    mutant::set("runqput publishes first");
    empty_one_thief();
}

/// A relaxed store where there is one with release.
#[test]
#[should_panic]
fn mutant_runqput_publishes_without_order() {
    mutant::set("runqput publishes without order");
    empty_one_thief();
}

#[test]
#[should_panic = "lost or duplicated"]
fn mutant_runqget_does_not_commit() {
    mutant::set("runqget does not commit");
    ring_one_thief();
}

#[test]
#[should_panic]
fn mutant_runqgrab_does_not_commit() {
    mutant::set("runqgrab does not commit");
    ring_one_thief();
}

#[test]
#[should_panic = "lost or duplicated"]
fn mutant_runnext_is_just_taken() {
    mutant::set("runnext is just taken");
    runnext_one_thief();
}

#[test]
#[should_panic]
fn mutant_runqputslow_does_not_commit() {
    mutant::set("runqputslow does not commit");
    full_one_thief();
}

#[test]
#[should_panic = "lost or duplicated"]
fn mutant_runqdrain_does_not_commit() {
    mutant::set("runqdrain does not commit");
    drain_one_thief();
}

#[test]
#[should_panic = "seen as empty"]
fn mutant_runqempty_looks_once() {
    mutant::set("runqempty looks once");
    never_empty(2);
}
