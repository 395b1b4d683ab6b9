//! proc.go:5259–5386: goroutines that stay on their thread, and two counts.

use crate::*;
#[cfg(not(gort_inside))]
use gort_stack::entry_here;

/// The goroutine that runs here.
#[cfg(not(gort_inside))]
#[inline(always)]
unsafe fn this_g() -> *mut G {
    getg()
}
/// The goroutine that has come here: inside of a Go program by g0.
#[cfg(gort_inside)]
#[inline(always)]
unsafe fn this_g() -> *mut G {
    // SAFETY: an M runs on its g0, and has a goroutine that called.
    unsafe { (*(*getg()).m).curg.ptr() }
}

/// Stops in the debugger.
///
/// Go: proc.go:5259 Breakpoint
#[doc(alias = "Breakpoint")]
#[cfg(not(gort_inside))]
#[inline(always)]
pub fn breakpoint() {
    // :5260
    gort_asm::breakpoint();
}

/// Ties the goroutine and its M together, once the counts say so.
///
/// # Safety
/// On a user goroutine, not to be preempted until it returns.
///
/// Go: proc.go:5268 dolockOSThread
#[doc(alias = "dolockOSThread")]
#[inline]
pub unsafe fn dolock_os_thread() {
    // SAFETY: M and goroutine are this thread's own.
    unsafe {
        // :5269 wasm has no threads
        // :5272
        let gp = this_g();
        (*(*gp).m).lockedg.set(gp);
        (*gp).lockedm.set((*gp).m);
    }
}

/// Ties the goroutine to its thread, and the thread to it, until [`unlock_os_thread`] was called as
/// often.
///
/// # Safety
/// On a user goroutine.
///
/// # Panics
/// After 2³²-1 calls.
///
/// Go: proc.go:5293 LockOSThread
#[doc(alias = "LockOSThread")]
#[cfg(not(gort_inside))]
pub unsafe fn lock_os_thread() {
    // SAFETY: M and goroutine are this thread's own.
    unsafe {
        entry_here!("LockOSThread", lock_os_thread());
        // :5294
        if (*newm_handoff()).have_template_thread.load() == 0 {
            // :5298 threads made from here on must not inherit what the program does to this one
            start_template_thread();
        }
        // :5300
        let gp = this_g();
        let mp = (*gp).m;
        (*mp).locked_ext = (*mp).locked_ext.wrapping_add(1);
        if (*mp).locked_ext == 0 {
            (*mp).locked_ext = (*mp).locked_ext.wrapping_sub(1);
            panic!("LockOSThread nesting overflow");
        }
        // :5306
        dolock_os_thread();
    }
}

/// [`lock_os_thread`] for the runtime itself, with a count of its own.
///
/// # Safety
/// On a user goroutine.
///
/// Go: proc.go:5310 lockOSThread
#[doc(alias = "lockOSThread")]
pub unsafe fn lock_os_thread_int() {
    // SAFETY: M and goroutine are this thread's own.
    unsafe {
        // :5311
        let mp = (*getg()).m;
        (*mp).locked_int = (*mp).locked_int.wrapping_add(1);
        dolock_os_thread();
    }
}

/// Unties the goroutine and its M if no lock is left.
///
/// # Safety
/// On a user goroutine, not to be preempted until it returns.
///
/// Go: proc.go:5320 dounlockOSThread
#[doc(alias = "dounlockOSThread")]
#[inline]
pub unsafe fn dounlock_os_thread() {
    // SAFETY: M and goroutine are this thread's own.
    unsafe {
        // :5321 wasm has no threads
        // :5324
        let gp = this_g();
        let mp = (*gp).m;
        if (*mp).locked_int != 0 || (*mp).locked_ext != 0 {
            return;
        }
        // :5328
        (*mp).lockedg.set(core::ptr::null_mut());
        (*gp).lockedm.set(core::ptr::null_mut());
    }
}

/// Undoes one [`lock_os_thread`]; nothing if there is none.
///
/// # Safety
/// On a user goroutine. Whatever the program has done to the thread must be fit for other
/// goroutines.
///
/// Go: proc.go:5346 UnlockOSThread
#[doc(alias = "UnlockOSThread")]
pub unsafe fn unlock_os_thread() {
    // SAFETY: M and goroutine are this thread's own.
    unsafe {
        // :5347
        #[cfg(not(gort_inside))]
        entry_here!("UnlockOSThread", unlock_os_thread());
        let gp = this_g();
        let mp = (*gp).m;
        if (*mp).locked_ext == 0 {
            return;
        }
        // :5351
        (*mp).locked_ext -= 1;
        dounlock_os_thread();
    }
}

/// Undoes one [`lock_os_thread_int`].
///
/// # Safety
/// On a user goroutine.
///
/// Go: proc.go:5356 unlockOSThread
#[doc(alias = "unlockOSThread")]
pub unsafe fn unlock_os_thread_int() {
    // SAFETY: M and goroutine are this thread's own.
    unsafe {
        // :5357
        let gp = this_g();
        let mp = (*gp).m;
        if (*mp).locked_int == 0 {
            systemstack(|| -> () { badunlockosthread() });
        }
        // :5361
        (*mp).locked_int -= 1;
        dounlock_os_thread();
    }
}

/// Go: proc.go:5365 badunlockosthread
#[cold]
pub fn badunlockosthread() -> ! {
    // :5366
    throw("runtime: internal error: misuse of lockOSThread/unlockOSThread")
}

/// How many user goroutines there are, about.
///
/// # Safety
/// With a P, or the world stopped, or under `sched.lock`: `allp` must not change.
///
/// Go: proc.go:5369 gcount
pub unsafe fn gcount() -> i32 {
    // SAFETY: all that is read is atomic; the caller keeps allp as it is.
    unsafe {
        // :5370
        let sched = sched();
        let mut n = ALLGLEN.load() as i32 - (*sched).g_free.n.get() - (*sched).ngsys.load();
        let allp = *allp();
        for i in 0..allp.len {
            let pp = *allp.at(i);
            n -= (*pp).g_free.n.get();
            #[cfg(not(gort_inside))]
            {
                n -= (*pp).m_free.n.get();
            }
        }
        #[cfg(not(gort_inside))]
        {
            n -= (*sched).m_free.n.get();
        }

        // :5377 all of it changes meanwhile, but whoever asks runs
        if n < 1 {
            n = 1;
        }
        // :5380
        n
    }
}

/// How many Ms there are.
///
/// # Safety
/// Exact under `sched.lock` only.
///
/// Go: proc.go:5383 mcount
#[inline]
pub unsafe fn mcount() -> i32 {
    // SAFETY: both are atomic cells of a static.
    unsafe {
        // :5384
        let sched = sched();
        ((*sched).mnext.get() - (*sched).nmfreed.get()) as i32
    }
}
