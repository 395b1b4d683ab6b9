//! Go's tracebuf.go: the buffers that events are written into, and their queue.

use crate::alloc::{sys_alloc, sys_free};
use crate::*;
use gort_asm::systemstack;
use gort_lock_futex::{assert_lock_held, lock, unlock};

/// Bytes that a number takes at most, in base 128.
///
/// Go: tracebuf.go:15 traceBytesPerNumber
pub const TRACE_BYTES_PER_NUMBER: usize = 10;

/// What trace data is written with: a buffer, and on whose behalf.
///
/// Go: tracebuf.go:25 traceWriter
pub struct TraceWriter {
    /// The M that writes, or nil, and the generation.
    pub tl: TraceLocker,
    /// The buffer; nil until there is something to write.
    pub buf: *mut TraceBuf,
}

/// A writer without an M.
///
/// The generation must be prevented from ending, by another [`TraceLocker`] or otherwise.
///
/// Go: tracebuf.go:42 unsafeTraceWriter
#[doc(alias = "unsafeTraceWriter")]
pub fn unsafe_trace_writer(gen_: usize, buf: *mut TraceBuf) -> TraceWriter {
    // :43
    TraceWriter { tl: TraceLocker { mp: core::ptr::null_mut(), gen_ }, buf }
}

impl TraceLocker {
    /// A writer into the M's own stream.
    ///
    /// # Safety
    /// The locker is held by this thread.
    ///
    /// Go: tracebuf.go:31 writer
    #[inline]
    pub unsafe fn writer(self) -> TraceWriter {
        // :32
        // SAFETY: the buffers are this thread's while it holds the locker.
        unsafe { TraceWriter { tl: self, buf: (*self.mp).trace.buf[self.gen_ % 2].cast() } }
    }
}

impl TraceWriter {
    /// Gives the buffer back to the M.
    ///
    /// # Safety
    /// The locker is still held.
    ///
    /// Go: tracebuf.go:47 end
    #[inline]
    pub unsafe fn end(self) {
        // SAFETY: as for `writer`.
        unsafe {
            // :48
            if self.tl.mp.is_null() {
                return;
            }
            // :53
            if !self.buf.is_null() {
                (*self.buf).good = (*self.buf).pos;
            }
            (*self.tl.mp).trace.buf[self.tl.gen_ % 2] = self.buf.cast();
        }
    }

    /// Makes room for `max_size` bytes; says whether that took another buffer.
    ///
    /// # Safety
    /// The generation cannot end; what is written must not exceed the room.
    ///
    /// Go: tracebuf.go:59 ensure
    #[inline]
    pub unsafe fn ensure(&mut self, max_size: usize) -> bool {
        // SAFETY: the buffer is this writer's.
        unsafe {
            // :60
            let refill = self.buf.is_null() || !(*self.buf).available(max_size);
            if refill {
                self.refill(0);
            }
            refill
        }
    }

    /// Puts the buffer on the queue of full ones.
    ///
    /// # Safety
    /// As [`ensure`](Self::ensure).
    ///
    /// Go: tracebuf.go:68 flush
    pub unsafe fn flush(&mut self) {
        // SAFETY: the buffer is this writer's.
        unsafe {
            // :69
            systemstack(|| {
                let trace = trace();
                lock(&raw mut (*trace).lock);
                if !self.buf.is_null() {
                    trace_buf_flush(self.buf, self.tl.gen_);
                }
                unlock(&raw mut (*trace).lock);
            });
            // :76
            self.buf = core::ptr::null_mut();
        }
    }

