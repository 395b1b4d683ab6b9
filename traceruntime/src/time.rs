//! Go's tracetime.go: the clock of traces.

use crate::*;
use gort_asm::systemstack;
use gort_lock_futex::{lock, unlock};
use gort_os_linux::nanotime;

/// Nanoseconds in a unit of a trace's clock.
///
/// Go: tracetime.go:41 traceTimeDiv
pub const TRACE_TIME_DIV: u64 = 64;

/// A time in a trace.
///
/// Go: tracetime.go:44 traceTime
pub type TraceTime = u64;

/// The time on the trace's clock.
///
/// Go: tracetime.go:56 traceClockNow
#[doc(alias = "traceClockNow")]
#[inline]
pub fn trace_clock_now() -> TraceTime {
    // :57 Linux has no clock of low resolution.
    // :60
    nanotime() as u64 / TRACE_TIME_DIV
}

/// Units of the trace's clock per second.
///
/// Go: tracetime.go:65 traceClockUnitsPerSecond
#[doc(alias = "traceClockUnitsPerSecond")]
pub fn trace_clock_units_per_second() -> u64 {
    // :66 as above
    // :72
    1_000_000_000 / TRACE_TIME_DIV
}

/// Writes a batch with the clock's frequency, which each generation must have.
///
/// # Safety
/// The generation `gen_` is prevented from ending.
///
/// Go: tracetime.go:78 traceFrequency
#[doc(alias = "traceFrequency")]
pub unsafe fn trace_frequency(gen_: usize) {
    // SAFETY: the caller's contract; the buffer is this function's own until it is flushed.
    unsafe {
        // :79
        let mut w = unsafe_trace_writer(gen_, core::ptr::null_mut());

        // :82
        w.ensure(1 + TRACE_BYTES_PER_NUMBER);

        // :85
        (*w.buf).byte(TraceEv::Frequency as u8);
        (*w.buf).varint(trace_clock_units_per_second());

        // :89
        systemstack(|| {
            let trace = trace();
            lock(&raw mut (*trace).lock);
            trace_buf_flush(w.buf, gen_);
            unlock(&raw mut (*trace).lock);
        });
    }
}
