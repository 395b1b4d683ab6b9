//! Go's netpoll.go and netpoll_epoll.go: the network poller.
//!
//! | module | Go |
//! |---|---|
//! | this one | netpoll.go: the platform-independent part |
//! | [`epoll`] | netpoll_epoll.go |
//! | [`sys`] | the system calls it needs |
//!
//! # The two semaphores of a pollDesc
//! `rg` (readers) and `wg` (writers) are binary semaphores of one word each:
//!
//! | value | meaning | goes to |
//! |---|---|---|
//! | `PD_NIL` | nothing | `PD_WAIT` by a goroutine about to wait; `PD_READY` by the poller |
//! | `PD_READY` | a notification is pending | `PD_NIL` by the goroutine that consumes it |
//! | `PD_WAIT` | a goroutine is about to park | its G by itself (`netpollblockcommit`); `PD_READY` by the poller, `PD_NIL` by timeout or close: it then does not park |
//! | a G | that goroutine is parked | `PD_READY` by the poller, `PD_NIL` by timeout or close, who ready it |
//!
//! # Why no wake-up is lost to a timeout or close
//! The goroutine stores `PD_WAIT`, then looks at `atomic_info`; whoever closes or times out writes
//! `atomic_info` ([`PollDesc::publish_info`]), then looks at `rg` and `wg`. All of it is
//! sequentially consistent, so at least one of the two sees the other.
//!
//! # Stale events
//! PollDescs are reused, never freed: an event may still come in for a closed descriptor. The
//! kernel hands back the pointer tagged with `fdseq`, which `free` moves on; deadlines carry `rseq`
//! and `wseq` in the same way.

use core::ffi::c_void;
use core::mem::size_of;
#[cfg(not(loom))]
use core::mem::zeroed;
use core::ptr::null_mut;
use gort_lfstack::TAGGED_POINTER_BITS;
use gort_lock_futex::{lock, lock_init, unlock};
use gort_os_linux::nanotime;
use gort_proc::glist::GListOps;
use gort_proc::park::{gopark, goready};
use gort_runtime2::atomic::{Uint32, Uintptr};
use gort_runtime2::linkname::throw;
use gort_runtime2::{
    G, GList, Global, LOCK_RANK_NETPOLL_INIT, LOCK_RANK_POLL_CACHE, LOCK_RANK_POLL_DESC, Mutex,
    Timer, TimerFn, WaitReason, mutant,
};
use gort_time::{timer_init, timer_modify, timer_stop};

pub mod epoll;
#[cfg_attr(loom, path = "sys_loom.rs")]
pub mod sys;

pub use epoll::*;

/// No error.
///
/// Go: netpoll.go:45 pollNoError
pub const POLL_NO_ERROR: i32 = 0;
/// The descriptor is closed.
///
/// Go: netpoll.go:46 pollErrClosing
pub const POLL_ERR_CLOSING: i32 = 1;
/// The deadline is over.
///
/// Go: netpoll.go:47 pollErrTimeout
pub const POLL_ERR_TIMEOUT: i32 = 2;
/// The descriptor cannot be polled.
///
/// Go: netpoll.go:48 pollErrNotPollable
pub const POLL_ERR_NOT_POLLABLE: i32 = 3;

/// Nothing: see the table above.
///
/// Go: netpoll.go:65 pdNil
pub const PD_NIL: usize = 0;
/// A notification is pending.
///
/// Go: netpoll.go:66 pdReady
pub const PD_READY: usize = 1;
/// A goroutine is about to park.
///
/// Go: netpoll.go:67 pdWait
pub const PD_WAIT: usize = 2;

/// PollDescs are allocated in blocks of this size.
///
/// Go: netpoll.go:70 pollBlockSize
const POLL_BLOCK_SIZE: usize = 4 * 1024;

/// Mode for reading.
pub const MODE_R: i32 = b'r' as i32;
/// Mode for writing.
pub const MODE_W: i32 = b'w' as i32;
/// Both.
pub const MODE_RW: i32 = MODE_R + MODE_W;

/// What the poller knows of a file descriptor.
///
/// Go: netpoll.go:75 pollDesc
#[repr(C)]
#[derive(Default)]
pub struct PollDesc {
    /// Next free one, under the cache's lock.
    link: *mut PollDesc,
    /// The descriptor; constant while in use.
    fd: usize,
    /// Tells uses of this pollDesc apart.
    pub fdseq: Uintptr,
    /// Closing, expired deadlines, event error, for [`netpollcheckerr`], which cannot lock. Written
    /// under the lock by [`Self::publish_info`], and only here holds the event error.
    pub atomic_info: Uint32,
    /// PD_READY, PD_WAIT, the G that waits to read, or PD_NIL.
    pub rg: Uintptr,
    /// The same for writing.
    pub wg: Uintptr,
    /// Guards what follows.
    lock: Mutex,
    /// Being closed.
    closing: bool,
    /// `rt` runs.
    rrun: bool,
    /// `wt` runs.
    wrun: bool,
    /// Unused, as in Go.
    user: u32,
    /// Tells stale read timers.
    rseq: usize,
    /// Read deadline timer.
    rt: Timer,
    /// Read deadline: a time in the future, or -1 once it is over.
    rd: i64,
    /// Tells stale write timers.
    wseq: usize,
    /// Write deadline timer.
    wt: Timer,
    /// Write deadline.
    wd: i64,
    // :104 self: only for Go's interfaces
}

