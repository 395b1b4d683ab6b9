//! Go's traceruntime.go: what the rest of the runtime calls.

use crate::*;
use gort_asm::systemstack;
use gort_lock_futex::{
    assert_lock_held, get_lock_rank, lock, lock_init, lock_with_rank_may_acquire, unlock,
};
use gort_runtime1::{acquirem, releasem};
use gort_runtime2::{
    G, LOCK_RANK_TRACE, LOCK_RANK_TRACE_STACK_TAB, LOCK_RANK_TRACE_STRINGS, M, P, WaitReason,
    mutant, sched,
};

/// Gives the tracer's locks their ranks.
///
/// # Safety
/// Once, before other threads.
///
/// Go: traceruntime.go:53 traceLockInit
#[doc(alias = "traceLockInit")]
pub unsafe fn trace_lock_init() {
    // SAFETY: nobody else is in the runtime yet.
    unsafe {
        let trace = trace();
        // :56 one rank for all of them: they are not held together
        for i in 0..2 {
            let tab = &raw mut (*trace).string_tab[i];
            lock_init(&raw mut (*tab).lock, LOCK_RANK_TRACE_STRINGS);
            lock_init(&raw mut (*tab).tab.mem.lock, LOCK_RANK_TRACE_STRINGS);
        }
        // :60 no tables of types
        for i in 0..2 {
            lock_init(&raw mut (*trace).stack_tab[i].tab.mem.lock, LOCK_RANK_TRACE_STACK_TAB);
        }
        // :64
        lock_init(&raw mut (*trace).lock, LOCK_RANK_TRACE);
        (*trace).quiet_fd.store(-1);
    }
}

/// Notes, for the checks of ranks, that a buffer may be flushed here.
///
/// Go: traceruntime.go:73 lockRankMayTraceFlush
#[doc(alias = "lockRankMayTraceFlush")]
#[inline]
fn lock_rank_may_trace_flush() {
    // SAFETY: the lock is never freed.
    unsafe {
        // :74
        let l = &raw mut (*trace()).lock;
        lock_with_rank_may_acquire(l, get_lock_rank(l));
    }
}

/// Why a goroutine blocks, as traces have it.
///
/// Go: traceruntime.go:84 traceBlockReason
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum TraceBlockReason {
    Generic = 0,
    Forever = 1,
    Net = 2,
    Select = 3,
    CondWait = 4,
    Sync = 5,
    ChanSend = 6,
    ChanRecv = 7,
    GCMarkAssist = 8,
    GCSweep = 9,
    SystemGoroutine = 10,
    Preempted = 11,
    DebugCall = 12,
    UntilGCEnds = 13,
    Sleep = 14,
}

/// Their texts.
///
/// Go: traceruntime.go:104 traceBlockReasonStrings
pub static TRACE_BLOCK_REASON_STRINGS: [&str; 15] = [
    "unspecified",
    "forever",
    "network",
    "select",
    "sync.(*Cond).Wait",
    "sync",
    "chan send",
    "chan receive",
    "GC mark assist wait for work",
    "GC background sweeper wait",
    "system goroutine wait",
    "preempted",
    "wait for debug call",
    "wait until GC ends",
    "sleep",
];

