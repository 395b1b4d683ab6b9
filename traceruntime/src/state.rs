//! trace.go: 30–144. The tracer's variables.

use crate::*;
use gort_runtime2::atomic::{Bool, Int32, Pointer, Uint32, Uintptr};
use gort_runtime2::{G, Mutex};

/// The first bytes of a trace.
pub const HEADER: &[u8; 16] = b"go 1.23 trace\0\0\0";

/// Reasons to block: Go's, see [`TRACE_BLOCK_REASON_STRINGS`].
const BLOCK_REASONS: usize = TRACE_BLOCK_REASON_STRINGS.len();
/// Reasons to yield.
const STOP_REASONS: usize = TRACE_GO_STOP_REASON_STRINGS.len();

/// The tracer's variables, but for [`trace_enabled`].
///
/// Go: trace.go:30 trace
#[repr(C)]
pub struct TraceState {
    /// Guards the buffers and the reader's state. On the system stack only.
    pub lock: Mutex,

    /// The buffer that the reader has.
    pub reading: *mut TraceBuf,
    /// Empty buffers.
    pub empty: *mut TraceBuf,
    /// Full ones, for generation `gen % 2`.
    pub full: [TraceBufQueue; 2],
    /// There may be full ones.
    pub work_available: Bool,

    /// The generation that is being read.
    pub reader_gen: Uintptr,
    /// The last one that is complete.
    pub flushed_gen: Uintptr,
    /// The reader has had the file's head.
    pub header_written: bool,

    /// The reader is done with generation `gen % 2`.
    pub done_sema: [Uint32; 2],

    /// Stacks, for generation `gen % 2`.
    pub stack_tab: [TraceStackTable; 2],
    /// Strings, for generation `gen % 2`.
    pub string_tab: [TraceStringTable; 2],

    /// Who waits in ReadTrace.
    pub reader: Pointer<G>,

    /// The numbers of the reasons' texts, for generation `gen % 2`.
    pub go_stop_reasons: [[u64; STOP_REASONS]; 2],
    /// The same.
    pub go_block_reasons: [[u64; BLOCK_REASONS]; 2],

    /// The generation; 0: tracing is off. This decides, not [`trace_enabled`].
    pub gen_: Uintptr,
    /// The last generation that there was.
    pub last_non_zero_gen: usize,

    /// Tracing was stopped, and the reader is not done yet.
    pub shutdown: Bool,

    /// Goroutines on the slow way out of a system call.
    pub exiting_syscall: Int32,

    /// gort's own: where a trace without a reader goes, or -1.
    /// Stored before `gen` is and at the very end, read by all Ms; sequentially consistent, as all
    /// of Go's atomics are.
    pub quiet_fd: Int32,
}

impl Default for TraceState {
    fn default() -> Self {
        Self {
            lock: Mutex::default(),
            reading: core::ptr::null_mut(),
            empty: core::ptr::null_mut(),
            full: [TraceBufQueue::default(), TraceBufQueue::default()],
            work_available: Bool::default(),
            reader_gen: Uintptr::default(),
            flushed_gen: Uintptr::default(),
            header_written: false,
            done_sema: [Uint32::default(), Uint32::default()],
            stack_tab: [TraceStackTable::default(), TraceStackTable::default()],
            string_tab: [TraceStringTable::default(), TraceStringTable::default()],
            reader: Pointer::default(),
            go_stop_reasons: Default::default(),
            go_block_reasons: Default::default(),
            gen_: Uintptr::default(),
            last_non_zero_gen: 0,
            shutdown: Bool::default(),
            exiting_syscall: Int32::default(),
            quiet_fd: Int32::new(-1),
        }
    }
}

#[cfg(not(loom))]
mod vars {
    use super::*;
    use gort_runtime2::Global;

    // SAFETY: atomics, integers and nullable pointers only: all zeroes is a valid value. Nobody
    // looks at quiet_fd before trace_lock_init.
    static TRACE: Global<TraceState> = Global::new(unsafe { core::mem::zeroed() });

    /// The tracer's variables.
    #[inline(always)]
    pub fn trace() -> *mut TraceState {
        TRACE.get()
    }

    /// Alone on its lines of the cache: not written while tracing is off.
    #[repr(align(128))]
    pub(super) struct Enabled(pub(super) Bool);
    pub(super) static ENABLED: Enabled = Enabled(Bool::new(false));
}

