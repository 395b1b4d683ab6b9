//! Go's `coro.go`: coroutines. A coro always has one goroutine blocked in it; switching exchanges
//! it with the caller, on the same thread and without the scheduler.

#[cfg(not(loom))]
use core::ffi::c_void;
use gort_proc::*;

#[cfg(not(loom))]
static COROSTART: Funcval = Funcval { fn_: corostart };

/// Makes a coro whose goroutine waits to run `f` (which finds `arg` in `c.arg`). Freed by
/// [`freecoro`].
///
/// # Safety
/// On a user goroutine. `f` must be fine to run on a goroutine of its own.
///
/// Go: coro.go:39 newcoro
#[cfg(not(loom))]
#[inline(always)]
pub unsafe fn newcoro(f: unsafe fn(*mut Coro), arg: *mut c_void) -> *mut Coro {
    // :41 read where this is inlined: in the caller
    let (pc, _, _) = getpcspbp();
    // SAFETY: the same contract.
    unsafe { newcoro_pc(f, arg, pc) }
}

/// [`newcoro`] for the caller at `pc`, who tracebacks say has created the goroutine.
///
/// # Safety
/// As for [`newcoro`].
///
/// Go: coro.go:39 newcoro
#[cfg(not(loom))]
pub unsafe fn newcoro_pc(f: unsafe fn(*mut Coro), arg: *mut c_void, pc: usize) -> *mut Coro {
    // SAFETY: the coro is fresh; the new goroutine is parked and known to nobody but it.
    unsafe {
        entry_here!("iter.Pull", newcoro_pc(f, arg, pc));
        // :40
        let c = Box::leak(Box::<Coro>::default()) as *mut Coro;
        (*c).f = Some(f);
        (*c).arg = arg;
        let gp = getg();
        // :44
        let gp = systemstack(|| {
            let mp = (*gp).m;
            let ngp =
                newproc1((&raw const COROSTART).cast_mut(), gp, pc, true, WaitReason::Coroutine);
            // :52 remember the creator's thread lock, and hand it on
            let locked_int = locked_int(mp);
            if (*mp).locked_ext + locked_int != 0 {
                (*c).mp = mp;
                (*c).locked_ext = (*mp).locked_ext;
                (*c).locked_int = locked_int;
            }
            ngp
        });
        (*gp).coroarg = c; // :58
        (*c).gp.set(gp);
        c
    }
}

/// The thread locks of the runtime's that Go would have as well: not those of goroutines that
/// unwind.
unsafe fn locked_int(mp: *mut M) -> u32 {
    // SAFETY: the caller's M.
    unsafe { (*mp).locked_int - (*mp).locked_unwind }
}

/// Frees a coro. gort's own: in Go the collector does.
///
/// # Safety
/// Its goroutine has exited through [`coroexit`], and nobody switches to it any more.
pub unsafe fn freecoro(c: *mut Coro) {
    // SAFETY: made by newcoro from a Box.
    drop(unsafe { Box::from_raw(c) });
}

/// What the goroutine of a new coro runs: its function, then the exit.
///
/// Go: coro.go:66 corostart
#[cfg(not(loom))]
unsafe extern "C-unwind" fn corostart(_: *mut Funcval) {
    // SAFETY: runs on the goroutine that newcoro made; f does not unwind (gort's wrapper catches).
    unsafe {
        // :67
        let gp = getg();
        let c = (*gp).coroarg;
        (*gp).coroarg = core::ptr::null_mut();
        // :71 Go defers coroexit; an unwinding f must be caught by f itself
        if let Some(f) = (*c).f {
            f(c);
        }
        coroexit(c);
    }
}

/// Like [`coroswitch`], but ends the calling goroutine and the coro.
///
/// # Safety
/// On the coro's own goroutine, with nothing left to drop on its stack.
///
/// Go: coro.go:77 coroexit
pub unsafe fn coroexit(c: *mut Coro) -> ! {
    // SAFETY: the caller's contract.
    unsafe {
        // :78
        let gp = getg();
        (*gp).coroarg = c;
        (*gp).coroexit = true;
        mcall(coroswitch_m); // :81
    }
    throw("coroexit returned");
}

/// Switches to the goroutine blocked in `c` and blocks the caller there.
///
/// # Safety
/// On a user goroutine; `c` has not exited.
///
/// Go: coro.go:88 coroswitch
#[inline]
pub unsafe fn coroswitch(c: *mut Coro) {
    // SAFETY: the caller's contract.
    unsafe {
        // :89
        let gp = getg();
        gort_proc::may_move(gp);
        (*gp).coroarg = c;
        mcall(coroswitch_m);
    }
}