/// The reason in traces for a reason to wait. In Go each call of `gopark` gives both; they go
/// together everywhere.
pub const fn trace_block_reason(r: WaitReason) -> TraceBlockReason {
    match r {
        // chan.go:176, select.go:103, proc.go:292
        WaitReason::ChanSendNilChan
        | WaitReason::ChanReceiveNilChan
        | WaitReason::SelectNoCases
        | WaitReason::PanicWait => TraceBlockReason::Forever,
        // netpoll.go:575
        WaitReason::IOWait => TraceBlockReason::Net,
        // select.go:335
        WaitReason::Select | WaitReason::SynctestSelect => TraceBlockReason::Select,
        // sema.go:587
        WaitReason::SyncCondWait => TraceBlockReason::CondWait,
        // sema.go:178
        WaitReason::Semacquire
        | WaitReason::SyncMutexLock
        | WaitReason::SyncRWMutexRLock
        | WaitReason::SyncRWMutexLock
        | WaitReason::SynctestWaitGroupWait => TraceBlockReason::Sync,
        // chan.go:270
        WaitReason::ChanSend | WaitReason::SynctestChanSend => TraceBlockReason::ChanSend,
        // chan.go:639
        WaitReason::ChanReceive | WaitReason::SynctestChanReceive => TraceBlockReason::ChanRecv,
        // mgcmark.go:737
        WaitReason::GCAssistWait => TraceBlockReason::GCMarkAssist,
        // mgcsweep.go:277
        WaitReason::GCSweepWait => TraceBlockReason::GCSweep,
        // mgcscavenge.go:425, mfinal.go:193, proc.go:337, trace.go:757, mgc.go:1363
        WaitReason::GCScavengeWait
        | WaitReason::FinalizerWait
        | WaitReason::ForceGCIdle
        | WaitReason::TraceReaderBlocked
        | WaitReason::GCWorkerIdle => TraceBlockReason::SystemGoroutine,
        WaitReason::Preempted => TraceBlockReason::Preempted,
        WaitReason::DebugCall => TraceBlockReason::DebugCall,
        // mgc.go:538
        WaitReason::WaitForGCCycle => TraceBlockReason::UntilGCEnds,
        // time.go:285
        WaitReason::Sleep => TraceBlockReason::Sleep,
        _ => TraceBlockReason::Generic,
    }
}

/// Why a goroutine yields.
///
/// Go: traceruntime.go:126 traceGoStopReason
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum TraceGoStopReason {
    Generic = 0,
    GoSched = 1,
    Preempted = 2,
}

/// Their texts.
///
/// Go: traceruntime.go:134 traceGoStopReasonStrings
pub static TRACE_GO_STOP_REASON_STRINGS: [&str; 3] =
    ["unspecified", "runtime.Gosched", "preempted"];

/// Whether tracing was stopped and the reader has not seen the end yet.
///
/// Go: traceruntime.go:156 traceShuttingDown
#[doc(alias = "traceShuttingDown")]
#[inline]
pub fn trace_shutting_down() -> bool {
    // :157
    // SAFETY: an atomic.
    unsafe { (*trace()).shutdown.load() }
}

/// An M that writes. While it is valid, what the M does to G, M and P and the events that it writes
/// are one step for the tracer.
///
/// Go: traceruntime.go:163 traceLocker
#[derive(Clone, Copy, Debug)]
pub struct TraceLocker {
    /// The M.
    pub mp: *mut M,
    /// The generation that it writes into; 0: it does not.
    pub gen_: usize,
}

/// Whether nested acquiring is looked for.
///
/// Go: traceruntime.go:173 debugTraceReentrancy
const DEBUG_TRACE_REENTRANCY: bool = cfg!(debug_assertions);

/// Prepares this M for writing events.
///
/// # Safety
/// On an M that is not writing. If the result is [`ok`](TraceLocker::ok), [`trace_release`] follows
/// on the same M.
///
/// Go: traceruntime.go:180 traceAcquire
#[doc(alias = "traceAcquire")]
#[inline(always)]
pub unsafe fn trace_acquire() -> TraceLocker {
    // :181
    if !trace_enabled() {
        return TraceLocker { mp: core::ptr::null_mut(), gen_: 0 };
    }
    // :184
    // SAFETY: the caller's contract.
    unsafe { trace_acquire_enabled() }
}

