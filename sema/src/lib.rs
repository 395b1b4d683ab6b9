//! Go's `sema.go`: semaphores for the contended case of other primitives, and notification lists
//! for `sync.Cond`.
//!
//! Think of a semaphore here as a way to pair every sleep with one wake-up, even if the wake-up
//! comes first: a futex with simpler semantics. Any `Uint32` can be one. See Mullender and Cox,
//! *Semaphores in Plan 9*.
//!
//! # Where the sleepers are
//! 251 roots, chosen by address, each with a lock, a count of waiters and a treap of sudogs with
//! distinct addresses (`s.elem`): a binary tree by address, a heap by `s.ticket`, a random number,
//! and so balanced on average. A sudog in the treap heads the list (`s.waitlink`) of all that wait
//! on the same address. Work on such a list is O(1), finding it O(log n) for n addresses that share
//! the root.
//!
//! # Why no wake-up is lost
//! A sleeper first adds itself to `nwait`, then looks at the semaphore once more; a releaser first
//! adds to the semaphore, then looks at `nwait`. All four are sequentially consistent, so at least
//! one sees the other.

use core::ffi::c_void;
use gort_mprof::{blockevent, blockprofilerate, mutexevent, mutexprofilerate, ticks};
use gort_proc::atomic::Uint32;
use gort_proc::*;

/// One of the places where goroutines wait.
///
/// Go: sema.go:40 semaRoot
#[doc(alias = "semaRoot")]
#[repr(C, align(64))]
pub struct SemaRoot {
    /// Guards the treap.
    pub lock: Mutex,
    /// Root of the tree of waiters with distinct addresses.
    pub treap: *mut Sudog,
    /// Number of waiters; read without the lock.
    pub nwait: Uint32,
}

#[cfg(loom)]
loom::lazy_static! {
    static ref SEMTABLE: Global<SemTable> = Global::new(SemTable(core::array::from_fn(|_| SemaRoot {
        lock: Mutex::default(),
        treap: core::ptr::null_mut(),
        nwait: Uint32::default(),
    })));
}

#[cfg(not(loom))]
static SEMTABLE: Global<SemTable> = {
    // SAFETY: locks, nullable pointers and integers: all zeroes is a valid value.
    Global::new(unsafe { core::mem::zeroed() })
};

/// A prime, so as not to go along with a pattern in the program's addresses.
///
/// Go: sema.go:49 semTabSize
pub const SEM_TAB_SIZE: usize = if cfg!(loom) { 1 } else { 251 };

/// All roots, each on a cache line of its own.
///
/// Go: sema.go:51 semTable
#[doc(alias = "semTable")]
#[repr(transparent)]
pub struct SemTable([SemaRoot; SEM_TAB_SIZE]);

/// The root for `addr`, in the global table.
///
/// Go: sema.go:56 rootFor
#[doc(alias = "rootFor")]
#[inline]
pub fn root_for(addr: *const Uint32) -> *mut SemaRoot {
    // :57
    let i = (addr.addr() >> 3) % SEM_TAB_SIZE;
    SEMTABLE.get().cast::<SemaRoot>().wrapping_add(i)
}

/// Calls `f` with each goroutine that waits on a semaphore and the semaphore's address. gort's own,
/// for the report of a deadlock.
///
/// # Safety
/// Nothing runs: the roots are read without their locks.
pub unsafe fn for_each_waiter(mut f: impl FnMut(*mut G, usize)) {
    // SAFETY: the treaps stand still. Each node is a list of those with the same address.
    unsafe {
        for i in 0..SEM_TAB_SIZE {
            let mut nodes = vec![(*SEMTABLE.get()).0[i].treap];
            while let Some(t) = nodes.pop() {
                if t.is_null() {
                    continue;
                }
                let mut s = t;
                while !s.is_null() {
                    f((*s).g, (*t).elem.addr());
                    s = (*s).waitlink;
                }
                nodes.extend([(*t).prev, (*t).next]);
            }
        }
    }
}

/// Waits until the semaphore is not 0, and takes one.
///
/// # Safety
/// On a user goroutine; `addr` outlives the wait.
///
/// Go: sema.go:70 sync_runtime_Semacquire
#[doc(alias = "sync_runtime_Semacquire")]
pub unsafe fn sync_runtime_semacquire(addr: *const Uint32) {
    // :71
    // SAFETY: the same contract.
    unsafe { semacquire1(addr, false, SEMA_BLOCK_PROFILE, 0, WaitReason::Semacquire) }
}

/// The same for `WaitGroup.Wait`: durable if only the goroutines of our bubble can end it.
///
/// # Safety
/// As for [`sync_runtime_semacquire`].
///
/// Go 1.25: sema.go line 109 sync_runtime_SemacquireWaitGroup
#[doc(alias = "sync_runtime_SemacquireWaitGroup")]
pub unsafe fn sync_runtime_semacquire_wait_group(addr: *const Uint32, synctest_durable: bool) {
    let reason =
        if synctest_durable { WaitReason::SynctestWaitGroupWait } else { WaitReason::Semacquire };
    // SAFETY: the same contract.
    unsafe { semacquire1(addr, false, SEMA_BLOCK_PROFILE, 0, reason) }
}