/// The bits of [`PollDesc::info`].
///
/// Go: netpoll.go:121 pollInfo
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollInfo(pub u32);

/// Go: netpoll.go:124 pollClosing
pub const POLL_CLOSING: u32 = 1 << 0;
/// Go: netpoll.go:125 pollEventErr
pub const POLL_EVENT_ERR: u32 = 1 << 1;
/// Go: netpoll.go:126 pollExpiredReadDeadline
pub const POLL_EXPIRED_READ_DEADLINE: u32 = 1 << 2;
/// Go: netpoll.go:127 pollExpiredWriteDeadline
pub const POLL_EXPIRED_WRITE_DEADLINE: u32 = 1 << 3;
/// Where the low bits of `fdseq` stand: a shift count, which as the next value of the group is 16,
/// so that four of the twenty bits fall off at the top. See docs/deviations.md.
///
/// Go: netpoll.go:128 pollFDSeq
pub const POLL_FDSEQ: u32 = 1 << 4;
/// How many.
///
/// Go: netpoll.go:132 pollFDSeqBits
pub const POLL_FDSEQ_BITS: u32 = 20;
/// Their mask.
///
/// Go: netpoll.go:133 pollFDSeqMask
pub const POLL_FDSEQ_MASK: u32 = (1 << POLL_FDSEQ_BITS) - 1;

impl PollInfo {
    /// Being closed.
    ///
    /// Go: netpoll.go:136 closing
    pub fn closing(self) -> bool {
        self.0 & POLL_CLOSING != 0 // :136
    }
    /// An event brought an error.
    ///
    /// Go: netpoll.go:137 eventErr
    #[doc(alias = "eventErr")]
    pub fn event_err(self) -> bool {
        self.0 & POLL_EVENT_ERR != 0 // :137
    }
    /// The read deadline is over.
    ///
    /// Go: netpoll.go:138 expiredReadDeadline
    #[doc(alias = "expiredReadDeadline")]
    pub fn expired_read_deadline(self) -> bool {
        self.0 & POLL_EXPIRED_READ_DEADLINE != 0 // :138
    }
    /// The write deadline is over.
    ///
    /// Go: netpoll.go:139 expiredWriteDeadline
    #[doc(alias = "expiredWriteDeadline")]
    pub fn expired_write_deadline(self) -> bool {
        self.0 & POLL_EXPIRED_WRITE_DEADLINE != 0 // :139
    }
}

impl PollDesc {
    /// The summary, without the lock.
    ///
    /// # Safety
    /// `pd` came from [`poll_runtime_poll_open`] (they are never freed).
    ///
    /// Go: netpoll.go:142 info
    pub unsafe fn info(pd: *const PollDesc) -> PollInfo {
        // SAFETY: an atomic of type-stable memory.
        unsafe { PollInfo((*pd).atomic_info.load()) } // :143
    }

    /// Writes the summary: after every change of `closing`, or of a deadline to or from "over", and
    /// before [`netpollunblock`], as it is what keeps a goroutine from blocking anew.
    ///
    /// # Safety
    /// `pd.lock` is held.
    ///
    /// Go: netpoll.go:153 publishInfo
    #[doc(alias = "publishInfo")]
    unsafe fn publish_info(pd: *mut PollDesc) {
        // SAFETY: the lock is held.
        unsafe {
            let mut info = 0; // :154
            if (*pd).closing {
                info |= POLL_CLOSING;
            }
            if (*pd).rd < 0 {
                info |= POLL_EXPIRED_READ_DEADLINE;
            }
            if (*pd).wd < 0 {
                info |= POLL_EXPIRED_WRITE_DEADLINE; // :162
            }
            info |= ((*pd).fdseq.load() as u32 & POLL_FDSEQ_MASK) << POLL_FDSEQ;

            // :167 all but the event error
            let mut x = (*pd).atomic_info.load();
            while !(*pd).atomic_info.cas(x, (x & POLL_EVENT_ERR) | info) {
                x = (*pd).atomic_info.load();
            }
        }
    }

