//! proc.go:5565–5909: Ps come, go, and change hands.

use crate::atomic::{Ordering, Uint32};
use crate::*;
use core::sync::atomic::AtomicPtr;

/// Prepares a P, new or destroyed before, and puts it into `PGCSTOP`.
///
/// # Safety
/// Under `sched.lock` with the world stopped, before `pp` is in `allp`.
///
/// Go: proc.go:5565 init
#[doc(alias = "init")]
#[cfg(not(gort_inside))]
pub unsafe fn p_init(pp: *mut P, id: i32) {
    // SAFETY: nobody else uses the P yet.
    unsafe {
        // :5566
        (*pp).id = id;
        (*pp).status.set(PGCSTOP);
        (*pp).sudogcache.len = 0;
        // :5569 no pool of defers, no write barrier buffer
        // :5571 no mcache: the part of it that matters here, the stack cache, is a field of P and
        // empty
        // :5583 no race detector
        // :5591
        lock_init(&raw mut (*pp).timers.mu, LOCK_RANK_TIMERS);

        // :5596 it may get timers as soon as it runs, and may run without having been idle
        (*timerp_mask()).set(id);
        // :5599
        (*idlep_mask()).clear(id);
    }
}

/// Takes everything from a P that is to be no more, and puts it into `PDEAD`. It is not freed: an M
/// in a system call may still remember it.
///
/// # Safety
/// Under `sched.lock` with the world stopped, with another P.
///
/// Go: proc.go:5605 destroy
#[doc(alias = "destroy")]
#[cfg(not(gort_inside))]
pub unsafe fn p_destroy(pp: *mut P) {
    // SAFETY: the world is stopped, so nobody else uses the P.
    unsafe {
        // :5606
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock);
        assert_world_stopped();

        // :5610 what it had to run goes to the head of the global queue, in the same order
        while (*pp).runqhead.get() != (*pp).runqtail.get() {
            // :5612
            (*pp).runqtail.set((*pp).runqtail.get().wrapping_sub(1));
            let gp = (*pp).runq.0[(*pp).runqtail.get() as usize % RUNQ_LEN].ptr();
            // :5615
            globrunqputhead(gp);
        }
        // :5617
        if !(*pp).runnext.is_null() {
            globrunqputhead((*pp).runnext.ptr());
            (*pp).runnext.set(core::ptr::null_mut());
        }

        // :5623
        linkname::timers_take(&raw mut (*(*(*getg()).m).p.ptr()).timers, &raw mut (*pp).timers);

        // :5626 no write barriers
        // :5630 Go leaves the sudogs to the collector; here the central list has them. Without its
        // lock, which ranks before sched.lock: nobody else runs
        loop {
            let s = (*pp).sudogcache.pop();
            if s.is_null() {
                break;
            }
            (*s).next = (*sched).sudogcache;
            (*sched).sudogcache = s;
        }
        // :5635 no pinners, defers, span and page caches
        // :5649
        systemstack(|| stackcache_clear(pp));
        // :5651
        gfpurge(pp);
        // :5652 no race detector
        // :5671
        (*pp).status.set(PDEAD);
    }
}

/// Element `i` of `allp`, which [`procresize()`] may be filling in at this moment: nil until then.
///
/// # Safety
/// `allp` itself must not change: under `allp_lock`, with a P, or the world stopped.
#[inline]
pub unsafe fn allp_at(i: usize) -> *mut P {
    // SAFETY: `at` checks the bound; the slot is a pointer, only accessed atomically where it may
    // race.
    unsafe { AtomicPtr::from_ptr((*allp()).at(i)).load(Ordering::Acquire) }
}

/// `make([]T, n)`, for the runtime's tables: never freed, as somebody may still be walking the old
/// one.
#[cfg(not(gort_inside))]
fn make_slice<T>(n: usize, zero: impl FnMut() -> T) -> Slice<T> {
    let mut v = Vec::with_capacity(n);
    v.resize_with(n, zero);
    let cap = v.capacity();
    Slice { ptr: v.leak().as_mut_ptr(), len: n, cap: n.min(cap) }
}

