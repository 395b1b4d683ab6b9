//! trace.go: 321–717. The end of a generation.

use crate::{TRACE_ADVANCE_SEMA, TRACE_SHUTDOWN_SEMA, advancer};
use gort_preempt::{SuspendGState, resume_g, suspend_if_stopped};
use gort_proc::*;
use gort_sema::{semacquire, semrelease, semrelease1};

/// A goroutine of which nothing was traced in a generation (trace.go:350).
struct UntracedG {
    gp: *mut G,
    goid: u64,
    mid: i64,
    stack_id: u64,
    status: u32,
    waitreason: WaitReason,
    in_mark_assist: bool,
}

/// Ends the generation that is being written, and returns when it has been read. `stop`: it is the
/// last one.
///
/// # Safety
/// On a user goroutine that holds no lock of the runtime and is not the one that reads.
///
/// Go: trace.go:330 traceAdvance
#[doc(alias = "traceAdvance")]
pub unsafe fn trace_advance(stop: bool) {
    // SAFETY: one at a time, by the semaphore. What is read of Ms, Ps and Gs is guarded as said at
    // each place.
    unsafe {
        let trace = trace();
        // gort: nobody reads a trace of GORT_TRACE
        if (*trace).quiet_fd.load() >= 0 {
            return;
        }
        // :331
        semacquire(&TRACE_ADVANCE_SEMA);

        // :336
        let gen_ = (*trace).gen_.load();
        if gen_ == 0 {
            // :338 stopped by somebody else
            semrelease(&TRACE_ADVANCE_SEMA);
            return;
        }

        // :347
        trace_frequency(gen_);
        gort_traceback::fast::renew_walks();

        // :351
        set_trace_states_wanted(STATES_OF_GS);
        let untraced_gs = untraced_gs(gen_);
        set_trace_states_wanted(0);

        if !stop {
            // :410
            trace_register_labels_and_reasons(trace_next_gen(gen_));
        }

        // :420 no stop of the world crosses the border. It has to be over soon, hence without
        // preemption
        semacquire(&WORLDSEMA);
        let mp = acquirem();

        // :424
        (*trace).last_non_zero_gen = gen_;
        if stop {
            systemstack(|| {
                // :431 to the reader one step
                lock(&raw mut (*trace).lock);
                (*trace).shutdown.store(true);
                (*trace).gen_.store(0);
                unlock(&raw mut (*trace).lock);

                // :438 gort: `enabled` goes when the reader has seen the end, see below
            });
        } else {
            // :441 (sequentially consistent: pairs with the load in trace_acquire_enabled)
            (*trace).gen_.store(trace_next_gen(gen_));
        }

        // :450 early, and before the number can change
        if !stop {
            let tl = trace_acquire();
            tl.gomaxprocs(GOMAXPROCS.get());
            trace_release(tl);
        }

        // :460 no collector
        // :470
        releasem(mp);
        semrelease(&WORLDSEMA);

        flush_ms(gen_);

        // :564 of the old generation only what follows is missing now
        let mut w = unsafe_trace_writer(gen_, core::ptr::null_mut());
        for ug in &untraced_gs {
            if (*ug.gp).trace.status_was_traced(gen_) {
                continue;
            }
            // :574 it cannot be traced in that generation any more, so it has not been since its
            // state was noted
            let status = go_status_to_trace_go_status(ug.status, ug.waitreason);
            w.write_go_status(ug.goid, ug.mid, status, ug.in_mark_assist, ug.stack_id);
        }
        // :577
        w.flush();
        w.end();

        // :588 no samples and types. Stacks make strings
        crate::names::dump(gen_);
        // :590
        TraceStringTable::reset(&raw mut (*trace).string_tab[gen_ % 2], gen_);

        // :593
        systemstack(|| {
            lock(&raw mut (*trace).lock);
            (*trace).flushed_gen.store(gen_);
            unlock(&raw mut (*trace).lock);
        });

        // :607 below
        if stop {
            // :615
            semacquire(&TRACE_SHUTDOWN_SEMA);

            // :618 no samples, no memory.
        } else {
            // :637 of the Ps that have done nothing yet in the new generation
            semacquire(&WORLDSEMA);
            // gort: code that calls nothing is asked by a signal
            set_trace_states_wanted(STATES_OF_PS);
            for_each_p(WaitReason::TraceProcStatus, &|pp| {
                let tl = trace_acquire();
                if !(*pp).trace.resource.status_was_traced(tl.gen_) {
                    let mut w = tl.writer();
                    w.write_proc_status_for_p(pp, false);
                    w.end();
                }
                trace_release(tl);
            });
            set_trace_states_wanted(0);
            // :608 Ps that are no more, which just appear as idle (order: in Go before the others
            // are asked, and without keeping the world from stopping in between: a P that goes then
            // is in neither loop)
            let allp = allp();
            for i in (*allp).len..(*allp).cap {
                // gort: what is beyond the length may never have been filled
                let pp = *(*allp).ptr.add(i);
                if !pp.is_null() {
                    (*pp).trace.resource.ready_next_gen(trace_next_gen(gen_));
                }
            }
            // :645
            semrelease(&WORLDSEMA);
        }

        // :649 until the reader is done with the old one
        semacquire(&raw const (*trace).done_sema[gen_ % 2]);

        // :656
        systemstack(|| {
            lock(&raw mut (*trace).lock);
            if !(*trace).full[gen_ % 2].empty() {
                throw("trace: non-empty full trace buffer for done generation");
            }
            if stop {
                if !(*trace).full[1 - gen_ % 2].empty() {
                    throw("trace: non-empty full trace buffer for next generation");
                }
                // :665
                if !(*trace).reading.is_null() || !(*trace).reader.load().is_null() {
                    throw("trace: reading after shutdown");
                }
                free_empty_buffers();
                // :675
                (*trace).header_written = false;
                (*trace).shutdown.store(false);
                // gort: not sooner, so that findRunnable and handoffp ask for `enabled` only
                set_trace_enabled(false);
            }
            unlock(&raw mut (*trace).lock);
        });

        // :693 no sweeping.
        // :708 straight to whoever waits
        semrelease1(&TRACE_ADVANCE_SEMA, true, 0);

        if stop {
            // :714 without the semaphore, which the advancer may be waiting for
            advancer::stop();
            semrelease(&TRACE_SHUTDOWN_SEMA);
        }
    }
}