/// The same for package internal/poll.
///
/// # Safety
/// As for [`sync_runtime_semacquire`].
///
/// Go: sema.go:75 poll_runtime_Semacquire
#[doc(alias = "poll_runtime_Semacquire")]
pub unsafe fn poll_runtime_semacquire(addr: *const Uint32) {
    // :76
    // SAFETY: the same contract.
    unsafe { semacquire1(addr, false, SEMA_BLOCK_PROFILE, 0, WaitReason::Semacquire) }
}

/// Adds one to the semaphore and wakes a waiter, if there is one; with `handoff` gives the one
/// straight to it.
///
/// # Safety
/// On a user goroutine; `addr` is live when the call begins.
///
/// Go: sema.go:89 sync_runtime_Semrelease
#[doc(alias = "sync_runtime_Semrelease")]
pub unsafe fn sync_runtime_semrelease(addr: *const Uint32, handoff: bool, skipframes: i32) {
    // :90
    // SAFETY: the same contract.
    unsafe { semrelease1(addr, handoff, skipframes) }
}

/// Like [`sync_runtime_semacquire`], for `sync.Mutex`; with `lifo` in front of all others.
///
/// # Safety
/// As for [`sync_runtime_semacquire`].
///
/// Go: sema.go:94 sync_runtime_SemacquireMutex
#[doc(alias = "sync_runtime_SemacquireMutex")]
pub unsafe fn sync_runtime_semacquire_mutex(addr: *const Uint32, lifo: bool, skipframes: i32) {
    // :95
    // SAFETY: the same contract.
    unsafe {
        semacquire1(
            addr,
            lifo,
            SEMA_BLOCK_PROFILE | SEMA_MUTEX_PROFILE,
            skipframes,
            WaitReason::SyncMutexLock,
        )
    }
}

/// Like [`sync_runtime_semacquire_mutex`], for readers of a `sync.RWMutex`.
///
/// # Safety
/// As for [`sync_runtime_semacquire`].
///
/// Go: sema.go:99 sync_runtime_SemacquireRWMutexR
#[doc(alias = "sync_runtime_SemacquireRWMutexR")]
pub unsafe fn sync_runtime_semacquire_rwmutex_r(addr: *const Uint32, lifo: bool, skipframes: i32) {
    // :100
    // SAFETY: the same contract.
    unsafe {
        semacquire1(
            addr,
            lifo,
            SEMA_BLOCK_PROFILE | SEMA_MUTEX_PROFILE,
            skipframes,
            WaitReason::SyncRWMutexRLock,
        )
    }
}

/// Like [`sync_runtime_semacquire_mutex`], for writers of a `sync.RWMutex`.
///
/// # Safety
/// As for [`sync_runtime_semacquire`].
///
/// Go: sema.go:104 sync_runtime_SemacquireRWMutex
#[doc(alias = "sync_runtime_SemacquireRWMutex")]
pub unsafe fn sync_runtime_semacquire_rwmutex(addr: *const Uint32, lifo: bool, skipframes: i32) {
    // :105
    // SAFETY: the same contract.
    unsafe {
        semacquire1(
            addr,
            lifo,
            SEMA_BLOCK_PROFILE | SEMA_MUTEX_PROFILE,
            skipframes,
            WaitReason::SyncRWMutexLock,
        )
    }
}

/// [`semrelease`] for package internal/poll.
///
/// # Safety
/// As for [`sync_runtime_semrelease`].
///
/// Go: sema.go:109 poll_runtime_Semrelease
#[doc(alias = "poll_runtime_Semrelease")]
pub unsafe fn poll_runtime_semrelease(addr: *const Uint32) {
    // :110
    // SAFETY: the same contract.
    unsafe { semrelease(addr) }
}

/// Readies the goroutine of `s`, and notes when, if it wants to know.
///
/// # Safety
/// `s` has been dequeued, and its goroutine is parked.
///
/// Go: sema.go:113 readyWithTime
#[doc(alias = "readyWithTime")]
#[inline]
unsafe fn ready_with_time(s: *mut Sudog) {
    // SAFETY: until it is readied the sudog is ours.
    unsafe {
        // :114
        if (*s).releasetime != 0 {
            (*s).releasetime = ticks();
        }
        goready((*s).g); // :117
    }
}

/// What a wait counts for in profiles.
///
/// Go: sema.go:120 semaProfileFlags
pub type SemaProfileFlags = i32;
/// The block profile.
///
/// Go: sema.go:123 semaBlockProfile
pub const SEMA_BLOCK_PROFILE: SemaProfileFlags = 1 << 0;
/// The mutex profile.
///
/// Go: sema.go:124 semaMutexProfile
pub const SEMA_MUTEX_PROFILE: SemaProfileFlags = 1 << 1;

/// Waits until the semaphore is not 0, and takes one: for the runtime itself.
///
/// # Safety
/// On a user goroutine that holds no runtime lock; `addr` outlives the wait.
///
/// Go: sema.go:128 semacquire
#[unsafe(export_name = "gort.semacquire")]
pub unsafe fn semacquire(addr: *const Uint32) {
    // :129
    // SAFETY: the same contract.
    unsafe { semacquire1(addr, false, 0, 0, WaitReason::Semacquire) }
}