/// [`trace_acquire`] with tracing on.
///
/// # Safety
/// As there.
///
/// Go: traceruntime.go:210 traceAcquireEnabled
#[doc(alias = "traceAcquireEnabled")]
#[cold]
#[inline(never)]
pub unsafe fn trace_acquire_enabled() -> TraceLocker {
    // SAFETY: the M is this thread's own.
    unsafe {
        // :214
        lock_rank_may_trace_flush();

        // :217 no preemption
        let mp = acquirem();

        let none = TraceLocker { mp: core::ptr::null_mut(), gen_: 0 };
        let mut early = 0;
        if mutant!("gen is read before the seqlock") {
            early = (*trace()).gen_.load();
        }

        // :225 odd before `gen` is read (sequentially consistent, both): who advances stores `gen`
        // first and looks at the seqlock then
        let seq = (*mp).trace.seqlock.add(1);
        if DEBUG_TRACE_REENTRANCY && seq.is_multiple_of(2) {
            throw("bad use of trace.seqlock or tracer is reentrant");
        }

        // :238 tracing may have ended meanwhile
        let mut gen_ = (*trace()).gen_.load();
        if early != 0 {
            gen_ = early;
        }
        if gen_ == 0 {
            (*mp).trace.seqlock.add(1);
            releasem(mp);
            return none;
        }
        // :244
        TraceLocker { mp, gen_ }
    }
}

impl TraceLocker {
    /// Whether events may be written.
    ///
    /// Go: traceruntime.go:272 ok
    #[inline(always)]
    pub fn ok(self) -> bool {
        // :273
        self.gen_ != 0
    }
}

/// This M writes no more.
///
/// # Safety
/// `tl` is what [`trace_acquire`] returned on this M, and is [`ok`](TraceLocker::ok).
///
/// Go: traceruntime.go:281 traceRelease
#[doc(alias = "traceRelease")]
pub unsafe fn trace_release(tl: TraceLocker) {
    // SAFETY: the M is this thread's own.
    unsafe {
        // :282
        let seq = (*tl.mp).trace.seqlock.add(1);
        if DEBUG_TRACE_REENTRANCY && !seq.is_multiple_of(2) {
            gort_print::print!("runtime: seq={seq}\n");
            throw("bad use of trace.seqlock");
        }
        // :287
        releasem(tl.mp);
    }
}

/// Acquire, `change`, and if that was in time `emit` and release: an event after the change of
/// state that it is about. One call, so that a place costs one load and one branch while tracing is
/// off.
///
/// # Safety
/// As for [`trace_acquire`].
#[inline(always)]
pub unsafe fn trace_around(change: impl FnOnce(), emit: impl FnOnce(TraceLocker)) {
    if !trace_enabled() {
        change();
        return;
    }
    #[cold]
    #[inline(never)]
    unsafe fn traced(change: impl FnOnce(), emit: impl FnOnce(TraceLocker)) {
        // SAFETY: the caller's contract.
        unsafe {
            let tl = trace_acquire_enabled();
            change();
            if tl.ok() {
                emit(tl);
                trace_release(tl);
            }
        }
    }
    // SAFETY: the caller's contract.
    unsafe { traced(change, emit) }
}

/// The same with the event before the change.
///
/// # Safety
/// As for [`trace_acquire`].
#[inline(always)]
pub unsafe fn trace_before(emit: impl FnOnce(TraceLocker), change: impl FnOnce()) {
    if !trace_enabled() {
        change();
        return;
    }
    #[cold]
    #[inline(never)]
    unsafe fn traced(emit: impl FnOnce(TraceLocker), change: impl FnOnce()) {
        // SAFETY: the caller's contract.
        unsafe {
            let tl = trace_acquire_enabled();
            if tl.ok() {
                emit(tl);
            }
            change();
            if tl.ok() {
                trace_release(tl);
            }
        }
    }
    // SAFETY: the caller's contract.
    unsafe { traced(emit, change) }
}

