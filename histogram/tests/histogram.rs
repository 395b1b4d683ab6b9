//! The histogram against its own boundaries.

use gort_histogram::*;
use gort_runtime2::{TIME_HIST_TOTAL_BUCKETS, TimeHistogram};
use proptest::prelude::*;

/// The one slot that counted `d`.
fn slot(d: i64) -> usize {
    let h = TimeHistogram::default();
    let mut out = [0; TIME_HIST_TOTAL_BUCKETS];
    // SAFETY: the histogram is alive.
    unsafe {
        record(&raw const h, d);
        write(&raw const h, &mut out);
    }
    assert_eq!(out.iter().sum::<u64>(), 1);
    out.iter().position(|n| *n == 1).unwrap()
}

proptest! {
    /// Slot `i` lies between boundaries `i` and `i + 1`.
    #[test]
    fn counts_where_the_boundaries_say(d in any::<i64>(), shift in 0..63u32) {
        let d = d >> shift;
        let b = time_histogram_metrics_buckets();
        let i = slot(d);
        if d < 0 {
            prop_assert_eq!(i, 0);
        } else if d < 1 << 47 {
            let (lo, hi) = ((b[i] * 1e9).round() as i64, (b[i + 1] * 1e9).round() as i64);
            prop_assert!(lo <= d && d < hi, "{} in [{}, {})", d, lo, hi);
        } else {
            prop_assert_eq!(i, TIME_HIST_TOTAL_BUCKETS - 1);
        }
    }
}

#[test]
fn boundaries_rise() {
    let b = time_histogram_metrics_buckets();
    assert_eq!(b.len(), TIME_HIST_TOTAL_BUCKETS + 1);
    assert!(b.windows(2).all(|w| w[0] < w[1]));
    assert_eq!((b[0], b[1], b[2]), (f64::NEG_INFINITY, 0.0, 64e-9));
    assert_eq!(b[b.len() - 2], (1u64 << 47) as f64 / 1e9);
}

#[test]
fn edges() {
    assert_eq!([slot(-1), slot(0), slot(63), slot(64), slot(255), slot(256)], [0, 1, 1, 2, 4, 5]);
    assert_eq!(slot((1 << 47) - 1), TIME_HIST_TOTAL_BUCKETS - 2);
    assert_eq!(slot(1 << 47), TIME_HIST_TOTAL_BUCKETS - 1);
    assert_eq!(slot(i64::MAX), TIME_HIST_TOTAL_BUCKETS - 1);
}
