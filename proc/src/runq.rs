//! proc.go:6665–6960: the local run queue of a P.
//!
//! A ring of [`RUNQ_LEN`] slots with one producer, the owner, and many consumers. `runqtail`
//! belongs to the producer, which publishes a slot with a store-release of it. `runqhead` belongs
//! to all: who takes slots reads them first and commits with a compare-and-swap (release), so a
//! slot is not overwritten while it is read; if the commit fails what was read is thrown away.
//! `runnext` stands in front of the ring: only the owner sets it, anybody may take it by
//! compare-and-swap.

use crate::*;

/// Length of the ring as the indices' type.
const LEN: u32 = RUNQ_LEN as u32;

/// The slot of index `i`, which wraps around the ring.
#[inline(always)]
unsafe fn slot(pp: *mut P, i: u32) -> *mut Guintptr {
    // SAFETY: the index is below the ring's length.
    unsafe { (&raw mut (*pp).runq.0).cast::<Guintptr>().add((i % LEN) as usize) }
}

/// Whether `pp` has no G on its local run queue. Never true by mistake.
///
/// # Safety
/// `pp` is a P.
///
/// Go: proc.go:6665 runqempty
#[inline]
pub unsafe fn runqempty(pp: *mut P) -> bool {
    // SAFETY: Ps are never freed; atomics only.
    unsafe {
        // :6670 head == tail and then runnext == 0 does not mean empty: in between the owner may
        // have kicked runnext out into the ring. An unchanged tail says that it has not.
        loop {
            let head = (*pp).runqhead.load();
            let tail = (*pp).runqtail.load(); // :6672
            let runnext = (*pp).runnext.cell().load();
            // :6674
            if tail == (*pp).runqtail.load() || mutant!("runqempty looks once") {
                return head == tail && runnext.is_null();
            }
        }
    }
}

/// Whether the scheduler shuffles, to bring assumptions about its order to light. Only in Go's race
/// detector.
///
/// Go: proc.go:6689 randomizeScheduler
const RANDOMIZE_SCHEDULER: bool = false;

/// Puts `gp` on the local run queue: at its tail, or with `next` into runnext, from where the G
/// that was there goes to the tail. If the queue is full, half of it moves to the global queue.
///
/// # Safety
/// `pp` is the current P; `gp` is runnable and on no queue.
///
/// Go: proc.go:6696 runqput
#[inline]
pub unsafe fn runqput(pp: *mut P, gp: *mut G, next: bool) {
    // SAFETY: the owner calls; slots outside [head, tail) are its own.
    unsafe {
        let mut gp = gp;
        let mut next = next;
        // :6697 there always is a sysmon, which ends time slices that a pair of goroutines pass to
        // and fro
        // :6708
        if RANDOMIZE_SCHEDULER && next && cheaprandn(2) == 0 {
            next = false;
        }
        if mutant!("runnext is off") {
            next = false;
        }

        if next {
            let mut oldnext;
            loop {
                // :6714
                oldnext = (*pp).runnext.ptr();
                // :6718 Only the owner fills an empty runnext, thieves only empty it: while it is
                // nil nobody else writes it, and a release store does what Go's CAS does.
                if oldnext.is_null() {
                    (*pp).runnext.cell().store_rel(gp);
                    return;
                }
                if single_p() {
                    (*pp).runnext.cell().store_rel(gp); // no thieves: see runqget
                    break;
                }
                if (*pp).runnext.cas(oldnext, gp) {
                    break;
                }
            }
            gp = oldnext; // :6722 the old one goes to the ring
        }

        loop {
            let h = (*pp).runqhead.load_acq(); // :6726 synchronizes with consumers
            let t = (*pp).runqtail.get();
            if t.wrapping_sub(h) < LEN {
                // :6729
                if mutant!("runqput publishes first") {
                    (*pp).runqtail.store_rel(t.wrapping_add(1));
                }
                (*slot(pp, t)).set(gp);
                if mutant!("runqput publishes without order") {
                    (*pp).runqtail.set(t.wrapping_add(1));
                    return;
                }
                (*pp).runqtail.store_rel(t.wrapping_add(1)); // lets consumers have it
                return;
            }
            // :6733
            if runqputslow(pp, gp, h, t) {
                return;
            }
            // :6737 a consumer was quicker: there is room now
        }
    }
}