/// An event by itself.
///
/// # Safety
/// As for [`trace_acquire`].
#[inline(always)]
pub unsafe fn trace_event(emit: impl FnOnce(TraceLocker)) {
    if !trace_enabled() {
        return;
    }
    #[cold]
    #[inline(never)]
    unsafe fn traced(emit: impl FnOnce(TraceLocker)) {
        // SAFETY: the caller's contract.
        unsafe {
            let tl = trace_acquire_enabled();
            if tl.ok() {
                emit(tl);
                trace_release(tl);
            }
        }
    }
    // SAFETY: the caller's contract.
    unsafe { traced(emit) }
}

/// `cas`, which takes a P away from whoever has it, and if it did, the event. Released before
/// anything else is done with the P, as that may be traced too.
///
/// # Safety
/// As for [`trace_acquire`]; after `cas` has returned true `pp` is the caller's.
#[inline(always)]
pub unsafe fn trace_steal(pp: *mut P, in_syscall: bool, cas: impl FnOnce() -> bool) -> bool {
    if !trace_enabled() {
        return cas();
    }
    #[cold]
    #[inline(never)]
    unsafe fn traced(pp: *mut P, in_syscall: bool, cas: impl FnOnce() -> bool) -> bool {
        // SAFETY: the caller's contract.
        unsafe {
            let tl = trace_acquire_enabled();
            let ok = cas();
            if tl.ok() {
                if ok {
                    tl.proc_steal(pp, in_syscall);
                }
                trace_release(tl);
            }
            ok
        }
    }
    // SAFETY: the caller's contract.
    unsafe { traced(pp, in_syscall, cas) }
}

/// A goroutine takes the slow way out of a system call; [`trace_exited_syscall`] follows.
///
/// Go: traceruntime.go:293 traceExitingSyscall
#[doc(alias = "traceExitingSyscall")]
#[inline]
pub fn trace_exiting_syscall() {
    // :294 StartTrace waits until there is none; in models of the scheduler there is no tracing
    #[cfg(not(loom))]
    // SAFETY: an atomic.
    unsafe {
        (*trace()).exiting_syscall.add(1);
    }
}

/// It has taken it.
///
/// Go: traceruntime.go:298 traceExitedSyscall
#[doc(alias = "traceExitedSyscall")]
#[inline]
pub fn trace_exited_syscall() {
    // :299
    #[cfg(not(loom))]
    // SAFETY: an atomic.
    unsafe {
        (*trace()).exiting_syscall.add(-1);
    }
}

/// The events. All of them are written by the thread that holds the locker, with its M's P and
/// goroutine in the state that the method's name speaks of.
///
/// # Safety
/// The locker is [`ok`](TraceLocker::ok) and held by this thread.
#[allow(clippy::missing_safety_doc)]
impl TraceLocker {
    /// There are `procs` Ps.
    ///
    /// Go: traceruntime.go:303 Gomaxprocs
    #[doc(alias = "Gomaxprocs")]
    pub unsafe fn gomaxprocs(self, procs: i32) {
        // :304
        // SAFETY: the impl's contract.
        unsafe {
            self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
                .commit(TraceEv::ProcsChange, &[procs as u64, self.stack(1)]);
        }
    }

    /// The M has got its P.
    ///
    /// Go: traceruntime.go:310 ProcStart
    #[doc(alias = "ProcStart")]
    pub unsafe fn proc_start(self) {
        // SAFETY: the impl's contract.
        unsafe {
            // :311
            let pp = (*self.mp).p.ptr();
            // :315 if there is a goroutine it is in a system call: from no other is a P taken away
            let seq = |_: ()| (*pp).trace.resource.next_seq(self.gen_);
            let w = self.event_writer(TraceGoStatus::Syscall, TraceProcStatus::Idle);
            w.commit(TraceEv::ProcStart, &[(*pp).id as u64, seq(())]);
        }
    }

