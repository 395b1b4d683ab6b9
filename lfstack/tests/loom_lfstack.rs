//! A model of the lock-free stack: a node that is popped, used and pushed again while another
//! thread is about to pop it must not take its old successor with it.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-lfstack --test loom_lfstack`
#![cfg(loom)]

use gort_lfstack::Lfstack;
use gort_runtime2::model::{check as model, disturb};
use gort_runtime2::{Lfnode, mutant};
use loom::thread;
use std::sync::Arc;

/// Three nodes are in; one thread pops one, the other pops two and pushes the first of them again:
/// afterwards each node is in exactly one place.
fn pop_against_reuse() {
    model(3, || {
        let s = Arc::new(Lfstack::default());
        let nodes: [usize; 3] =
            std::array::from_fn(|_| Box::into_raw(Box::<Lfnode>::default()) as usize);
        // SAFETY: the nodes are leaked; whoever pops a node owns it.
        unsafe {
            nodes.iter().for_each(|&n| s.push(n as *mut Lfnode));
            let t = {
                let s = s.clone();
                thread::spawn(move || s.pop() as usize)
            };
            let a = s.pop();
            let b = s.pop();
            if !a.is_null() {
                s.push(a);
            }
            let mut got = vec![t.join().unwrap(), b as usize];
            loop {
                let n = s.pop() as usize;
                if n == 0 {
                    break;
                }
                got.push(n);
                assert!(got.len() <= 3, "a node is in two places");
            }
            got.sort_unstable();
            let mut want = nodes.to_vec();
            want.sort_unstable();
            assert_eq!(got, want, "a node is in two places or none");
        }
    });
}

#[test]
fn no_aba() {
    pop_against_reuse();
}

/// Two threads push, a third pops.
#[test]
fn pushes_and_a_pop() {
    model(3, || {
        let s = Arc::new(Lfstack::default());
        // SAFETY: as above.
        unsafe {
            let new = || Box::into_raw(Box::<Lfnode>::default()) as usize;
            let t = {
                let s = s.clone();
                thread::spawn(move || {
                    let n = new();
                    s.push(n as *mut Lfnode);
                    n
                })
            };
            let mine = new();
            s.push(mine as *mut Lfnode);
            let mut got = vec![s.pop() as usize];
            let theirs = t.join().unwrap();
            got.push(s.pop() as usize);
            assert!(s.empty());
            got.sort_unstable();
            let mut want = vec![mine, theirs];
            want.sort_unstable();
            assert_eq!(got, want);
        }
    });
}

#[test]
#[should_panic = "a node is in two places"]
fn mutant_push_does_not_count() {
    mutant::set("push does not count");
    pop_against_reuse();
}

/// One thread alone: its compare-and-swaps cannot fail for a reason, so only weak ones show that it
/// tries again.
fn alone(chances: usize) {
    model(3, move || {
        let s = Lfstack::default();
        let nodes: [*mut Lfnode; 2] =
            std::array::from_fn(|_| Box::into_raw(Box::<Lfnode>::default()));
        let t = (chances > 0).then(|| disturb(chances));
        // SAFETY: the nodes are leaked, and this thread's.
        unsafe {
            nodes.iter().for_each(|&n| s.push(n));
            assert_eq!(
                [s.pop(), s.pop()],
                [nodes[1], nodes[0]],
                "a node is lost, or in two places"
            );
            assert!(s.empty(), "a node is in two places");
        }
        t.map(|t| t.join().unwrap());
    });
}

#[test]
fn weak_swaps_fail_without_a_reason() {
    alone(2);
}

#[test]
#[should_panic = "a node is lost"]
fn mutant_push_does_not_try_again() {
    mutant::set("push does not try again");
    alone(1);
}

#[test]
#[should_panic = "a node is in two places"]
fn mutant_pop_does_not_try_again() {
    mutant::set("pop does not try again");
    alone(1);
}

/// loom's own swaps do not find these: the reason for `disturb`.
#[test]
fn strong_swaps_find_neither() {
    mutant::set("push does not try again");
    alone(0);
    mutant::set("pop does not try again");
    alone(0);
}
