//! The queues of a pool, on plain threads: they need no scheduler.

use core::ffi::c_void;
use gort as _;
use gort_sync::Eface;
use gort_sync::poolqueue::{PoolChain, PoolDequeue};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

fn any(i: usize) -> Eface {
    Eface {
        typ: std::ptr::without_provenance_mut::<c_void>(1),
        val: std::ptr::without_provenance_mut(i),
    }
}

#[test]
fn dequeue_is_bounded_and_double_ended() {
    let d = PoolDequeue::new(8);
    let mut model = VecDeque::new();
    let mut x = 1u32;
    for i in 0..10_000 {
        x = x.wrapping_mul(1664525).wrapping_add(1013904223);
        // SAFETY: the only producer.
        unsafe {
            match x >> 30 {
                0 | 1 => {
                    let ok = d.push_head(any(i));
                    assert_eq!(ok, model.len() < 8);
                    if ok {
                        model.push_front(any(i));
                    }
                }
                2 => assert_eq!(d.pop_head(), model.pop_front()),
                _ => assert_eq!(d.pop_tail(), model.pop_back()),
            }
        }
    }
    // nil is a value like others
    // SAFETY: the only producer.
    unsafe {
        while d.pop_head().is_some() {}
        assert!(d.push_head(Eface::NIL));
        assert_eq!(d.pop_tail(), Some(Eface::NIL));
        assert!(d.push_head(Eface::NIL));
        assert_eq!(d.pop_head(), Some(Eface::NIL));
        assert_eq!(d.pop_head(), None);
    }
}

#[test]
fn chain_grows() {
    let c = PoolChain::new();
    assert_eq!(c.pop_tail(), None);
    // SAFETY: the only producer.
    unsafe {
        assert_eq!(c.pop_head(), None);
        for i in 0..1000 {
            c.push_head(any(i));
        }
        for i in 0..300 {
            assert_eq!(c.pop_tail(), Some(any(i)));
            assert_eq!(c.pop_head(), Some(any(999 - i)));
        }
        for i in 300..700 {
            assert_eq!(c.pop_tail(), Some(any(i)));
        }
        assert_eq!((c.pop_head(), c.pop_tail()), (None, None));
    }
}

/// One producer and three consumers: each value comes out once.
#[test]
fn chain_of_many_threads() {
    const N: usize = 100_000;
    let c = PoolChain::new();
    let seen: Vec<AtomicU32> = (0..N).map(|_| AtomicU32::new(0)).collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                loop {
                    let end = done.load(SeqCst);
                    match c.pop_tail() {
                        Some(x) => {
                            seen[x.val.addr()].fetch_add(1, SeqCst);
                        }
                        None if end => break,
                        None => std::thread::yield_now(),
                    }
                }
            });
        }
        for i in 0..N {
            // SAFETY: the only producer.
            unsafe {
                c.push_head(any(i));
                if i % 5 == 0
                    && let Some(x) = c.pop_head()
                {
                    seen[x.val.addr()].fetch_add(1, SeqCst);
                }
            }
        }
        done.store(true, SeqCst);
    });
    for (i, n) in seen.iter().enumerate() {
        assert_eq!(n.load(SeqCst), 1, "value {i}");
    }
}
