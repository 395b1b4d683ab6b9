//! proc.go:6557–6664: bit masks over Ps, and the list of idle Ps.

use crate::*;

/// The methods of a [`PMask`]: one atomic bit per P.
pub trait PMaskOps {
    /// Whether the bit of P `id` is set.
    fn read(&self, id: u32) -> bool;
    /// Sets the bit of P `id`.
    fn set(&self, id: i32);
    /// Clears the bit of P `id`.
    fn clear(&self, id: i32);
}

impl PMaskOps for PMask {
    /// Go: proc.go:6560 read
    #[inline]
    fn read(&self, id: u32) -> bool {
        let word = id / 32; // :6561
        let mask = 1u32 << (id % 32);
        // :6563
        // SAFETY: `at` checks the bounds; the words of a mask are never freed.
        unsafe { (*self.at(word as usize)).load() & mask != 0 }
    }

    /// Go: proc.go:6567 set
    #[inline]
    fn set(&self, id: i32) {
        let word = id / 32; // :6568
        let mask = 1u32 << (id % 32);
        // :6570
        // SAFETY: as above.
        unsafe { (*self.at(word as usize)).or(mask) };
    }

    /// Go: proc.go:6574 clear
    #[inline]
    fn clear(&self, id: i32) {
        let word = id / 32; // :6575
        let mask = 1u32 << (id % 32);
        // :6577
        // SAFETY: as above.
        unsafe { (*self.at(word as usize)).and(!mask) };
    }
}

/// Puts `pp` on the list of idle Ps and gives up its ownership. `now` is a recent nanotime or 0;
/// returns it, or the time it had to ask for.
///
/// # Safety
/// `sched.lock` is held, `pp` is the caller's, and nobody uses it once the lock is released.
///
/// Go: proc.go:6591 pidleput
pub unsafe fn pidleput(pp: *mut P, now: i64) -> i64 {
    // SAFETY: the lock guards the list and the masks' arrays; `pp` is the caller's.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6592

        // :6594
        if !runqempty(pp) {
            throw("pidleput: P has non-empty run queue");
        }
        // :6597
        let now = if now == 0 { nanotime() } else { now };
        // :6600
        if (*pp).timers.len.load() == 0 {
            (*timerp_mask()).clear((*pp).id);
        }
        // :6603
        (*idlep_mask()).set((*pp).id);
        (*pp).link.set((*sched).pidle.ptr());
        (*sched).pidle.set(pp);
        (*sched).npidle.add(1);
        // :6607
        if !(*pp).limiter_event.start(LimiterEventType::Idle, now) {
            throw("must be able to track idle limiter event");
        }
        now // :6610
    }
}

/// Takes an idle P, which then is the caller's; nil if there is none. `now` as for [`pidleput`].
///
/// # Safety
/// `sched.lock` is held.
///
/// Go: proc.go:6620 pidleget
pub unsafe fn pidleget(now: i64) -> (*mut P, i64) {
    // SAFETY: the lock guards the list and the masks' arrays.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6621

        let mut now = now;
        // :6623
        let pp = (*sched).pidle.ptr();
        if !pp.is_null() {
            // :6626 from here on it may get timers
            if now == 0 {
                now = nanotime();
            }
            // :6629
            (*timerp_mask()).set((*pp).id);
            (*idlep_mask()).clear((*pp).id);
            (*sched).pidle.set((*pp).link.ptr());
            (*sched).npidle.add(-1);
            let idle = (*pp).limiter_event.stop(LimiterEventType::Idle, now); // :6633
            (*pp).idle.bump(idle); // gort's own; the P is its taker's alone
        }
        (pp, now) // :6635
    }
}

/// [`pidleget`] for a spinning M (or one that needs a spinning M) that has found work: if there is
/// no P, an M that is about to drop its P must be told to look again.
///
/// # Safety
/// `sched.lock` is held.
///
/// Go: proc.go:6648 pidlegetSpinning
#[doc(alias = "pidlegetSpinning")]
pub unsafe fn pidleget_spinning(now: i64) -> (*mut P, i64) {
    // SAFETY: the lock is held.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6649

        // :6651
        let (pp, now) = pidleget(now);
        if pp.is_null() {
            // :6656 the work cannot be taken: see the delicate dance in find_runnable
            if !mutant!("pidleget_spinning does not ask for a spinning M") {
                (*sched).needspinning.store(1);
            }
            return (core::ptr::null_mut(), now);
        }

        (pp, now) // :6660
    }
}
