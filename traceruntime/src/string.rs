//! Go's tracestring.go: the table of strings.

use crate::*;
use gort_asm::systemstack;
use gort_lock_futex::{lock, unlock};
use gort_runtime2::Mutex;

/// Longer strings are cut.
///
/// Go: tracestring.go:11 maxTraceStringLen
pub const MAX_TRACE_STRING_LEN: usize = 1024;

/// Strings and their numbers. New ones are written into the trace at once.
///
/// Go: tracestring.go:15 traceStringTable
#[repr(C)]
pub struct TraceStringTable {
    /// Guards `buf`.
    pub lock: Mutex,
    /// Batches of strings, to be written out.
    pub buf: *mut TraceBuf,
    /// The numbers.
    pub tab: TraceMap,
}

impl Default for TraceStringTable {
    fn default() -> Self {
        Self { lock: Mutex::default(), buf: core::ptr::null_mut(), tab: TraceMap::default() }
    }
}

impl TraceStringTable {
    /// The number of `s`, which is written into the trace if it is new.
    ///
    /// # Safety
    /// `gen_` is the table's generation, and prevented from ending.
    ///
    /// Go: tracestring.go:25 put
    pub unsafe fn put(this: *mut Self, gen_: usize, s: &str) -> u64 {
        // SAFETY: the caller's contract.
        unsafe {
            // :27
            let (id, added) = TraceMap::put(&raw mut (*this).tab, s.as_bytes());
            if added {
                // :31
                systemstack(|| Self::write_string(this, gen_, id, s));
            }
            id
        }
    }

    /// Writes `s` into the trace under a number of its own.
    ///
    /// # Safety
    /// As [`put`](Self::put).
    ///
    /// Go: tracestring.go:39 emit
    pub unsafe fn emit(this: *mut Self, gen_: usize, s: &str) -> u64 {
        // SAFETY: the caller's contract.
        unsafe {
            // :41
            let id = TraceMap::steal_id(&raw mut (*this).tab);
            systemstack(|| Self::write_string(this, gen_, id, s));
            id
        }
    }

    /// Writes the string to the table's buffer.
    ///
    /// # Safety
    /// As [`put`](Self::put); on the system stack.
    ///
    /// Go: tracestring.go:53 writeString
    #[doc(alias = "writeString")]
    unsafe fn write_string(this: *mut Self, gen_: usize, id: u64, s: &str) {
        // SAFETY: the buffer is used under the table's lock.
        unsafe {
            // :55
            let mut s = s.as_bytes();
            if s.len() > MAX_TRACE_STRING_LEN {
                s = &s[..MAX_TRACE_STRING_LEN];
            }

            // :59
            lock(&raw mut (*this).lock);
            let mut w = unsafe_trace_writer(gen_, (*this).buf);
            // gort: a buffer that is being flushed is not found by who ends the process
            let max_size = 2 + 2 * TRACE_BYTES_PER_NUMBER + s.len();
            if !w.buf.is_null() && !(*w.buf).available(max_size) {
                (*this).buf = core::ptr::null_mut();
            }

            // :64
            let flushed = w.ensure(max_size);
            if flushed {
                // :67
                (*w.buf).byte(TraceEv::Strings as u8);
            }

            // :71
            (*w.buf).byte(TraceEv::String as u8);
            (*w.buf).varint(id);
            (*w.buf).varint(s.len() as u64);
            (*w.buf).string_data(s);
            // gort: a whole string
            (*w.buf).good = (*w.buf).pos;

            // :77 ensure may have taken another one
            (*this).buf = w.buf;
            unlock(&raw mut (*this).lock);
        }
    }

    /// Empties the table, and flushes what it has written.
    ///
    /// # Safety
    /// Nobody adds to the table any more.
    ///
    /// Go: tracestring.go:85 reset
    pub unsafe fn reset(this: *mut Self, gen_: usize) {
        // SAFETY: the caller's contract.
        unsafe {
            // :86
            if !(*this).buf.is_null() {
                systemstack(|| {
                    let trace = trace();
                    lock(&raw mut (*trace).lock);
                    trace_buf_flush((*this).buf, gen_);
                    unlock(&raw mut (*trace).lock);
                });
                (*this).buf = core::ptr::null_mut();
            }

            // :96
            TraceMap::reset(&raw mut (*this).tab);
        }
    }
}
