//! proc.go:4341–4844: entering and leaving system calls, and other code that may block its thread.
//!
//! Between the two calls the goroutine is in `GSYSCALL` and its P in `PSYSCALL`: the M still
//! remembers the P, but whoever wants that P (sysmon after a tick, a stop of the world) takes it
//! with one compare-and-swap of its status. So an undisturbed system call costs an atomic on each
//! side, and only a disturbed one costs a search for another P.
//!
//! Go reads pc, sp and frame pointer of the *caller* of these functions, since the goroutine's
//! stack is walked from there while it blocks. Here `entersyscall`, `entersyscallblock` and
//! `exitsyscall` are inlined into their callers and read them there; crates below, which reach the
//! other half of the last two through the linker, hand them over.

use crate::*;

/// Makes the goroutine's `sched` refer to a place in its caller, for whoever walks the stack while
/// it blocks.
///
/// # Safety
/// On a user goroutine; `pc`, `sp` and `bp` are of one frame of its stack that outlives the
/// blocking.
///
/// Go: proc.go:4341 save
#[inline]
#[cfg(not(gort_inside))]
pub unsafe fn save(pc: usize, sp: usize, bp: usize) {
    // SAFETY: the running goroutine owns its `sched`.
    unsafe {
        // :4342
        let gp = getg();
        let mp = (*gp).m;

        // :4344 g0's says how the thread ends, gsignal's is unused
        if gp == (*mp).g0 || gp == (*mp).gsignal {
            throw("save on system g not allowed");
        }

        // :4353
        (*gp).sched.pc = pc;
        (*gp).sched.sp = sp;
        (*gp).sched.lr = 0;
        (*gp).sched.ret = 0;
        (*gp).sched.bp = bp;
        // :4361 gogo leaves it nil
        if !(*gp).sched.ctxt.is_null() {
            badctxt();
        }
    }
}

/// The goroutine is about to block its thread: its P may be taken meanwhile. The frame is given by
/// the caller.
///
/// # Safety
/// On a user goroutine with a P; the frame of `pc`, `sp`, `bp` lives until [`exitsyscall`], which
/// must follow. Nothing in between may use the scheduler.
///
/// Go: proc.go:4390 reentersyscall
#[cfg(not(gort_inside))]
pub unsafe fn reentersyscall(pc: usize, sp: usize, bp: usize) {
    // SAFETY: the M and the goroutine are this thread's own; the P is until its status is stored.
    unsafe {
        // :4391
        let trace = trace_acquire();
        let gp = getg();
        let mp = (*gp).m;

        // :4396 no preemption while the status says one thing and `sched` another
        (*mp).locks.bump(1);

        // :4402 a stack check in here must trip, and then die
        (*gp).stackguard0.set(STACK_PREEMPT);
        (*gp).throwsplit = true;

        // :4406
        save(pc, sp, bp);
        (*gp).syscallsp = sp;
        (*gp).syscallpc = pc;
        (*gp).syscallbp = bp;
        // :4410
        casgstatus(gp, GRUNNING, GSYSCALL);
        if cfg!(debug_assertions) {
            // :4414 the rank checks of casgstatus may have gone through systemstack, which spoils
            // `sched`
            save(pc, sp, bp);
        }
        // :4416
        if (*gp).syscallsp < (*gp).stack.lo || (*gp).stack.hi < (*gp).syscallsp {
            entersyscall_bad_sp(gp);
        }
        // :4422 no check of the frame pointer: native code may use rbp for anything
        // (docs/deviations.md)

        // :4429
        if trace.ok() {
            systemstack(|| {
                trace.go_sys_call();
                trace_release(trace);
            });
            save(pc, sp, bp);
        }

        // :4440
        let sched = sched();
        if (*sched).sysmonwait.load() {
            systemstack(|| entersyscall_sysmon());
            save(pc, sp, bp);
        }

        // :4445
        let pp = (*mp).p.ptr();
        if (*pp).run_safe_point_fn.get() != 0 {
            systemstack(|| run_safe_point_fn());
            save(pc, sp, bp);
        }

        // gort's own counter
        (*pp).stats.syscalls.bump(1);

        // :4451
        (*mp).syscalltick.set((*pp).syscalltick.get());
        (*pp).m.set(core::ptr::null_mut());
        (*mp).oldp.set(pp);
        (*mp).p.set(core::ptr::null_mut());
        // :4456 from here on the P is anybody's
        (*pp).status.store(PSYSCALL);
        // :4457
        if (*sched).gcwaiting.load() && !mutant!("entersyscall does not look for a stop") {
            systemstack(|| entersyscall_gcwait());
            save(pc, sp, bp);
        }

        // :4462
        (*mp).locks.bump(-1);
    }
}

