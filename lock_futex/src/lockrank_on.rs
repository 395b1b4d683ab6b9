//! Rank checks: every M remembers which locks it holds in which order, and a `lock` that the
//! partial order does not allow is fatal, whether or not it would have led to a deadlock this time.
//!
//! The work is done on the system stack, as in Go: there the reason is that growing the stack takes
//! locks.

use crate::lockrank::lock_rank_string;
use crate::mutex::{lock2, unlock2};
use gort_asm::{getg, systemstack};
use gort_runtime1::{acquirem, releasem};
use gort_runtime2::atomic::Uint32;
use gort_runtime2::linkname::{print_args, printlock, throw};
use gort_runtime2::{
    G, HeldLockInfo, LOCK_PARTIAL_ORDER, LOCK_RANK_DEADLOCK, LOCK_RANK_HCHAN, LOCK_RANK_LEAF_RANK,
    LockRank, M, Mutex, debuglock, paniclk,
};

/// Whether ranks are checked.
///
/// Go: lockrank_on.go:14 staticLockRanking
pub const STATIC_LOCK_RANKING: bool = true;

/// 1 while the world is stopped.
///
/// Go: lockrank_on.go:18 worldIsStopped
static WORLD_IS_STOPPED: Uint32 = Uint32::new(0);

/// Gives a lock its rank, before its first use.
///
/// # Safety
/// `l` is alive and not in use yet.
///
/// Go: lockrank_on.go:32 lockInit
#[doc(alias = "lockInit")]
pub unsafe fn lock_init(l: *mut Mutex, rank: LockRank) {
    // :33
    // SAFETY: the caller's contract.
    unsafe { (*l).rank.set(rank) }
}

/// The rank of a lock.
///
/// # Safety
/// `l` is alive.
///
/// Go: lockrank_on.go:36 getLockRank
#[doc(alias = "getLockRank")]
pub unsafe fn get_lock_rank(l: *mut Mutex) -> LockRank {
    // :37
    // SAFETY: the caller's contract.
    unsafe { (*l).rank.get() }
}

/// The lists of held locks as an array that is indexed without references.
unsafe fn held(mp: *mut M, i: isize) -> *mut HeldLockInfo {
    // SAFETY: `i` is below the length of the array; the caller checks it.
    unsafe { (&raw mut (*mp).locks_held).cast::<HeldLockInfo>().add(i as usize) }
}

/// Appends a lock to the list and returns its index. Of a select's many channels those that would
/// fill the list are counted only; in Go a select of more than ten is fatal when ranks are checked.
unsafe fn push_held(mp: *mut M, rank: LockRank, lock_addr: usize) -> isize {
    // SAFETY: only the M's own thread uses its list.
    unsafe {
        // :74 :120 :235
        let i = (*mp).locks_held_len;
        if i as usize >= (*mp).locks_held.len() / 2
            && rank == LOCK_RANK_HCHAN
            && (*held(mp, i - 1)).rank == rank
        {
            (*mp).locks_unlisted += 1;
            return i;
        }
        if i as usize >= (*mp).locks_held.len() {
            throw("too many locks held concurrently for rank checking");
        }
        *held(mp, i) = HeldLockInfo { lock_addr, rank, high: 0 };
        (*mp).locks_held_len += 1;
        i
    }
}

/// Removes entry `i`, moving up those behind it.
unsafe fn remove_held(mp: *mut M, i: isize) {
    // SAFETY: only the M's own thread uses its list, and `i` is in it.
    unsafe {
        // :182 :211
        let n = (*mp).locks_held_len - i - 1;
        core::ptr::copy(held(mp, i + 1), held(mp, i), n as usize);
        (*mp).locks_held_len -= 1;
    }
}

/// Takes a lock, with a rank of the caller's choice.
///
/// # Safety
/// As [`crate::lock`].
///
/// Go: lockrank_on.go:53 lockWithRank
#[doc(alias = "lockWithRank")]
pub unsafe fn lock_with_rank(l: *mut Mutex, mut rank: LockRank) {
    // SAFETY: the caller's contract.
    unsafe {
        // :54 these two are taken to report a broken order, or after any lock; no race detector, so
        // no raceFiniLock `deadlock` is the third (Go checks it, see docs/deviations.md): who waits
        // there dies, whatever it holds.
        if l == debuglock() || l == paniclk() || rank == LOCK_RANK_DEADLOCK {
            lock2(l);
            return;
        }
        // :71
        if rank.0 == 0 {
            rank = LOCK_RANK_LEAF_RANK;
        }
        // :74
        let gp = getg();
        systemstack(|| {
            // :77
            let mp = (*gp).m;
            let i = push_held(mp, rank, l as usize);
            // :86
            if i > 0 {
                check_ranks(gp, (*held(mp, i - 1)).rank, rank);
            }
            // :89
            lock2(l);
        });
    }
}

