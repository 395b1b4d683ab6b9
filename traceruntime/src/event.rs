//! Go's traceevent.go: the kinds of events, and what writes them.

use crate::*;

/// The kinds of events. Their arguments follow the time, which all but the first eight and the last
/// have.
///
/// Go: traceevent.go:23 traceEv
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TraceEv {
    /// unused
    None = 0,
    /// a batch of events of an M: generation, M, time, length
    EventBatch = 1,
    /// a section of stacks
    Stacks = 2,
    /// a stack: number, {pc, function, file, line}...
    Stack = 3,
    /// a section of strings
    Strings = 4,
    /// a string: number, length, bytes
    String = 5,
    /// a section of CPU samples
    CPUSamples = 6,
    /// a sample: time, M, P, goroutine, stack
    CPUSample = 7,
    /// the clock's units per second
    Frequency = 8,
    /// GOMAXPROCS, stack
    ProcsChange = 9,
    /// an M takes a P: P, its sequence number
    ProcStart = 10,
    /// an M gives its P up
    ProcStop = 11,
    /// a P is taken away: P, its sequence number, the M
    ProcSteal = 12,
    /// the state of a P at the start of a generation: P, state
    ProcStatus = 13,
    /// a goroutine begins: it, its stack, the creator's
    GoCreate = 14,
    /// a foreign thread appears as a goroutine in a system call: it
    GoCreateSyscall = 15,
    /// a goroutine runs: it, its sequence number
    GoStart = 16,
    /// the goroutine ends
    GoDestroy = 17,
    /// the goroutine of a foreign thread disappears
    GoDestroySyscall = 18,
    /// the goroutine yields: reason, stack
    GoStop = 19,
    /// the goroutine waits: reason, stack
    GoBlock = 20,
    /// a goroutine can run: it, its sequence number, stack
    GoUnblock = 21,
    /// a system call begins: the P's sequence number, stack
    GoSyscallBegin = 22,
    /// it ends
    GoSyscallEnd = 23,
    /// it ends, and the P was lost meanwhile
    GoSyscallEndBlocked = 24,
    /// the state of a goroutine at the start of a generation: it, M, state
    GoStatus = 25,
    /// a stop of the world: kind, stack
    STWBegin = 26,
    /// its end
    STWEnd = 27,
    /// a collection is under way
    GCActive = 28,
    /// a collection begins
    GCBegin = 29,
    /// it ends
    GCEnd = 30,
    /// a P sweeps
    GCSweepActive = 31,
    /// sweeping begins
    GCSweepBegin = 32,
    /// it ends
    GCSweepEnd = 33,
    /// a goroutine assists
    GCMarkAssistActive = 34,
    /// assisting begins
    GCMarkAssistBegin = 35,
    /// it ends
    GCMarkAssistEnd = 36,
    /// bytes in use
    HeapAlloc = 37,
    /// bytes at which to collect
    HeapGoal = 38,
    /// a label for the goroutine: string
    GoLabel = 39,
    /// a task begins: it, its parent, name, stack
    UserTaskBegin = 40,
    /// it ends: it, stack
    UserTaskEnd = 41,
    /// a region begins: task, name, stack
    UserRegionBegin = 42,
    /// it ends: task, name, stack
    UserRegionEnd = 43,
    /// a message: task, key, text, stack
    UserLog = 44,
    /// from one coroutine to another: it, its sequence number
    GoSwitch = 45,
    /// the same, and the first one ends
    GoSwitchDestroy = 46,
    /// as GoCreate, of one that waits
    GoCreateBlocked = 47,
    /// as GoStatus, with a stack
    GoStatusStack = 48,
    /// data in a format of their own
    ExperimentalBatch = 49,
}

/// Writes events, after the statuses that they rest on.
///
/// Go: traceevent.go:104 traceEventWriter
pub struct TraceEventWriter {
    /// What it writes with.
    pub w: TraceWriter,
}