/// The cold end of the check at :4416.
#[cold]
#[inline(never)]
#[cfg(not(gort_inside))]
unsafe fn entersyscall_bad_sp(gp: *mut G) -> ! {
    // SAFETY: the goroutine is the running one; this ends the process.
    unsafe {
        // :4417
        systemstack(|| {
            gort_print::print!(
                "entersyscall inconsistent sp {:#x} [{:#x},{:#x}]\n",
                (*gp).syscallsp,
                (*gp).stack.lo,
                (*gp).stack.hi
            );
            throw("entersyscall")
        })
    }
}

/// The goroutine is about to block its thread for what is probably a short time: [`exitsyscall`]
/// ends it.
///
/// # Safety
/// As [`reentersyscall`]; the function that this is inlined into is the frame, so it must make both
/// calls.
///
/// Go: proc.go:4479 entersyscall
#[cfg(not(any(loom, gort_inside)))]
#[inline(always)]
pub unsafe fn entersyscall() {
    // :4484 the caller's registers, as this is inlined there
    let (pc, sp, bp) = getpcspbp();
    // :4485
    // SAFETY: the caller's contract.
    unsafe { reentersyscall(pc, sp, bp) }
}

/// Wakes sysmon from its deep sleep: there is a P in a system call now, which it may have to
/// retake.
///
/// # Safety
/// On the system stack.
///
/// Go: proc.go:4488 entersyscall_sysmon
#[cold]
pub unsafe fn entersyscall_sysmon() {
    // SAFETY: sched.lock guards the pair of flag and note.
    unsafe {
        // :4489
        let sched = sched();
        lock(&raw mut (*sched).lock);
        if (*sched).sysmonwait.load() {
            (*sched).sysmonwait.store(false);
            notewakeup(&raw mut (*sched).sysmonnote);
        }
        unlock(&raw mut (*sched).lock);
    }
}

/// The world is being stopped: hands the P over to the stopper, unless somebody has taken it
/// already.
///
/// # Safety
/// On the system stack of an M that has just put its P into `PSYSCALL`.
///
/// Go: proc.go:4497 entersyscall_gcwait
#[cold]
pub unsafe fn entersyscall_gcwait() {
    // SAFETY: the M is this thread's; the P is only touched after the compare-and-swap has made it
    // ours.
    unsafe {
        // :4498
        let gp = getg();
        let pp = (*(*gp).m).oldp.ptr();

        // :4501
        let sched = sched();
        lock(&raw mut (*sched).lock);
        // :4502 a theft, though it probably is the P that this M had: it may have been lost and put
        // into a system call again since
        if trace_steal(pp, true, || {
            (*sched).stopwait.get() > 0 && (*pp).status.cas(PSYSCALL, PGCSTOP)
        }) {
            // :4517
            (*pp).gc_stop_time = nanotime();
            (*pp).syscalltick.bump(1);
            (*sched).stopwait.bump(-1);
            if (*sched).stopwait.get() == 0 {
                notewakeup(&raw mut (*sched).stopnote);
            }
        }
        // :4525
        unlock(&raw mut (*sched).lock);
    }
}

