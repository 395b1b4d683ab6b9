//! proc.go:5134–5258: dead Gs and their stacks wait here to be used again.
//!
//! Go tells Gs with and without a stack apart by `stack.lo`, so a list may hold both. All native stacks have the
//! starting size unless the program asked for another, so nearly every G keeps its stack.

use crate::*;

/// Puts a dead G into the free list of `pp`; from 64 on, half of the list goes to the global one.
///
/// # Safety
/// On the system stack; `pp` is this M's P and `gp` is dead and in no list.
///
/// Go: proc.go:5134 gfput
pub unsafe fn gfput(pp: *mut P, gp: *mut G) {
    // SAFETY: the P's list is ours, the global one is guarded by its lock.
    unsafe {
        // :5135
        if readgstatus(gp) != GDEAD {
            throw("gfput: bad status (not Gdead)");
        }

        // :5139
        let stksize = (*gp).stack.hi - (*gp).stack.lo;

        // :5141
        if stksize != starting_stack_size() as usize {
            // :5143 not of the usual size: not worth keeping
            stackfree((*gp).stack);
            (*gp).stack.lo = 0;
            (*gp).stack.hi = 0;
            (*gp).stackguard0.set(0);
        }

        // :5149
        let free = &raw mut (*pp).g_free;
        (*free).list.push(gp);
        (*free).n.bump(1);
        if (*free).n.get() >= 64 {
            gfput_batch(pp);
        }
    }
}

/// The overflow of [`gfput`].
#[cold]
#[inline(never)]
unsafe fn gfput_batch(pp: *mut P) {
    // SAFETY: as gfput.
    unsafe {
        let free = &raw mut (*pp).g_free;
        // :5152
        let mut inc = 0;
        let stack_q = GQueue::default();
        let no_stack_q = GQueue::default();
        // :5157
        while (*free).n.get() >= 32 {
            let gp = (*free).list.pop();
            (*free).n.bump(-1);
            if (*gp).stack.lo == 0 {
                no_stack_q.push(gp);
            } else {
                stack_q.push(gp);
            }
            // :5165
            inc += 1;
        }
        // :5167
        let global = &raw mut (*sched()).g_free;
        lock(&raw mut (*global).lock);
        (*global).no_stack.push_all(no_stack_q);
        (*global).stack.push_all(stack_q);
        (*global).n.bump(inc);
        // :5171
        unlock(&raw mut (*global).lock);
    }
}

/// Takes a dead G with a stack from the free list of `pp`, which is filled from the global one when it is empty.
/// Nil if both are.
///
/// # Safety
/// `pp` is this M's P, and stays so.
///
/// Go: proc.go:5177 gfget
pub unsafe fn gfget(pp: *mut P) -> *mut G {
    // SAFETY: the P's list is ours, the global one is guarded by its lock; the looks at it before that are racy
    // reads of atomic cells, and only hints.
    unsafe {
        let free = &raw mut (*pp).g_free;
        let global = &raw mut (*sched()).g_free;
        // :5178 retry
        while (*free).list.empty() && (!(*global).stack.empty() || !(*global).no_stack.empty()) {
            // :5180
            lock(&raw mut (*global).lock);
            // :5182
            while (*free).n.get() < 32 {
                // :5184 those with stacks first
                let mut gp = (*global).stack.pop();
                if gp.is_null() {
                    gp = (*global).no_stack.pop();
                    if gp.is_null() {
                        break;
                    }
                }
                // :5191
                (*global).n.bump(-1);
                (*free).list.push(gp);
                (*free).n.bump(1);
            }
            // :5195
            unlock(&raw mut (*global).lock);
            // :5196 goto retry
        }
        // :5198
        let gp = (*free).list.pop();
        if gp.is_null() {
            return core::ptr::null_mut();
        }
        // :5202
        (*free).n.bump(-1);
        // gort's own: what the next two calls will write. The next one's G was asked for one call ago.
        #[cfg(not(gort_inside))]
        let next = (*free).list.head.ptr();
        #[cfg(not(gort_inside))]
        if !next.is_null() {
            let top = (*next).stack.hi.wrapping_sub(FIRST_FRAME + stack_color((*next).stack.lo));
            prefetch(top as *const u8);
            let second = (*next).schedlink.ptr();
            prefetch_g(second);
            prefetch(second.cast::<u8>().wrapping_add(64 * 4));
            prefetch(second.cast::<u8>().wrapping_add(64 * 5));
        }
        if (*gp).stack.lo != 0 && (*gp).stack.hi - (*gp).stack.lo != starting_stack_size() as usize {
            // :5207 the usual size has changed since it was put here
            systemstack(|| {
                stackfree((*gp).stack);
                (*gp).stack.lo = 0;
                (*gp).stack.hi = 0;
                (*gp).stackguard0.set(0);
            });
        }
        // :5214
        if (*gp).stack.lo == 0 {
            systemstack(|| {
                (*gp).stack = stackalloc(starting_stack_size());
            });
            // :5219
            (*gp).stackguard0.set((*gp).stack.lo + STACK_GUARD);
        }
        // :5221 no race detector, no sanitizers
        // :5231
        gp
    }
}