/// Waits until the semaphore is not 0, and takes one.
///
/// # Safety
/// As for [`semacquire`].
///
/// Go: sema.go:132 semacquire1
pub unsafe fn semacquire1(
    addr: *const Uint32,
    lifo: bool,
    profile: SemaProfileFlags,
    _skipframes: i32,
    reason: WaitReason,
) {
    // SAFETY: the sudog belongs to this goroutine but for the time it is in the root, where the
    // root's lock guards it; Gs and Ms are type-stable.
    unsafe {
        entry!("wait for a lock", semacquire1(addr, lifo, profile, _skipframes, reason)); // :132 what the prologue does
        let gp = getg();
        // :134
        if gp != (*(*gp).m).curg.ptr() {
            throw("semacquire not on the G stack");
        }

        // :139 the easy case
        if cansemacquire(addr) {
            return;
        }

        // :143 The harder one: count as a waiter, try once more, enqueue, sleep. Who signals
        // dequeues.
        let s = acquire_sudog();
        let root = root_for(addr); // :150
        let mut t0 = 0i64;
        (*s).releasetime = 0;
        (*s).acquiretime = 0;
        (*s).ticket = 0;
        // :155
        if profile & SEMA_BLOCK_PROFILE != 0 && blockprofilerate() > 0 {
            t0 = ticks();
            (*s).releasetime = -1;
        }
        if profile & SEMA_MUTEX_PROFILE != 0 && mutexprofilerate() > 0 {
            // :160
            if t0 == 0 {
                t0 = ticks();
            }
            (*s).acquiretime = t0;
        }
        loop {
            // :166
            lock_with_rank(&raw mut (*root).lock, LOCK_RANK_ROOT);
            // :168 no more easy case in semrelease
            (*root).nwait.add(1);
            // :170 a release may have come before that
            if !mutant!("semacquire does not try again") && cansemacquire(addr) {
                (*root).nwait.add(u32::MAX); // minus one
                unlock(&raw mut (*root).lock);
                break;
            }
            // :177 from here on any release knows of us
            queue(root, addr, s, lifo);
            goparkunlock(&raw mut (*root).lock, reason);
            // :179
            if (*s).ticket != 0 || cansemacquire(addr) {
                break;
            }
        }
        // :183
        if (*s).releasetime > 0 {
            blockevent((*s).releasetime - t0);
        }
        release_sudog(s); // :186
    }
}

/// The end of a wait that may come before it is over: for [`semacquire_until`] and
/// [`notify_list_wait_until`]. gort's own, as what follows: Go has no such waits.
///
/// The lock of what is waited on guards it, and decides who was first: a waiter is taken out of the
/// queue either by the one who wakes it or by the one who ends its wait, so no wake-up goes to a
/// waiter that has left.
#[derive(Debug, Default)]
pub struct Token {
    expired: bool,
}

/// What ends a wait leaves this in the sudog. No ticket of a semaphore: those are 0 and 1.
const EXPIRED: u32 = 2;

/// [`semacquire1`] that gives up when [`sema_expire`] is called with the same token. False if it
/// did; nothing has been taken then. `leave` does what else is to be done when a waiter gives up,
/// or says that this one may not: then it waits on. It is called under the lock of the semaphore's
/// root, where the waiter counts as one and has found the semaphore to be 0.
///
/// # Safety
/// As for [`semacquire`]; the token lives until this returns, and is fresh. `leave` neither waits
/// nor unwinds.
pub unsafe fn semacquire_until(
    addr: *const Uint32,
    lifo: bool,
    reason: WaitReason,
    token: *mut Token,
    leave: impl Fn() -> bool,
) -> bool {
    // SAFETY: as in semacquire1; the token is used under the root's lock.
    unsafe {
        entry!("wait for a lock", semacquire_until(addr, lifo, reason, token, leave));
        let gp = getg();
        if gp != (*(*gp).m).curg.ptr() {
            throw("semacquire not on the G stack");
        }
        if cansemacquire(addr) {
            return true;
        }
        let s = acquire_sudog();
        let root = root_for(addr);
        (*s).releasetime = 0;
        (*s).acquiretime = 0;
        (*s).ticket = 0;
        // As in semacquire1: a waiter for a lock without a time among those that have one would be
        // taken for one that has waited since the machine was started (sema.go:237).
        if reason != WaitReason::Semacquire && mutexprofilerate() > 0 {
            (*s).acquiretime = ticks();
        }
        let mut taken = true;
        loop {
            lock_with_rank(&raw mut (*root).lock, LOCK_RANK_ROOT);
            (*root).nwait.add(1);
            let can = cansemacquire(addr);
            if can || (*token).expired && leave() {
                (*root).nwait.add(u32::MAX); // minus one
                unlock(&raw mut (*root).lock);
                taken = can;
                break;
            }
            queue(root, addr, s, lifo);
            // Semaphores have no channel: that is the mark.
            (*s).c = token.cast();
            goparkunlock(&raw mut (*root).lock, reason);
            (*s).c = core::ptr::null_mut();
            if (*s).ticket == EXPIRED {
                taken = false;
                break;
            }
            if (*s).ticket != 0 || cansemacquire(addr) {
                break;
            }
        }
        (*s).ticket = 0;
        release_sudog(s);
        taken
    }
}