/// As [`entersyscall`], but the thread will certainly block: the P is given away at once.
/// [`exitsyscall`] ends it.
///
/// # Safety
/// As [`entersyscall`].
///
/// Go: proc.go:4540 entersyscallblock
#[cfg(not(any(loom, gort_inside)))]
#[inline(always)]
pub unsafe fn entersyscallblock() {
    // :4550 the caller's registers
    let (pc, sp, bp) = getpcspbp();
    // SAFETY: the caller's contract.
    unsafe { entersyscallblock_frame(pc, sp, bp) }
}

/// The body of [`entersyscallblock`], given its caller's frame.
///
/// # Safety
/// As [`reentersyscall`].
///
/// Go: proc.go:4540 entersyscallblock
#[unsafe(export_name = "gort.entersyscallblock")]
#[cfg(not(gort_inside))]
pub unsafe fn entersyscallblock_frame(pc: usize, sp: usize, bp: usize) {
    // SAFETY: the M and the goroutine are this thread's own; the P until it is handed off.
    unsafe {
        // :4541
        let gp = getg();
        let mp = (*gp).m;

        // :4543
        (*mp).locks.bump(1);
        (*gp).throwsplit = true;
        (*gp).stackguard0.set(STACK_PREEMPT);
        let pp = (*mp).p.ptr();
        (*mp).syscalltick.set((*pp).syscalltick.get());
        (*pp).syscalltick.bump(1);
        // gort's own counter
        (*pp).stats.syscalls.bump(1);

        // :4553
        save(pc, sp, bp);
        (*gp).syscallsp = (*gp).sched.sp;
        (*gp).syscallpc = (*gp).sched.pc;
        (*gp).syscallbp = (*gp).sched.bp;
        // :4557
        if (*gp).syscallsp < (*gp).stack.lo || (*gp).stack.hi < (*gp).syscallsp {
            entersyscallblock_bad_sp(gp, sp);
        }
        // :4566
        casgstatus(gp, GRUNNING, GSYSCALL);
        // :4567
        if (*gp).syscallsp < (*gp).stack.lo || (*gp).stack.hi < (*gp).syscallsp {
            entersyscallblock_bad_sp(gp, sp);
        }
        // :4573 no check of the frame pointer, as in reentersyscall

        // :4580
        systemstack(|| entersyscallblock_handoff());

        // :4583 systemstack has spoiled it
        save(pc, sp, bp);

        // :4585
        (*mp).locks.bump(-1);
    }
}

/// The cold end of the checks at :4557 and :4567.
#[cold]
#[inline(never)]
#[cfg(not(gort_inside))]
unsafe fn entersyscallblock_bad_sp(gp: *mut G, sp: usize) -> ! {
    // SAFETY: the goroutine is the running one; this ends the process.
    unsafe {
        // :4558 read before systemstack spoils sched
        let sp2 = (*gp).sched.sp;
        let sp3 = (*gp).syscallsp;
        systemstack(|| {
            gort_print::print!(
                "entersyscallblock inconsistent sp {:#x} {:#x} {:#x} [{:#x},{:#x}]\n",
                sp,
                sp2,
                sp3,
                (*gp).stack.lo,
                (*gp).stack.hi
            );
            throw("entersyscallblock")
        })
    }
}

/// Gives the P of a thread that is about to block to another one.
///
/// # Safety
/// On the system stack, with a P.
///
/// Go: proc.go:4588 entersyscallblock_handoff
pub unsafe fn entersyscallblock_handoff() {
    // SAFETY: the P is this M's until released.
    unsafe {
        // :4589
        trace_event(|t| t.go_sys_call());
        // :4594
        handoffp(releasep());
    }
}

/// The goroutine's thread is back: finds it a P, the old one if it can, or puts it in a queue. May
/// return on another thread.
///
/// # Safety
/// On a user goroutine after [`entersyscall`] or [`entersyscallblock`], in the same function or one
/// that it called.
///
/// Go: proc.go:4617 exitsyscall
#[cfg(not(any(loom, gort_inside)))]
#[inline(always)]
pub unsafe fn exitsyscall() {
    // :4621 the caller's sp: read here, as the call of the rest may be a jump from an empty frame
    let (_, sp, _) = getpcspbp();
    // SAFETY: the caller's contract.
    unsafe { exitsyscall_frame(sp) }
}