/// Go: lockrank_on.go:96 printHeldLocks
#[doc(alias = "printHeldLocks")]
unsafe fn print_held_locks(gp: *mut G) {
    // SAFETY: only the M's own thread uses its list.
    unsafe {
        let mp = (*gp).m;
        // :97
        if (*mp).locks_held_len == 0 {
            print_args(format_args!("<none>\n"));
            return;
        }
        // :102
        for j in 0..(*mp).locks_held_len {
            let h = *held(mp, j);
            print_args(format_args!(
                "{j} : {} {} {:#x}\n",
                lock_rank_string(h.rank),
                h.rank.0,
                h.lock_addr
            ));
        }
    }
}

/// Acquires a rank without a lock, and holds the M, as a lock would.
///
/// # Safety
/// On an M.
///
/// Go: lockrank_on.go:114 acquireLockRankAndM
#[doc(alias = "acquireLockRankAndM")]
pub unsafe fn acquire_lock_rank_and_m(rank: LockRank) {
    // SAFETY: the caller's contract.
    unsafe {
        // :115
        acquirem();
        // :117
        let gp = getg();
        systemstack(|| {
            // :120
            let mp = (*gp).m;
            let i = push_held(mp, rank, 0);
            // :129
            if i > 0 {
                check_ranks(gp, (*held(mp, i - 1)).rank, rank);
            }
        });
    }
}

/// Checks that `rank` may be taken after `prev_rank`.
///
/// Go: lockrank_on.go:139 checkRanks
#[doc(alias = "checkRanks")]
unsafe fn check_ranks(gp: *mut G, prev_rank: LockRank, rank: LockRank) {
    // :140
    let mut rank_ok = false;
    if rank < prev_rank {
        // :143 the total order is broken
        rank_ok = false;
    } else if rank == LOCK_RANK_LEAF_RANK {
        // :147 after anything but another leaf
        rank_ok = prev_rank < LOCK_RANK_LEAF_RANK;
    } else {
        // :153
        let list = LOCK_PARTIAL_ORDER[rank.0 as usize];
        for entry in list {
            if *entry == prev_rank {
                rank_ok = true;
                break;
            }
        }
    }
    // :161
    if !rank_ok {
        printlock();
        // SAFETY: `gp` runs on this thread.
        unsafe {
            // :163
            print_args(format_args!("{}  ======\n", (*(*gp).m).procid.get()));
            print_held_locks(gp);
        }
        // :165
        throw("lock ordering problem");
    }
}

/// Gives a lock back.
///
/// # Safety
/// As [`crate::unlock`].
///
/// Go: lockrank_on.go:171 unlockWithRank
#[doc(alias = "unlockWithRank")]
pub unsafe fn unlock_with_rank(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe {
        // :172
        if l == debuglock() || l == paniclk() {
            unlock2(l);
            return;
        }
        // :177
        let gp = getg();
        systemstack(|| {
            let mp = (*gp).m;
            // :179
            let mut found = false;
            for i in (0..(*mp).locks_held_len).rev() {
                // :181
                if (*held(mp, i)).lock_addr == l as usize {
                    found = true;
                    remove_held(mp, i);
                    break;
                }
            }
            // :188
            let rank = (*l).rank.get();
            if !found && rank == LOCK_RANK_HCHAN && (*mp).locks_unlisted > 0 {
                (*mp).locks_unlisted -= 1;
                found = true;
            }
            if !found {
                print_args(format_args!(
                    "{} : {} {} {:#x}\n",
                    (*mp).procid.get(),
                    lock_rank_string(rank),
                    rank.0,
                    l as usize
                ));
                throw("unlock without matching lock acquire");
            }
            // :192
            unlock2(l);
        });
    }
}

/// Undoes [`acquire_lock_rank_and_m`].
///
/// # Safety
/// On the M that acquired.
///
/// Go: lockrank_on.go:203 releaseLockRankAndM
#[doc(alias = "releaseLockRankAndM")]
pub unsafe fn release_lock_rank_and_m(rank: LockRank) {
    // SAFETY: the caller's contract.
    unsafe {
        // :204
        let gp = getg();
        systemstack(|| {
            let mp = (*gp).m;
            // :206
            let mut found = false;
            for i in (0..(*mp).locks_held_len).rev() {
                // :208
                if (*held(mp, i)).rank == rank && (*held(mp, i)).lock_addr == 0 {
                    found = true;
                    remove_held(mp, i);
                    break;
                }
            }
            // :215
            if !found {
                print_args(format_args!(
                    "{} : {} {}\n",
                    (*mp).procid.get(),
                    lock_rank_string(rank),
                    rank.0
                ));
                throw("lockRank release without matching lockRank acquire");
            }
        });
        // :221
        releasem((*getg()).m);
    }
}

/// Checks that the lock may be taken here, without taking it.
///
/// # Safety
/// On an M.
///
/// Go: lockrank_on.go:227 lockWithRankMayAcquire
#[doc(alias = "lockWithRankMayAcquire")]
pub unsafe fn lock_with_rank_may_acquire(l: *mut Mutex, rank: LockRank) {
    // SAFETY: the caller's contract.
    unsafe {
        // :228
        let gp = getg();
        if (*(*gp).m).locks_held_len == 0 {
            return;
        }
        // :234 in the list for the time of the check, so that a report shows it
        systemstack(|| {
            let mp = (*gp).m;
            let i = push_held(mp, rank, l as usize);
            // :245
            check_ranks(gp, (*held(mp, i - 1)).rank, rank);
            (*mp).locks_held_len -= 1;
        });
    }
}