/// Ends the wait of the goroutine that waits on `addr` with this token, now or when it begins to;
/// nothing if it has been woken, or if `leave`, the same as in [`semacquire_until`], says that it
/// may not leave. May be called by a timer.
///
/// # Safety
/// The token lives; no runtime lock is held. `leave` as there.
pub unsafe fn sema_expire(addr: *const Uint32, token: *mut Token, leave: impl Fn() -> bool) {
    // SAFETY: roots are static; the lock guards the treap, all sudogs in it, and the token.
    unsafe {
        let root = root_for(addr);
        lock_with_rank(&raw mut (*root).lock, LOCK_RANK_ROOT);
        (*token).expired = true;
        let s = take_out(root, addr, token, leave);
        if !s.is_null() {
            (*root).nwait.add(u32::MAX); // minus one
        }
        unlock(&raw mut (*root).lock);
        if !s.is_null() {
            (*s).ticket = EXPIRED;
            ready_with_time(s);
        }
    }
}

/// Takes the waiter with this token out of the root, wherever it stands; nil if it is not there, or
/// may not leave.
///
/// # Safety
/// As for [`queue`].
unsafe fn take_out(
    root: *mut SemaRoot,
    addr: *const Uint32,
    token: *mut Token,
    leave: impl Fn() -> bool,
) -> *mut Sudog {
    // SAFETY: the lock guards the treap and all sudogs in it.
    unsafe {
        let null = core::ptr::null_mut();
        let elem = addr.cast_mut().cast::<c_void>();
        let mut head = (*root).treap;
        while !head.is_null() && (*head).elem != elem {
            head = if elem.addr() < (*head).elem.addr() { (*head).prev } else { (*head).next };
        }
        if head.is_null() {
            return null;
        }
        if (*head).c == token.cast() {
            if !leave() {
                return null;
            }
            // Nobody is charged for the others' waits: they keep their times, which dequeue resets.
            let (t, tail) = ((*head).waitlink, (*head).waittail);
            let times = (!t.is_null()).then(|| ((*t).acquiretime, (*tail).acquiretime));
            let s = dequeue(root, addr).0;
            if let Some((first, last)) = times {
                (*tail).acquiretime = last;
                (*t).acquiretime = first;
            }
            return s;
        }
        let (mut p, mut s) = (head, (*head).waitlink);
        while !s.is_null() && (*s).c != token.cast() {
            (p, s) = (s, (*s).waitlink);
        }
        if s.is_null() || !leave() {
            return null;
        }
        (*p).waitlink = (*s).waitlink;
        if (*head).waittail == s {
            (*head).waittail = if p == head { null } else { p };
        }
        if (*head).waiters > 1 {
            (*head).waiters -= 1;
        }
        (*s).waitlink = null;
        (*s).elem = core::ptr::null_mut();
        (*s).ticket = 0;
        s
    }
}

/// Adds one to the semaphore and wakes a waiter, if there is one.
///
/// # Safety
/// As for [`sync_runtime_semrelease`].
///
/// Go: sema.go:189 semrelease
pub unsafe fn semrelease(addr: *const Uint32) {
    // :190
    // SAFETY: the same contract.
    unsafe { semrelease1(addr, false, 0) }
}

/// Adds one to the semaphore and wakes a waiter, if there is one; with `handoff` gives the one
/// straight to it and lets it run at once.
///
/// # Safety
/// As for [`sync_runtime_semrelease`]. `addr` may die with the addition: it serves as a mere number
/// then, and only a semaphore with waiters, hence alive, is looked at again.
///
/// Go: sema.go:193 semrelease1
#[unsafe(export_name = "gort.semrelease1")]
pub unsafe fn semrelease1(addr: *const Uint32, handoff: bool, _skipframes: i32) {
    // SAFETY: a sudog is ours between dequeue and ready; roots are static.
    unsafe {
        entry!("release of a lock", semrelease1(addr, handoff, _skipframes)); // :193 what the prologue does
        let root = root_for(addr);
        if mutant!("semrelease looks for waiters first") && (*root).nwait.load() == 0 {
            (*addr).add(1);
            return;
        }
        (*addr).add(1); // :195

        // :200 the easy case: nobody waits. To be looked at after the addition, or a wake-up is
        // missed.
        if (*root).nwait.load() == 0 {
            return;
        }

        // :205 the harder one: find a waiter and wake it
        lock_with_rank(&raw mut (*root).lock, LOCK_RANK_ROOT);
        if (*root).nwait.load() == 0 {
            // :207 somebody has taken the one already
            unlock(&raw mut (*root).lock);
            return;
        }
        let (s, t0, tailtime) = dequeue(root, addr); // :212
        if !s.is_null() {
            (*root).nwait.add(u32::MAX); // minus one
        }
        unlock(&raw mut (*root).lock); // :216
        // :217 waking may be slow or even yield, hence without the lock
        if !s.is_null() {
            let acquiretime = (*s).acquiretime;
            if acquiretime != 0 {
                // :220 The delay that this unlock caused: that of the one woken, and the average of
                // the longest and the shortest wait for all that wait on. dequeue has reset both
                // ends, so nothing counts twice.
                let dt0 = t0 - acquiretime; // :235
                let mut dt = dt0;
                if (*s).waiters != 0 {
                    let dtail = t0 - tailtime;
                    dt += (dtail + dt0) / 2 * i64::from((*s).waiters); // :239
                }
                // :241
                mutexevent(dt);
            }
            // :243
            if (*s).ticket != 0 {
                throw("corrupted semaphore ticket");
            }
            if handoff && cansemacquire(addr) {
                (*s).ticket = 1;
            }
            // Go reads the ticket (:250) after readying, when the sudog may be somebody else's.
            let ticket = (*s).ticket;
            ready_with_time(s); // :249
            if ticket == 1 && (*(*getg()).m).locks.get() == 0 {
                // :251 The waiter is runnext now. Let it run at once, on our time slice: a
                // contended semaphore is not to have the P for ever. goyield puts us on the local
                // queue, not the global one. Only with handoff: otherwise somebody else may take
                // the one while we yield, in vain.
                goyield(); // :267
            }
        }
    }
}