    /// Sets the event error to `b`, if `seq` is 0 or still that of the descriptor.
    ///
    /// # Safety
    /// `pd` is a pollDesc, perhaps closed or reused meanwhile.
    ///
    /// Go: netpoll.go:176 setEventErr
    #[doc(alias = "setEventErr")]
    unsafe fn set_event_err(pd: *mut PollDesc, b: bool, seq: usize) {
        // SAFETY: an atomic of type-stable memory.
        unsafe {
            let m_seq = seq as u32 & POLL_FDSEQ_MASK; // :177
            let mut x = (*pd).atomic_info.load();
            let mut x_seq = (x >> POLL_FDSEQ) & POLL_FDSEQ_MASK;
            if seq != 0 && x_seq != m_seq {
                return; // :181
            }
            while (x & POLL_EVENT_ERR != 0) != b && !(*pd).atomic_info.cas(x, x ^ POLL_EVENT_ERR) {
                x = (*pd).atomic_info.load();
                x_seq = (x >> POLL_FDSEQ) & POLL_FDSEQ_MASK; // :185
                if seq != 0 && x_seq != m_seq {
                    return;
                }
            }
        }
    }
}

/// Free pollDescs. They are type-stable: an event may come in after the close, or after a reuse.
///
/// Go: netpoll.go:192 pollCache
struct PollCache {
    lock: Mutex,
    first: *mut PollDesc,
}

/// Go: netpoll.go:203 netpollInitLock
// SAFETY: all zeroes is an unlocked mutex.
#[cfg(not(loom))]
static NETPOLL_INIT_LOCK: Global<Mutex> = Global::new(unsafe { zeroed() });
/// Go: netpoll.go:204 netpollInited
#[cfg(not(loom))]
static NETPOLL_INITED: Uint32 = Uint32::new(0);
/// Go: netpoll.go:206 pollcache
// SAFETY: all zeroes is an unlocked mutex and a nil pointer.
#[cfg(not(loom))]
static POLLCACHE: Global<PollCache> = Global::new(unsafe { zeroed() });
/// Goroutines that wait for the poller.
///
/// Go: netpoll.go:207 netpollWaiters
#[cfg(not(loom))]
static NETPOLL_WAITERS: Uint32 = Uint32::new(0);

#[cfg(loom)]
loom::lazy_static! {
    static ref POLLCACHE: Global<PollCache> =
        Global::new(PollCache { lock: Mutex::default(), first: null_mut() });
    static ref NETPOLL_INIT_LOCK: Global<Mutex> = Global::new(Mutex::default());
    static ref NETPOLL_INITED: Uint32 = Uint32::new(0);
    static ref NETPOLL_WAITERS: Uint32 = Uint32::new(0);
}

/// Starts the poller, if need be.
///
/// # Safety
/// As for [`netpoll_generic_init`].
///
/// Go: netpoll.go:214 poll_runtime_pollServerInit
#[doc(alias = "poll_runtime_pollServerInit")]
pub unsafe fn poll_runtime_poll_server_init() {
    // SAFETY: the caller's contract.
    unsafe { netpoll_generic_init() } // :215
}

/// Starts the poller, once.
///
/// # Safety
/// On a thread of the runtime, with no lock of a rank above netpollInit held.
///
/// Go: netpoll.go:218 netpollGenericInit
#[doc(alias = "netpollGenericInit")]
#[unsafe(export_name = "gort.netpoll_generic_init")]
pub unsafe fn netpoll_generic_init() {
    // SAFETY: netpollinit runs once, under the lock.
    unsafe {
        // :219
        if NETPOLL_INITED.load() == 0 {
            lock_init(NETPOLL_INIT_LOCK.get(), LOCK_RANK_NETPOLL_INIT);
            lock_init(&raw mut (*POLLCACHE.get()).lock, LOCK_RANK_POLL_CACHE);
            lock(NETPOLL_INIT_LOCK.get());
            // :223
            if NETPOLL_INITED.load() == 0 {
                netpollinit();
                NETPOLL_INITED.store(1);
            }
            unlock(NETPOLL_INIT_LOCK.get());
        }
    }
}

/// Whether the poller has been started.
///
/// Go: netpoll.go:231 netpollinited
#[unsafe(export_name = "gort.netpollinited")]
pub fn netpollinited() -> bool {
    NETPOLL_INITED.load() != 0 // :232
}

/// Whether `fd` is one of the poller's own.
///
/// Go: netpoll.go:239 poll_runtime_isPollServerDescriptor
#[doc(alias = "poll_runtime_isPollServerDescriptor")]
pub fn poll_runtime_is_poll_server_descriptor(fd: usize) -> bool {
    netpoll_is_poll_descriptor(fd) // :240
}

