//! waitgroup.go: waiting for a number of goroutines to finish.

use gort_panic::sync_fatal;
use gort_proc::atomic::{Uint32, Uint64};
use gort_proc::synctest_bubble;
use gort_sema::{sync_runtime_semacquire_wait_group, sync_runtime_semrelease};

/// A counter that one can wait for to become 0.
///
/// Go (sync): waitgroup.go:25 WaitGroup
#[repr(C)]
#[derive(Default)]
pub struct WaitGroup {
    /// High half: the counter; low half: the number of waiters.
    pub state: Uint64,
    /// What they wait on.
    pub sema: Uint32,
    /// The bubble whose goroutines it waits for; 0: none. In Go 1.25 a flag in `state`, and a
    /// record of the collector's.
    pub bubble: Uint32,
}

impl WaitGroup {
    /// A group with counter 0.
    pub const fn new() -> Self {
        Self { state: Uint64::new(0), sema: Uint32::new(0), bubble: Uint32::new(0) }
    }

    /// Adds `delta`, which may be negative, to the counter; wakes all waiters if it becomes 0.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`, and `sync: WaitGroup misuse: ...` if the counter goes up
    /// from 0 while others wait.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): waitgroup.go:45 Add
    #[doc(alias = "Add")]
    #[inline]
    pub unsafe fn add(&self, delta: isize) {
        // Go 1.25: waitgroup.go line 86
        if !synctest_bubble().is_null() || self.bubble.get() != 0 {
            self.associate();
        }
        // :54
        let state = self.state.add((delta as u64) << 32);
        let v = (state >> 32) as i32;
        let w = state as u32;
        // :69
        if v >= 0 && w == 0 {
            return;
        }
        // SAFETY: the same contract.
        unsafe { self.add_slow(delta, state) }
    }

    /// The rest of [`add`](Self::add): there are waiters, or something is wrong.
    ///
    /// # Safety
    /// As there; `state` is what it got.
    #[inline(never)]
    unsafe fn add_slow(&self, delta: isize, state: u64) {
        let v = (state >> 32) as i32;
        let mut w = state as u32;
        // :63
        if v < 0 {
            panic!("sync: negative WaitGroup counter");
        }
        if w != 0 && delta > 0 && v == delta as i32 {
            panic!("sync: WaitGroup misuse: Add called concurrently with Wait");
        }
        // :69
        if v > 0 || w == 0 {
            return;
        }
        // :72 The counter is 0 and there are waiters, so the state cannot change: no Add may run at
        // the same time as Wait, and Wait does not count itself when it sees 0. A cheap check for
        // misuse:
        if self.state.load() != state {
            panic!("sync: WaitGroup misuse: Add called concurrently with Wait");
        }
        // :80 no waiters any more
        self.state.store(0);
        if self.bubble.get() != 0 {
            self.bubble.set(0); // Go 1.25: waitgroup.go line 136
        }
        while w != 0 {
            // :83
            // SAFETY: the same contract; who waits keeps the group alive.
            unsafe { sync_runtime_semrelease(&raw const self.sema, false, 0) };
            w -= 1;
        }
    }

    /// An `add` in a bubble, or to a group that belongs to one: they must be the same.
    ///
    /// Go 1.25: waitgroup.go line 87 Add
    #[cold]
    #[inline(never)]
    fn associate(&self) {
        let b = synctest_bubble();
        // SAFETY: the bubble of the current goroutine.
        let id = if b.is_null() { 0 } else { unsafe { (*b).id.get() } };
        let is = self.bubble.load();
        if is == id {
            return;
        }
        if id == 0 {
            sync_fatal("sync: WaitGroup.Add called from inside and outside synctest bubble");
        }
        if is != 0 || !self.bubble.cas(0, id) && self.bubble.load() != id {
            sync_fatal("sync: WaitGroup.Add called from multiple synctest bubbles");
        }
        // Go 1.25: waitgroup.go line 98
        if self.state.load() != 0 {
            sync_fatal("sync: WaitGroup.Add called from inside and outside synctest bubble");
        }
    }

    /// Takes one from the counter.
    ///
    /// # Panics
    /// As [`add`](Self::add).
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): waitgroup.go:88 Done
    #[doc(alias = "Done")]
    pub unsafe fn done(&self) {
        // :89
        // SAFETY: the same contract.
        unsafe { self.add(-1) }
    }

    /// Waits until the counter is 0.
    ///
    /// # Panics
    /// `sync: WaitGroup is reused before previous Wait has returned`
    ///
    /// # Safety
    /// On a user goroutine; the group is not moved meanwhile.
    ///
    /// Go (sync): waitgroup.go:93 Wait
    #[doc(alias = "Wait")]
    pub unsafe fn wait(&self) {
        loop {
            // :98
            let state = self.state.load();
            let v = (state >> 32) as i32;
            if v == 0 {
                // Go 1.25: waitgroup.go line 174 free for another bubble, if nobody adds: nobody
                // may at this time
                if self.bubble.get() != 0 && state == 0 {
                    self.bubble.set(0);
                }
                return; // :107
            }
            // :109 count as a waiter
            if self.state.cas(state, state + 1) {
                // Go 1.25: waitgroup.go line 192
                let bubble = synctest_bubble();
                // SAFETY: the bubble of the current goroutine.
                let durable =
                    !bubble.is_null() && unsafe { (*bubble).id.get() } == self.bubble.get();
                // SAFETY: the same contract.
                unsafe { sync_runtime_semacquire_wait_group(&raw const self.sema, durable) };
                // :119
                if self.state.load() != 0 {
                    panic!("sync: WaitGroup is reused before previous Wait has returned");
                }
                return;
            }
        }
    }

    /// [`wait`](Self::wait) that gives up after `ns` nanoseconds. Whether the counter was 0. gort's
    /// own.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    ///
    /// # Safety
    /// As for [`wait`](Self::wait).
    #[cfg(not(loom))]
    pub unsafe fn wait_timeout(&self, ns: i64) -> bool {
        use gort_proc::WaitReason::Semacquire;
        const REUSED: &str = "sync: WaitGroup is reused before previous Wait has returned";
        // SAFETY: the same contract.
        unsafe {
            gort_proc::entry!("WaitGroup.Wait", self.wait_timeout(ns));
        }
        let when = crate::timed::after(ns);
        loop {
            let state = self.state.load();
            if (state >> 32) as i32 == 0 {
                return true;
            }
            if !self.state.cas(state, state + 1) {
                continue;
            }
            let sema = &raw const self.sema;
            // SAFETY: the same contract; the group lives while this one waits.
            let woken = unsafe {
                crate::timed::until(
                    when,
                    sema.cast(),
                    |sema, token| gort_sema::sema_expire(sema.cast(), token, || true),
                    |token| gort_sema::semacquire_until(sema, false, Semacquire, token, || true),
                )
            };
            if !woken {
                // Not counted any more, unless `add` has reached 0: it may not find another number
                // of waiters then, and has woken, or is going to, as many as it found: this one,
                // too.
                loop {
                    let state = self.state.load();
                    if (state >> 32) as i32 == 0 {
                        // SAFETY: the same contract.
                        unsafe { sync_runtime_semacquire_wait_group(sema, false) };
                        break;
                    }
                    if state as u32 == 0 {
                        panic!("{REUSED}");
                    }
                    if self.state.cas(state, state - 1) {
                        return false;
                    }
                }
            }
            if self.state.load() != 0 {
                panic!("{REUSED}");
            }
            return true;
        }
    }
}