/// The goroutines that have not been mentioned in generation `gen_`, stopped one after the other to
/// see in what state they are. That is not written yet: they may be at a place between an event and
/// the change that it is about.
///
/// Go: trace.go:330 traceAdvance
unsafe fn untraced_gs(gen_: usize) -> Vec<UntracedG> {
    let mut found = Vec::new();
    // SAFETY: Gs are never freed; a goroutine is looked at while it is suspended.
    unsafe {
        for_each_g_race(&mut |gp| {
            // :367 also of dead ones, which may come to life again
            (*gp).trace.ready_next_gen(gen_);
            // :369
            if (*gp).trace.status_was_traced(gen_) {
                return;
            }
            // :373
            let mut ug = UntracedG {
                gp,
                goid: 0,
                mid: -1,
                stack_id: 0,
                status: 0,
                waitreason: WaitReason::Zero,
                in_mark_assist: false,
            };
            systemstack(|| {
                // :375 this goroutine was traced, or is by what it does here
                let me = (*(*getg()).m).curg.ptr();
                cas_g_to_waiting_for_gc(me, GRUNNING, WaitReason::TraceGoroutineStatus);
                // :389 it hardly ever runs: that would be for the first time in this generation
                let Some(s) = suspend_unless_traced(gp, gen_) else {
                    casgstatus(me, GWAITING, GRUNNING);
                    return;
                };
                if !s.dead {
                    ug.goid = (*s.g).goid;
                    if !(*s.g).m.is_null() {
                        ug.mid = (*(*s.g).m).procid.get() as i64;
                    }
                    // :395
                    ug.status = s.status;
                    ug.waitreason = (*s.g).waitreason;
                    ug.in_mark_assist = (*s.g).in_mark_assist;
                    ug.stack_id = trace_stack(0, gp, gen_);
                }
                // :400
                resume_g(s);
                casgstatus(me, GWAITING, GRUNNING);
            });
            // :403
            if ug.goid != 0 {
                found.push(ug);
            }
        });
    }
    found
}