    /// The same, and takes another one. `exp` is the number of an experiment whose own format the
    /// batch has, or 0.
    ///
    /// # Safety
    /// As [`ensure`](Self::ensure).
    ///
    /// Go: tracebuf.go:83 refill
    #[cold]
    #[inline(never)]
    pub unsafe fn refill(&mut self, exp: u8) {
        // SAFETY: the buffers on the list of empty ones are nobody's; the M's own is this thread's.
        unsafe {
            // :84
            systemstack(|| {
                let trace = trace();
                // gort: what the M refers to is never a buffer that it has given away, so that the
                // end of the process finds each batch once; and one that has been taken, as this M
                // was too slow, is not given away again
                if !self.tl.mp.is_null() {
                    self.buf = take_buf(self.tl.mp, self.tl.gen_ % 2);
                }
                lock(&raw mut (*trace).lock);
                if !self.buf.is_null() {
                    trace_buf_flush(self.buf, self.tl.gen_);
                }
                // :89
                if !(*trace).empty.is_null() {
                    self.buf = (*trace).empty;
                    (*trace).empty = (*self.buf).link;
                    unlock(&raw mut (*trace).lock);
                } else {
                    unlock(&raw mut (*trace).lock);
                    // :95
                    self.buf = sys_alloc(size_of::<TraceBuf>()).cast();
                    if self.buf.is_null() {
                        throw("trace: out of memory");
                    }
                }
            });
            // :102
            let buf = &mut *self.buf;
            let mut ts = trace_clock_now();
            if ts <= buf.last_time {
                ts = buf.last_time + 1;
            }
            buf.last_time = ts;
            buf.link = core::ptr::null_mut();
            buf.pos = 0;

            // :111
            let mut m_id = u64::MAX;
            if !self.tl.mp.is_null() {
                m_id = (*self.tl.mp).procid.get();
            }

            // :117
            if exp == 0 {
                buf.byte(TraceEv::EventBatch as u8);
            } else {
                buf.byte(TraceEv::ExperimentalBatch as u8);
                buf.byte(exp);
            }
            // :123
            buf.varint(self.tl.gen_ as u64);
            buf.varint(m_id);
            buf.varint(ts);
            buf.len_pos = buf.varint_reserve();
            buf.good = buf.pos;
            if !self.tl.mp.is_null() {
                (*self.tl.mp).trace.buf[self.tl.gen_ % 2] = self.buf.cast();
            }
        }
    }
}

/// First in, first out.
///
/// Go: tracebuf.go:131 traceBufQueue
#[repr(C)]
#[derive(Debug)]
pub struct TraceBufQueue {
    /// The first one.
    pub head: *mut TraceBuf,
    /// The last one.
    pub tail: *mut TraceBuf,
}

impl Default for TraceBufQueue {
    fn default() -> Self {
        Self { head: core::ptr::null_mut(), tail: core::ptr::null_mut() }
    }
}

impl TraceBufQueue {
    /// Adds a buffer at the end.
    ///
    /// # Safety
    /// It is in no list.
    ///
    /// Go: tracebuf.go:136 push
    pub unsafe fn push(&mut self, buf: *mut TraceBuf) {
        // SAFETY: the queue's buffers are its own.
        unsafe {
            // :137
            (*buf).link = core::ptr::null_mut();
            if self.head.is_null() {
                self.head = buf;
            } else {
                (*self.tail).link = buf;
            }
            self.tail = buf;
        }
    }

    /// Takes the first one; nil if there is none.
    ///
    /// # Safety
    /// As [`push`](Self::push).
    ///
    /// Go: tracebuf.go:147 pop
    pub unsafe fn pop(&mut self) -> *mut TraceBuf {
        // SAFETY: the queue's buffers are its own.
        unsafe {
            // :148
            let buf = self.head;
            if buf.is_null() {
                return buf;
            }
            // :152
            self.head = (*buf).link;
            if self.head.is_null() {
                self.tail = core::ptr::null_mut();
            }
            (*buf).link = core::ptr::null_mut();
            buf
        }
    }

    /// Whether there is none.
    ///
    /// Go: tracebuf.go:160 empty
    pub fn empty(&self) -> bool {
        // :161
        self.head.is_null()
    }
}

/// Bytes of a buffer with its head: 64 KiB, as the format allows.
const TRACE_BUF_SIZE: usize = if cfg!(loom) { 512 } else { 64 << 10 };

/// The head of a buffer: see [`TraceBuf`].
///
/// Go: tracebuf.go:165 traceBufHeader
const TRACE_BUF_HEADER: usize = 40;

