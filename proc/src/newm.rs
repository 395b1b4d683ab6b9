//! proc.go: 2687–2868. Starting threads.

use crate::*;
use gort_runtime2::atomic::{Bool, Uint32};
#[cfg(not(gort_inside))]
use gort_rwmutex::Rwmutex;

#[cfg(not(gort_inside))]
static ALLOCM_LOCK: Global<Rwmutex> = Global::new(Rwmutex::new());
#[cfg(not(gort_inside))]
static EXEC_LOCK: Global<Rwmutex> = Global::new(Rwmutex::new());

/// Read-locked while an M is made and added to allm: who holds it for writing keeps new Ms away.
///
/// Go: proc.go:2691 allocmLock
#[doc(alias = "allocmLock")]
#[cfg(not(gort_inside))]
#[inline(always)]
pub fn allocm_lock() -> *mut Rwmutex {
    ALLOCM_LOCK.get()
}

/// Keeps exec and the creation of threads apart: the former holds it for writing, the latter for
/// reading.
///
/// Go: proc.go:2696 execLock
#[doc(alias = "execLock")]
#[cfg(not(gort_inside))]
#[inline(always)]
pub fn exec_lock() -> *mut Rwmutex {
    EXEC_LOCK.get()
}

/// Ms that need a thread, which whoever made them could not start.
///
/// Go: proc.go:2709 newmHandoff
#[repr(C)]
#[derive(Default)]
pub struct NewmHandoff {
    /// Guards what follows, up to `wake`.
    pub lock: Mutex,
    /// The Ms, linked by `schedlink`.
    pub newm: Muintptr,
    /// The template thread sleeps on `wake`.
    pub waiting: Bool,
    /// Wakes it.
    pub wake: Note,
    /// 1 once the template thread has been started. Not under `lock`: set by compare-and-swap.
    pub have_template_thread: Uint32,
}

#[cfg(not(gort_inside))]
// SAFETY: atomics and nullable pointers only: all zeroes is a valid value.
static NEWM_HANDOFF: Global<NewmHandoff> = Global::new(unsafe { core::mem::zeroed() });

/// The [`NewmHandoff`] of this process.
///
/// Go: proc.go:2709 newmHandoff
#[doc(alias = "newmHandoff")]
#[cfg(not(gort_inside))]
#[inline(always)]
pub fn newm_handoff() -> *mut NewmHandoff {
    NEWM_HANDOFF.get()
}

/// Makes an M and its thread, which starts with `f`, if that is given, and then schedules with `pp`
/// as its P. `id` as for [`allocm`].
///
/// # Safety
/// `pp` belongs to the caller, who gives it away; it may be nil if `f` never returns. May run
/// without a P.
///
/// Go: proc.go:2734 newm
#[cold]
pub unsafe fn newm(f: Option<unsafe fn()>, pp: *mut P, id: i64) {
    // SAFETY: the new M is ours until its thread runs.
    unsafe {
        // :2745 all Ms in allm will run sooner or later: no preemption between the two steps
        acquirem();

        // :2747
        let mp = allocm(pp, f, id);
        (*mp).nextp.set(pp);
        (*mp).sigmask = INIT_SIGMASK.get();
        // :2750
        let gp = getg();
        if !gp.is_null() && !(*gp).m.is_null() && ((*(*gp).m).locked_ext != 0 || (*(*gp).m).incgo) {
            // :2762 the state of this thread in the kernel may be odd, and a child would inherit
            // it: let the template thread do it
            let handoff = newm_handoff();
            lock(&raw mut (*handoff).lock);
            if (*handoff).have_template_thread.get() == 0 {
                throw("on a locked thread with no template thread");
            }
            // :2766
            (*mp).schedlink.set((*handoff).newm.ptr());
            (*handoff).newm.set(mp);
            if (*handoff).waiting.get() {
                (*handoff).waiting.set(false);
                notewakeup(&raw mut (*handoff).wake);
            }
            unlock(&raw mut (*handoff).lock);
            // :2776 it takes no part in stops of the world, so it will certainly do so
            releasem((*getg()).m);
            return;
        }
        // :2779
        newm1(mp);
        releasem((*getg()).m);
    }
}

/// Starts the thread of a new M.
///
/// # Safety
/// `mp` is new, and this thread is in a sane state.
///
/// Go: proc.go:2783 newm1
pub unsafe fn newm1(mp: *mut M) {
    // SAFETY: the caller's contract.
    unsafe {
        // :2784 native gort's threads are always pthreads, made by newosproc as runtime/cgo makes
        // them: Go's two branches are one.
        #[cfg(gort_inside)]
        if ISCGO.get() {
            linkname::exec_lock_rlock();
            linkname::cgo_thread_start(mp);
            linkname::exec_lock_runlock();
            return;
        }
        // :2803
        #[cfg(not(gort_inside))]
        (*exec_lock()).rlock();
        #[cfg(gort_inside)]
        linkname::exec_lock_rlock();
        newosproc(mp);
        #[cfg(not(gort_inside))]
        (*exec_lock()).runlock();
        #[cfg(gort_inside)]
        linkname::exec_lock_runlock();
    }
}

/// Starts the template thread, unless it runs already.
///
/// # Safety
/// On an M with a P, on a thread in a sane state: the template will be its likeness.
///
/// Go: proc.go:2812 startTemplateThread
#[doc(alias = "startTemplateThread")]
pub unsafe fn start_template_thread() {
    // SAFETY: the caller's contract.
    unsafe {
        // :2813 wasm left out.
        // :2819 once the flag is set the thread must come, whatever happens to this goroutine
        let mp = acquirem();
        if !(*newm_handoff()).have_template_thread.cas(0, 1) {
            releasem(mp);
            return;
        }
        // :2824
        #[cfg(not(gort_inside))]
        newm(Some(template_thread), core::ptr::null_mut(), -1);
        #[cfg(gort_inside)]
        newm(linkname::template_thread_fn(), core::ptr::null_mut(), -1);
        releasem(mp);
    }
}

/// A thread in a sane state that does nothing but start threads for those that are not. It has no
/// P. Does not return.
///
/// # Safety
/// An M's `mstartfn`.
///
/// Go: proc.go:2840 templateThread
#[doc(alias = "templateThread")]
pub unsafe fn template_thread() {
    // SAFETY: the list is touched under its lock; an M taken from it is ours.
    unsafe {
        let sched = sched();
        // :2841
        lock(&raw mut (*sched).lock);
        (*sched).nmsys.bump(1);
        checkdead();
        unlock(&raw mut (*sched).lock);

        let handoff = newm_handoff();
        loop {
            // :2847
            lock(&raw mut (*handoff).lock);
            while !(*handoff).newm.is_null() {
                let mut newm = (*handoff).newm.ptr();
                (*handoff).newm.set(core::ptr::null_mut());
                unlock(&raw mut (*handoff).lock);
                // :2852
                while !newm.is_null() {
                    let next = (*newm).schedlink.ptr();
                    (*newm).schedlink.set(core::ptr::null_mut());
                    newm1(newm);
                    newm = next;
                }
                lock(&raw mut (*handoff).lock);
            }
            // :2860
            (*handoff).waiting.set(true);
            noteclear(&raw mut (*handoff).wake);
            unlock(&raw mut (*handoff).lock);
            notesleep(&raw mut (*handoff).wake);
        }
    }
}