    /// The M gives its P up.
    ///
    /// Go: traceruntime.go:319 ProcStop
    #[doc(alias = "ProcStop")]
    pub unsafe fn proc_stop(self, _pp: *mut P) {
        // :322
        // SAFETY: the impl's contract.
        unsafe {
            self.event_writer(TraceGoStatus::Syscall, TraceProcStatus::Running)
                .commit(TraceEv::ProcStop, &[]);
        }
    }

    /// The world is being stopped.
    ///
    /// Go: traceruntime.go:359 STWStart
    #[doc(alias = "STWStart")]
    pub unsafe fn stw_start(self, reason: &str) {
        // :362 the P may say that it is stopped, but counts as running
        // SAFETY: the impl's contract.
        unsafe {
            let w = self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running);
            w.commit(TraceEv::STWBegin, &[self.string(reason), self.stack(2)]);
        }
    }

    /// The world goes on.
    ///
    /// Go: traceruntime.go:366 STWDone
    #[doc(alias = "STWDone")]
    pub unsafe fn stw_done(self) {
        // :369
        // SAFETY: the impl's contract.
        unsafe {
            self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
                .commit(TraceEv::STWEnd, &[]);
        }
    }

    /// `newg` is new; `blocked`: it waits.
    ///
    /// Go: traceruntime.go:436 GoCreate
    #[doc(alias = "GoCreate")]
    pub unsafe fn go_create(self, newg: *mut G, pc: usize, blocked: bool) {
        // SAFETY: the impl's contract.
        unsafe {
            // :437
            (*newg).trace.set_status_traced(self.gen_);
            let ev = if blocked { TraceEv::GoCreateBlocked } else { TraceEv::GoCreate };
            // :442
            self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
                .commit(ev, &[(*newg).goid, self.start_pc(pc), self.stack(2)]);
        }
    }

    /// The M's goroutine runs.
    ///
    /// Go: traceruntime.go:448 GoStart
    #[doc(alias = "GoStart")]
    pub unsafe fn go_start(self) {
        // SAFETY: the impl's contract.
        unsafe {
            // :449
            let gp = (*self.mp).curg.ptr();
            let mut w = self.event_writer(TraceGoStatus::Runnable, TraceProcStatus::Running);
            w.write(TraceEv::GoStart, &[(*gp).goid, (*gp).trace.next_seq(self.gen_)]);
            // :453 no collector's workers.
            w.end();
        }
    }

    /// The goroutine ends.
    ///
    /// Go: traceruntime.go:462 GoEnd
    #[doc(alias = "GoEnd")]
    pub unsafe fn go_end(self) {
        // :463
        // SAFETY: the impl's contract.
        unsafe {
            self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
                .commit(TraceEv::GoDestroy, &[]);
        }
    }

    /// The goroutine lets others run.
    ///
    /// Go: traceruntime.go:467 GoSched
    #[doc(alias = "GoSched")]
    pub unsafe fn go_sched(self) {
        // :468
        // SAFETY: the impl's contract.
        unsafe { self.go_stop(TraceGoStopReason::GoSched) }
    }

    /// The goroutine is preempted.
    ///
    /// Go: traceruntime.go:472 GoPreempt
    #[doc(alias = "GoPreempt")]
    pub unsafe fn go_preempt(self) {
        // :473
        // SAFETY: the impl's contract.
        unsafe { self.go_stop(TraceGoStopReason::Preempted) }
    }

    /// The goroutine does not run any more, but could.
    ///
    /// Go: traceruntime.go:477 GoStop
    #[doc(alias = "GoStop")]
    pub unsafe fn go_stop(self, reason: TraceGoStopReason) {
        // :478
        // SAFETY: the impl's contract.
        unsafe {
            let reason = (*trace()).go_stop_reasons[self.gen_ % 2][reason as usize];
            self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
                .commit(TraceEv::GoStop, &[reason, self.stack(1)]);
        }
    }

    /// The goroutine waits.
    ///
    /// Go: traceruntime.go:485 GoPark
    #[doc(alias = "GoPark")]
    pub unsafe fn go_park(self, reason: TraceBlockReason) {
        // :486
        // SAFETY: the impl's contract.
        unsafe {
            let reason = (*trace()).go_block_reasons[self.gen_ % 2][reason as usize];
            self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
                .commit(TraceEv::GoBlock, &[reason, self.stack(1)]);
        }
    }

    /// `gp` waits no more.
    ///
    /// Go: traceruntime.go:490 GoUnpark
    #[doc(alias = "GoUnpark")]
    pub unsafe fn go_unpark(self, gp: *mut G) {
        // SAFETY: the impl's contract; gp's sequence is the waker's.
        unsafe {
            // :492
            let mut w = self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running);
            // :495
            emit_unblock_status(&mut w.w, gp, self.gen_);
            w.commit(
                TraceEv::GoUnblock,
                &[(*gp).goid, (*gp).trace.next_seq(self.gen_), self.stack(0)],
            );
        }
    }

    /// From this coroutine to `nextg`; `destroy`: this one ends.
    ///
    /// Go: traceruntime.go:501 GoSwitch
    #[doc(alias = "GoSwitch")]
    pub unsafe fn go_switch(self, nextg: *mut G, destroy: bool) {
        // SAFETY: the impl's contract; nextg is the caller's.
        unsafe {
            // :503
            let mut w = self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running);
            // :506
            emit_unblock_status(&mut w.w, nextg, self.gen_);
            let ev = if destroy { TraceEv::GoSwitchDestroy } else { TraceEv::GoSwitch };
            w.commit(ev, &[(*nextg).goid, (*nextg).trace.next_seq(self.gen_)]);
        }
    }

    /// A system call begins, with a P.
    ///
    /// Go: traceruntime.go:529 GoSysCall
    #[doc(alias = "GoSysCall")]
    pub unsafe fn go_sys_call(self) {
        // SAFETY: the impl's contract.
        unsafe {
            // :531 for whoever steals the P
            let pp = (*self.mp).p.ptr();
            (*pp).trace.m_syscall_id = (*self.mp).procid.get() as i64;
            let w = self.event_writer(TraceGoStatus::Running, TraceProcStatus::Running);
            w.commit(
                TraceEv::GoSyscallBegin,
                &[(*pp).trace.resource.next_seq(self.gen_), self.stack(1)],
            );
        }
    }

    /// It ends. `lost_p`: the P was lost meanwhile, whether or not there is one now, and be it the
    /// same.
    ///
    /// Go: traceruntime.go:545 GoSysExit
    #[doc(alias = "GoSysExit")]
    pub unsafe fn go_sys_exit(self, lost_p: bool) {
        // SAFETY: the impl's contract.
        unsafe {
            // :546
            let (ev, proc_status) = if lost_p {
                // :549 a P that is there was taken anew, and runs
                (TraceEv::GoSyscallEndBlocked, TraceProcStatus::Running)
            } else {
                // :552
                (*(*self.mp).p.ptr()).trace.m_syscall_id = -1;
                (TraceEv::GoSyscallEnd, TraceProcStatus::Syscall)
            };
            self.event_writer(TraceGoStatus::Syscall, proc_status).commit(ev, &[]);
        }
    }

    /// `pp` was taken away from a thread in a system call. `in_syscall`: by a goroutine that is in
    /// one itself.
    ///
    /// Go: traceruntime.go:562 ProcSteal
    #[doc(alias = "ProcSteal")]
    pub unsafe fn proc_steal(self, pp: *mut P, in_syscall: bool) {
        // SAFETY: the impl's contract; the P is the thief's.
        unsafe {
            // :564
            let m_stolen_from = (*pp).trace.m_syscall_id;
            (*pp).trace.m_syscall_id = -1;

            // :574 either somebody that runs wants the P for others, or a goroutine in a system
            // call wants one
            let (go_status, proc_status) = if in_syscall {
                (TraceGoStatus::Syscall, TraceProcStatus::SyscallAbandoned)
            } else {
                (TraceGoStatus::Running, TraceProcStatus::Running)
            };
            let mut w = self.event_writer(go_status, proc_status);

            // :586 it may be the M's own P, or not wired yet, or somebody else's
            if !(*pp).trace.resource.status_was_traced(self.gen_)
                && (*pp).trace.resource.acquire_status(self.gen_)
            {
                // :589
                w.w.write_proc_status(
                    (*pp).id as u64,
                    TraceProcStatus::SyscallAbandoned,
                    (*pp).trace.in_sweep,
                );
            }
            // :591
            w.commit(
                TraceEv::ProcSteal,
                &[(*pp).id as u64, (*pp).trace.resource.next_seq(self.gen_), m_stolen_from as u64],
            );
        }
    }

    /// `gp` was dead, and is in a system call now: a foreign thread has come in. On its M.
    ///
    /// Go: traceruntime.go:615 GoCreateSyscall
    #[doc(alias = "GoCreateSyscall")]
    pub unsafe fn go_create_syscall(self, gp: *mut G) {
        // SAFETY: the impl's contract.
        unsafe {
            // :618 this is its beginning: no status before it
            (*gp).trace.set_status_traced(self.gen_);
            self.event_writer(TraceGoStatus::Bad, TraceProcStatus::Bad)
                .commit(TraceEv::GoCreateSyscall, &[(*gp).goid]);
        }
    }

    /// The M's goroutine was in a system call, and is dead now: a foreign thread leaves. Without a
    /// P.
    ///
    /// Go: traceruntime.go:628 GoDestroySyscall
    #[doc(alias = "GoDestroySyscall")]
    pub unsafe fn go_destroy_syscall(self) {
        // :631
        // SAFETY: the impl's contract.
        unsafe {
            self.event_writer(TraceGoStatus::Syscall, TraceProcStatus::Bad)
                .commit(TraceEv::GoDestroySyscall, &[]);
        }
    }
}

