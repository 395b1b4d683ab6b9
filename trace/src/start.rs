//! trace.go: 147–319. Starting a trace, and stopping it.

use crate::{TRACE_ADVANCE_SEMA, TRACE_SHUTDOWN_SEMA, advancer, trace_advance};
use gort_proc::*;
use gort_sema::{semacquire, semrelease};

/// There is a trace already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyEnabled;

/// Starts a trace, whose bytes [`read_trace`](crate::read_trace) returns.
///
/// # Errors
/// If there is one already, be it that of `GORT_TRACE`, or if the last one has not been read to its
/// end.
///
/// # Safety
/// On a user goroutine that holds no lock of the runtime. Somebody has to read the trace:
/// [`stop_trace`] waits for that.
///
/// Go: trace.go:154 StartTrace
#[doc(alias = "StartTrace")]
pub unsafe fn start_trace() -> Result<(), AlreadyEnabled> {
    // SAFETY: the world is stopped while the state of Ps is written; what else is changed is
    // guarded by the semaphore.
    unsafe {
        let trace = trace();
        // :155
        if trace_enabled() || trace_shutting_down() {
            return Err(AlreadyEnabled);
        }
        // :159 the last one is cleaned up
        semacquire(&TRACE_SHUTDOWN_SEMA);
        semrelease(&TRACE_SHUTDOWN_SEMA);

        // :164
        semacquire(&TRACE_ADVANCE_SEMA);
        // gort: somebody else may have been faster; Go lets both of them start
        if trace_enabled() || trace_shutting_down() {
            semrelease(&TRACE_ADVANCE_SEMA);
            return Err(AlreadyEnabled);
        }

        // gort: walks do not ask the loader
        gort_traceback::fast::renew_walks();

        // :167 no samples of a CPU profile.

        // :174 on with the last one's numbers: what is indexed by them need not be reset
        let first_gen = trace_next_gen((*trace).last_non_zero_gen);

        // :177 no collector that would count
        // :180
        (*trace).header_written = false;
        (*trace).reader_gen.store(first_gen);
        (*trace).flushed_gen.store(0);

        // :185
        trace_register_labels_and_reasons(first_gen);

        // :225 every M is then at a place where it will see that tracing is on before it next
        // changes the state of anything. Else a goroutine's state might be read, and be changed by
        // somebody who does not know yet that this has to be told.
        let stw = stop_the_world(StwReason::StartTrace);

        // :228 sysmon has no P
        let sched = sched();
        lock(&raw mut (*sched).sysmonlock);

        // :232 no heap
        // :235
        let allp = allp();
        for i in 0..(*allp).cap {
            // gort: what is beyond the length may never have been filled
            let pp = *(*allp).ptr.add(i);
            if !pp.is_null() {
                (*pp).trace.m_syscall_id = -1;
                // gort: also of Ps that are no more, for this generation and the next one. Go does
                // so only at the end of a generation, for those that are no more at that moment; of
                // one that came or went since, flags and numbers would be those of older
                // generations.
                (*pp).trace.resource.ready_next_gen((*trace).last_non_zero_gen);
                (*pp).trace.resource.ready_next_gen(first_gen);
            }
        }

        // :253 seen as true by whoever sees the generation: all Ms but those below have been
        // stopped
        set_trace_enabled(true);
        (*trace).gen_.store(first_gen);

        // :275 Goroutines that return from a system call the slow way. They count themselves before
        // they read `gen`, so that whoever comes after this was 0 sees the new one (sequentially
        // consistent: trace_exiting_syscall).
        while (*trace).exiting_syscall.load() != 0 {
            osyield();
        }

        // :282 also the state of this goroutine
        let tl = trace_acquire();
        tl.gomaxprocs(GOMAXPROCS.get());
        tl.stw_start(StwReason::StartTrace.string());

        // :287 no collector, no memory
        // :300
        let own = (*tl.mp).p.ptr();
        for i in 0..(*allp).len {
            let pp = *(*allp).at(i);
            let mut w = tl.writer();
            w.write_proc_status_for_p(pp, pp == own);
            w.end();
        }
        trace_release(tl);

        // :305
        unlock(&raw mut (*sched).sysmonlock);
        start_the_world(stw);

        // :309
        advancer::start();

        semrelease(&TRACE_ADVANCE_SEMA);
        Ok(())
    }
}

/// Stops the trace, if there is one, when it has been read to its end.
///
/// # Safety
/// On a user goroutine that holds no lock of the runtime, and is not the one that reads.
///
/// Go: trace.go:317 StopTrace
#[doc(alias = "StopTrace")]
pub unsafe fn stop_trace() {
    // :318
    // SAFETY: the same contract.
    unsafe { trace_advance(true) }
}