/// Takes one, if there is one.
///
/// # Safety
/// `addr` is live.
///
/// Go: sema.go:272 cansemacquire
#[inline]
pub unsafe fn cansemacquire(addr: *const Uint32) -> bool {
    loop {
        // SAFETY: the caller's contract.
        let addr = unsafe { &*addr };
        // :274
        let v = addr.load();
        if v == 0 {
            return false;
        }
        // :278
        if addr.cas(v, v - 1) {
            return true;
        }
    }
}

/// Adds `s`, for the current goroutine, to those that wait on `addr`; with `lifo` as the first of
/// them.
///
/// # Safety
/// The root's lock is held (or the root is the caller's own); `s` is a sudog in no list.
///
/// Go: sema.go:285 queue
pub unsafe fn queue(root: *mut SemaRoot, addr: *const Uint32, s: *mut Sudog, lifo: bool) {
    // SAFETY: the lock guards the treap and all sudogs in it.
    unsafe {
        let elem = addr.cast_mut().cast::<c_void>();
        // :286
        (*s).g = getg();
        (*s).elem = elem;
        (*s).next = core::ptr::null_mut();
        (*s).prev = core::ptr::null_mut();
        (*s).waiters = 0; // :290

        let mut last: *mut Sudog = core::ptr::null_mut();
        let mut pt: *mut *mut Sudog = &raw mut (*root).treap; // :293
        loop {
            let t = *pt;
            if t.is_null() {
                break;
            }
            // :295 the address is known
            if (*t).elem == elem {
                if lifo || mutant!("semaphores wake the youngest") {
                    // :298 s takes t's place in the treap
                    *pt = s;
                    (*s).ticket = (*t).ticket;
                    (*s).acquiretime = (*t).acquiretime; // :301 the head has the oldest time
                    (*s).parent = (*t).parent;
                    (*s).prev = (*t).prev;
                    (*s).next = (*t).next;
                    // :305
                    if !(*s).prev.is_null() {
                        (*(*s).prev).parent = s;
                    }
                    if !(*s).next.is_null() {
                        (*(*s).next).parent = s;
                    }
                    // :311 and t becomes the first in its list
                    (*s).waitlink = t;
                    (*s).waittail = (*t).waittail;
                    if (*s).waittail.is_null() {
                        (*s).waittail = t;
                    }
                    (*s).waiters = (*t).waiters; // :317
                    if (*s).waiters.wrapping_add(1) != 0 {
                        (*s).waiters += 1;
                    }
                    // :321
                    (*t).parent = core::ptr::null_mut();
                    (*t).prev = core::ptr::null_mut();
                    (*t).next = core::ptr::null_mut();
                    (*t).waittail = core::ptr::null_mut();
                } else {
                    // :326 s goes to the end of t's list
                    if (*t).waittail.is_null() {
                        (*t).waitlink = s;
                    } else {
                        (*(*t).waittail).waitlink = s; // :330
                    }
                    (*t).waittail = s;
                    (*s).waitlink = core::ptr::null_mut();
                    // :334
                    if (*t).waiters.wrapping_add(1) != 0 {
                        (*t).waiters += 1;
                    }
                }
                return;
            }
            last = t; // :340
            if elem.addr() < (*t).elem.addr() {
                pt = &raw mut (*t).prev;
            } else {
                pt = &raw mut (*t).next;
            }
        }

        // :348 A new address: s becomes a leaf. Its ticket must not be 0, as 0 says something to
        // semacquire1, so the lowest bit is set; that does the treap no harm.
        (*s).ticket = cheaprand() | 1; // :359
        (*s).parent = last;
        *pt = s;

        // :364 rotate it up until the heap is one again
        while !(*s).parent.is_null() && (*(*s).parent).ticket > (*s).ticket {
            if (*(*s).parent).prev == s {
                rotate_right(root, (*s).parent);
            } else {
                // :368 a panic with a lock held, which ends all too
                if (*(*s).parent).next != s {
                    throw("semaRoot queue");
                }
                rotate_left(root, (*s).parent);
            }
        }
    }
}