/// Registers `fd`. Nil and an errno if that fails.
///
/// # Safety
/// On a goroutine (or g0), the poller started, no runtime lock held.
///
/// Go: netpoll.go:244 poll_runtime_pollOpen
#[doc(alias = "poll_runtime_pollOpen")]
pub unsafe fn poll_runtime_poll_open(fd: usize) -> (*mut PollDesc, i32) {
    // SAFETY: the pollDesc is ours until the kernel knows it; even so a stale event may touch its
    // atomics.
    unsafe {
        close_given_up();
        let pd = PollCache::alloc(POLLCACHE.get()); // :245
        lock(&raw mut (*pd).lock);
        let wg = (*pd).wg.load();
        if wg != PD_NIL && wg != PD_READY {
            throw("runtime: blocked write on free polldesc");
        }
        let rg = (*pd).rg.load(); // :251
        if rg != PD_NIL && rg != PD_READY {
            throw("runtime: blocked read on free polldesc");
        }
        (*pd).fd = fd;
        if (*pd).fdseq.load() == 0 {
            // :258 set_event_err takes 0 for "any"
            (*pd).fdseq.store(1);
        }
        (*pd).closing = false;
        PollDesc::set_event_err(pd, false, 0);
        (*pd).rseq = (*pd).rseq.wrapping_add(1); // :262
        (*pd).rg.store(PD_NIL);
        (*pd).rd = 0;
        (*pd).wseq = (*pd).wseq.wrapping_add(1);
        (*pd).wg.store(PD_NIL);
        (*pd).wd = 0; // :267
        PollDesc::publish_info(pd);
        unlock(&raw mut (*pd).lock);

        let errno = netpollopen(fd, pd); // :272
        if errno != 0 {
            PollCache::free(POLLCACHE.get(), pd);
            return (null_mut(), errno);
        }
        (pd, 0)
    }
}

/// Takes the descriptor out of the poller and frees `pd`.
///
/// # Safety
/// After [`poll_runtime_poll_unblock`]; nobody uses `pd` any more.
///
/// Go: netpoll.go:281 poll_runtime_pollClose
#[doc(alias = "poll_runtime_pollClose")]
pub unsafe fn poll_runtime_poll_close(pd: *mut PollDesc) {
    // SAFETY: nobody else writes the plain fields any more.
    unsafe {
        // :282
        if !(*pd).closing {
            throw("runtime: close polldesc w/o unblock");
        }
        let wg = (*pd).wg.load();
        if wg != PD_NIL && wg != PD_READY {
            throw("runtime: blocked write on closing polldesc");
        }
        let rg = (*pd).rg.load(); // :289
        if rg != PD_NIL && rg != PD_READY {
            throw("runtime: blocked read on closing polldesc");
        }
        netpollclose((*pd).fd);
        PollCache::free(POLLCACHE.get(), pd); // :294
    }
}

/// Those of [`give_up`], through `link`. The lock is held for a few instructions only.
static GIVEN_UP: std::sync::Mutex<usize> = std::sync::Mutex::new(0);

/// Takes the descriptor out of the poller, and leaves `pd` to whoever opens one next: for a
/// destructor on a goroutine that has no P, which may take no lock of the runtime. gort's own.
///
/// # Safety
/// It is open, and nobody waits, or uses it any more.
pub unsafe fn give_up(pd: *mut PollDesc) {
    // SAFETY: nobody else's, but for stale events and deadlines, which do not look at `link`.
    unsafe {
        netpollclose((*pd).fd);
        let mut first = GIVEN_UP.lock().unwrap_or_else(|e| e.into_inner());
        (*pd).link = core::ptr::with_exposed_provenance_mut(*first);
        *first = pd.expose_provenance();
    }
}

/// Closes what has been given up.
///
/// # Safety
/// As for [`poll_runtime_poll_open`].
unsafe fn close_given_up() {
    let first = core::mem::take(&mut *GIVEN_UP.lock().unwrap_or_else(|e| e.into_inner()));
    let mut pd: *mut PollDesc = core::ptr::with_exposed_provenance_mut(first);
    // SAFETY: from `give_up`, and in no list any more.
    unsafe {
        while !pd.is_null() {
            let next = (*pd).link;
            // Stops deadlines that are still set. If it was closed while it was lent it is closing.
            if !(*pd).closing {
                poll_runtime_poll_unblock(pd);
            }
            PollCache::free(POLLCACHE.get(), pd);
            pd = next;
        }
    }
}

impl PollCache {
    /// Puts `pd` on the free list.
    ///
    /// # Safety
    /// Nobody uses `pd` any more, but for stale events.
    ///
    /// Go: netpoll.go:297 free
    unsafe fn free(c: *mut PollCache, pd: *mut PollDesc) {
        // SAFETY: the fields are touched under their locks.
        unsafe {
            lock(&raw mut (*pd).lock); // :300 publish_info wants it

            // :304 events of a netpoll in progress must not find it
            let mut fdseq = (*pd).fdseq.load();
            fdseq = fdseq.wrapping_add(1) & ((1 << TAGGED_POINTER_BITS) - 1);
            (*pd).fdseq.store(fdseq);

            PollDesc::publish_info(pd); // :308

            unlock(&raw mut (*pd).lock);

            lock(&raw mut (*c).lock); // :312
            (*pd).link = (*c).first;
            (*c).first = pd;
            unlock(&raw mut (*c).lock);
        }
    }
}

