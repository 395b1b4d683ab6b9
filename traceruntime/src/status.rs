//! Go's tracestatus.go: what state goroutines and Ps are in when a generation mentions them first.

use crate::*;
use gort_print::print;
use gort_runtime2::{
    GCOPYSTACK, GDEAD, GPREEMPTED, GRUNNABLE, GRUNNING, GSCAN, GSYSCALL, GWAITING, P, PGCSTOP,
    PIDLE, PRUNNING, PSYSCALL, TraceSchedResourceState, WaitReason,
};

/// The state of a goroutine.
///
/// Go: tracestatus.go:15 traceGoStatus
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum TraceGoStatus {
    Bad = 0,
    Runnable = 1,
    Running = 2,
    Syscall = 3,
    Waiting = 4,
}

/// The state of a P.
///
/// Go: tracestatus.go:28 traceProcStatus
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum TraceProcStatus {
    Bad = 0,
    Running = 1,
    Idle = 2,
    Syscall = 3,
    /// In a system call, and mentioned first by the theft that ends it: there is no beginning of a
    /// system call in the generation that the thief could be matched with.
    SyscallAbandoned = 4,
}

impl TraceWriter {
    /// Writes the state of a goroutine.
    ///
    /// # Safety
    /// The right to do so was acquired; the generation cannot end.
    ///
    /// Go: tracestatus.go:49 writeGoStatus
    #[doc(alias = "writeGoStatus")]
    pub unsafe fn write_go_status(
        &mut self,
        goid: u64,
        mid: i64,
        status: TraceGoStatus,
        mark_assist: bool,
        stack_id: u64,
    ) {
        // SAFETY: the caller's contract.
        unsafe {
            // :51
            if status == TraceGoStatus::Bad {
                print!("runtime: goid={goid}\n");
                throw("attempted to trace a bad status for a goroutine");
            }

            // :57
            if stack_id == 0 {
                self.event(TraceEv::GoStatus, &[goid, mid as u64, status as u64]);
            } else {
                self.event(TraceEv::GoStatusStack, &[goid, mid as u64, status as u64, stack_id]);
            }

            // :64
            if mark_assist {
                self.event(TraceEv::GCMarkAssistActive, &[goid]);
            }
        }
    }

    /// Writes the state of `pp`, unless that has been done.
    ///
    /// # Safety
    /// `pp` cannot change its state meanwhile.
    ///
    /// Go: tracestatus.go:74 writeProcStatusForP
    #[doc(alias = "writeProcStatusForP")]
    pub unsafe fn write_proc_status_for_p(&mut self, pp: *mut P, in_stw: bool) {
        // SAFETY: the caller's contract.
        unsafe {
            // :75
            if !(*pp).trace.resource.acquire_status(self.tl.gen_) {
                return;
            }
            // :79
            let s = (*pp).status.get();
            let status = match s {
                // :82 who has stopped the world counts as running
                PGCSTOP if in_stw => TraceProcStatus::Running,
                PIDLE | PGCSTOP => TraceProcStatus::Idle,
                // :87
                PRUNNING => {
                    // :93 the goroutine is in a system call already, and its P is not yet
                    let mp = self.tl.mp;
                    let curg = if mp.is_null() { core::ptr::null_mut() } else { (*mp).curg.ptr() };
                    if !curg.is_null()
                        && (*mp).p.ptr() == pp
                        && (*curg).atomicstatus.load() & !GSCAN == GSYSCALL
                    {
                        TraceProcStatus::Syscall
                    } else {
                        TraceProcStatus::Running
                    }
                }
                // :96
                PSYSCALL => TraceProcStatus::Syscall,
                _ => throw("attempt to trace invalid or unsupported P status"),
            };
            // :101
            self.write_proc_status((*pp).id as u64, status, (*pp).trace.in_sweep);
        }
    }

