//! With AddressSanitizer (`.ci/asan`): it finds what is wrong on goroutines' stacks and in memory
//! that they share, and complains about nothing else, although stacks are switched, left in the
//! middle and used again.
#![cfg(gort_asan)]

use gort::sync::WaitGroup;
use gort::{chan, go, recover, runtime, time};
use gort_tests::{Outcome, in_child};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

fn found(o: &Outcome, what: &str) {
    assert!(
        o.code != 0 && o.stderr.contains(&format!("ERROR: AddressSanitizer: {what}")),
        "{what}\n{o}"
    );
}

/// Runs `f` on a goroutine that has been on another one's stack before.
fn on_a_goroutine(f: impl FnOnce() + Send + 'static) {
    let c = chan::<()>(0);
    go(|| _ = black_box([1u8; 100]));
    runtime::gosched();
    let tx = c.clone();
    go(move || {
        f();
        tx.send(());
    });
    c.recv();
}

#[test]
fn stack_overflow() {
    let o = in_child!(.procs(1), || on_a_goroutine(|| {
        let a = black_box([1u8; 10]);
        // SAFETY: none: this is what is to be found.
        black_box(unsafe { a.as_ptr().wrapping_add(black_box(10)).read_volatile() });
    }));
    found(&o, "stack-buffer-overflow");
}

/// A variable on a goroutine's stack that is read behind the end of its block.
#[test]
fn use_after_scope() {
    let o = in_child!(.procs(1), || on_a_goroutine(|| {
        let p = {
            let a = black_box([1u8; 10]);
            runtime::gosched();
            black_box(a.as_ptr())
        };
        // SAFETY: none: this is what is to be found.
        black_box(unsafe { p.read_volatile() });
    }));
    found(&o, "stack-use-after-scope");
}

#[test]
fn heap_overflow() {
    let o = in_child!(.procs(1), || on_a_goroutine(|| {
        let v = black_box(vec![1u8; 10]);
        // SAFETY: none: this is what is to be found.
        black_box(unsafe { v.as_ptr().wrapping_add(black_box(10)).read_volatile() });
    }));
    found(&o, "heap-buffer-overflow");
}

#[test]
fn use_after_free() {
    let o = in_child!(.procs(2), || {
        let (c, back) = (chan::<usize>(0), chan::<()>(0));
        let (c1, b1) = (c.clone(), back.clone());
        go(move || {
            let v = Box::new(black_box(7u64));
            c1.send(&raw const *v as usize);
            drop(v);
            b1.send(());
        });
        let p = c.recv().unwrap();
        back.recv();
        // SAFETY: none: this is what is to be found.
        black_box(unsafe { std::ptr::with_exposed_provenance::<u64>(p).read_volatile() });
    });
    found(&o, "heap-use-after-free");
}

/// Frames with redzones, `n` deep, then `f`.
#[inline(never)]
fn deep(n: usize, f: &dyn Fn()) -> u8 {
    let a = black_box([n as u8; 33]);
    if n == 0 {
        f();
    } else {
        black_box(deep(n - 1, f));
    }
    let b = black_box([n as u8; 65]);
    a[n % 33] ^ b[n % 65]
}

/// Stacks that are left in the middle by Goexit and by panics, and used again; goroutines that move
/// between threads and wait at all depths.
fn left_and_used_again() {
    for round in 0..30 {
        let wg = Arc::new(WaitGroup::new());
        for i in 0..40usize {
            wg.add(1);
            let wg = wg.clone();
            struct Done(Arc<WaitGroup>);
            impl Drop for Done {
                fn drop(&mut self) {
                    self.0.done();
                }
            }
            go(move || {
                let _done = Done(wg);
                match (i + round) % 5 {
                    0 => drop(deep(i, &|| runtime::goexit())),
                    1 => drop(recover(|| deep(i, &|| panic!("left")))),
                    2 => drop(deep(i, &|| time::sleep(Duration::from_micros(50)))),
                    3 => drop(deep(i, &|| {
                        gort::blocking(|| std::thread::sleep(Duration::from_micros(20)));
                        runtime::gosched();
                    })),
                    _ => {
                        let sum: usize = gort::iter::pull(move |y| {
                            deep(i, &|| runtime::gosched());
                            (0..5usize).all(|n| y(n));
                        })
                        .sum();
                        assert_eq!(sum, 10);
                    }
                }
                black_box(deep(20, &|| ()));
            });
        }
        wg.wait();
    }
}

#[test]
fn left_and_used_again_1() {
    let o = in_child!(.procs(1), left_and_used_again);
    assert!(!o.ok().stderr.contains("AddressSanitizer"), "{o}");
}

#[test]
fn left_and_used_again_4() {
    let o = in_child!(.procs(4), left_and_used_again);
    assert!(!o.ok().stderr.contains("AddressSanitizer"), "{o}");
}