/// Moves all free Gs of `pp` to the global list.
///
/// # Safety
/// `pp` is this M's P, or the world is stopped.
///
/// Go: proc.go:5235 gfpurge
pub unsafe fn gfpurge(pp: *mut P) {
    // SAFETY: as gfput.
    unsafe {
        let free = &raw mut (*pp).g_free;
        // :5237
        let mut inc = 0;
        let stack_q = GQueue::default();
        let no_stack_q = GQueue::default();
        // :5241
        while !(*free).list.empty() {
            let gp = (*free).list.pop();
            (*free).n.bump(-1);
            if (*gp).stack.lo == 0 {
                no_stack_q.push(gp);
            } else {
                stack_q.push(gp);
            }
            inc += 1;
        }
        // :5251
        let global = &raw mut (*sched()).g_free;
        lock(&raw mut (*global).lock);
        (*global).no_stack.push_all(no_stack_q);
        (*global).stack.push_all(stack_q);
        (*global).n.bump(inc);
        // :5255
        unlock(&raw mut (*global).lock);
    }
}

/// Notes the time in goroutines that are blocked and have not been seen so before, for tracebacks. A step of Go's
/// `markroot`, in each cycle of the collector; here sysmon does it.
#[doc(alias = "markroot")]
#[cfg(not(gort_inside))]
pub fn markroot_waitsince(tstart: i64) {
    // SAFETY: Gs are type-stable. One that runs again meanwhile keeps a wrong time until it is switched to the next time: it is
    // in no scan state, as in Go.
    unsafe {
        for_each_g_race(&mut |gp| {
            // mgcmark.go:205
            let status = readgstatus(gp);
            if (status == GWAITING || status == GSYSCALL) && (*gp).waitsince.get() == 0 {
                (*gp).waitsince.set(tstart);
            }
        });
    }
}

/// Frees the stacks of at most `max` Gs in the global list, so that what a burst of goroutines has touched goes back
/// to the system. Returns whether there are more. Go's collector does it in each cycle, for the whole list at once;
/// here sysmon does, bit by bit.
///
/// # Safety
/// On the system stack.
///
/// Go: mgcmark.go:291 markrootFreeGStacks
#[doc(alias = "markrootFreeGStacks")]
#[cfg(not(gort_inside))]
pub unsafe fn markroot_free_g_stacks(max: usize) -> bool {
    // SAFETY: the lists are used under their lock; the Gs are in none of them in between.
    unsafe {
        // mgcmark.go:293
        let global = &raw mut (*sched()).g_free;
        if (*global).stack.empty() {
            return false;
        }
        let list = GList::default();
        lock(&raw mut (*global).lock);
        for _ in 0..max {
            let gp = (*global).stack.pop();
            if gp.is_null() {
                break;
            }
            list.push(gp);
        }
        let more = !(*global).stack.empty();
        unlock(&raw mut (*global).lock);
        // mgcmark.go:297
        if list.empty() {
            return false;
        }

        // mgcmark.go:302 already linked the right way
        let q = GQueue::default();
        q.head.set(list.head.ptr());
        let mut gp = list.head.ptr();
        while !gp.is_null() {
            stackfree((*gp).stack);
            (*gp).stack.lo = 0;
            (*gp).stack.hi = 0;
            // mgcmark.go:309
            q.tail.set(gp);
            gp = (*gp).schedlink.ptr();
        }

        // mgcmark.go:313
        lock(&raw mut (*global).lock);
        (*global).no_stack.push_all(q);
        unlock(&raw mut (*global).lock);
        more
    }
}