/// Moves half of the full local queue, and `gp`, to the global queue. False if the queue was not
/// full after all.
///
/// # Safety
/// As for [`runqput`]; `h` and `t` are the ends of the queue, just read.
///
/// Go: proc.go:6742 runqputslow
#[cold]
#[inline(never)]
pub unsafe fn runqputslow(pp: *mut P, gp: *mut G, h: u32, t: u32) -> bool {
    // SAFETY: the owner calls; what the compare-and-swap commits is its own.
    unsafe {
        let mut batch = [core::ptr::null_mut::<G>(); RUNQ_LEN / 2 + 1]; // :6743

        // :6746
        let mut n = t.wrapping_sub(h);
        n /= 2;
        if n != LEN / 2 {
            throw("runqputslow: queue is not full");
        }
        if mutant!("overflow moves a quarter") {
            n /= 2;
        }
        for i in 0..n {
            // :6752
            batch[i as usize] = (*slot(pp, h.wrapping_add(i))).ptr();
        }
        // :6754
        if !(*pp).runqhead.cas_rel(h, h.wrapping_add(n)) && !mutant!("runqputslow does not commit")
        {
            return false;
        }
        batch[n as usize] = gp; // :6757

        if RANDOMIZE_SCHEDULER {
            for i in 1..=n {
                // :6761
                let j = cheaprandn(i + 1);
                batch.swap(i as usize, j as usize);
            }
        }

        // :6767
        for i in 0..n as usize {
            (*batch[i]).schedlink.set(batch[i + 1]);
        }
        let mut q = GQueue::default();
        q.head.set(batch[0]);
        q.tail.set(batch[n as usize]); // :6772

        // :6775
        let sched = sched();
        lock(&raw mut (*sched).lock);
        globrunqputbatch(&raw mut q, (n + 1) as i32);
        unlock(&raw mut (*sched).lock);
        true // :6778
    }
}

/// Puts the `qsize` Gs of `q` on the local run queue; what does not fit goes to the global one.
///
/// # Safety
/// `pp` is the current P; `q` is the caller's.
///
/// Go: proc.go:6785 runqputbatch
pub unsafe fn runqputbatch(pp: *mut P, q: *mut GQueue, qsize: isize) {
    // SAFETY: the owner calls; slots outside [head, tail) are its own.
    unsafe {
        // :6786
        let h = (*pp).runqhead.load_acq();
        let mut t = (*pp).runqtail.get();
        let mut n = 0u32;
        let mut qsize = qsize;
        // :6789
        while !(*q).empty() && t.wrapping_sub(h) < LEN {
            let gp = (*q).pop();
            (*slot(pp, t)).set(gp);
            t = t.wrapping_add(1);
            n += 1;
        }
        qsize -= n as isize; // :6795

        if RANDOMIZE_SCHEDULER {
            // :6798
            let off = |o: u32| (*pp).runqtail.get().wrapping_add(o);
            for i in 1..n {
                let j = cheaprandn(i + 1);
                // :6803
                let (a, b) = (slot(pp, off(i)), slot(pp, off(j)));
                let tmp = (*a).ptr();
                (*a).set((*b).ptr());
                (*b).set(tmp);
            }
        }

        (*pp).runqtail.store_rel(t); // :6807
        if !(*q).empty() {
            // :6809
            let sched = sched();
            lock(&raw mut (*sched).lock);
            globrunqputbatch(q, qsize as i32);
            unlock(&raw mut (*sched).lock);
        }
    }
}

