//! proc.go: 450–537. The caches of sudogs: one per P, and a central list behind them.

use crate::*;

/// Takes a sudog from this P's cache, filling it from the central list if it is empty.
///
/// # Safety
/// The caller runs on an M with a P.
///
/// Go: proc.go:450 acquireSudog
#[doc(alias = "acquireSudog")]
#[inline(always)]
pub unsafe fn acquire_sudog() -> *mut Sudog {
    // SAFETY: preemption is off from acquirem to releasem, so the P and its cache stay this
    // thread's; the central list is touched under its lock.
    unsafe {
        // :459 pinned: the P must stay ours.
        let mp = acquirem();
        let pp = (*mp).p.ptr();
        let cache = &raw mut (*pp).sudogcache;
        // :461
        if (*cache).len == 0 {
            fill_sudogcache(cache);
        }
        // :476
        let s = (*cache).pop();
        // :480
        if !(*s).elem.is_null() {
            throw("acquireSudog: found s.elem != nil in cache");
        }
        releasem(mp);
        s
    }
}

/// acquireSudog's way to the central list, out of line.
///
/// # Safety
/// `cache` is this P's and empty, and the M is pinned.
#[cold]
#[inline(never)]
unsafe fn fill_sudogcache(cache: *mut PtrBuf<Sudog, 128>) {
    // SAFETY: the cache is this thread's; the central list is touched under its lock.
    unsafe {
        let sched = sched();
        lock(&raw mut (*sched).sudoglock);
        // :464 first a batch from the central list, up to half the cache
        while (*cache).len < PtrBuf::<Sudog, 128>::CAP / 2 && !(*sched).sudogcache.is_null() {
            let s = (*sched).sudogcache;
            (*sched).sudogcache = (*s).next;
            (*s).next = core::ptr::null_mut();
            (*cache).push(s);
        }
        unlock(&raw mut (*sched).sudoglock);
        // :472 nothing there: a new one, never freed
        if (*cache).len == 0 {
            (*cache).push(Box::into_raw(Box::default()));
        }
    }
}

/// Puts a sudog back into this P's cache, moving half of a full cache to the central list.
///
/// # Safety
/// `s` came from [`acquire_sudog`], and nobody holds it any more. The caller runs on an M with a P.
///
/// Go: proc.go:488 releaseSudog
#[doc(alias = "releaseSudog")]
#[inline(always)]
pub unsafe fn release_sudog(s: *mut Sudog) {
    // SAFETY: the same contract.
    unsafe { release_sudog_of(getg(), s) }
}

/// [`release_sudog`] for the goroutine `gp`, which may be managed code's: then the caller is on g0.
///
/// # Safety
/// As there.
///
/// Go: proc.go:488 releaseSudog
#[inline(always)]
pub unsafe fn release_sudog_of(gp: *mut G, s: *mut Sudog) {
    // SAFETY: `s` is the caller's alone; the caches as in acquire_sudog.
    unsafe {
        // :489
        if !(*s).elem.is_null() {
            throw("runtime: sudog with non-nil elem");
        }
        if (*s).is_select {
            throw("runtime: sudog with non-false isSelect");
        }
        if !(*s).next.is_null() {
            throw("runtime: sudog with non-nil next");
        }
        // :498
        if !(*s).prev.is_null() {
            throw("runtime: sudog with non-nil prev");
        }
        if !(*s).waitlink.is_null() {
            throw("runtime: sudog with non-nil waitlink");
        }
        if !(*s).c.is_null() {
            throw("runtime: sudog with non-nil c");
        }
        // :507
        if !(*gp).param.is_null() {
            throw("runtime: releaseSudog with non-nil gp.param");
        }
        // :511 pinned: the P must stay ours.
        let mp = acquirem();
        let pp = (*mp).p.ptr();
        let cache = &raw mut (*pp).sudogcache;
        // :513
        if (*cache).len == PtrBuf::<Sudog, 128>::CAP {
            drain_sudogcache(cache);
        }
        // :533
        (*cache).push(s);
        releasem(mp);
    }
}

/// releaseSudog's way to the central list, out of line.
///
/// # Safety
/// `cache` is this P's and full, and the M is pinned.
#[cold]
#[inline(never)]
unsafe fn drain_sudogcache(cache: *mut PtrBuf<Sudog, 128>) {
    // SAFETY: the cache is this thread's; the central list is touched under its lock.
    unsafe {
        let sched = sched();
        let mut first: *mut Sudog = core::ptr::null_mut();
        let mut last: *mut Sudog = core::ptr::null_mut();
        // :516
        while (*cache).len > PtrBuf::<Sudog, 128>::CAP / 2 {
            let p = (*cache).pop();
            // :521
            if first.is_null() {
                first = p;
            } else {
                (*last).next = p;
            }
            last = p;
        }
        // :528
        lock(&raw mut (*sched).sudoglock);
        (*last).next = (*sched).sudogcache;
        (*sched).sudogcache = first;
        unlock(&raw mut (*sched).sudoglock);
    }
}
