//! proc.go: 1730–1998. The life of an M: mstart, mPark, mexit.

use crate::*;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Whether the stacks of threads come from the system: always, as Ms are pthreads (Go's cgo path).
///
/// Go: proc.go:1742 mStackIsSystemAllocated
#[cfg(not(any(loom, gort_inside)))]
#[doc(alias = "mStackIsSystemAllocated")]
pub fn m_stack_is_system_allocated() -> bool {
    // :1743
    true
}

/// The entry of every M, on its g0: m0's is called by who starts the runtime, the others' by the
/// new thread. Returns when the thread shall end.
///
/// # Safety
/// g0 is the current goroutine, and the thread's own stack is in use. When it returns, the M is
/// gone: the caller sets g to nil and ends the thread.
///
/// Go: proc.go:1765 mstart0
#[cfg(not(any(loom, gort_inside)))]
#[unsafe(export_name = "gort.mstart0")]
pub unsafe fn mstart0() {
    // SAFETY: g0 and its M belong to this thread.
    unsafe {
        // :1766
        let gp = getg();

        let mut os_stack = (*gp).stack.lo == 0;
        if os_stack {
            // :1777 Go guesses from the address of a local variable; the system is asked here. Who
            // made the thread has done so as a rule, and minit may correct it.
            (*gp).stack = thread_stack();
        }
        // :1785
        (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
        // :1788
        (*gp).stackguard1 = (*gp).stackguard0.get();
        // :1789 the call itself is in assembly: mstart1 never returns the ordinary way, and
        // gogo(&g0.sched) comes back behind it.
        mstart_call(mstart1, &raw mut (*gp).sched);

        // :1794
        if m_stack_is_system_allocated() {
            os_stack = true;
        }
        // :1798
        mexit(os_stack);
    }
}

/// The first thing an M does once `g0.sched` says how to end it: initialises the thread, runs
/// `mstartfn`, takes the P it was made for, schedules.
///
/// # Safety
/// Called by [`mstart0`] only.
///
/// Go: proc.go:1807 mstart1
#[cfg(not(any(loom, gort_inside)))]
pub unsafe extern "C" fn mstart1() {
    // SAFETY: g0 and its M belong to this thread.
    unsafe {
        // :1808
        let gp = getg();

        if gp != (*(*gp).m).g0 {
            throw("bad runtime·mstart");
        }

        // :1820 pc and sp were stored by mstart_call: they lead behind the call in mstart0, where
        // goexit0 and mexit want to come out.
        (*gp).sched.g.set(gp);

        // :1824 asminit does nothing on amd64.
        linkname::minit();

        // gort: an M's memory is used again, see alloc_m. Who took this one for the M that had it
        // before may have marked a signal as on its way that no thread got, as there was no number
        // yet; from now on there is one.
        (*(*gp).m).signal_pending.store(0);

        // :1829 signal handlers, now that the thread can take signals
        if (*gp).m == M0.get() {
            mstartm0();
        }

        // :1833
        if let Some(f) = (*(*gp).m).mstartfn {
            f();
        }

        // :1837
        if (*gp).m != M0.get() {
            acquirep((*(*gp).m).nextp.ptr());
            (*(*gp).m).nextp.set(core::ptr::null_mut());
        }
        // :1841
        schedule();
    }
}

/// What only m0 does: the first extra M, and the signal handlers.
///
/// # Safety
/// Called by [`mstart1`] on m0.
///
/// Go: proc.go:1850 mstartm0
#[cfg(not(any(loom, gort_inside)))]
pub unsafe fn mstartm0() {
    // SAFETY: m0 is the only thread in the runtime.
    unsafe {
        // :1854
        if ISCGO.get() && !CGO_HAS_EXTRA_M.get() {
            CGO_HAS_EXTRA_M.set(true);
            newextram();
        }
        // :1858
        linkname::initsig(false);
    }
}

/// Sleeps until somebody wakes this M.
///
/// # Safety
/// On g0, without a P. Who wakes it does so once, through `m.park`.
///
/// Go: proc.go:1864 mPark
#[doc(alias = "mPark")]
pub unsafe fn m_park() {
    // SAFETY: the note is this M's.
    unsafe {
        // :1865
        let gp = getg();
        notesleep(&raw mut (*(*gp).m).park);
        noteclear(&raw mut (*(*gp).m).park);
    }
}

/// Takes this M out of the runtime, so that its thread can end. Does not return on m0.
///
/// Reached by `gogo(&g0.sched)`, never called directly, as it must be at the top of the thread's
/// stack.
///
/// # Safety
/// At the end of [`mstart0`], with a P.
///
/// Go: proc.go:1880 mexit
#[cfg(not(any(loom, gort_inside)))]
pub unsafe fn mexit(os_stack: bool) {
    // SAFETY: mp is this thread's; the lists it is taken from are under sched.lock.
    unsafe {
        let sched = sched();
        // :1881
        let mp = (*getg()).m;

        // :1883 the main thread is kept: if it ended, the process would be a zombie that nobody can
        // wait for
        if mp == M0.get() {
            // :1895
            handoffp(releasep());
            lock(&raw mut (*sched).lock);
            (*sched).nmfreed.bump(1);
            checkdead();
            unlock(&raw mut (*sched).lock);
            m_park();
            // :1901
            throw("locked m0 woke up");
        }

        // :1904
        linkname::sigblock(true);
        linkname::unminit();

        // :1908
        if !(*mp).gsignal.is_null() {
            let gsignal = (*mp).gsignal;
            stackfree((*gsignal).stack);
            // :1914 whoever looks for a signal stack must not find the freed one
            (*mp).gsignal = core::ptr::null_mut();
            free_g(gsignal);
        }

        // :1918
        lock(&raw mut (*sched).lock);
        // gort: before it is off allm; the other way round in Go. Who ends a process with a trace
        // walks allm and then freem without the lock, and shall not miss it; others hold the lock.
        // Sequentially consistent, both, with the loads in finish_buffers.
        // :1941 to the list of Ms to be freed, which happens once free_wait says that the stack is
        // not in use any more. That list has its own link, as some walk allm without the lock.
        (*mp).free_wait.store(FREE_M_WAIT);
        // Release: who ends a process with a trace reads it without the lock.
        AtomicPtr::from_ptr(&raw mut (*mp).freelink).store((*sched).freem.get(), Ordering::Release);
        (*sched).freem.store(mp);
        let mut pprev = &raw const ALLM;
        loop {
            if (*pprev).get().is_null() {
                // (:1925)
                throw("m not found in allm");
            }
            // :1920 order: see above
            if (*pprev).get() == mp {
                (*pprev).store((*mp).alllink.get());
                break;
            }
            pprev = &raw const (*(*pprev).get()).alllink;
        }
        // :1926 (found)
        unlock(&raw mut (*sched).lock);

        // :1946
        NCGOCALL.add((*mp).ncgocall.get());
        (*sched).total_runtime_lock_wait_time.add((*mp).m_lock_profile.wait_time.load());

        // :1950
        handoffp(releasep());

        // :1956 after handoffp, which may have started an M for the work of this P
        lock(&raw mut (*sched).lock);
        (*sched).nmfreed.bump(1);
        checkdead();
        unlock(&raw mut (*sched).lock);

        // :1961 (Darwin only)

        // :1971 no locks after this
        linkname::mdestroy(mp);

        // :1973
        if os_stack {
            // :1975 the last use of mp
            (*mp).free_wait.store(FREE_M_REF);
        }
        // :1979 back to the thread's start function, which ends the thread. exitThread (:1986) is
        // for threads on stacks of the runtime's own, which gort does not have: see
        // m_stack_is_system_allocated.
    }
}