/// Go: lockrank_on.go:253 checkLockHeld
#[doc(alias = "checkLockHeld")]
unsafe fn check_lock_held(gp: *mut G, l: *mut Mutex) -> bool {
    // SAFETY: only the M's own thread uses its list.
    unsafe {
        let mp = (*gp).m;
        // :254
        for i in (0..(*mp).locks_held_len).rev() {
            if (*held(mp, i)).lock_addr == l as usize {
                return true;
            }
        }
    }
    // :259
    false
}

/// Says that the lock must be held here; fatal otherwise.
///
/// # Safety
/// On an M; `l` is alive.
///
/// Go: lockrank_on.go:267 assertLockHeld
#[doc(alias = "assertLockHeld")]
pub unsafe fn assert_lock_held(l: *mut Mutex) {
    // SAFETY: the caller's contract.
    unsafe {
        // :268
        let gp = getg();
        let held = check_lock_held(gp, l);
        if held {
            return;
        }
        // :277
        systemstack::<(), _>(|| {
            printlock();
            // :279
            print_args(format_args!(
                "caller requires lock {:#x} (rank {}), holding:\n",
                l as usize,
                lock_rank_string((*l).rank.get())
            ));
            print_held_locks(gp);
            // :281
            throw("not holding required lock!");
        });
    }
}

/// Says that a lock of this rank must be held here; fatal otherwise.
///
/// # Safety
/// On an M.
///
/// Go: lockrank_on.go:293 assertRankHeld
#[doc(alias = "assertRankHeld")]
pub unsafe fn assert_rank_held(r: LockRank) {
    // SAFETY: the caller's contract.
    unsafe {
        // :294
        let gp = getg();
        let mp = (*gp).m;
        for i in (0..(*mp).locks_held_len).rev() {
            // :297
            if (*held(mp, i)).rank == r {
                return;
            }
        }
        // :304
        systemstack::<(), _>(|| {
            printlock();
            // :306 the lone parenthesis is Go's
            print_args(format_args!(
                "caller requires lock with rank {}), holding:\n",
                lock_rank_string(r)
            ));
            print_held_locks(gp);
            throw("not holding required lock!");
        });
    }
}

/// Notes that the world is stopped. The caller holds worldsema.
///
/// Go: lockrank_on.go:319 worldStopped
#[doc(alias = "worldStopped")]
pub fn world_stopped() {
    // :320
    let stopped = WORLD_IS_STOPPED.add(1);
    if stopped != 1 {
        world_count("world stop count=", stopped, "recursive world stop");
    }
}

/// Notes that the world is being started. The caller holds worldsema.
///
/// Go: lockrank_on.go:335 worldStarted
#[doc(alias = "worldStarted")]
pub fn world_started() {
    // :336
    let stopped = WORLD_IS_STOPPED.add(u32::MAX);
    if stopped != 0 {
        world_count("world stop count=", stopped, "released non-stopped world stop");
    }
}

/// The report of a wrong count.
fn world_count(what: &str, stopped: u32, msg: &str) -> ! {
    // SAFETY: nothing in the closure switches goroutines.
    unsafe {
        // :321 :337 :350
        systemstack(|| {
            print_args(format_args!("{what}{stopped}\n"));
            throw(msg)
        })
    }
}

/// Go: lockrank_on.go:347 checkWorldStopped
#[doc(alias = "checkWorldStopped")]
fn check_world_stopped() -> bool {
    // :348
    let stopped = WORLD_IS_STOPPED.load();
    if stopped > 1 {
        world_count("inconsistent world stop count=", stopped, "inconsistent world stop count");
    }
    // :356
    stopped == 1
}

/// Says that the world must be stopped here, by whomever; fatal otherwise.
///
/// Go: lockrank_on.go:365 assertWorldStopped
#[doc(alias = "assertWorldStopped")]
pub fn assert_world_stopped() {
    // :366
    if check_world_stopped() {
        return;
    }
    // :370
    throw("world not stopped");
}

/// Says that the world must be stopped, or the lock held, here; fatal otherwise.
///
/// # Safety
/// On an M; `l` is alive.
///
/// Go: lockrank_on.go:379 assertWorldStoppedOrLockHeld
#[doc(alias = "assertWorldStoppedOrLockHeld")]
pub unsafe fn assert_world_stopped_or_lock_held(l: *mut Mutex) {
    // :380
    if check_world_stopped() {
        return;
    }
    // SAFETY: the caller's contract.
    unsafe {
        // :384
        let gp = getg();
        let held = check_lock_held(gp, l);
        if held {
            return;
        }
        // :392
        systemstack::<(), _>(|| {
            printlock();
            // :394
            print_args(format_args!(
                "caller requires world stop or lock {:#x} (rank {}), holding:\n",
                l as usize,
                lock_rank_string((*l).rank.get())
            ));
            print_args(format_args!("<no world stop>\n"));
            print_held_locks(gp);
            // :397
            throw("no world stop or required lock!");
        });
    }
}
