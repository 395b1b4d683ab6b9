//! proc.go:6462–6556: the list of idle Ms and the global run queue, both under `sched.lock`.

use crate::*;

/// Puts `mp` on the list of idle Ms.
///
/// # Safety
/// `sched.lock` is held.
///
/// Go: proc.go:6462 mput
pub unsafe fn mput(mp: *mut M) {
    // SAFETY: the lock guards the list; `mp` is in no list.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6463

        // :6465
        (*mp).schedlink.set((*sched).midle.ptr());
        (*sched).midle.set(mp);
        (*sched).nmidle.bump(1);
        checkdead(); // :6468
    }
}

/// Takes an idle M; nil if there is none.
///
/// # Safety
/// `sched.lock` is held.
///
/// Go: proc.go:6476 mget
pub unsafe fn mget() -> *mut M {
    // SAFETY: the lock guards the list.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6477

        // :6479
        let mp = (*sched).midle.ptr();
        if !mp.is_null() {
            // :6481
            (*sched).midle.set((*mp).schedlink.ptr());
            (*sched).nmidle.bump(-1);
        }
        mp // :6484
    }
}

/// Puts `gp` at the end of the global run queue.
///
/// # Safety
/// `sched.lock` is held; `gp` is runnable and on no queue.
///
/// Go: proc.go:6492 globrunqput
#[inline]
pub unsafe fn globrunqput(gp: *mut G) {
    // SAFETY: the lock guards the queue.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6493

        // :6495
        (*sched).runq.push_back(gp);
        (*sched).runqsize.bump(1);
    }
}

/// Puts `gp` at the head of the global run queue.
///
/// # Safety
/// As for [`globrunqput`].
///
/// Go: proc.go:6504 globrunqputhead
pub unsafe fn globrunqputhead(gp: *mut G) {
    // SAFETY: the lock guards the queue.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6505

        // :6507
        (*sched).runq.push(gp);
        (*sched).runqsize.bump(1);
    }
}

/// Puts the `n` Gs of `batch` at the end of the global run queue and empties `batch`.
///
/// # Safety
/// `sched.lock` is held; `batch` is the caller's and has `n` runnable Gs.
///
/// Go: proc.go:6517 globrunqputbatch
pub unsafe fn globrunqputbatch(batch: *mut GQueue, n: i32) {
    // SAFETY: the lock guards the queue; the batch is the caller's.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6518

        // :6520 and :6522: the batch is emptied as it is handed over
        (*sched).runq.push_back_all(batch.replace(GQueue::default()));
        (*sched).runqsize.bump(n); // :6521
    }
}

/// Takes a share of the global run queue: returns one G and puts the others on the local queue of
/// `pp`. At most `max` Gs, if that is not 0.
///
/// # Safety
/// `sched.lock` is held; `pp` is the current P.
///
/// Go: proc.go:6527 globrunqget
#[inline]
pub unsafe fn globrunqget(pp: *mut P, max: i32) -> *mut G {
    // SAFETY: the lock guards the queue; `pp` is the caller's.
    unsafe {
        let sched = sched();
        assert_lock_held(&raw mut (*sched).lock); // :6528

        // :6530
        if (*sched).runqsize.get() == 0 {
            return core::ptr::null_mut();
        }

        // :6534 (a single G needs no division to be one at most)
        let size = (*sched).runqsize.get();
        let mut n = if size == 1 { 1 } else { size / GOMAXPROCS.get() + 1 };
        if n > size {
            n = size;
        }
        // :6538
        if max > 0 && n > max {
            n = max;
        }
        if n > RUNQ_LEN as i32 / 2 {
            n = RUNQ_LEN as i32 / 2;
        }
        if mutant!("the global queue gives one at a time") {
            n = 1;
        }

        (*sched).runqsize.bump(-n); // :6545

        let gp = (*sched).runq.pop(); // :6547
        if n > 1 {
            globrunqget_rest(pp, n - 1);
        }
        gp // :6553
    }
}

/// globrunqget's loop, out of line: moves `n` Gs to the local queue of `pp`.
///
/// # Safety
/// As for [`globrunqget`]; there are so many.
#[inline(never)]
unsafe fn globrunqget_rest(pp: *mut P, mut n: i32) {
    // SAFETY: the caller's contract.
    unsafe {
        while n > 0 {
            // :6550
            let gp1 = (*sched()).runq.pop();
            runqput(pp, gp1, false);
            n -= 1;
        }
    }
}
