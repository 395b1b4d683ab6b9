//! Go's lock_futex.go, lockrank.go, lockrank_on.go: runtime mutex and note, lock ranks.

use gort_runtime2::*;

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn lock_init(l: *mut Mutex, rank: LockRank) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn lock(l: *mut Mutex) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn unlock(l: *mut Mutex) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn lock_with_rank(l: *mut Mutex, rank: LockRank) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn lock_with_rank_may_acquire(l: *mut Mutex, rank: LockRank) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn mutex_contended(l: *mut Mutex) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn assert_lock_held(l: *mut Mutex) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn assert_world_stopped() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn assert_world_stopped_or_lock_held(l: *mut Mutex) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn world_stopped() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub fn world_started() {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn assert_rank_held(r: LockRank) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn acquire_lock_rank_and_m(rank: LockRank) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn release_lock_rank_and_m(rank: LockRank) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn noteclear(n: *mut Note) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn notewakeup(n: *mut Note) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn notesleep(n: *mut Note) {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn notetsleep(n: *mut Note, ns: i64) -> bool {
    todo!()
}

/// TODO
///
/// # Safety
/// TODO
pub unsafe fn notetsleepg(n: *mut Note, ns: i64) -> bool {
    todo!()
}