/// Prepares for an operation in `mode`: forgets an old notification. Returns one of the POLL_
/// codes.
///
/// # Safety
/// `pd` is open; nobody else waits in this mode.
///
/// Go: netpoll.go:323 poll_runtime_pollReset
#[doc(alias = "poll_runtime_pollReset")]
pub unsafe fn poll_runtime_poll_reset(pd: *mut PollDesc, mode: i32) -> i32 {
    // SAFETY: atomics of an open pollDesc.
    unsafe {
        let errcode = netpollcheckerr(pd, mode); // :324
        if errcode != POLL_NO_ERROR {
            return errcode;
        }
        if mode == MODE_R {
            (*pd).rg.store(PD_NIL); // :329
        } else if mode == MODE_W {
            (*pd).wg.store(PD_NIL);
        }
        POLL_NO_ERROR
    }
}

/// Waits until the descriptor is ready in `mode`. Returns one of the POLL_ codes.
///
/// # Safety
/// On a user goroutine, no runtime lock held; `pd` is open; nobody else waits in this mode.
///
/// Go: netpoll.go:342 poll_runtime_pollWait
#[doc(alias = "poll_runtime_pollWait")]
pub unsafe fn poll_runtime_poll_wait(pd: *mut PollDesc, mode: i32) -> i32 {
    // SAFETY: the caller's contract.
    unsafe {
        let mut errcode = netpollcheckerr(pd, mode); // :343
        if errcode != POLL_NO_ERROR {
            return errcode;
        }
        // :348 netpollarm: not on Linux
        while !netpollblock(pd, mode, false) {
            errcode = netpollcheckerr(pd, mode); // :352
            if errcode != POLL_NO_ERROR {
                return errcode;
            }
            // A timeout woke us, but was set anew before we ran: as if it had not been.
        }
        POLL_NO_ERROR // :360
    }
}

/// Waits for readiness and for nothing else. Only Windows needs it.
///
/// # Safety
/// As for [`poll_runtime_poll_wait`].
///
/// Go: netpoll.go:364 poll_runtime_pollWaitCanceled
#[doc(alias = "poll_runtime_pollWaitCanceled")]
pub unsafe fn poll_runtime_poll_wait_canceled(pd: *mut PollDesc, mode: i32) {
    // :367
    // SAFETY: the caller's contract.
    unsafe { while !netpollblock(pd, mode, true) {} }
}

/// Sets the deadline for `mode` (or both): `d` ns from now, in the past if negative, none if 0.
///
/// # Safety
/// `pd` is open; no runtime lock is held.
///
/// Go: netpoll.go:372 poll_runtime_pollSetDeadline
#[doc(alias = "poll_runtime_pollSetDeadline")]
pub unsafe fn poll_runtime_poll_set_deadline(pd: *mut PollDesc, mut d: i64, mode: i32) {
    // SAFETY: the plain fields are touched under the lock.
    unsafe {
        lock(&raw mut (*pd).lock); // :373
        if (*pd).closing {
            unlock(&raw mut (*pd).lock);
            return;
        }
        let (rd0, wd0) = ((*pd).rd, (*pd).wd); // :378
        let combo0 = rd0 > 0 && rd0 == wd0;
        if d > 0 {
            d = d.wrapping_add(nanotime()); // :381
            if d <= 0 {
                d = i64::MAX; // :385 overflow of a time in the future
            }
        }
        if mode == MODE_R || mode == MODE_RW {
            (*pd).rd = d;
        }
        if mode == MODE_W || mode == MODE_RW {
            (*pd).wd = d; // :392
        }
        PollDesc::publish_info(pd);
        let combo = (*pd).rd > 0 && (*pd).rd == (*pd).wd; // :395
        let mut rtf: TimerFn = netpoll_read_deadline;
        if combo {
            rtf = netpoll_deadline; // :398
        }
        if !(*pd).rrun {
            if (*pd).rd > 0 {
                // :405 the timer carries the sequence number, and is stale once it differs
                timer_modify(&raw mut (*pd).rt, (*pd).rd, 0, Some(rtf), pd.cast(), (*pd).rseq);
                (*pd).rrun = true;
            }
        } else if (*pd).rd != rd0 || combo != combo0 {
            (*pd).rseq = (*pd).rseq.wrapping_add(1); // :409 the current timer is stale now
            if (*pd).rd > 0 {
                timer_modify(&raw mut (*pd).rt, (*pd).rd, 0, Some(rtf), pd.cast(), (*pd).rseq);
            } else {
                timer_stop(&raw mut (*pd).rt); // :413
                (*pd).rrun = false;
            }
        }
        let wtf: TimerFn = netpoll_write_deadline;
        if !(*pd).wrun {
            if (*pd).wd > 0 && !combo {
                timer_modify(&raw mut (*pd).wt, (*pd).wd, 0, Some(wtf), pd.cast(), (*pd).wseq); // :419
                (*pd).wrun = true;
            }
        } else if (*pd).wd != wd0 || combo != combo0 {
            (*pd).wseq = (*pd).wseq.wrapping_add(1); // :423
            if (*pd).wd > 0 && !combo {
                timer_modify(&raw mut (*pd).wt, (*pd).wd, 0, Some(wtf), pd.cast(), (*pd).wseq);
            } else {
                timer_stop(&raw mut (*pd).wt); // :427
                (*pd).wrun = false;
            }
        }
        // :433 a deadline in the past unblocks who waits; the summary is out already
        let mut delta = 0;
        let mut rg = null_mut();
        let mut wg = null_mut();
        if (*pd).rd < 0 {
            rg = netpollunblock(pd, MODE_R, false, &mut delta); // :436
        }
        if (*pd).wd < 0 {
            wg = netpollunblock(pd, MODE_W, false, &mut delta);
        }
        unlock(&raw mut (*pd).lock); // :441
        if !rg.is_null() {
            netpollgoready(rg);
        }
        if !wg.is_null() {
            netpollgoready(wg);
        }
        netpoll_adjust_waiters(delta); // :448
    }
}