/// A buffer, which is a batch of the trace.
///
/// Go: tracebuf.go:175 traceBuf
#[repr(C)]
pub struct TraceBuf {
    /// Next in a list.
    pub link: *mut TraceBuf,
    /// When the last event was written.
    pub last_time: TraceTime,
    /// Where the next byte goes.
    pub pos: usize,
    /// Where the batch's length stands.
    pub len_pos: usize,
    /// gort's own: the end of the last whole event. What is behind it when the process ends is left
    /// out.
    pub good: usize,
    /// The bytes.
    pub arr: [u8; TRACE_BUF_SIZE - TRACE_BUF_HEADER],
}

impl TraceBuf {
    /// Adds a byte.
    ///
    /// Go: tracebuf.go:182 byte
    #[inline]
    pub fn byte(&mut self, v: u8) {
        // :183
        self.arr[self.pos] = v;
        self.pos += 1;
    }

    /// Adds a number.
    ///
    /// Go: tracebuf.go:188 varint
    #[inline]
    pub fn varint(&mut self, mut v: u64) {
        // :189
        let mut pos = self.pos;
        while v >= 0x80 {
            self.arr[pos] = 0x80 | v as u8;
            v >>= 7;
            pos += 1;
        }
        // :193
        self.arr[pos] = v as u8;
        self.pos = pos + 1;
    }

    /// Leaves room for any number; returns its place, for [`varint_at`](Self::varint_at).
    ///
    /// Go: tracebuf.go:206 varintReserve
    #[doc(alias = "varintReserve")]
    pub fn varint_reserve(&mut self) -> usize {
        // :207
        let p = self.pos;
        self.pos += TRACE_BYTES_PER_NUMBER;
        p
    }

    /// Adds bytes.
    ///
    /// Go: tracebuf.go:213 stringData
    #[doc(alias = "stringData")]
    pub fn string_data(&mut self, s: &[u8]) {
        // :214
        self.arr[self.pos..self.pos + s.len()].copy_from_slice(s);
        self.pos += s.len();
    }

    /// Whether there is room.
    ///
    /// Go: tracebuf.go:217 available
    #[inline]
    pub fn available(&self, size: usize) -> bool {
        // :218
        self.arr.len() - self.pos >= size
    }

    /// Writes a number at a place that was reserved, all of which it takes.
    ///
    /// Go: tracebuf.go:225 varintAt
    #[doc(alias = "varintAt")]
    pub fn varint_at(&mut self, pos: usize, mut v: u64) {
        // :226
        for i in 0..TRACE_BYTES_PER_NUMBER {
            self.arr[pos + i] =
                if i < TRACE_BYTES_PER_NUMBER - 1 { 0x80 | v as u8 } else { v as u8 };
            v >>= 7;
        }
        // :235
        if v != 0 {
            throw("v could not fit in traceBytesPerNumber");
        }
    }
}

/// Puts a buffer on the queue of full ones; without a reader, writes it to the file.
///
/// # Safety
/// Under `trace.lock`. The buffer is the caller's no more.
///
/// Go: tracebuf.go:245 traceBufFlush
#[doc(alias = "traceBufFlush")]
pub unsafe fn trace_buf_flush(buf: *mut TraceBuf, gen_: usize) {
    // SAFETY: the queue is under the lock.
    unsafe {
        let trace = trace();
        // :246
        assert_lock_held(&raw mut (*trace).lock);

        // :256
        (*buf).varint_at(
            (*buf).len_pos,
            ((*buf).pos - ((*buf).len_pos + TRACE_BYTES_PER_NUMBER)) as u64,
        );
        #[cfg(not(loom))]
        if (*trace).quiet_fd.load() >= 0 {
            quiet::write_buf(buf);
            return;
        }
        // :257
        (*trace).full[gen_ % 2].push(buf);

        // :261
        if !(*trace).work_available.load() {
            (*trace).work_available.store(true);
        }
    }
}

/// Gives the memory of the empty buffers back.
///
/// # Safety
/// Under `trace.lock`.
pub unsafe fn free_empty_buffers() {
    // SAFETY: buffers on the list are nobody's.
    unsafe {
        let trace = trace();
        // trace.go:669
        while !(*trace).empty.is_null() {
            let buf = (*trace).empty;
            (*trace).empty = (*buf).link;
            sys_free(buf.cast(), size_of::<TraceBuf>());
        }
    }
}