/// Takes the first goroutine that waits on `addr` out of the root; nil if there is none. For
/// profiles: the time now (0 if it is not being measured) and when the last in its list began to
/// wait.
///
/// # Safety
/// As for [`queue`].
///
/// Go: sema.go:383 dequeue
pub unsafe fn dequeue(root: *mut SemaRoot, addr: *const Uint32) -> (*mut Sudog, i64, i64) {
    // SAFETY: the lock guards the treap and all sudogs in it.
    unsafe {
        let elem = addr.cast_mut().cast::<c_void>();
        // :384
        let mut ps: *mut *mut Sudog = &raw mut (*root).treap;
        let mut s;
        loop {
            s = *ps; // :386
            if s.is_null() {
                return (core::ptr::null_mut(), 0, 0);
            }
            if (*s).elem == elem {
                break;
            }
            // :390
            if elem.addr() < (*s).elem.addr() {
                ps = &raw mut (*s).prev;
            } else {
                ps = &raw mut (*s).next;
            }
        }

        // :399 found
        let mut now = 0i64;
        if (*s).acquiretime != 0 {
            now = ticks();
        }
        let tailtime;
        let t = (*s).waitlink; // :403
        if !t.is_null() {
            // :404 t, which waits on the same address, takes the place of s
            *ps = t;
            (*t).ticket = (*s).ticket;
            (*t).parent = (*s).parent;
            (*t).prev = (*s).prev;
            if !(*t).prev.is_null() {
                (*(*t).prev).parent = t; // :410
            }
            (*t).next = (*s).next;
            if !(*t).next.is_null() {
                (*(*t).next).parent = t;
            }
            // :416
            if !(*t).waitlink.is_null() {
                (*t).waittail = (*s).waittail;
            } else {
                (*t).waittail = core::ptr::null_mut();
            }
            // :421
            (*t).waiters = (*s).waiters;
            if (*t).waiters > 1 {
                (*t).waiters -= 1;
            }
            // :425 the caller charges what they have waited so far
            (*t).acquiretime = now;
            tailtime = (*(*s).waittail).acquiretime;
            (*(*s).waittail).acquiretime = now; // :430
            (*s).waitlink = core::ptr::null_mut();
            (*s).waittail = core::ptr::null_mut();
        } else {
            // :434 rotate s down to a leaf, the smaller priority up
            while !(*s).next.is_null() || !(*s).prev.is_null() {
                if (*s).next.is_null()
                    || !(*s).prev.is_null() && (*(*s).prev).ticket < (*(*s).next).ticket
                {
                    rotate_right(root, s);
                } else {
                    rotate_left(root, s);
                }
            }
            // :442 and cut it off
            if !(*s).parent.is_null() {
                if (*(*s).parent).prev == s {
                    (*(*s).parent).prev = core::ptr::null_mut();
                } else {
                    (*(*s).parent).next = core::ptr::null_mut();
                }
            } else {
                (*root).treap = core::ptr::null_mut(); // :450
            }
            tailtime = (*s).acquiretime;
        }
        // :454
        (*s).parent = core::ptr::null_mut();
        (*s).elem = core::ptr::null_mut();
        (*s).next = core::ptr::null_mut();
        (*s).prev = core::ptr::null_mut();
        (*s).ticket = 0;
        (s, now, tailtime) // :459
    }
}

/// Rotates the tree at `x`: `(x a (y b c))` becomes `(y (x a b) c)`.
///
/// # Safety
/// As for [`queue`]; `x` has a right child.
///
/// Go: sema.go:464 rotateLeft
#[doc(alias = "rotateLeft")]
unsafe fn rotate_left(root: *mut SemaRoot, x: *mut Sudog) {
    // SAFETY: the lock guards the treap and all sudogs in it.
    unsafe {
        // :466
        let p = (*x).parent;
        let y = (*x).next;
        let b = (*y).prev;

        // :470
        (*y).prev = x;
        (*x).parent = y;
        (*x).next = b;
        if !b.is_null() {
            (*b).parent = x;
        }

        // :477
        (*y).parent = p;
        if p.is_null() {
            (*root).treap = y;
        } else if (*p).prev == x {
            (*p).prev = y;
        } else {
            // :483
            if (*p).next != x {
                throw("semaRoot rotateLeft");
            }
            (*p).next = y;
        }
    }
}

/// Rotates the tree at `y`: `(y (x a b) c)` becomes `(x a (y b c))`.
///
/// # Safety
/// As for [`queue`]; `y` has a left child.
///
/// Go: sema.go:492 rotateRight
#[doc(alias = "rotateRight")]
unsafe fn rotate_right(root: *mut SemaRoot, y: *mut Sudog) {
    // SAFETY: the lock guards the treap and all sudogs in it.
    unsafe {
        // :494
        let p = (*y).parent;
        let x = (*y).prev;
        let b = (*x).next;

        // :498
        (*x).next = y;
        (*y).parent = x;
        (*y).prev = b;
        if !b.is_null() {
            (*b).parent = y;
        }

        // :505
        (*x).parent = p;
        if p.is_null() {
            (*root).treap = x;
        } else if (*p).prev == y {
            (*p).prev = x;
        } else {
            // :511
            if (*p).next != y {
                throw("semaRoot rotateRight");
            }
            (*p).next = x;
        }
    }
}

/// The waiters of a `sync.Cond`, in the order of their tickets.
///
/// Tickets are drawn before the waiter unlocks its lock, and without the list's: so a waiter may
/// come to the list out of turn, or find that its ticket has been called already. Both counts may
/// wrap around; there never are 2³¹ waiters.
///
/// Go: sema.go:521 notifyList
#[doc(alias = "notifyList")]
#[cfg_attr(loom, derive(Default))]
#[repr(C)]
pub struct NotifyList {
    /// Ticket of the next waiter; added to without the lock.
    pub wait: Uint32,
    /// Ticket of the next waiter to be notified; read without the lock, written under it.
    pub notify: Uint32,
    /// Guards the list.
    pub lock: Mutex,
    /// First parked waiter.
    pub head: *mut Sudog,
    /// Last parked waiter.
    pub tail: *mut Sudog,
}

