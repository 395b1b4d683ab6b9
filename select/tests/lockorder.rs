//! The order in which a select locks its channels, against the standard library's sort.
#![cfg(not(loom))]

use gort_select::Scase;
use gort_select::lockorder::{COUNTED, count, heap_sort, sort};
use proptest::prelude::*;

/// Cases on the channels `c`, which nobody looks into, and the order to look at them.
fn cases(c: &[usize]) -> Vec<Scase> {
    c.iter().map(|&c| Scase { c: ((c + 1) * 64) as *mut _, ..Scase::default() }).collect()
}

proptest! {
    #[test]
    fn by_address(c in prop::collection::vec(0usize..20, 0..12), seed: u64) {
        let scases = cases(&c);
        let mut pollorder: Vec<u16> = (0..c.len() as u16).collect();
        pollorder.sort_by_key(|&o| (seed ^ u64::from(o)).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut sorted = pollorder.clone();
        sorted.sort_by_key(|&o| c[o as usize]);
        let distinct = sorted.windows(2).all(|w| c[w[0] as usize] != c[w[1] as usize]);

        let [mut by_heap, mut by_count, mut order] = [(); 3].map(|()| vec![0; c.len()]);
        // SAFETY: pollorder is a permutation of the indices.
        unsafe {
            heap_sort(&scases, &pollorder, &mut by_heap);
            sort(&scases, &pollorder, &mut order);
            if c.len() <= COUNTED {
                prop_assert_eq!(count(&scases, &pollorder, &mut by_count), distinct);
            }
        }
        // What runs is what Go's sort gives, also for cases on one channel.
        prop_assert_eq!(&order, &by_heap);
        // Which is an order by address of all the cases,
        prop_assert!(order.windows(2).all(|w| c[w[0] as usize] <= c[w[1] as usize]));
        let mut all = order.clone();
        all.sort();
        prop_assert!(all.iter().copied().eq(0..c.len() as u16));
        // and the only one if they are different.
        if distinct {
            prop_assert_eq!(&order, &sorted);
        }
    }
}