/// Stops `gp`, unless its state has been written for generation `gen_`. One that runs is asked to
/// give way, which is an event; and if it calls nothing a signal handler writes its state, between
/// two events of its M. It is never asked to stop: who asks has to wait for it, and code that calls
/// nothing would not come.
///
/// gort's own: Go's suspendG can interrupt any goroutine.
///
/// # Safety
/// On the system stack; the goroutine of this M does not run in the sense of its status.
unsafe fn suspend_unless_traced(gp: *mut G, gen_: usize) -> Option<SuspendGState> {
    // SAFETY: Gs and Ms are never freed; that of a goroutine that runs stays as long as the scan
    // bit is held.
    unsafe {
        let mut next_signal = 0;
        // Either it runs, and the handler writes its state as soon as `locks` is 0, or it is
        // stopped, or it is on its way from one to the other.
        while !(*gp).trace.status_was_traced(gen_) {
            if let Some(s) = suspend_if_stopped(gp) {
                return Some(s);
            }
            let now = nanotime();
            if now >= next_signal
                && readgstatus(gp) == GRUNNING
                && castogscanstatus(gp, GRUNNING, GSCANRUNNING)
            {
                let mp = (*gp).m;
                (*gp).preempt.set(true);
                (*gp).stackguard0.set(STACK_PREEMPT);
                casfrom_gscanstatus(gp, GSCANRUNNING, GRUNNING);
                if DEBUG.asyncpreemptoff.get() == 0 {
                    linkname::preempt_m(mp);
                }
                next_signal = now + 10_000;
            }
            osyield();
        }
        None
    }
}

/// Queues the buffers that all Ms have for generation `gen_`, in which nobody begins to write any
/// more.
///
/// Go: trace.go:330 traceAdvance
unsafe fn flush_ms(gen_: usize) {
    // SAFETY: an M's buffer of the old generation is nobody's when its seqlock has been even once
    // after the new number was stored; trace.lock is for trace_thread_destroy, which takes both
    // buffers.
    unsafe {
        let (sched, trace) = (sched(), trace());
        // :490 Ms that come later see the new number, as they get onto allm under sched.lock; those
        // that have gone have flushed theirs
        lock(&raw mut (*sched).lock);
        let mut m_to_flush: *mut M = ALLM.load();
        let mut mp = m_to_flush;
        while !mp.is_null() {
            (*mp).trace.link = (*mp).alllink.load();
            mp = (*mp).trace.link;
        }
        // :495
        mp = (*sched).freem.load();
        while !mp.is_null() {
            (*mp).trace.link = m_to_flush;
            m_to_flush = mp;
            mp = (*mp).freelink;
        }
        unlock(&raw mut (*sched).lock);

        // :508
        systemstack(|| {
            // :513
            while !m_to_flush.is_null() {
                let mut prev: *mut *mut M = &raw mut m_to_flush;
                let mut mp = *prev;
                while !mp.is_null() {
                    // :516 it writes: later (sequentially consistent: pairs with the addition in
                    // trace_acquire_enabled)
                    if !(*mp).trace.seqlock.load().is_multiple_of(2) {
                        prev = &raw mut (*mp).trace.link;
                        mp = (*mp).trace.link;
                        continue;
                    }
                    // :526
                    lock(&raw mut (*trace).lock);
                    let bufp = &raw mut (*mp).trace.buf[gen_ % 2];
                    if !(*bufp).is_null() {
                        trace_buf_flush((*bufp).cast(), gen_);
                        *bufp = core::ptr::null_mut();
                    }
                    unlock(&raw mut (*trace).lock);

                    // :535
                    *prev = (*mp).trace.link;
                    (*mp).trace.link = core::ptr::null_mut();
                    mp = *prev;
                }
                // :540
                if !m_to_flush.is_null() {
                    osyield();
                }
            }
        });
    }
}