/// In models each execution has its own.
#[cfg(loom)]
mod vars {
    use super::*;

    pub(super) struct Vars(pub(super) *mut TraceState, pub(super) Bool);
    // SAFETY: only a raw pointer leaves.
    unsafe impl Sync for Vars {}
    // SAFETY: the same.
    unsafe impl Send for Vars {}

    loom::lazy_static! {
        pub(super) static ref TRACE: Vars = Vars(Box::leak(Box::default()), Bool::default());
    }

    /// The tracer's variables.
    pub fn trace() -> *mut TraceState {
        TRACE.0
    }
}

pub use vars::trace;

/// Whether tracing is on, probably. `gen` decides; this one is true whenever that is not 0, as it
/// becomes so while the world is stopped. It stays true until the reader has seen the end, so that
/// the scheduler need not ask [`trace_shutting_down`] as well.
///
/// In models of the scheduler tracing is off, at compile time.
///
/// Go: traceruntime.go:143 traceEnabled
#[doc(alias = "traceEnabled")]
#[inline(always)]
pub fn trace_enabled() -> bool {
    // :144
    #[cfg(loom)]
    return false;
    #[cfg(not(loom))]
    vars::ENABLED.0.get()
}

/// Says whether tracing is on: see [`trace_enabled`].
pub fn set_trace_enabled(on: bool) {
    #[cfg(loom)]
    vars::TRACE.1.set(on);
    #[cfg(not(loom))]
    vars::ENABLED.0.set(on);
}

/// The generation after `gen_`.
///
/// Go: trace.go:719 traceNextGen
#[doc(alias = "traceNextGen")]
pub fn trace_next_gen(gen_: usize) -> usize {
    // :720
    if gen_ == usize::MAX {
        // :724 even, and one more than a multiple of 3, as what follows the largest number has to
        // be
        return 4;
    }
    // :726
    gen_ + 1
}

/// Gives the texts of all reasons to the table of strings of a generation that has not begun.
///
/// # Safety
/// As said; by one thread at a time.
///
/// Go: trace.go:732 traceRegisterLabelsAndReasons
#[doc(alias = "traceRegisterLabelsAndReasons")]
pub unsafe fn trace_register_labels_and_reasons(gen_: usize) {
    // SAFETY: nobody looks at the numbers of a generation that has not begun.
    unsafe {
        let trace = trace();
        let tab = &raw mut (*trace).string_tab[gen_ % 2];
        // :733 no collector's workers, hence none of their labels.
        // :736
        for (i, s) in TRACE_BLOCK_REASON_STRINGS.iter().enumerate() {
            (*trace).go_block_reasons[gen_ % 2][i] = TraceStringTable::put(tab, gen_, s);
        }
        // :739
        for (i, s) in TRACE_GO_STOP_REASON_STRINGS.iter().enumerate() {
            (*trace).go_stop_reasons[gen_ % 2][i] = TraceStringTable::put(tab, gen_, s);
        }
    }
}

/// Whoever waits in ReadTrace and has something to read, for the caller to run; nil otherwise. To
/// be asked if [`trace_enabled`].
///
/// # Safety
/// On the system stack.
///
/// Go: trace.go:911 traceReader
#[doc(alias = "traceReader")]
#[cold]
pub unsafe fn trace_reader() -> *mut G {
    // SAFETY: atomics.
    unsafe {
        // :912
        let gp = trace_reader_available();
        if gp.is_null() || !(*trace()).reader.cas(gp, core::ptr::null_mut()) {
            return core::ptr::null_mut();
        }
        gp
    }
}

/// The same without taking it.
///
/// Go: trace.go:922 traceReaderAvailable
#[doc(alias = "traceReaderAvailable")]
#[cold]
pub fn trace_reader_available() -> *mut G {
    // SAFETY: atomics.
    unsafe {
        let trace = trace();
        // :938 it lags behind, or there is something to read, or it has to see the end
        if (*trace).flushed_gen.load() == (*trace).reader_gen.load()
            || (*trace).work_available.load()
            || (*trace).shutdown.load()
        {
            return (*trace).reader.load();
        }
        core::ptr::null_mut()
    }
}
