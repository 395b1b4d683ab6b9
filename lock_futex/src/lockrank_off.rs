//! No rank checks: release builds, and loom models, whose checks are of another kind.

use crate::mutex::{lock2, unlock2};
use gort_asm::getg;
use gort_runtime1::{acquirem, releasem};
use gort_runtime2::{LockRank, Mutex};

/// Whether ranks are checked.
///
/// Go: lockrank_off.go:9 staticLockRanking
pub const STATIC_LOCK_RANKING: bool = false;

/// Gives a lock its rank: nothing here.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
///
/// Go: lockrank_off.go:16 lockInit
#[doc(alias = "lockInit")]
#[inline(always)]
pub unsafe fn lock_init(_l: *mut Mutex, _rank: LockRank) {}

/// The rank of a lock.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
///
/// Go: lockrank_off.go:19 getLockRank
#[doc(alias = "getLockRank")]
#[inline(always)]
pub unsafe fn get_lock_rank(_l: *mut Mutex) -> LockRank {
    LockRank(0)
}

/// Takes a lock.
///
/// # Safety
/// As [`crate::lock`].
///
/// Go: lockrank_off.go:23 lockWithRank
#[doc(alias = "lockWithRank")]
#[inline(always)]
pub unsafe fn lock_with_rank(l: *mut Mutex, _rank: LockRank) {
    // :24
    // SAFETY: the caller's contract.
    unsafe { lock2(l) }
}

/// Holds the M, as a lock of this rank would.
///
/// # Safety
/// On an M.
///
/// Go: lockrank_off.go:30 acquireLockRankAndM
#[doc(alias = "acquireLockRankAndM")]
#[inline(always)]
pub unsafe fn acquire_lock_rank_and_m(_rank: LockRank) {
    // :31
    // SAFETY: the caller's contract.
    unsafe { acquirem() };
}

/// Gives a lock back.
///
/// # Safety
/// As [`crate::unlock`].
///
/// Go: lockrank_off.go:34 unlockWithRank
#[doc(alias = "unlockWithRank")]
#[inline(always)]
pub unsafe fn unlock_with_rank(l: *mut Mutex) {
    // :35
    // SAFETY: the caller's contract.
    unsafe { unlock2(l) }
}

/// Undoes [`acquire_lock_rank_and_m`].
///
/// # Safety
/// On the M that acquired.
///
/// Go: lockrank_off.go:41 releaseLockRankAndM
#[doc(alias = "releaseLockRankAndM")]
#[inline(always)]
pub unsafe fn release_lock_rank_and_m(_rank: LockRank) {
    // :42
    // SAFETY: the caller's contract.
    unsafe { releasem((*getg()).m) }
}

/// Says that the lock may be taken here.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
///
/// Go: lockrank_off.go:48 lockWithRankMayAcquire
#[doc(alias = "lockWithRankMayAcquire")]
#[inline(always)]
pub unsafe fn lock_with_rank_may_acquire(_l: *mut Mutex, _rank: LockRank) {}

/// Says that the lock must be held here.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
///
/// Go: lockrank_off.go:52 assertLockHeld
#[doc(alias = "assertLockHeld")]
#[inline(always)]
pub unsafe fn assert_lock_held(_l: *mut Mutex) {}

/// Says that a lock of this rank must be held here.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
///
/// Go: lockrank_off.go:56 assertRankHeld
#[doc(alias = "assertRankHeld")]
#[inline(always)]
pub unsafe fn assert_rank_held(_r: LockRank) {}

/// Notes that the world is stopped.
///
/// Go: lockrank_off.go:60 worldStopped
#[doc(alias = "worldStopped")]
#[inline(always)]
pub fn world_stopped() {}

/// Notes that the world is started.
///
/// Go: lockrank_off.go:64 worldStarted
#[doc(alias = "worldStarted")]
#[inline(always)]
pub fn world_started() {}

/// Says that the world must be stopped here.
///
/// Go: lockrank_off.go:68 assertWorldStopped
#[doc(alias = "assertWorldStopped")]
#[inline(always)]
pub fn assert_world_stopped() {}

/// Says that the world must be stopped, or the lock held, here.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
///
/// Go: lockrank_off.go:72 assertWorldStoppedOrLockHeld
#[doc(alias = "assertWorldStoppedOrLockHeld")]
#[inline(always)]
pub unsafe fn assert_world_stopped_or_lock_held(_l: *mut Mutex) {}