#[cfg(not(loom))]
impl NotifyList {
    /// An empty list.
    pub const fn new() -> Self {
        // SAFETY: a lock, nullable pointers and integers: all zeroes is a valid value.
        unsafe { core::mem::zeroed() }
    }
}

#[cfg(not(loom))]
impl Default for NotifyList {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether ticket `a` comes before `b`, although both may have wrapped around.
///
/// Go: sema.go:543 less
#[inline]
pub fn less(a: u32, b: u32) -> bool {
    // :544
    (a.wrapping_sub(b) as i32) < 0
}

/// Draws a ticket, with which the caller must call [`notify_list_wait`].
///
/// # Safety
/// `l` is live.
///
/// Go: sema.go:552 notifyListAdd
#[doc(alias = "notifyListAdd")]
pub unsafe fn notify_list_add(l: *mut NotifyList) -> u32 {
    // :555 may be called concurrently: by readers of a RWMutex that is the Cond's lock
    // SAFETY: an atomic.
    unsafe { (*l).wait.add(1).wrapping_sub(1) }
}

/// Waits until ticket `t` is notified; returns at once if it has been.
///
/// # Safety
/// On a user goroutine that holds no runtime lock; `l` outlives the wait; `t` is from
/// [`notify_list_add`].
///
/// Go: sema.go:562 notifyListWait
#[doc(alias = "notifyListWait")]
pub unsafe fn notify_list_wait(l: *mut NotifyList, t: u32) {
    // SAFETY: the list's lock guards it; the sudog is the goroutine's own when it is not in it.
    unsafe {
        entry!("Cond.Wait", notify_list_wait(l, t)); // :562 what the prologue does
        lock_with_rank(&raw mut (*l).lock, LOCK_RANK_NOTIFY_LIST);

        // :566
        if !mutant!("notifyListWait always waits") && less(t, (*l).notify.get()) {
            unlock(&raw mut (*l).lock);
            return;
        }

        // :572
        let s = acquire_sudog();
        (*s).g = getg();
        (*s).ticket = t;
        (*s).releasetime = 0;
        // :576
        let mut t0 = 0;
        if blockprofilerate() > 0 {
            t0 = ticks();
            (*s).releasetime = -1;
        }
        // :581
        if (*l).tail.is_null() {
            (*l).head = s;
        } else {
            (*(*l).tail).next = s;
        }
        (*l).tail = s;
        goparkunlock(&raw mut (*l).lock, WaitReason::SyncCondWait); // :587
        // :588
        if t0 != 0 {
            blockevent((*s).releasetime - t0);
        }
        release_sudog(s); // :591
    }
}

/// [`notify_list_wait`] that gives up when [`notify_list_expire`] is called with the same token.
/// False if it did: the ticket is vacant then.
///
/// # Safety
/// As for [`notify_list_wait`]; the token lives until this returns, and is fresh.
pub unsafe fn notify_list_wait_until(
    l: *mut NotifyList,
    t: u32,
    token: *mut Token,
    vacate: impl FnOnce(u32),
) -> bool {
    // SAFETY: as in notify_list_wait; the token is used under the list's lock.
    unsafe {
        entry!("Cond.Wait", notify_list_wait_until(l, t, token, vacate));
        lock_with_rank(&raw mut (*l).lock, LOCK_RANK_NOTIFY_LIST);
        if less(t, (*l).notify.get()) {
            unlock(&raw mut (*l).lock);
            return true;
        }
        if (*token).expired {
            vacate(t);
            unlock(&raw mut (*l).lock);
            return false;
        }
        let s = acquire_sudog();
        (*s).g = getg();
        (*s).ticket = t;
        (*s).releasetime = 0;
        (*s).success = true;
        (*s).c = token.cast(); // lists have no channel: that is the mark
        if (*l).tail.is_null() {
            (*l).head = s;
        } else {
            (*(*l).tail).next = s;
        }
        (*l).tail = s;
        goparkunlock(&raw mut (*l).lock, WaitReason::SyncCondWait);
        (*s).c = core::ptr::null_mut();
        let notified = (*s).success;
        release_sudog(s);
        notified
    }
}

/// Ends the wait of the goroutine that waits with this token, now or when it begins to; nothing if
/// it has been notified. `vacate` is told its ticket, under the list's lock:
/// [`notify_list_notify_one_but`] must pass over it. May be called by a timer.
///
/// # Safety
/// `l` and the token live; no runtime lock is held.
pub unsafe fn notify_list_expire(l: *mut NotifyList, token: *mut Token, vacate: impl FnOnce(u32)) {
    // SAFETY: the list's lock guards it, all sudogs in it, and the token.
    unsafe {
        lock_with_rank(&raw mut (*l).lock, LOCK_RANK_NOTIFY_LIST);
        (*token).expired = true;
        let (mut p, mut s) = (core::ptr::null_mut::<Sudog>(), (*l).head);
        while !s.is_null() && (*s).c != token.cast() {
            (p, s) = (s, (*s).next);
        }
        if !s.is_null() {
            let n = (*s).next;
            if p.is_null() {
                (*l).head = n;
            } else {
                (*p).next = n;
            }
            if n.is_null() {
                (*l).tail = p;
            }
            vacate((*s).ticket);
        }
        unlock(&raw mut (*l).lock);
        if !s.is_null() {
            (*s).next = core::ptr::null_mut();
            (*s).success = false;
            ready_with_time(s);
        }
    }
}

/// A goroutine that waits durably in a bubble must not be woken from outside.
///
/// # Safety
/// `gp` is parked, and ours to wake.
#[inline(always)]
unsafe fn check_bubble(gp: *mut G) {
    // SAFETY: the caller's contract; bubbles are type-stable.
    unsafe {
        let b = (*gp).bubble;
        if !b.is_null() && !(*b).real && (*getg()).bubble != b {
            gort_print::print!(
                "semaphore wake of synctest goroutine {} from outside bubble\n",
                (*gp).goid
            );
            fatal("semaphore wake of synctest goroutine from outside bubble");
        }
    }
}

/// Notifies all tickets drawn so far.
///
/// # Safety
/// On a user goroutine; `l` is live.
///
/// Go: sema.go:597 notifyListNotifyAll
#[doc(alias = "notifyListNotifyAll")]
#[inline]
pub unsafe fn notify_list_notify_all(l: *mut NotifyList) {
    // SAFETY: the same contract.
    unsafe { notify_list_notify_all_and(l, || {}) }
}

/// [`notify_list_notify_all`] that calls `forget` under the list's lock: no ticket is vacant any
/// more.
///
/// # Safety
/// As for [`notify_list_notify_all`].
///
/// Go: sema.go:597 notifyListNotifyAll
pub unsafe fn notify_list_notify_all_and(l: *mut NotifyList, forget: impl FnOnce()) {
    // SAFETY: the list's lock guards it; what is taken out of it is ours.
    unsafe {
        entry!("Cond.Broadcast", notify_list_notify_all_and(l, forget)); // :597 what the prologue does
        // :600 nobody new since the last time
        if (*l).wait.load() == (*l).notify.load() {
            return;
        }

        // :606 take the list, and ready them without the lock
        lock_with_rank(&raw mut (*l).lock, LOCK_RANK_NOTIFY_LIST);
        let mut s = (*l).head;
        (*l).head = core::ptr::null_mut();
        (*l).tail = core::ptr::null_mut();

        // :615 whoever drew before this is in the list or will find its ticket notified
        (*l).notify.store((*l).wait.load());
        forget();
        unlock(&raw mut (*l).lock);

        // :619
        while !s.is_null() {
            let next = (*s).next;
            (*s).next = core::ptr::null_mut();
            check_bubble((*s).g); // Go 1.25: sema.go line 641
            ready_with_time(s);
            s = next; // :623
        }
    }
}

/// Notifies the next ticket, if one was drawn.
///
/// # Safety
/// On a user goroutine; `l` is live.
///
/// Go: sema.go:630 notifyListNotifyOne
#[doc(alias = "notifyListNotifyOne")]
#[inline]
pub unsafe fn notify_list_notify_one(l: *mut NotifyList) {
    // SAFETY: the same contract.
    unsafe { notify_list_notify_one_but(l, |_| false) }
}

/// [`notify_list_notify_one`] that passes over tickets which `vacant` says, under the list's lock,
/// that nobody has any more: those behind the one that is notified, so that the next is somebody's.
///
/// # Safety
/// As for [`notify_list_notify_one`]; the next ticket is not vacant.
///
/// Go: sema.go:630 notifyListNotifyOne
pub unsafe fn notify_list_notify_one_but(l: *mut NotifyList, mut vacant: impl FnMut(u32) -> bool) {
    // SAFETY: the list's lock guards it; what is taken out of it is ours.
    unsafe {
        entry!("Cond.Signal", notify_list_notify_one_but(l, vacant)); // :630 what the prologue does
        // :633 nobody new since the last time
        if (*l).wait.load() == (*l).notify.load() {
            return;
        }

        lock_with_rank(&raw mut (*l).lock, LOCK_RANK_NOTIFY_LIST); // :637

        // :640 and again under the lock
        let t = (*l).notify.get();
        if t == (*l).wait.load() {
            unlock(&raw mut (*l).lock);
            return;
        }

        // :647 the next is never a vacant one
        let mut next = t.wrapping_add(1);
        while vacant(next) {
            next = next.wrapping_add(1);
        }
        (*l).notify.store(next);

        // :649 Find the one with that ticket. If it is not there yet it will not park when it sees
        // the new number. Nearly always it is close to the front: before it are only those that
        // were quicker to the list.
        let (mut p, mut s) = (core::ptr::null_mut::<Sudog>(), (*l).head); // :662
        while !s.is_null() {
            if (*s).ticket == t {
                let n = (*s).next;
                if !p.is_null() {
                    (*p).next = n; // :666
                } else {
                    (*l).head = n;
                }
                if n.is_null() {
                    (*l).tail = p; // :671
                }
                unlock(&raw mut (*l).lock);
                (*s).next = core::ptr::null_mut();
                check_bubble((*s).g); // Go 1.25: sema.go line 698
                ready_with_time(s);
                return; // :676
            }
            (p, s) = (s, (*s).next);
        }
        unlock(&raw mut (*l).lock); // :679
    }
}

/// The clock, for package sync.
///
/// Go: sema.go:691 sync_nanotime
#[inline]
pub fn sync_nanotime() -> i64 {
    nanotime() // :692
}
