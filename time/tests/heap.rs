//! The 4-ary heap against std's binary heap.

use gort as _;
use gort_runtime2::{Timer, Timers};
use gort_time::*;
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

mod world;

fn timer(when: i64) -> *mut Timer {
    let t: *mut Timer = Box::into_raw(Box::default());
    // SAFETY: fresh memory.
    unsafe {
        timer_init(t, None, core::ptr::null_mut());
        (*t).when = when;
        (*t).state = TIMER_HEAPED;
    }
    t
}

/// Takes out the head and returns its time.
unsafe fn pop(ts: *mut Timers) -> i64 {
    // SAFETY: the caller holds the lock; the timer is in no heap after delete_min and only we know
    // it.
    unsafe {
        let tw = (&*(*ts).heap.get())[0];
        assert_eq!(tw.when, (*tw.timer).when);
        assert_eq!((*ts).min_when_heap.load(), tw.when);
        delete_min(ts);
        assert!((*tw.timer).ts.is_null());
        drop(Box::from_raw(tw.timer));
        tw.when
    }
}

proptest! {
    #[test]
    fn add_and_delete(ops in prop::collection::vec(prop::option::of(1i64..200), 1..400)) {
        let pp = world::world();
        let mut model = BinaryHeap::new();
        // SAFETY: our own P; the lock is held where needed.
        unsafe {
            let ts = &raw mut (*pp).timers;
            for op in ops {
                timers_lock(ts);
                match op {
                    Some(when) => {
                        add_heap(ts, timer(when));
                        model.push(Reverse(when));
                    }
                    None if !model.is_empty() => {
                        let Reverse(want) = model.pop().unwrap();
                        prop_assert_eq!(pop(ts), want);
                    }
                    None => {}
                }
                timers_unlock(ts);
                prop_assert_eq!((*ts).len.load() as usize, model.len());
                prop_assert_eq!(wake_time(ts), model.peek().map_or(0, |r| r.0));
                timers_lock(ts);
                verify(ts);
                timers_unlock(ts);
            }
            timers_lock(ts);
            while let Some(Reverse(want)) = model.pop() {
                prop_assert_eq!(pop(ts), want);
            }
            timers_unlock(ts);
            prop_assert_eq!(wake_time(ts), 0);
        }
    }

    #[test]
    fn init_heap_sorts(mut whens in prop::collection::vec(1i64..10_000, 0..300)) {
        let pp = world::world();
        // SAFETY: our own P; the lock is held.
        unsafe {
            let ts = &raw mut (*pp).timers;
            timers_lock(ts);
            for _ in &whens {
                add_heap(ts, timer(1)); // all equal: any order is a heap
            }
            for (tw, &w) in (&mut *(*ts).heap.get()).iter_mut().zip(&whens) {
                tw.when = w;
                (*tw.timer).when = w;
            }
            init_heap(ts);
            timers_unlock(ts);
            timers_lock(ts);
            verify(ts);
            whens.sort();
            for (i, w) in whens.iter().enumerate() {
                if i == 0 {
                    // min_when_heap is only as exact as the last delete_min
                    (*ts).min_when_heap.store(*w);
                }
                prop_assert_eq!(pop(ts), *w);
            }
            timers_unlock(ts);
        }
    }
}