/// Begins to close: wakes whoever waits, and nobody will wait again.
///
/// # Safety
/// `pd` is open; no runtime lock is held.
///
/// Go: netpoll.go:452 poll_runtime_pollUnblock
#[doc(alias = "poll_runtime_pollUnblock")]
pub unsafe fn poll_runtime_poll_unblock(pd: *mut PollDesc) {
    // SAFETY: the plain fields are touched under the lock.
    unsafe {
        lock(&raw mut (*pd).lock); // :453
        if (*pd).closing {
            throw("runtime: unblock on closing polldesc");
        }
        (*pd).closing = true; // :457
        (*pd).rseq = (*pd).rseq.wrapping_add(1);
        (*pd).wseq = (*pd).wseq.wrapping_add(1);
        if !mutant!("close publishes last") {
            PollDesc::publish_info(pd); // :461
        }
        let mut delta = 0;
        let rg = netpollunblock(pd, MODE_R, false, &mut delta);
        let wg = netpollunblock(pd, MODE_W, false, &mut delta);
        if mutant!("close publishes last") {
            PollDesc::publish_info(pd);
        }
        if (*pd).rrun {
            timer_stop(&raw mut (*pd).rt); // :466
            (*pd).rrun = false;
        }
        if (*pd).wrun {
            timer_stop(&raw mut (*pd).wt);
            (*pd).wrun = false; // :471
        }
        unlock(&raw mut (*pd).lock);
        if !rg.is_null() {
            netpollgoready(rg);
        }
        if !wg.is_null() {
            netpollgoready(wg); // :478
        }
        netpoll_adjust_waiters(delta);
    }
}

/// The descriptor of `pd` is ready in `mode`: puts who waits for it on `to_run`, and returns what
/// is to be added to the count of waiters once they have been readied.
///
/// # Safety
/// `pd` is a pollDesc whose tag was right; the world may be stopped.
///
/// Go: netpoll.go:494 netpollready
pub unsafe fn netpollready(to_run: &mut GList, pd: *mut PollDesc, mode: i32) -> i32 {
    // SAFETY: atomics; a G that netpollunblock returns waits for us alone.
    unsafe {
        let mut delta = 0; // :495
        let mut rg = null_mut();
        let mut wg = null_mut();
        if mode == MODE_R || mode == MODE_RW {
            rg = netpollunblock(pd, MODE_R, true, &mut delta);
        }
        if mode == MODE_W || mode == MODE_RW {
            wg = netpollunblock(pd, MODE_W, true, &mut delta); // :501
        }
        if !rg.is_null() {
            to_run.push(rg);
        }
        if !wg.is_null() {
            to_run.push(wg);
        }
        delta // :509
    }
}

/// What keeps an operation in `mode` from going on: one of the POLL_ codes.
///
/// # Safety
/// `pd` is open.
///
/// Go: netpoll.go:512 netpollcheckerr
pub unsafe fn netpollcheckerr(pd: *const PollDesc, mode: i32) -> i32 {
    // SAFETY: the caller's contract.
    let info = unsafe { PollDesc::info(pd) }; // :513
    if info.closing() {
        return POLL_ERR_CLOSING;
    }
    // :517
    if (mode == MODE_R && info.expired_read_deadline())
        || (mode == MODE_W && info.expired_write_deadline())
    {
        return POLL_ERR_TIMEOUT;
    }
    // :523 for reading only: a write fails by itself and says more about it
    if mode == MODE_R && info.event_err() {
        return POLL_ERR_NOT_POLLABLE;
    }
    POLL_NO_ERROR // :526
}