/// Takes a G from the local run queue; nil if there is none. True: it inherits what is left of the
/// time slice.
///
/// # Safety
/// `pp` is the current P.
///
/// Go: proc.go:6819 runqget
#[inline]
pub unsafe fn runqget(pp: *mut P) -> (*mut G, bool) {
    // SAFETY: the owner calls; what a compare-and-swap commits is its own.
    unsafe {
        // :6821
        let next = (*pp).runnext.ptr();
        // :6825 no second try: others can only take it, so it is gone
        if !next.is_null() {
            // No thieves with a single P, so no CAS: see docs/deviations.md. The store is a release
            // for runqempty's sake: who sees it sees the tail too.
            if single_p() {
                (*pp).runnext.cell().store_rel(core::ptr::null_mut());
                return (next, !mutant!("runnext has a slice of its own"));
            }
            if (*pp).runnext.cas(next, core::ptr::null_mut()) {
                return (next, !mutant!("runnext has a slice of its own"));
            }
        }

        loop {
            let h = (*pp).runqhead.load_acq(); // :6830 synchronizes with other consumers
            let t = (*pp).runqtail.get();
            if t == h {
                return (core::ptr::null_mut(), false);
            }
            // :6835
            let gp = (*slot(pp, h)).ptr();
            if single_p() {
                (*pp).runqhead.store_rel(h.wrapping_add(1));
                prefetch_next(pp, h, t);
                return (gp, false);
            }
            if (*pp).runqhead.cas_rel_weak(h, h.wrapping_add(1))
                || mutant!("runqget does not commit")
            {
                prefetch_next(pp, h, t);
                return (gp, false); // :6837 committed
            }
        }
    }
}

/// Whether there is one P only, which is the caller's then. GOMAXPROCS changes only while the world
/// is stopped.
#[inline(always)]
pub(crate) fn single_p() -> bool {
    GOMAXPROCS.get() == 1
}

/// Fetches what the goroutines behind the one at `h` will need: the G of the second, and the top of
/// the stack of the first, whose G was asked for one goroutine ago. With many goroutines all of
/// that is out of the cache, and their stacks are out of the TLB too. gort's own; hints only: those
/// Gs may be stolen meanwhile.
///
/// # Safety
/// The owner of `pp` calls.
#[inline(always)]
unsafe fn prefetch_next(pp: *mut P, h: u32, t: u32) {
    // SAFETY: Gs are never freed, so a stale pointer in the ring still points to one.
    unsafe {
        let n = t.wrapping_sub(h);
        if n > 1 {
            let g1 = (*slot(pp, h.wrapping_add(1))).ptr();
            let sp = core::sync::atomic::AtomicUsize::from_ptr(&raw mut (*g1).sched.sp);
            prefetch(sp.load(core::sync::atomic::Ordering::Relaxed) as *const u8);
        }
        if n > 2 {
            prefetch_g((*slot(pp, h.wrapping_add(2))).ptr());
        }
    }
}

/// Fetches the lines of a G that switching to it touches.
#[inline(always)]
pub(crate) fn prefetch_g(gp: *mut G) {
    for line in 0..4 {
        prefetch(gp.cast::<u8>().wrapping_add(64 * line));
    }
}

/// Takes all Gs of the local run queue, and says how many.
///
/// # Safety
/// `pp` is the current P.
///
/// Go: proc.go:6844 runqdrain
pub unsafe fn runqdrain(pp: *mut P) -> (GQueue, u32) {
    // SAFETY: the owner calls; what a compare-and-swap commits is its own.
    unsafe {
        let drain_q = GQueue::default();
        let mut n = 0;
        // :6845
        let old_next = (*pp).runnext.ptr();
        if !old_next.is_null() && (*pp).runnext.cas(old_next, core::ptr::null_mut()) {
            drain_q.push_back(old_next);
            n += 1; // :6848
        }

        let (h, qn) = loop {
            // :6852
            let h = (*pp).runqhead.load_acq(); // synchronizes with other consumers
            let t = (*pp).runqtail.get();
            let qn = t.wrapping_sub(h);
            if qn == 0 {
                return (drain_q, n); // :6856
            }
            // :6858 h and t do not fit together
            if qn > LEN {
                continue;
            }

            // :6862 commits
            if (*pp).runqhead.cas_rel_weak(h, h.wrapping_add(qn))
                || mutant!("runqdrain does not commit")
            {
                break (h, qn);
            }
        };

        // :6872 only now are the Gs ours alone, so only now may their links be written: before the
        // commit a thief could have taken and run them.
        for i in 0..qn {
            let gp = (*slot(pp, h.wrapping_add(i))).ptr();
            drain_q.push_back(gp);
            n += 1; // :6875
        }
        (drain_q, n)
    }
}

