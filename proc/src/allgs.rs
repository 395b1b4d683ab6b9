//! proc.go: 619–713. The table of all goroutines.

use crate::*;

/// Whether the goroutine is wired to its thread.
///
/// # Safety
/// On a user goroutine.
///
/// Go: proc.go:619 lockedOSThread
#[doc(alias = "lockedOSThread")]
pub unsafe fn locked_os_thread() -> bool {
    // SAFETY: getg() and its M are this thread's.
    unsafe {
        // :620
        #[cfg(not(gort_inside))]
        let gp = getg();
        // who called has come here by g0
        #[cfg(gort_inside)]
        let gp = (*(*getg()).m).curg.ptr();
        !(*gp).lockedm.is_null() && !(*(*gp).m).lockedg.is_null()
    }
}

/// Adds a new goroutine to the table.
///
/// # Safety
/// `gp` is new: it is in no table yet, and it has left `GIDLE`.
///
/// Go: proc.go:650 allgadd
#[cfg(not(gort_inside))]
pub unsafe fn allgadd(gp: *mut G) {
    // SAFETY: the table changes under allglock only; readers without the lock use the published
    // copies.
    unsafe {
        // :651
        if readgstatus(gp) == GIDLE {
            throw("allgadd: bad status Gidle");
        }

        // :655
        lock(allglock());
        let allgs = allgs();
        (*allgs).append(gp);
        // :657 the array first, then the length: a reader's length never exceeds its array
        if (*allgs).ptr != ALLGPTR.get() {
            ALLGPTR.store((*allgs).ptr);
        }
        // :660
        ALLGLEN.store((*allgs).len);
        unlock(allglock());
    }
}

/// The table as it is now. Entries never change, and old arrays are never freed.
///
/// # Safety
/// The world is stopped, or the caller holds `allglock`.
///
/// Go: proc.go:667 allGsSnapshot
#[doc(alias = "allGsSnapshot")]
pub unsafe fn all_gs_snapshot() -> Slice<*mut G> {
    // SAFETY: nobody adds to the table meanwhile: the caller's contract.
    unsafe {
        // :668
        assert_world_stopped_or_lock_held(allglock());
        // :675 no capacity beyond the length
        let s = *allgs();
        Slice { ptr: s.ptr, len: s.len, cap: s.len }
    }
}

/// Array and length of the table for a walk without the lock, with [`atomic_all_g_index`].
///
/// # Safety
/// What is read by it is as old as the call; see [`atomic_all_g_index`] for its use.
///
/// Go: proc.go:679 atomicAllG
#[doc(alias = "atomicAllG")]
pub unsafe fn atomic_all_g() -> (*mut *mut G, usize) {
    // :680 the length before the array: see allgadd
    let length = ALLGLEN.load();
    let ptr = ALLGPTR.load();
    (ptr, length)
}

/// Entry `i` of what [`atomic_all_g`] gave.
///
/// # Safety
/// `ptr` and a length above `i` came from one call of [`atomic_all_g`].
///
/// Go: proc.go:686 atomicAllGIndex
#[doc(alias = "atomicAllGIndex")]
pub unsafe fn atomic_all_g_index(ptr: *mut *mut G, i: usize) -> *mut G {
    // SAFETY: entries below the published length are written once, before the length is.
    unsafe {
        // :687
        *ptr.add(i)
    }
}

/// Calls `f` on every goroutine there is, dead ones too; none can be added meanwhile.
///
/// # Safety
/// The caller does not hold `allglock`, nor a lock of higher rank; `f` does not add goroutines.
///
/// Go: proc.go:693 forEachG
#[doc(alias = "forEachG")]
pub unsafe fn for_each_g(f: &mut dyn FnMut(*mut G)) {
    // SAFETY: the table is walked under its lock.
    unsafe {
        // :694
        lock(allglock());
        for i in 0..(*allgs()).len {
            f(*(*allgs()).at(i));
        }
        // :698
        unlock(allglock());
    }
}

/// Like [`for_each_g`] without the lock: goroutines made meanwhile may be missed.
///
/// # Safety
/// `f` must cope with goroutines that run and change meanwhile.
///
/// Go: proc.go:705 forEachGRace
#[doc(alias = "forEachGRace")]
pub unsafe fn for_each_g_race(f: &mut dyn FnMut(*mut G)) {
    // SAFETY: indices below the published length.
    unsafe {
        // :706
        let (ptr, length) = atomic_all_g();
        for i in 0..length {
            // :708
            let gp = atomic_all_g_index(ptr, i);
            f(gp);
        }
    }
}