on_g0! {
/// The switch, on g0. One CAS on the fast path, and nothing that could be left out: coroutine
/// switches come ten times as often as goroutine switches.
///
/// # Safety
/// Called by mcall from [`coroswitch`] or [`coroexit`].
///
/// Go: coro.go:106 coroswitch_m
unsafe extern "C" fn coroswitch_m(gp: *mut G) -> ! {
    // SAFETY: `gp` has just switched to this g0; the goroutine in the coro is parked, and the CAS
    // on c.gp gives it to exactly one switcher.
    unsafe {
        let mut gp = gp;
        let c = (*gp).coroarg; // :107
        (*gp).coroarg = core::ptr::null_mut();
        let exit = (*gp).coroexit;
        (*gp).coroexit = false;
        let mp = (*gp).m;
        if !exit {
            leaving(gp);
        }

        // :120 A coro that was created under a thread lock stays on that thread, with the same lock
        // counts.
        let locked = !(*gp).lockedm.is_null();
        let locked_int = locked_int(mp);
        if !(*c).mp.is_null() || locked && locked_int + (*mp).locked_ext != 0 {
            // :122
            if mp != (*c).mp || locked_int != (*c).locked_int || (*mp).locked_ext != (*c).locked_ext {
                gort_print::print!("coro: got thread {:p}, want {:p}\n", mp, (*c).mp);
                gort_print::print!("coro: got lock internal {}, want {}\n", locked_int, (*c).locked_int);
                gort_print::print!(
                    "coro: got lock external {}, want {}\n",
                    (*mp).locked_ext,
                    (*c).locked_ext
                );
                throw("coro: OS thread locking must match locking at coroutine creation");
            }
        }

        // :135 the tracer sees the beginning and the end of all this only
        let trace = trace_acquire();
        // Go 1.25: coro.go line 140 in a bubble all changes of state must be counted, and it must
        // not seem blocked between them
        let bubble = if (*gp).raceignore != 0 { (*gp).bubble } else { core::ptr::null_mut() };
        let can_cas = bubble.is_null();
        #[cfg(not(loom))]
        if !bubble.is_null() {
            inc_active(bubble);
        }

        // :138 the thread goes to the other one below
        if locked {
            (*gp).lockedm.set(core::ptr::null_mut());
        }

        // :144
        if exit {
            // :150 with lockedm cleared the M survives whatever its lock counts say
            gdestroy(gp);
            gp = core::ptr::null_mut();
        } else {
            // :155 straight from running to waiting; the careful way for what that does not know
            (*gp).waitreason = WaitReason::Coroutine;
            if !can_cas || !cas_gstatus_quick(gp, GRUNNING, GWAITING) {
                casgstatus(gp, GRUNNING, GWAITING);
            }
            // :163
            (*gp).m = core::ptr::null_mut();
        }

        // :169 exchange ourselves with the goroutine in c
        let gnext;
        loop {
            // :179 a plain read: if it is stale the CAS fails, and that CAS makes the next read
            // fresh
            let next = (*c).gp.ptr();
            if next.is_null() {
                throw("coroswitch on exited coro");
            }
            // :184
            if (*c).gp.cas(next, gp) || mutant!("coroswitch ignores who has got the goroutine") {
                gnext = next;
                break;
            }
        }

        // :195 cannot work, and would break the thread lock's rules
        if gnext == gp {
            throw("coroswitch of a goroutine to itself");
        }

        // :202 while this goroutine still is the M's
        if trace.ok() {
            trace.go_switch(gnext, exit);
        }

        // :209 run it, without the scheduler
        (*mp).curg.set(gnext);
        (*gnext).m = mp;
        if !can_cas || (*gnext).raceignore != 0 || !cas_gstatus_quick(gnext, GWAITING, GRUNNING) {
            // :214
            casgstatus(gnext, GWAITING, GRUNNABLE);
            casgstatus(gnext, GRUNNABLE, GRUNNING);
        }

        // :219 hand the thread lock over
        if locked {
            (*mp).lockedg.set(gnext);
            (*gnext).lockedm.set(mp);
        }
        // :225
        if trace.ok() {
            trace_release(trace);
        }
        // Go 1.25: coro.go line 254
        #[cfg(not(loom))]
        if !bubble.is_null() {
            dec_active(bubble);
        }
        arriving(gnext);
        gogo(&raw mut (*gnext).sched); // :230
    }
}
}