/// Takes half of the Gs of `pp`, rounded up, and writes them into the ring `batch` from
/// `batch_head` on; says how many. If there are none and `steal_run_next_g` is set, takes runnext.
/// Anybody may call it.
///
/// # Safety
/// `pp` is a P; the slots of `batch` are the caller's.
///
/// Go: proc.go:6885 runqgrab
pub unsafe fn runqgrab(
    pp: *mut P,
    batch: *mut RunqArray,
    batch_head: u32,
    steal_run_next_g: bool,
) -> u32 {
    // SAFETY: Ps are never freed; what a compare-and-swap commits is the caller's.
    unsafe {
        let batch = (&raw mut (*batch).0).cast::<Guintptr>();
        loop {
            let h = (*pp).runqhead.load_acq(); // :6887 synchronizes with other consumers
            let t = (*pp).runqtail.load_acq(); // synchronizes with the producer
            let mut n = t.wrapping_sub(h);
            n -= n / 2;
            // :6891
            if n == 0 {
                if steal_run_next_g {
                    let next = (*pp).runnext.ptr(); // :6894
                    if !next.is_null() {
                        if (*pp).status.get() == PRUNNING {
                            // :6907 the G that runs there may have readied this one and be about to
                            // block: let it, rather than have Gs thrash between Ps. 3 µs are ample
                            // for that (a channel operation takes some 50 ns). Linux' timers are
                            // fine enough to sleep.
                            usleep(3);
                        }
                        // :6916
                        if !(*pp).runnext.cas(next, core::ptr::null_mut())
                            && !mutant!("runnext is just taken")
                        {
                            continue;
                        }
                        (*batch.add((batch_head % LEN) as usize)).set(next);
                        return 1; // :6920
                    }
                }
                return 0;
            }
            // :6925 h and t do not fit together
            if n > LEN / 2 {
                continue;
            }
            for i in 0..n {
                // :6929
                let g = (*slot(pp, h.wrapping_add(i))).ptr();
                (*batch.add((batch_head.wrapping_add(i) % LEN) as usize)).set(g);
            }
            // :6932 commits
            if (*pp).runqhead.cas_rel_weak(h, h.wrapping_add(n))
                || mutant!("runqgrab does not commit")
            {
                return n;
            }
        }
    }
}

/// Takes half of the Gs of `p2` onto the local run queue of `pp`, and returns one of them; nil if
/// it got none.
///
/// # Safety
/// `pp` is the current P with an empty local run queue; `p2` is another P.
///
/// Go: proc.go:6940 runqsteal
pub unsafe fn runqsteal(pp: *mut P, p2: *mut P, steal_run_next_g: bool) -> *mut G {
    // SAFETY: the owner of `pp` calls; its slots outside [head, tail) are its own.
    unsafe {
        let t = (*pp).runqtail.get(); // :6941
        let mut n = runqgrab(p2, &raw mut (*pp).runq, t, steal_run_next_g);
        if n == 0 {
            return core::ptr::null_mut();
        }
        // :6946
        n -= 1;
        let gp = (*slot(pp, t.wrapping_add(n))).ptr();
        if n == 0 {
            return gp;
        }
        let h = (*pp).runqhead.load_acq(); // :6951 synchronizes with consumers
        if t.wrapping_sub(h).wrapping_add(n) >= LEN {
            throw("runqsteal: runq overflow");
        }
        (*pp).runqtail.store_rel(t.wrapping_add(n)); // :6955 lets consumers have them
        gp
    }
}