/// The body of [`exitsyscall`], given its caller's sp.
///
/// # Safety
/// As [`exitsyscall`].
///
/// Go: proc.go:4617 exitsyscall
#[unsafe(export_name = "gort.exitsyscall")]
#[cfg(not(gort_inside))]
pub unsafe fn exitsyscall_frame(callersp: usize) {
    // SAFETY: the M and the goroutine are this thread's own; a P only once exitsyscallfast or
    // execute got one. The M is read anew after mcall, as the goroutine may be on another thread
    // then.
    unsafe {
        // :4618
        let gp = getg();
        let mp = (*gp).m;

        // :4620
        (*mp).locks.bump(1);
        if callersp > (*gp).syscallsp {
            throw("exitsyscall: syscall frame is no longer valid");
        }

        // :4625
        (*gp).waitsince.set(0);
        let oldp = (*mp).oldp.ptr();
        (*mp).oldp.set(core::ptr::null_mut());
        // :4628
        if exitsyscallfast(oldp) {
            // :4631 no goroutine profiles
            // :4639
            let pp = (*mp).p.ptr();
            let trace = trace_acquire();
            if trace.ok() {
                exitsyscall_traced(trace, oldp);
            }
            // :4658 there is a P, so it may run
            (*pp).syscalltick.bump(1);
            // :4660
            casgstatus(gp, GSYSCALL, GRUNNING);
            if trace.ok() {
                trace_release(trace);
            }

            // :4667
            (*gp).syscallsp = 0;
            (*mp).locks.bump(-1);
            if (*gp).preempt.get() {
                // :4671 newstack may have cleared the request
                (*gp).stackguard0.set(STACK_PREEMPT);
            } else {
                // :4674 entersyscall spoiled it
                (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
            }
            // :4676
            (*gp).throwsplit = false;

            // :4678
            if (*sched()).disable.user.get() && !sched_enabled(gp) {
                gosched();
            }

            return;
        }

        // :4686
        (*mp).locks.bump(-1);

        // :4689
        mcall(exitsyscall0);

        // :4697 running again, with a P, perhaps elsewhere
        (*gp).syscallsp = 0;
        (*(*(*gp).m).p.ptr()).syscalltick.bump(1);
        (*gp).throwsplit = false;
    }
}

/// The events of [`exitsyscall_frame`], which has a P: it is known now whether that was lost
/// meanwhile.
#[cold]
#[inline(never)]
#[cfg(not(gort_inside))]
unsafe fn exitsyscall_traced(trace: TraceLocker, oldp: *mut P) {
    // SAFETY: the M and its P are this thread's.
    unsafe {
        // :4641
        let mp = trace.mp;
        let pp = (*mp).p.ptr();
        let lost_p = oldp != pp || (*mp).syscalltick.get() != (*pp).syscalltick.get();
        systemstack(|| {
            trace.go_sys_exit(lost_p);
            // :4648 it was blocked, and runs again
            if lost_p {
                trace.go_start();
            }
        });
    }
}

/// Tries to get a P without giving up the goroutine: its old one, or any idle one.
///
/// # Safety
/// On a goroutine in `GSYSCALL` whose M has no P; `oldp` is the one it had, or nil.
///
/// Go: proc.go:4703 exitsyscallfast
#[inline]
pub unsafe fn exitsyscallfast(oldp: *mut P) -> bool {
    // SAFETY: Ps are never freed; the compare-and-swap makes `oldp` ours.
    unsafe {
        let sched = sched();
        // :4705 freezetheworld does not take the Ps themselves
        if (*sched).stopwait.get() == FREEZE_STOP_WAIT {
            return false;
        }

        // :4710
        let trace = trace_acquire();
        // :4711
        if !oldp.is_null()
            && (*oldp).status.get() == PSYSCALL
            && ((*oldp).status.cas(PSYSCALL, PIDLE)
                || mutant!("exitsyscall ignores who has got the P"))
        {
            // :4713
            wirep(oldp);
            exitsyscallfast_reacquired(trace);
            if trace.ok() {
                trace_release(trace);
            }
            return true;
        }
        // :4720
        if trace.ok() {
            trace_release(trace);
        }

        // :4725
        if !(*sched).pidle.is_null() {
            let ok = systemstack(|| exitsyscallfast_pidle());
            if ok {
                return true;
            }
        }
        // :4734
        false
    }
}

/// Got the old P back: notes if others had it meanwhile.
///
/// # Safety
/// With a P, just taken back from `PSYSCALL`.
///
/// Go: proc.go:4742 exitsyscallfast_reacquired
#[inline]
pub unsafe fn exitsyscallfast_reacquired(trace: TraceLocker) {
    // SAFETY: M and P are this thread's own.
    unsafe {
        // :4743
        let gp = getg();
        let mp = (*gp).m;
        let pp = (*mp).p.ptr();
        if (*mp).syscalltick.get() != (*pp).syscalltick.get() {
            // :4745 somebody took the P and entered a system call with it, from which it was taken
            // back now
            if trace.ok() {
                systemstack(|| {
                    trace.proc_steal(pp, true);
                    trace.proc_start();
                });
            }
            // :4756
            (*pp).syscalltick.bump(1);
        }
    }
}

/// Takes an idle P if there is one, and wakes sysmon then.
///
/// # Safety
/// On the system stack, without a P.
///
/// Go: proc.go:4760 exitsyscallfast_pidle
pub unsafe fn exitsyscallfast_pidle() -> bool {
    // SAFETY: sched.lock guards the idle list.
    unsafe {
        // :4761
        let sched = sched();
        lock(&raw mut (*sched).lock);
        let (pp, _) = pidleget(0);
        if !pp.is_null() && (*sched).sysmonwait.load() {
            (*sched).sysmonwait.store(false);
            notewakeup(&raw mut (*sched).sysmonnote);
        }
        // :4767
        unlock(&raw mut (*sched).lock);
        if !pp.is_null() {
            acquirep(pp);
            return true;
        }
        // :4772
        false
    }
}

on_g0! {
/// No P to be had for the goroutine that left a system call: queues it and lets the thread find
/// other work.
///
/// # Safety
/// Called by `mcall`, from a goroutine in `GSYSCALL` whose M has no P.
///
/// Go: proc.go:4781 exitsyscall0
pub unsafe extern "C" fn exitsyscall0(gp: *mut G) -> ! {
    // SAFETY: on g0; `gp` is ours until it is in the queue and sched.lock is released.
    unsafe {
        leaving(gp);
        // :4783
        trace_exiting_syscall();
        trace_around(
            || {
                casgstatus(gp, GSYSCALL, GRUNNABLE);
                trace_exited_syscall();
            },
            |t| t.go_sys_exit(true), // :4792
        );
        // :4795
        dropg();
        let sched = sched();
        lock(&raw mut (*sched).lock);
        // :4797
        let mut pp = core::ptr::null_mut();
        if sched_enabled(gp) {
            (pp, _) = pidleget(0);
        }
        // :4801
        let mut locked = false;
        if pp.is_null() {
            globrunqput(gp);

            // :4810 must be read before the unlock: afterwards another M may run gp and lock it
            locked = !(*gp).lockedm.is_null();
        } else if (*sched).sysmonwait.load() {
            // :4812
            (*sched).sysmonwait.store(false);
            notewakeup(&raw mut (*sched).sysmonnote);
        }
        // :4815
        unlock(&raw mut (*sched).lock);
        if !pp.is_null() {
            acquirep(pp);
            execute(gp, false); // :4818 does not return
        }
        if locked {
            // :4825 lockedm is this M, as gp entered the system call here
            stoplockedm();
            execute(gp, false); // :4826 does not return
        }
        // :4828
        stopm();
        schedule() // :4829 does not return
    }
}
}