/// The park callback: from PD_WAIT to the G, unless something has happened meanwhile.
///
/// # Safety
/// `gpp` is `rg` or `wg` of an open pollDesc; `gp` is parked.
///
/// Go: netpoll.go:529 netpollblockcommit
pub unsafe fn netpollblockcommit(gp: *mut G, gpp: *mut c_void) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        let r = if mutant!("netpollblockcommit just stores") {
            (*gpp.cast::<Uintptr>()).store(gp as usize);
            true
        } else {
            (*gpp.cast::<Uintptr>()).cas(PD_WAIT, gp as usize) // :530
        };
        if r {
            // :535 tells the scheduler that blocking in the poller makes sense
            netpoll_adjust_waiters(1);
        }
        r
    }
}

/// # Safety
/// `gp` is parked and ours to wake.
///
/// Go: netpoll.go:540 netpollgoready
unsafe fn netpollgoready(gp: *mut G) {
    // SAFETY: the caller's contract.
    unsafe { goready(gp) } // :541
}

/// The semaphore of a mode.
///
/// # Safety
/// `pd` is a pollDesc.
#[inline(always)]
unsafe fn sema(pd: *mut PollDesc, mode: i32) -> *const Uintptr {
    // SAFETY: the caller's contract.
    unsafe { if mode == MODE_W { &raw const (*pd).wg } else { &raw const (*pd).rg } }
}

/// Waits; true if the descriptor is ready, false on timeout or close (which `waitio` ignores). One
/// goroutine at a time for each mode.
///
/// # Safety
/// As for [`poll_runtime_poll_wait`].
///
/// Go: netpoll.go:548 netpollblock
unsafe fn netpollblock(pd: *mut PollDesc, mode: i32, waitio: bool) -> bool {
    // SAFETY: atomics of an open pollDesc.
    unsafe {
        let gpp = sema(pd, mode); // :549

        // :555
        loop {
            // :557 already ready
            if (*gpp).cas(PD_READY, PD_NIL) {
                return true;
            }
            if (*gpp).cas(PD_NIL, PD_WAIT) {
                break; // :561
            }

            // :566 anything else would make us loop for ever
            let v = (*gpp).load();
            if v != PD_READY && v != PD_NIL {
                throw("runtime: double wait");
            }
        }

        // :574 look again for errors now that PD_WAIT stands there: those who close or time out do
        // it the other way round
        if waitio
            || mutant!("netpollblock does not look again")
            || netpollcheckerr(pd, mode) == POLL_NO_ERROR
        {
            gopark(Some(netpollblockcommit), gpp.cast_mut().cast(), WaitReason::IOWait);
        }
        // :578 a notification may have come in just now
        let old = (*gpp).swap(PD_NIL);
        if old > PD_WAIT {
            throw("runtime: corrupted polldesc");
        }
        old == PD_READY // :582
    }
}

/// Moves the semaphore of `mode` to PD_READY (`ioready`) or PD_NIL and returns who waited there, or
/// nil. What the count of waiters is to change by, once that goroutine is ready, is added to
/// `delta`.
///
/// # Safety
/// `pd` is a pollDesc; without `ioready` its lock is held.
///
/// Go: netpoll.go:591 netpollunblock
unsafe fn netpollunblock(pd: *mut PollDesc, mode: i32, ioready: bool, delta: &mut i32) -> *mut G {
    // SAFETY: atomics of type-stable memory.
    unsafe {
        let gpp = sema(pd, mode); // :592

        loop {
            let mut old = (*gpp).load(); // :598
            if old == PD_READY {
                return null_mut();
            }
            if old == PD_NIL && !ioready {
                // :605 whoever comes to wait looks for timeout and close first
                return null_mut();
            }
            let new = if ioready { PD_READY } else { PD_NIL };
            // :611
            if (*gpp).cas(old, new) {
                if old == PD_WAIT {
                    old = PD_NIL;
                } else if old != PD_NIL {
                    *delta -= 1; // :615
                }
                return old as *mut G;
            }
        }
    }
}

/// A deadline timer has fired: marks the deadlines as over and wakes who waits.
///
/// # Safety
/// `pd` is a pollDesc; no runtime lock is held.
///
/// Go: netpoll.go:622 netpolldeadlineimpl
unsafe fn netpolldeadlineimpl(pd: *mut PollDesc, seq: usize, read: bool, write: bool) {
    // SAFETY: the plain fields are touched under the lock.
    unsafe {
        lock(&raw mut (*pd).lock); // :623
        // :626 the number when the timer was set
        let mut current_seq = (*pd).rseq;
        if !read {
            current_seq = (*pd).wseq;
        }
        if seq != current_seq && !mutant!("a deadline ignores its sequence number") {
            // :632 reused, or set anew
            unlock(&raw mut (*pd).lock);
            return;
        }
        let mut delta = 0;
        let mut rg = null_mut();
        if read {
            // :638
            if (*pd).rd <= 0 || !(*pd).rrun {
                throw("runtime: inconsistent read deadline");
            }
            (*pd).rd = -1;
            PollDesc::publish_info(pd);
            rg = netpollunblock(pd, MODE_R, false, &mut delta); // :643
        }
        let mut wg = null_mut();
        if write {
            // :647
            if (*pd).wd <= 0 || !(*pd).wrun && !read {
                throw("runtime: inconsistent write deadline");
            }
            (*pd).wd = -1;
            PollDesc::publish_info(pd);
            wg = netpollunblock(pd, MODE_W, false, &mut delta); // :652
        }
        unlock(&raw mut (*pd).lock);
        if !rg.is_null() {
            netpollgoready(rg);
        }
        if !wg.is_null() {
            netpollgoready(wg); // :659
        }
        netpoll_adjust_waiters(delta);
    }
}

