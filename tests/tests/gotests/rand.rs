//! rand_test.go

use crate::go_test;
use gort::{chan, go};

go_test! {
    /// The generators of all Ms give different numbers, and equally many ones and zeroes.
    ///
    /// Go (runtime): rand_test.go:14 TestReadRandom
    every_m_has_its_own_numbers, .procs(4) {
        let c = chan::<Vec<u64>>(0);
        for _ in 0..8 {
            let c = c.clone();
            go(move || c.send((0..1000).map(|_| gort_proc::rand()).collect()));
        }
        let mut all: Vec<u64> = (0..8).flat_map(|_| c.recv().unwrap()).collect();
        let ones: u32 = all.iter().map(|v| v.count_ones()).sum();
        assert!((ones as i64 - 8000 * 32).abs() < 8000, "{ones} ones");
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8000);
    }
}