/// Changes the number of Ps. Returns a list, linked through `link`, of those that have work of
/// their own: the caller must see that they run.
///
/// # Safety
/// Under `sched.lock` with the world stopped, on the system stack.
///
/// Go: proc.go:5683 procresize
pub unsafe fn procresize(nprocs: i32) -> *mut P {
    // SAFETY: the world is stopped: only sysmon (under allp_lock) and Ms in system calls may look
    // at Ps.
    unsafe {
        // :5684
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock);
        assert_world_stopped();

        // :5687
        let old = GOMAXPROCS.get();
        if old < 0 || nprocs <= 0 {
            throw("procresize: invalid arg");
        }
        // :5691
        trace_event(|t| t.gomaxprocs(nprocs));

        // :5698
        let now = nanotime();
        if (*sched).procresizetime != 0 {
            (*sched).totaltime += i64::from(old) * (now - (*sched).procresizetime);
        }
        (*sched).procresizetime = now;

        // :5704
        let mask_words = (nprocs as usize).div_ceil(32);
        let nprocs_len = nprocs as usize;

        // :5707
        let allp = allp();
        let idlep_mask = idlep_mask();
        let timerp_mask = timerp_mask();
        if nprocs_len > (*allp).len {
            // :5710 sysmon's retake runs without a P
            lock(allp_lock());
            if nprocs_len <= (*allp).cap {
                *allp = (*allp).upto(nprocs_len);
            } else {
                // :5714 up to the capacity: Ps beyond the length must not be lost
                #[cfg(gort_inside)]
                linkname::grow_allp(nprocs);
                #[cfg(not(gort_inside))]
                let nallp = make_slice(nprocs_len, core::ptr::null_mut);
                #[cfg(not(gort_inside))]
                if (*allp).cap > 0 {
                    core::ptr::copy_nonoverlapping((*allp).ptr, nallp.ptr, (*allp).cap);
                }
                #[cfg(not(gort_inside))]
                {
                    *allp = nallp;
                }
            }

            // :5721
            if mask_words <= (*idlep_mask).cap {
                *idlep_mask = (*idlep_mask).upto(mask_words);
                *timerp_mask = (*timerp_mask).upto(mask_words);
            } else {
                // :5725 what is beyond the length is of no interest here
                #[cfg(gort_inside)]
                linkname::grow_masks(mask_words as i32);
                #[cfg(not(gort_inside))]
                {
                    *idlep_mask = grow_mask(*idlep_mask, mask_words);

                    // :5730
                    *timerp_mask = grow_mask(*timerp_mask, mask_words);
                }
            }
            // :5734
            unlock(allp_lock());
        }

        // :5738
        for i in old..nprocs {
            // a new object, and p.init
            #[cfg(gort_inside)]
            linkname::add_p(i);
            #[cfg(not(gort_inside))]
            {
                let mut pp = *(*allp).at(i as usize);
                if pp.is_null() {
                    pp = Box::leak(Box::default());
                }
                // :5743
                p_init(pp, i);
                AtomicPtr::from_ptr((*allp).at(i as usize)).store(pp, Ordering::SeqCst);
            }
        }

        // :5747
        let gp = getg();
        let mp = (*gp).m;
        if !(*mp).p.is_null() && (*(*mp).p.ptr()).id < nprocs {
            // :5750 keeps its P
            (*(*mp).p.ptr()).status.set(PRUNNING);
            #[cfg(gort_inside)]
            linkname::prepare_for_sweep((*mp).p.ptr());
        } else {
            // :5758 gives its P up before it is destroyed, and takes the first one
            if !(*mp).p.is_null() {
                // :5759 as if the goroutine had left its P, and come back on another one
                trace_event(|t| {
                    t.go_sched();
                    t.proc_stop((*mp).p.ptr());
                });
                // :5768
                (*(*mp).p.ptr()).m.set(core::ptr::null_mut());
            }
            (*mp).p.set(core::ptr::null_mut());
            // :5771
            let pp = *(*allp).at(0);
            (*pp).m.set(core::ptr::null_mut());
            (*pp).status.set(PIDLE);
            acquirep(pp);
            // :5775
            trace_event(|t| t.go_start());
        }

        // :5783 native gort: no mcache0
        #[cfg(gort_inside)]
        linkname::no_mcache0();
        // :5786
        for i in nprocs..old {
            let pp = *(*allp).at(i as usize);
            #[cfg(not(gort_inside))]
            p_destroy(pp);
            #[cfg(gort_inside)]
            linkname::p_destroy(pp);
            // :5789 not freed: an M in a system call may have it in oldp
        }

        // :5793
        if (*allp).len != nprocs_len {
            lock(allp_lock());
            *allp = (*allp).upto(nprocs_len);
            *idlep_mask = (*idlep_mask).upto(mask_words);
            *timerp_mask = (*timerp_mask).upto(mask_words);
            unlock(allp_lock());
        }

        // :5801
        let mut runnable_ps: *mut P = core::ptr::null_mut();
        for i in (0..nprocs_len).rev() {
            let pp = *(*allp).at(i);
            if (*mp).p.ptr() == pp {
                continue;
            }
            // :5807
            (*pp).status.set(PIDLE);
            if runqempty(pp) {
                pidleput(pp, now);
            } else {
                // :5811
                (*pp).m.set(mget());
                (*pp).link.set(runnable_ps);
                runnable_ps = pp;
            }
        }
        // :5816
        (*steal_order()).reset(nprocs as u32);
        GOMAXPROCS.store(nprocs);
        // :5819 native gort: no limiter of the collector's share
        #[cfg(gort_inside)]
        if old != nprocs {
            linkname::reset_capacity(now, nprocs);
        }
        // :5823
        runnable_ps
    }
}

