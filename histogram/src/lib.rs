//! Go's histogram.go: time histograms.
//!
//! A duration's highest set bit chooses the bucket, the next two bits the sub-bucket: buckets
//! double in width, with four equal parts each. What is below 2⁸ ns shares bucket 0, what is 2⁴⁷ ns
//! and above (39 hours) is overflow.

use gort_runtime2::{
    TIME_HIST_MAX_BUCKET_BITS, TIME_HIST_MIN_BUCKET_BITS, TIME_HIST_NUM_BUCKETS,
    TIME_HIST_NUM_SUB_BUCKETS, TIME_HIST_SUB_BUCKET_BITS, TIME_HIST_TOTAL_BUCKETS, TimeHistogram,
};

/// Counts one duration in ns.
///
/// # Safety
/// `h` is alive.
///
/// Go: histogram.go:105 record
pub unsafe fn record(h: *const TimeHistogram, duration: i64) {
    // SAFETY: the caller's contract; the counters are atomic.
    unsafe {
        // :107
        if duration < 0 {
            (*h).underflow.add(1);
            return;
        }
        // :118
        let (bucket_bit, bucket);
        let l = 64 - (duration as u64).leading_zeros();
        if l < TIME_HIST_MIN_BUCKET_BITS {
            bucket_bit = TIME_HIST_MIN_BUCKET_BITS;
            bucket = 0; // :121
        } else {
            bucket_bit = l;
            bucket = (bucket_bit - TIME_HIST_MIN_BUCKET_BITS + 1) as usize; // :124
        }
        // :128
        if bucket >= TIME_HIST_NUM_BUCKETS {
            (*h).overflow.add(1);
            return;
        }
        // :133
        let sub_bucket = (duration >> (bucket_bit - 1 - TIME_HIST_SUB_BUCKET_BITS)) as usize
            % TIME_HIST_NUM_SUB_BUCKETS;
        let counts = &raw const (*h).counts;
        (*counts)[bucket * TIME_HIST_NUM_SUB_BUCKETS + sub_bucket].add(1); // :134
    }
}

/// Copies the counts: underflow first, overflow last. They belong between the boundaries that
/// [`time_histogram_metrics_buckets`] returns.
///
/// # Safety
/// `h` is alive.
///
/// Go: histogram.go:138 write
pub unsafe fn write(h: *const TimeHistogram, out: &mut [u64; TIME_HIST_TOTAL_BUCKETS]) {
    // SAFETY: the caller's contract; the counters are atomic.
    unsafe {
        // :143
        out[0] = (*h).underflow.load();
        let counts = &raw const (*h).counts;
        for (o, c) in out[1..].iter_mut().zip((*counts).iter()) {
            *o = c.load(); // :145
        }
        // :147
        out[TIME_HIST_TOTAL_BUCKETS - 1] = (*h).overflow.load();
    }
}

/// The boundaries of the buckets, in seconds.
///
/// Go: histogram.go:168 timeHistogramMetricsBuckets
#[doc(alias = "timeHistogramMetricsBuckets")]
#[cfg(not(gort_inside))]
pub fn time_histogram_metrics_buckets() -> Vec<f64> {
    // :169
    let mut b = vec![0.0; TIME_HIST_TOTAL_BUCKETS + 1];
    b[0] = f64::NEG_INFINITY;
    // :173
    for j in 0..TIME_HIST_NUM_SUB_BUCKETS {
        let bucket_nanos =
            (j as u64) << (TIME_HIST_MIN_BUCKET_BITS - 1 - TIME_HIST_SUB_BUCKET_BITS);
        b[j + 1] = bucket_nanos as f64 / 1e9; // :179
    }
    // :183
    for i in TIME_HIST_MIN_BUCKET_BITS..TIME_HIST_MAX_BUCKET_BITS {
        for j in 0..TIME_HIST_NUM_SUB_BUCKETS {
            // :186
            let mut bucket_nanos = 1u64 << (i - 1);
            bucket_nanos |= (j as u64) << (i - 1 - TIME_HIST_SUB_BUCKET_BITS);
            // :193
            let bucket_index =
                (i - TIME_HIST_MIN_BUCKET_BITS + 1) as usize * TIME_HIST_NUM_SUB_BUCKETS + j + 1;
            b[bucket_index] = bucket_nanos as f64 / 1e9;
        }
    }
    // :200
    let n = b.len();
    b[n - 2] = (1u64 << (TIME_HIST_MAX_BUCKET_BITS - 1)) as f64 / 1e9;
    b[n - 1] = f64::INFINITY;
    b
}
