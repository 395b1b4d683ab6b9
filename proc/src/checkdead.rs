//! proc.go:5910–6038: finding out that nothing will ever happen again.

use crate::*;

/// Changes the number of Ms that are locked and idle; whoever lowers it pretends that one more M
/// runs.
///
/// # Safety
/// Without `sched.lock`.
///
/// Go: proc.go:5910 incidlelocked
pub unsafe fn incidlelocked(v: i32) {
    // SAFETY: the count is guarded by the lock.
    unsafe {
        // :5911
        let sched = sched();
        lock(&raw mut (*sched).lock);
        (*sched).nmidlelocked.bump(v);
        if v > 0 {
            checkdead();
        }
        // :5916
        unlock(&raw mut (*sched).lock);
    }
}

/// Ends the program if no M runs and none ever will: `all goroutines are asleep - deadlock!`
///
/// # Safety
/// Under `sched.lock`.
///
/// Go: proc.go:5922 checkdead
pub unsafe fn checkdead() {
    // SAFETY: sched.lock guards the counts; if they say that nothing runs, Gs and Ps stand still.
    unsafe {
        let sched = sched();
        // :5923
        assert_lock_held(&raw mut (*sched).lock);

        // :5928 a library is used by a program that runs: native gort has one flag for that and for
        // cgo
        #[cfg(gort_inside)]
        if ISLIBRARY.get() || ISARCHIVE.get() {
            return;
        }
        #[cfg(not(gort_inside))]
        if ISCGO.get() || HANDLES.load() > 0 {
            return;
        }

        // :5936 somebody is about to end the process; the others have been stopped for that
        if PANICKING.load() > 0 {
            return;
        }

        // :5944 extra Ms that wait for a thread do not run. Go has one at most; here all threads
        // that have come and gone have left theirs. Who takes one makes the number smaller first.
        #[cfg(gort_inside)]
        let run0 = i32::from(!ISCGO.get() && CGO_HAS_EXTRA_M.get() && EXTRA_M_LENGTH.load() > 0);
        #[cfg(not(gort_inside))]
        let run0 = EXTRA_M_LENGTH.load() as i32;

        // :5949
        let run =
            mcount() - (*sched).nmidle.get() - (*sched).nmidlelocked.get() - (*sched).nmsys.get();
        if run > run0 {
            return;
        }
        // :5953
        if run < 0 {
            gort_print::print!(
                "runtime: checkdead: nmidle={} nmidlelocked={} mcount={} nmsys={}\n",
                (*sched).nmidle.get(),
                (*sched).nmidlelocked.get(),
                mcount(),
                (*sched).nmsys.get()
            );
            unlock(&raw mut (*sched).lock);
            throw("checkdead: inconsistent counts");
        }

        // gort's own: a thread of the program's own may call in. Looking for such threads takes a
        // while: one that has become an M meanwhile is not among them, but has taken an extra M
        // before it (`EXTRA_M_LENGTH`, then procid; here the other way round), which counted as
        // idle above. It cannot have got a P yet, as that takes sched.lock.
        #[cfg(not(gort_inside))]
        let may_call_in = || foreign_threads() || run > EXTRA_M_LENGTH.load() as i32;

        // :5959
        let mut grunning = 0;
        for_each_g(&mut |gp| {
            if is_system_goroutine(gp, false) {
                return;
            }
            // :5964
            let s = readgstatus(gp);
            match s & !GSCAN {
                // :5966
                GWAITING | GPREEMPTED => grunning += 1,
                // :5969
                GRUNNABLE | GRUNNING | GSYSCALL => {
                    gort_print::print!(
                        "runtime: checkdead: find g {} in status {}\n",
                        (*gp).goid,
                        s
                    );
                    unlock(&raw mut (*sched).lock);
                    throw("checkdead: runnable g");
                }
                _ => {}
            }
        });
        // :5977
        if grunning == 0 {
            // gort's own: without a main goroutine of a program (`run_main`) nobody waits for
            // anything
            #[cfg(not(gort_inside))]
            if ENDS_WITH_MAIN.load() == 0 || may_call_in() {
                return;
            }
            // the main goroutine called Goexit; unlocked so that scheddetail does not hang
            unlock(&raw mut (*sched).lock);
            fatal("no goroutines (main called runtime.Goexit) - deadlock!");
        }

        // :5983 in Go's playground time jumps to the next timer
        #[cfg(gort_inside)]
        if FAKETIME.get() != 0 {
            let when = linkname::time_sleep_until();
            if when < i64::MAX {
                FAKETIME.set(when);

                // :5988 an M to steal the timer
                let (pp, _) = pidleget(FAKETIME.get());
                if pp.is_null() {
                    unlock(&raw mut (*sched).lock);
                    throw("checkdead: no p for timer");
                }
                // :5995
                let mp = mget();
                if mp.is_null() {
                    unlock(&raw mut (*sched).lock);
                    throw("checkdead: no m for timer");
                }
                // :6005 it must spin to steal
                (*sched).nmspinning.add(1);
                (*mp).spinning.set(true);
                (*mp).nextp.set(pp);
                notewakeup(&raw mut (*mp).park);
                return;
            }
        }

        // :6013 nothing runs, so the Ps may be looked at
        let allp = *allp();
        for i in 0..allp.len {
            let pp = *allp.at(i);
            if !(&*(*pp).timers.heap.get()).is_empty() {
                return;
            }
        }

        #[cfg(not(gort_inside))]
        if may_call_in() {
            return;
        }

        // :6020 unlocked so that scheddetail does not hang
        unlock(&raw mut (*sched).lock);
        // gort's own: who waits for what
        #[cfg(not(any(loom, gort_inside)))]
        if DEBUG.deadlockgraph.get() > 0 {
            linkname::deadlockgraph();
        }
        fatal("all goroutines are asleep - deadlock!");
    }
}