/// Writes that `gp`, which is about to be woken, waits, unless this generation knows it.
///
/// Go: traceruntime.go:516 emitUnblockStatus
#[doc(alias = "emitUnblockStatus")]
unsafe fn emit_unblock_status(w: &mut TraceWriter, gp: *mut G, gen_: usize) {
    // SAFETY: gp is the waker's; the locker is held.
    unsafe {
        // :517
        if !(*gp).trace.status_was_traced(gen_) && (*gp).trace.acquire_status(gen_) {
            // :521
            w.write_go_status((*gp).goid, -1, TraceGoStatus::Waiting, (*gp).in_mark_assist, 0);
        }
    }
}

/// Notes that the task `id` begins, a part of `parent_id` (0: of none).
///
/// # Safety
/// On a user goroutine.
///
/// Go: traceruntime.go:640 trace_userTaskCreate
#[doc(alias = "trace_userTaskCreate")]
pub unsafe fn trace_user_task_create(id: u64, parent_id: u64, task_type: &str) {
    // SAFETY: the locker is held while the event is written.
    unsafe {
        // :641
        let tl = trace_acquire();
        if !tl.ok() {
            return;
        }
        // :646
        let args = [id, parent_id, tl.string(task_type), tl.stack(3)];
        tl.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
            .commit(TraceEv::UserTaskBegin, &args);
        trace_release(tl);
    }
}

