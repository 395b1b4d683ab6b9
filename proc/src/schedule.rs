//! proc.go: 3847–4054. One round of the scheduler.

use crate::*;

/// This M has found work, so it is no longer spinning; perhaps another should be.
///
/// # Safety
/// On g0 of a spinning M with a P.
///
/// Go: proc.go:3847 resetspinning
pub unsafe fn resetspinning() {
    // SAFETY: the M is this thread's.
    unsafe {
        // :3848
        let mp = (*getg()).m;
        if !(*mp).spinning.get() {
            throw("resetspinning: not a spinning m");
        }
        (*mp).spinning.set(false);
        // :3853
        let nmspinning = (*sched()).nmspinning.add(-1);
        if nmspinning < 0 {
            throw("findrunnable: negative nmspinning");
        }
        // :3860 Ms are woken sparingly, so it may well be that none is spinning now
        if !mutant!("resetspinning wakes nobody") {
            wakep();
        }
    }
}

/// Makes the waiting goroutines of a list runnable and empties it. Without a P all go to the global
/// queue, and Ms are started for as many as there are idle Ps. With a P, only as many as there are
/// idle Ps go there; the others go to the local queue.
///
/// # Safety
/// The list and the goroutines, which wait, are the caller's. Without locks.
///
/// Go: proc.go:3871 injectglist
pub unsafe fn injectglist(glist: *mut GList) {
    // SAFETY: the goroutines are in nobody else's hands until they are on a queue.
    unsafe {
        let sched = sched();
        // :3872
        if (*glist).empty() {
            return;
        }
        // :3875
        trace_event(|t| {
            let mut gp = (*glist).head.ptr();
            while !gp.is_null() {
                t.go_unpark(gp);
                gp = (*gp).schedlink.ptr();
            }
        });

        // :3885 runnable first, then queued
        let head = (*glist).head.ptr();
        let mut tail: *mut G = core::ptr::null_mut();
        let mut qsize: isize = 0;
        let mut gp = head;
        while !gp.is_null() {
            // :3889
            tail = gp;
            qsize += 1;
            casgstatus(gp, GWAITING, GRUNNABLE);
            gp = (*gp).schedlink.ptr();
        }

        // :3895
        let mut q = GQueue::default();
        q.head.set(head);
        q.tail.set(tail);
        (*glist).head.set(core::ptr::null_mut());

        // :3900
        let start_idle = move |n: isize| {
            for _ in 0..n {
                let mp = acquirem(); // as in startm
                lock(&raw mut (*sched).lock);

                // :3905
                let (pp, _) = pidleget_spinning(0);
                if pp.is_null() {
                    unlock(&raw mut (*sched).lock);
                    releasem(mp);
                    break;
                }

                // :3912
                startm(pp, false, true);
                unlock(&raw mut (*sched).lock);
                releasem(mp);
            }
        };

        // :3918
        let pp = (*(*getg()).m).p.ptr();
        if pp.is_null() {
            lock(&raw mut (*sched).lock);
            globrunqputbatch(&raw mut q, qsize as i32);
            unlock(&raw mut (*sched).lock);
            start_idle(qsize);
            return;
        }

        // :3927
        let npidle = (*sched).npidle.load() as isize;
        let mut globq = GQueue::default();
        let mut n: isize = 0;
        while n < npidle && !q.empty() {
            // :3933
            let g = q.pop();
            globq.push_back(g);
            n += 1;
        }
        if n > 0 {
            // :3937
            lock(&raw mut (*sched).lock);
            globrunqputbatch(&raw mut globq, n as i32);
            unlock(&raw mut (*sched).lock);
            start_idle(n);
            qsize -= n;
        }

        // :3944
        if !q.empty() {
            runqputbatch(pp, &raw mut q, qsize);
        }

        // :3961 a P may have become idle after npidle was read and before the global queue was
        // filled: it would stay idle until the next goroutine becomes runnable. This wakes one,
        // which wakes the next if need be.
        wakep();
    }
}

/// One round: finds a runnable goroutine and runs it.
///
/// # Safety
/// On g0 of an M with a P (without one if a goroutine is locked to it), without locks; no value
/// with a destructor is live on this stack.
///
/// Go: proc.go:3966 schedule
pub unsafe fn schedule() -> ! {
    // SAFETY: the M is this thread's; the goroutine that find_runnable gives is ours alone.
    unsafe {
        let sched = sched();
        // :3967
        let mp = (*getg()).m;

        if (*mp).locks.get() != 0 {
            throw("schedule: holding locks");
        }

        // :3973
        #[cfg(not(loom))] // models use it for something else
        if !(*mp).lockedg.is_null() {
            stoplockedm();
            execute((*mp).lockedg.ptr(), false);
        }

        // :3980 the foreign call is using g0's stack
        if (*mp).incgo {
            throw("schedule: in cgo");
        }

        #[cfg(loom)]
        schedule_hook();
        // :3984
        'top: loop {
            let pp = (*mp).p.ptr();
            (*pp).preempt.set(false);

            // :3991 before timers are looked at, as they may ready goroutines
            if (*mp).spinning.get()
                && (!(*pp).runnext.is_null() || (*pp).runqhead.get() != (*pp).runqtail.get())
            {
                throw("schedule: spinning with local work");
            }

            // :3995
            let (gp, inherit_time, try_wake_p) = find_runnable();

            // :3997
            if DEBUG.dontfreezetheworld.get() > 0 && FREEZING.load() {
                // :4005 stuck for good: the world is frozen, and the scheduler's state shall stay
                // as it is
                lock(deadlock());
                lock(deadlock());
            }

            // :4012
            if (*mp).spinning.get() {
                resetspinning();
            }

            // :4016
            if (*sched).disable.user.get() && !sched_enabled(gp) {
                // :4020 put aside until user goroutines may run again, unless that is so by now
                lock(&raw mut (*sched).lock);
                if sched_enabled(gp) {
                    unlock(&raw mut (*sched).lock);
                } else {
                    // :4026
                    (*sched).disable.runnable.push_back(gp);
                    (*sched).disable.n += 1;
                    unlock(&raw mut (*sched).lock);
                    continue 'top;
                }
            }

            // :4035
            if try_wake_p {
                wakep();
            }
            if !(*gp).lockedm.is_null() {
                // :4041 its M gets our P, and we wait for another one
                startlockedm(gp);
                continue 'top;
            }

            // :4045
            execute(gp, inherit_time);
        }
    }
}
