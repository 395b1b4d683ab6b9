//! Packing, order, and many threads on one stack.

use gort_lfstack::*;
use gort_runtime2::Lfnode;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[unsafe(export_name = "gort.throw")]
fn throw(s: &str) -> ! {
    panic!("{s}")
}
#[unsafe(export_name = "gort.print_args")]
fn print_args(a: core::fmt::Arguments<'_>) {
    eprint!("{a}");
}

proptest! {
    #[test]
    fn packs(addr in 0u64..1 << 45, high: bool, tag: usize) {
        let mut addr = addr << 3;
        if high {
            addr |= 0xffff << 48 | 1 << 47;
        } else {
            addr &= (1 << 47) - 1;
        }
        let t = TaggedPointer::pack(addr as usize as *mut Lfnode, tag);
        prop_assert_eq!(t.pointer::<Lfnode>() as u64, addr);
        prop_assert_eq!(t.tag(), tag & ((1 << TAG_BITS) - 1));
    }

    /// Against a Vec.
    #[test]
    fn is_a_stack(ops in proptest::collection::vec(any::<bool>(), 0..200)) {
        let (s, mut model) = (Lfstack::new(), Vec::new());
        let mut all = Vec::new();
        for push in ops {
            prop_assert_eq!(s.empty(), model.is_empty());
            if push {
                let n = Box::into_raw(Box::<Lfnode>::default());
                lfnode_validate(n);
                // SAFETY: new nodes, freed at the end only.
                unsafe { s.push(n) };
                model.push(n);
                all.push(n);
            } else {
                // SAFETY: as above.
                prop_assert_eq!(unsafe { s.pop() }, model.pop().unwrap_or(std::ptr::null_mut()));
            }
        }
        for n in all {
            // SAFETY: nobody uses the stack any more.
            drop(unsafe { Box::from_raw(n) });
        }
    }
}

#[repr(C)]
#[derive(Default)]
struct Node {
    link: Lfnode,
    owners: AtomicU32,
}

/// Each node is owned by one thread at a time, and none is lost.
#[test]
fn stress() {
    const NODES: usize = 8;
    const THREADS: usize = 4;
    let stacks = Arc::new([Lfstack::new(), Lfstack::new()]);
    for i in 0..NODES {
        let n = Box::leak(Box::<Node>::default());
        // SAFETY: leaked, so mapped for ever.
        unsafe { stacks[i % 2].push(&raw mut n.link) };
    }
    let threads: Vec<_> = (0..THREADS)
        .map(|t| {
            let stacks = stacks.clone();
            std::thread::spawn(move || {
                let mut r = t;
                for _ in 0..100_000 {
                    r = r.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    // SAFETY: the nodes are leaked; who popped one owns it.
                    unsafe {
                        let n = stacks[r >> 33 & 1].pop().cast::<Node>();
                        if n.is_null() {
                            continue;
                        }
                        assert_eq!((*n).owners.fetch_add(1, SeqCst), 0);
                        assert_eq!((*n).owners.fetch_sub(1, SeqCst), 1);
                        stacks[r >> 34 & 1].push(n.cast());
                    }
                }
            })
        })
        .collect();
    for t in threads {
        t.join().unwrap();
    }
    let mut n = 0;
    for s in stacks.iter() {
        // SAFETY: leaked nodes.
        while !unsafe { s.pop() }.is_null() {
            n += 1;
        }
    }
    assert_eq!(n, NODES);
}