/// Notes that the task `id` ends.
///
/// # Safety
/// On a user goroutine.
///
/// Go: traceruntime.go:653 trace_userTaskEnd
#[doc(alias = "trace_userTaskEnd")]
pub unsafe fn trace_user_task_end(id: u64) {
    // SAFETY: as above.
    unsafe {
        // :654
        let tl = trace_acquire();
        if !tl.ok() {
            return;
        }
        // :659
        let args = [id, tl.stack(2)];
        tl.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
            .commit(TraceEv::UserTaskEnd, &args);
        trace_release(tl);
    }
}

/// Notes that a region of the task `id` begins (`mode` 0) or ends (1).
///
/// # Safety
/// On a user goroutine.
///
/// Go: traceruntime.go:669 trace_userRegion
#[doc(alias = "trace_userRegion")]
pub unsafe fn trace_user_region(id: u64, mode: u64, name: &str) {
    // SAFETY: as above.
    unsafe {
        // :670
        let tl = trace_acquire();
        if !tl.ok() {
            return;
        }
        // :676
        let ev = match mode {
            0 => TraceEv::UserRegionBegin,
            1 => TraceEv::UserRegionEnd,
            // gort: Go does not release
            _ => return trace_release(tl),
        };
        // :684
        let args = [id, tl.string(name), tl.stack(3)];
        tl.event_writer(TraceGoStatus::Running, TraceProcStatus::Running).commit(ev, &args);
        trace_release(tl);
    }
}

