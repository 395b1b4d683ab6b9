//! histogram_test.go

use gort_histogram::{record, time_histogram_metrics_buckets, write};
use gort_runtime2::*;

/// Go (runtime): histogram_test.go:15 TestTimeHistogram
#[test]
fn one_count_per_bucket() {
    let h = Box::<TimeHistogram>::default();
    let mut out = [0; TIME_HIST_TOTAL_BUCKETS];
    let rec = |v: i64, n: usize| {
        for _ in 0..n {
            // SAFETY: `h` lives.
            unsafe { record(&*h, v) };
        }
    };
    // As often as the bucket's number.
    for j in 0..TIME_HIST_NUM_SUB_BUCKETS {
        rec((j as i64) << (TIME_HIST_MIN_BUCKET_BITS - 1 - TIME_HIST_SUB_BUCKET_BITS), j);
    }
    for i in TIME_HIST_MIN_BUCKET_BITS..TIME_HIST_MAX_BUCKET_BITS {
        for j in 0..TIME_HIST_NUM_SUB_BUCKETS {
            let v = (1i64 << (i - 1)) + ((j as i64) << (i - 1 - TIME_HIST_SUB_BUCKET_BITS));
            rec(v, (i + 1 - TIME_HIST_MIN_BUCKET_BITS) as usize * TIME_HIST_NUM_SUB_BUCKETS + j);
        }
    }
    rec(-1, 1);
    rec(i64::MAX, 2);
    // SAFETY: `h` lives.
    unsafe { write(&*h, &mut out) };
    for i in 0..TIME_HIST_NUM_BUCKETS * TIME_HIST_NUM_SUB_BUCKETS {
        assert_eq!(out[1 + i], i as u64, "bucket {i}");
    }
    assert_eq!((out[0], out[TIME_HIST_TOTAL_BUCKETS - 1]), (1, 2), "underflow and overflow");
}

/// Go (runtime): histogram_test.go:76 TestTimeHistogramMetricsBuckets
#[test]
fn boundaries() {
    let b = time_histogram_metrics_buckets();
    let n = TIME_HIST_NUM_SUB_BUCKETS * TIME_HIST_NUM_BUCKETS + 3;
    assert_eq!(b.len(), n);
    let ns: [(usize, u64); 18] = [
        (2, 0x40),
        (3, 0x80),
        (4, 0xc0),
        (5, 0x100),
        (6, 0x140),
        (7, 0x180),
        (8, 0x1c0),
        (9, 0x200),
        (10, 0x280),
        (11, 0x300),
        (12, 0x380),
        (13, 0x400),
        (15, 0x600),
        (81, 0x8000000),
        (82, 0xa000000),
        (108, 0x380000000),
        (n - 2, 1 << 47),
        (1, 0),
    ];
    for (i, ns) in ns {
        assert_eq!(b[i], ns as f64 / 1e9, "boundary {i}");
    }
    assert_eq!((b[0], b[n - 1]), (f64::NEG_INFINITY, f64::INFINITY));
}
