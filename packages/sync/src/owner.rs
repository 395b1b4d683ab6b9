//! Who holds which lock, and which goroutine waits on which condition: gort's own, for the report
//! of a deadlock with `GODEBUG=deadlockgraph=1`. Without that setting nothing is recorded, and a
//! lock costs one comparison more.
//!
//! A mutex of Go belongs to no goroutine. What is recorded is who locked it last; if another
//! goroutine unlocks it, that ends it as well.

use gort_proc::{DEBUG, getg};
use std::collections::BTreeMap;
use std::sync::Mutex as StdMutex;

/// Who holds a lock, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// It is a `RwMutex`.
    pub rw: bool,
    /// Who has locked it (for writing).
    pub writer: Option<u64>,
    /// Who has locked it for reading.
    pub readers: Vec<u64>,
}

#[derive(Default)]
struct Table {
    locks: BTreeMap<usize, Holders>,
    conds: BTreeMap<u64, usize>,
}

// Nothing that happens under this lock of std can switch goroutines.
static TABLE: StdMutex<Table> =
    StdMutex::new(Table { locks: BTreeMap::new(), conds: BTreeMap::new() });

/// Whether to record.
#[inline(always)]
pub(crate) fn on() -> bool {
    DEBUG.deadlockgraph.get() > 0
}

fn with<R>(f: impl FnOnce(&mut Table, u64) -> R) -> R {
    let gp = getg();
    // SAFETY: g is this thread's own. A thread that runs no goroutine may lock what is free: 0
    // stands for it.
    let goid = if gp.is_null() { 0 } else { unsafe { (*gp).goid } };
    f(&mut TABLE.lock().unwrap_or_else(|e| e.into_inner()), goid)
}

fn change<T>(lock: *const T, f: impl FnOnce(&mut Holders, u64)) {
    with(|t, goid| {
        let h = t.locks.entry(lock.addr()).or_default();
        f(h, goid);
        if h.writer.is_none() && h.readers.is_empty() {
            t.locks.remove(&lock.addr());
        }
    });
}

#[cold]
#[inline(never)]
pub(crate) fn locked<T>(lock: *const T) {
    change(lock, |h, goid| h.writer = Some(goid));
}

#[cold]
#[inline(never)]
pub(crate) fn unlocked<T>(lock: *const T) {
    change(lock, |h, _| h.writer = None);
}

#[cold]
#[inline(never)]
pub(crate) fn rlocked<T>(lock: *const T) {
    change(lock, |h, goid| {
        h.rw = true;
        h.readers.push(goid);
    });
}

#[cold]
#[inline(never)]
pub(crate) fn runlocked<T>(lock: *const T) {
    change(lock, |h, goid| {
        // If it is unlocked for another goroutine, which one that is nobody knows.
        let i = h.readers.iter().position(|&r| r == goid).unwrap_or(0);
        if i < h.readers.len() {
            h.readers.remove(i);
        }
    });
}

#[cold]
#[inline(never)]
pub(crate) fn waits<T>(cond: *const T) {
    with(|t, goid| t.conds.insert(goid, cond.addr()));
}

#[cold]
#[inline(never)]
pub(crate) fn waits_no_more() {
    with(|t, goid| t.conds.remove(&goid));
}

/// Who holds the lock at `addr`, as far as that was recorded.
pub fn holders(addr: usize) -> Holders {
    // At the end of a process nobody waits for anything: whoever has the table keeps it.
    TABLE.try_lock().ok().and_then(|t| t.locks.get(&addr).cloned()).unwrap_or_default()
}

/// The address of the condition that goroutine `goid` waits on, if that was recorded.
pub fn waits_on_cond(goid: u64) -> Option<usize> {
    TABLE.try_lock().ok().and_then(|t| t.conds.get(&goid).copied())
}