/// A bit mask with the words of `m` and room for `words`.
#[cfg(not(gort_inside))]
unsafe fn grow_mask(m: PMask, words: usize) -> PMask {
    let new = make_slice(words, Uint32::default);
    // SAFETY: nobody writes the masks while the world is stopped.
    for (to, from) in unsafe { new.as_slice().iter().zip(m.as_slice()) } {
        to.set(from.get());
    }
    new
}

/// Ties `pp` and the current M together.
///
/// # Safety
/// The M has no P; `pp` is idle and the caller's alone.
///
/// Go: proc.go:5832 acquirep
#[inline]
pub unsafe fn acquirep(pp: *mut P) {
    // SAFETY: the caller's contract.
    unsafe {
        // :5834
        wirep(pp);

        // :5840 no mcache to flush
        #[cfg(gort_inside)]
        linkname::prepare_for_sweep(pp);
        // :5842
        trace_event(|t| t.proc_start());
    }
}

/// [`acquirep`] without what may need a P.
///
/// # Safety
/// As [`acquirep`].
///
/// Go: proc.go:5855 wirep
#[inline]
pub unsafe fn wirep(pp: *mut P) {
    // SAFETY: the M is this thread's own, the P the caller's.
    unsafe {
        // :5856
        let mp = (*getg()).m;

        // :5858
        if !(*mp).p.is_null() {
            wirep_already();
        }
        // :5865
        if !(*pp).m.is_null() || (*pp).status.get() != PIDLE {
            wirep_invalid(pp);
        }
        // :5877
        (*mp).p.set(pp);
        (*pp).m.set(mp);
        (*pp).status.set(PRUNNING);
    }
}

/// The cold end of the check at :5858.
#[cold]
#[inline(never)]
unsafe fn wirep_already() -> ! {
    // SAFETY: ends the process.
    // :5861
    unsafe { systemstack(|| throw("wirep: already in go")) }
}

/// The cold end of the check at :5865.
#[cold]
#[inline(never)]
unsafe fn wirep_invalid(pp: *mut P) -> ! {
    // SAFETY: Ps and Ms that can be met here are not freed; ends the process.
    unsafe {
        // :5868
        systemstack(|| {
            let m = (*pp).m.ptr();
            let id = if m.is_null() { 0 } else { (*m).id };
            // :5873
            gort_print::print!(
                "wirep: p->m={}({}) p->status={}\n",
                m as usize,
                id,
                (*pp).status.get()
            );
            throw("wirep: invalid p state")
        })
    }
}

/// Unties the current M and its P, which is returned.
///
/// # Safety
/// With a P, which becomes the caller's to dispose of.
///
/// Go: proc.go:5883 releasep
#[inline]
pub unsafe fn releasep() -> *mut P {
    // SAFETY: the caller's contract.
    unsafe {
        // :5884
        trace_event(|t| t.proc_stop((*t.mp).p.ptr()));
        // :5889
        releasep_no_trace()
    }
}

/// As [`releasep`]; Go's twin leaves no trace event.
///
/// # Safety
/// As [`releasep`].
///
/// Go: proc.go:5893 releasepNoTrace
#[doc(alias = "releasepNoTrace")]
#[inline]
pub unsafe fn releasep_no_trace() -> *mut P {
    // SAFETY: M and P are this thread's own.
    unsafe {
        // :5894
        let mp = (*getg()).m;

        // :5896
        if (*mp).p.is_null() {
            throw("releasep: invalid arg");
        }
        let pp = (*mp).p.ptr();
        if (*pp).m.ptr() != mp || (*pp).status.get() != PRUNNING {
            releasep_invalid(mp, pp);
        }
        // :5904
        (*mp).p.set(core::ptr::null_mut());
        (*pp).m.set(core::ptr::null_mut());
        (*pp).status.set(PIDLE);
        pp
    }
}

/// The cold end of the check at :5900.
#[cold]
#[inline(never)]
unsafe fn releasep_invalid(mp: *mut M, pp: *mut P) -> ! {
    // SAFETY: both are not freed; ends the process.
    unsafe {
        // :5901
        gort_print::print!(
            "releasep: m={:#x} m->p={:#x} p->m={:#x} p->status={}\n",
            mp as usize,
            (*mp).p.ptr() as usize,
            (*pp).m.ptr() as usize,
            (*pp).status.get()
        );
        throw("releasep: invalid p state")
    }
}
