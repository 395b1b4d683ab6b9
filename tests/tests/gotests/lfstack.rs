//! lfstack_test.go

use crate::go_test;
use gort::{chan, go};
use gort_lfstack::Lfstack;
use gort_runtime2::Lfnode;
use std::sync::Arc;

/// A node and its number.
#[repr(C)]
#[derive(Default)]
struct Node {
    link: Lfnode,
    n: u64,
}

fn node(n: u64) -> *mut Node {
    Box::into_raw(Box::new(Node { n, ..Node::default() }))
}

/// Go (runtime): lfstack_test.go:40 TestLFStack
#[test]
fn push_and_pop() {
    let s = Lfstack::new();
    // SAFETY: the nodes are leaked.
    unsafe {
        assert!(s.empty());
        assert!(s.pop().is_null());
        let (a, b) = (node(42), node(43));
        s.push(&raw mut (*a).link);
        s.push(&raw mut (*b).link);
        assert!(!s.empty());
        assert_eq!((*s.pop().cast::<Node>()).n, 43);
        assert_eq!((*s.pop().cast::<Node>()).n, 42);
        assert!(s.pop().is_null() && s.empty());
    }
}

go_test! {
    /// Go (runtime): lfstack_test.go:84 TestLFStackStress
    stress, {
        const K: u64 = 100;
        let p = 4 * gort::runtime::gomaxprocs(-1) as usize;
        let stacks = Arc::new([Lfstack::new(), Lfstack::new()]);
        let sum: u64 = (0..K).sum();
        // SAFETY: the nodes are leaked; who has popped one has it alone.
        unsafe {
            for n in 0..K {
                stacks[n as usize % 2].push(&raw mut (*node(n)).link);
            }
            let c = chan::<()>(p);
            for k in 0..p {
                let (stacks, c) = (stacks.clone(), c.clone());
                go(move || {
                    let mut r = k as u64 + 1;
                    for _ in 0..100_000 {
                        r = r.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        let n = stacks[(r >> 33 & 1) as usize].pop();
                        if !n.is_null() {
                            stacks[(r >> 34 & 1) as usize].push(n);
                        }
                    }
                    c.send(());
                });
            }
            (0..p).for_each(|_| _ = c.recv());
            let (mut cnt, mut sum2) = (0, 0);
            for s in stacks.iter() {
                loop {
                    let n = s.pop().cast::<Node>();
                    if n.is_null() {
                        break;
                    }
                    cnt += 1;
                    sum2 += (*n).n;
                }
            }
            assert_eq!((cnt, sum2), (K, sum));
        }
    }
}