    /// Writes the state of a P.
    ///
    /// # Safety
    /// The right to do so was acquired; the P cannot change its state meanwhile.
    ///
    /// Go: tracestatus.go:109 writeProcStatus
    #[doc(alias = "writeProcStatus")]
    pub unsafe fn write_proc_status(&mut self, pid: u64, status: TraceProcStatus, in_sweep: bool) {
        // SAFETY: the caller's contract.
        unsafe {
            // :111
            if status == TraceProcStatus::Bad {
                print!("runtime: pid={pid}\n");
                throw("attempted to trace a bad status for a proc");
            }

            // :117
            self.event(TraceEv::ProcStatus, &[pid, status as u64]);

            // :120
            if in_sweep {
                self.event(TraceEv::GCSweepActive, &[pid]);
            }
        }
    }
}

/// The state of a goroutine as traces have it.
///
/// Go: tracestatus.go:129 goStatusToTraceGoStatus
#[doc(alias = "goStatusToTraceGoStatus")]
pub fn go_status_to_trace_go_status(status: u32, wr: WaitReason) -> TraceGoStatus {
    // :131 without the scan bit
    match status & !GSCAN {
        GRUNNABLE => TraceGoStatus::Runnable,
        GRUNNING | GCOPYSTACK => TraceGoStatus::Running,
        GSYSCALL => TraceGoStatus::Syscall,
        // :139 some call themselves waiting so that they may be scanned, and run all the same
        GWAITING | GPREEMPTED => {
            if status == GWAITING && wr.is_waiting_for_gc() {
                TraceGoStatus::Running
            } else {
                TraceGoStatus::Waiting
            }
        }
        // :150
        GDEAD => throw("tried to trace dead goroutine"),
        _ => throw("tried to trace goroutine with invalid or unsupported status"),
    }
}

/// The methods of the part of G's and P's tracing state that both have.
///
/// Go: tracestatus.go:160 traceSchedResourceState
pub trait ResourceState {
    /// Takes the right to write the status in this generation; false if somebody has it.
    ///
    /// Go: tracestatus.go:180 acquireStatus
    #[doc(alias = "acquireStatus")]
    fn acquire_status(&self, gen_: usize) -> bool;
    /// Prepares for the generation after this one.
    ///
    /// Go: tracestatus.go:189 readyNextGen
    #[doc(alias = "readyNextGen")]
    fn ready_next_gen(&self, gen_: usize);
    /// Whether the status is written in this generation, or about to be.
    ///
    /// Go: tracestatus.go:196 statusWasTraced
    #[doc(alias = "statusWasTraced")]
    fn status_was_traced(&self, gen_: usize) -> bool;
    /// Notes that the status need not be written, as with a goroutine's beginning.
    ///
    /// Go: tracestatus.go:202 setStatusTraced
    #[doc(alias = "setStatusTraced")]
    fn set_status_traced(&self, gen_: usize);
    /// The next sequence number.
    ///
    /// Go: tracestatus.go:207 nextSeq
    #[doc(alias = "nextSeq")]
    fn next_seq(&self, gen_: usize) -> u64;
    /// Begins anew, for a new goroutine; the statuses are looked after elsewhere.
    ///
    /// Go: traceruntime.go:20 reset
    fn reset(&self);
}

impl ResourceState for TraceSchedResourceState {
    fn acquire_status(&self, gen_: usize) -> bool {
        // tracestatus.go:181
        if !self.status_traced[gen_ % 3].cas(0, 1) {
            return false;
        }
        // tracestatus.go:184
        self.ready_next_gen(gen_);
        true
    }

    fn ready_next_gen(&self, gen_: usize) {
        // tracestatus.go:190
        let next_gen = trace_next_gen(gen_);
        self.seq[next_gen % 2].set(0);
        self.status_traced[next_gen % 3].store(0);
    }

    #[inline]
    fn status_was_traced(&self, gen_: usize) -> bool {
        // tracestatus.go:197
        self.status_traced[gen_ % 3].load() != 0
    }

    fn set_status_traced(&self, gen_: usize) {
        // tracestatus.go:203
        self.status_traced[gen_ % 3].store(1);
    }

    fn next_seq(&self, gen_: usize) -> u64 {
        // tracestatus.go:208
        self.seq[gen_ % 2].bump(1);
        self.seq[gen_ % 2].get()
    }

    #[inline]
    fn reset(&self) {
        // traceruntime.go:21
        self.seq[0].set(0);
        self.seq[1].set(0);
    }
}