impl TraceLocker {
    /// The writer of an event. If this generation does not know the M's P or goroutine yet, writes
    /// what state they were in *before* the event.
    ///
    /// # Safety
    /// The locker is held by this thread.
    ///
    /// Go: traceevent.go:121 eventWriter
    #[doc(alias = "eventWriter")]
    pub unsafe fn event_writer(
        self,
        go_status: TraceGoStatus,
        proc_status: TraceProcStatus,
    ) -> TraceEventWriter {
        // SAFETY: M, P and goroutine are this thread's own.
        unsafe {
            // :122
            let mut w = self.writer();
            let pp = (*self.mp).p.ptr();
            if !pp.is_null()
                && !(*pp).trace.resource.status_was_traced(self.gen_)
                && (*pp).trace.resource.acquire_status(self.gen_)
            {
                w.write_proc_status((*pp).id as u64, proc_status, (*pp).trace.in_sweep);
            }
            // :126
            let gp = (*self.mp).curg.ptr();
            if !gp.is_null()
                && !(*gp).trace.status_was_traced(self.gen_)
                && (*gp).trace.acquire_status(self.gen_)
            {
                let m = (*self.mp).procid.get();
                w.write_go_status((*gp).goid, m as i64, go_status, (*gp).in_mark_assist, 0);
            }
            TraceEventWriter { w }
        }
    }
}

impl TraceEventWriter {
    /// Writes one event, and ends.
    ///
    /// # Safety
    /// The locker is held by this thread.
    ///
    /// Go: traceevent.go:134 commit
    pub unsafe fn commit(mut self, ev: TraceEv, args: &[u64]) {
        // SAFETY: the caller's contract.
        unsafe {
            // :135
            self.write(ev, args);
            self.end();
        }
    }

    /// Writes an event.
    ///
    /// # Safety
    /// As [`commit`](Self::commit).
    ///
    /// Go: traceevent.go:140 write
    pub unsafe fn write(&mut self, ev: TraceEv, args: &[u64]) {
        // :141
        // SAFETY: the caller's contract.
        unsafe { self.w.event(ev, args) }
    }

    /// Ends writing.
    ///
    /// # Safety
    /// As [`commit`](Self::commit).
    ///
    /// Go: traceevent.go:146 end
    pub unsafe fn end(self) {
        // :147
        // SAFETY: the caller's contract.
        unsafe { self.w.end() }
    }
}

impl TraceWriter {
    /// Writes an event.
    ///
    /// # Safety
    /// The generation cannot end meanwhile.
    ///
    /// Go: traceevent.go:151 event
    #[inline]
    pub unsafe fn event(&mut self, ev: TraceEv, args: &[u64]) {
        // SAFETY: ensure has made room.
        unsafe {
            // :153
            self.ensure(1 + (args.len() + 1) * TRACE_BYTES_PER_NUMBER);
            let buf = &mut *self.buf;

            // :156
            let mut ts = trace_clock_now();
            if ts <= buf.last_time {
                ts = buf.last_time + 1;
            }
            let ts_diff = ts - buf.last_time;
            buf.last_time = ts;

            // :164
            buf.byte(ev as u8);
            buf.varint(ts_diff);
            for arg in args {
                buf.varint(*arg);
            }
        }
    }
}

impl TraceLocker {
    /// The number of the stack of the M's goroutine; 0, none, if it has none.
    ///
    /// # Safety
    /// The locker is held by this thread.
    ///
    /// Go: traceevent.go:175 stack
    #[cold]
    pub unsafe fn stack(self, skip: i32) -> u64 {
        // :176
        // SAFETY: the caller's contract.
        unsafe { trace_stack(skip, core::ptr::null_mut(), self.gen_) }
    }

    /// The number of a stack that stands for what a goroutine begins with.
    ///
    /// # Safety
    /// The locker is held by this thread.
    ///
    /// Go: traceevent.go:184 startPC
    #[doc(alias = "startPC")]
    pub unsafe fn start_pc(self, pc: usize) -> u64 {
        // :186 one more, as if it were a return address
        // SAFETY: the generation cannot end meanwhile.
        unsafe { TraceStackTable::put(&raw mut (*trace()).stack_tab[self.gen_ % 2], &[pc + 1]) }
    }

    /// The number of a string that is short, and probably used again.
    ///
    /// # Safety
    /// The locker is held by this thread.
    ///
    /// Go: traceevent.go:195 string
    pub unsafe fn string(self, s: &str) -> u64 {
        // :196
        // SAFETY: the generation cannot end meanwhile.
        unsafe {
            TraceStringTable::put(&raw mut (*trace()).string_tab[self.gen_ % 2], self.gen_, s)
        }
    }

    /// The number of a string that is long, or not used again.
    ///
    /// # Safety
    /// As [`string`](Self::string).
    ///
    /// Go: traceevent.go:202 uniqueString
    #[doc(alias = "uniqueString")]
    pub unsafe fn unique_string(self, s: &str) -> u64 {
        // :203
        // SAFETY: the generation cannot end meanwhile.
        unsafe {
            TraceStringTable::emit(&raw mut (*trace()).string_tab[self.gen_ % 2], self.gen_, s)
        }
    }
}