/// Notes a message that belongs to the task `id`.
///
/// # Safety
/// On a user goroutine.
///
/// Go: traceruntime.go:691 trace_userLog
#[doc(alias = "trace_userLog")]
pub unsafe fn trace_user_log(id: u64, category: &str, message: &str) {
    // SAFETY: as above.
    unsafe {
        // :692
        let tl = trace_acquire();
        if !tl.ok() {
            return;
        }
        // :697
        let args = [id, tl.string(category), tl.unique_string(message), tl.stack(3)];
        tl.event_writer(TraceGoStatus::Running, TraceProcStatus::Running)
            .commit(TraceEv::UserLog, &args);
        trace_release(tl);
    }
}

/// Flushes the buffers of an M that has ended, or whose thread is about to. False: it has not, as
/// the process ends, and who ends it takes them; the M has to stay where [`finish_buffers`] finds
/// it. In Go, where `sched.lock` and `trace.lock` keep the two apart, there is no result.
///
/// # Safety
/// Under `sched.lock`, for the sake of whoever collects the Ms' buffers. The M writes no more.
///
/// Go: traceruntime.go:707 traceThreadDestroy
#[doc(alias = "traceThreadDestroy")]
#[cold]
pub unsafe fn trace_thread_destroy(mp: *mut M) -> bool {
    // SAFETY: the M's seqlock and trace.lock guard its buffers.
    unsafe {
        // :708
        assert_lock_held(&raw mut (*sched()).lock);

        // :717
        let seq = (*mp).trace.seqlock.add(1);
        if DEBUG_TRACE_REENTRANCY && seq.is_multiple_of(2) {
            throw("bad use of trace.seqlock or tracer is reentrant");
        }
        // gort: who ends the process takes no locks. Either it sees the odd seqlock, and waits, or
        // the 0 that it has stored is seen here (sequentially consistent, all four).
        if (*trace()).quiet_fd.load() >= 0
            && (*trace()).gen_.load() == 0
            && !mutant!("the buffers of an M that has ended are taken twice")
        {
            (*mp).trace.seqlock.add(1);
            return false;
        }
        // :721
        systemstack(|| {
            let trace = trace();
            lock(&raw mut (*trace).lock);
            for i in 0..2 {
                let buf: *mut TraceBuf = (*mp).trace.buf[i].cast();
                if !buf.is_null() {
                    // :727 of the generation only its parity matters
                    trace_buf_flush(buf, i);
                    (*mp).trace.buf[i] = core::ptr::null_mut();
                }
            }
            unlock(&raw mut (*trace).lock);
        });
        // :733
        let seq1 = (*mp).trace.seqlock.add(1);
        if seq1 != seq.wrapping_add(1) {
            gort_print::print!("runtime: seq1={seq1}\n");
            throw("bad use of trace.seqlock");
        }
        true
    }
}