/// The timers of deadlines, for models, which have no clock: what is running now, as it will fire,
/// at any time.
///
/// # Safety
/// `pd` is a pollDesc.
#[cfg(loom)]
pub unsafe fn armed_for_model(pd: *mut PollDesc) -> impl Fn() + Send + Copy {
    // SAFETY: the plain fields are read under the lock.
    let (rseq, both) = unsafe {
        lock(&raw mut (*pd).lock);
        let r = ((*pd).rseq, (*pd).rd > 0 && (*pd).rd == (*pd).wd);
        unlock(&raw mut (*pd).lock);
        r
    };
    let pd = pd as usize;
    // SAFETY: what the timer does.
    move || unsafe {
        let arg = core::ptr::with_exposed_provenance_mut(pd);
        if both { netpoll_deadline(arg, rseq, 0) } else { netpoll_read_deadline(arg, rseq, 0) }
    }
}

/// The timer of a deadline for both modes.
///
/// # Safety
/// A timer function: `arg` is the pollDesc.
///
/// Go: netpoll.go:664 netpollDeadline
#[doc(alias = "netpollDeadline")]
unsafe fn netpoll_deadline(arg: *mut c_void, seq: usize, _delta: i64) {
    // SAFETY: pollDescs are never freed.
    unsafe { netpolldeadlineimpl(arg.cast(), seq, true, true) } // :665
}

/// The timer of a read deadline.
///
/// # Safety
/// A timer function: `arg` is the pollDesc.
///
/// Go: netpoll.go:668 netpollReadDeadline
#[doc(alias = "netpollReadDeadline")]
unsafe fn netpoll_read_deadline(arg: *mut c_void, seq: usize, _delta: i64) {
    // SAFETY: pollDescs are never freed.
    unsafe { netpolldeadlineimpl(arg.cast(), seq, true, false) } // :669
}

/// The timer of a write deadline.
///
/// # Safety
/// A timer function: `arg` is the pollDesc.
///
/// Go: netpoll.go:672 netpollWriteDeadline
#[doc(alias = "netpollWriteDeadline")]
unsafe fn netpoll_write_deadline(arg: *mut c_void, seq: usize, _delta: i64) {
    // SAFETY: pollDescs are never freed.
    unsafe { netpolldeadlineimpl(arg.cast(), seq, false, true) } // :673
}

/// Whether any goroutine waits for the poller.
///
/// Go: netpoll.go:677 netpollAnyWaiters
#[doc(alias = "netpollAnyWaiters")]
#[unsafe(export_name = "gort.netpoll_any_waiters")]
pub fn netpoll_any_waiters() -> bool {
    NETPOLL_WAITERS.load() > 0 // :678
}

/// Adds `delta` to the count of waiters.
///
/// Go: netpoll.go:682 netpollAdjustWaiters
#[doc(alias = "netpollAdjustWaiters")]
#[unsafe(export_name = "gort.netpoll_adjust_waiters")]
pub fn netpoll_adjust_waiters(delta: i32) {
    // :683
    if delta != 0 {
        NETPOLL_WAITERS.add(delta as u32);
    }
}

impl PollCache {
    /// A free pollDesc; makes a block of them if there is none.
    ///
    /// # Safety
    /// The poller has been started.
    ///
    /// Go: netpoll.go:688 alloc
    unsafe fn alloc(c: *mut PollCache) -> *mut PollDesc {
        // SAFETY: the list is touched under its lock.
        unsafe {
            lock(&raw mut (*c).lock); // :689
            if (*c).first.is_null() {
                const PD_SIZE: usize = size_of::<PollDesc>(); // :691
                let mut n = POLL_BLOCK_SIZE / PD_SIZE;
                if n == 0 {
                    n = 1;
                }
                // :698 never freed: the kernel may still hand out pointers into it
                let mem: &mut [PollDesc] = Box::leak((0..n).map(|_| PollDesc::default()).collect());
                for pd in mem {
                    let pd: *mut PollDesc = pd;
                    lock_init(&raw mut (*pd).lock, LOCK_RANK_POLL_DESC); // :701
                    timer_init(&raw mut (*pd).rt, None, null_mut());
                    timer_init(&raw mut (*pd).wt, None, null_mut());
                    (*pd).link = (*c).first;
                    (*c).first = pd; // :705
                }
            }
            let pd = (*c).first; // :708
            (*c).first = (*pd).link;
            unlock(&raw mut (*c).lock);
            pd
        }
    }
}
