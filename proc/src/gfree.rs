//! proc.go:5134–5258: dead Gs and their stacks wait here to be used again.
//!
//! Go tells Gs with and without a stack apart by `stack.lo`, so a list may hold both. All native
//! stacks have the starting size unless the program asked for another, so nearly every G keeps its
//! stack.
//!
//! Gs of managed code have lists of their own: the functions here are compiled twice, and a G stays
//! of its kind.

use crate::*;

/// The lists of one kind.
#[inline(always)]
unsafe fn lists<const MANAGED: bool>(pp: *mut P) -> (*mut PGFree, *mut SchedGFree) {
    // SAFETY: fields of live structures; only their addresses are taken.
    unsafe {
        #[cfg(not(gort_inside))]
        if MANAGED {
            return (&raw mut (*pp).m_free, &raw mut (*sched()).m_free);
        }
        (&raw mut (*pp).g_free, &raw mut (*sched()).g_free)
    }
}

/// The size of stack that is worth keeping.
#[inline(always)]
fn usual<const MANAGED: bool>() -> u32 {
    #[cfg(not(gort_inside))]
    if MANAGED {
        return FIXED_STACK as u32;
    }
    starting_stack_size()
}

/// A stack of that size, for a G of this kind.
#[inline(always)]
unsafe fn alloc_stack<const MANAGED: bool>() -> Stack {
    // SAFETY: the caller's contract: on g0.
    unsafe {
        #[cfg(not(gort_inside))]
        if MANAGED {
            return stackalloc_kind(usual::<MANAGED>(), StackKind::Copying);
        }
        stackalloc(usual::<MANAGED>())
    }
}

/// Frees the stack of a G of this kind.
#[inline(always)]
unsafe fn free_stack<const MANAGED: bool>(stk: Stack) {
    // SAFETY: the caller's contract: on g0, and nobody uses the stack.
    unsafe {
        #[cfg(not(gort_inside))]
        if MANAGED {
            return stackfree_kind(stk, StackKind::Copying);
        }
        stackfree(stk);
    }
}

/// Puts a dead G into the free list of `pp`; from 64 on, half of the list goes to the global one.
///
/// # Safety
/// On the system stack; `pp` is this M's P and `gp` is dead and in no list.
///
/// Go: proc.go:5134 gfput
#[inline(always)]
pub unsafe fn gfput(pp: *mut P, gp: *mut G) {
    // SAFETY: the same contract.
    unsafe {
        #[cfg(not(gort_inside))]
        if (*gp).stack_kind == StackKind::Copying {
            return gfput_managed(pp, gp);
        }
        gfput_in::<false>(pp, gp);
    }
}

/// [`gfput`] of managed code's Gs, out of the way of the others.
#[cfg(not(gort_inside))]
#[inline(never)]
unsafe fn gfput_managed(pp: *mut P, gp: *mut G) {
    // SAFETY: the same contract.
    unsafe { gfput_in::<true>(pp, gp) }
}

/// [`gfput`] of one kind.
#[inline(always)]
unsafe fn gfput_in<const MANAGED: bool>(pp: *mut P, gp: *mut G) {
    // SAFETY: the P's list is ours, the global one is guarded by its lock.
    unsafe {
        // :5135
        if !is_dead(gp) {
            throw("gfput: bad status (not Gdead)");
        }

        // :5139
        let stksize = (*gp).stack.hi - (*gp).stack.lo;

        // :5141
        if stksize != usual::<MANAGED>() as usize {
            // :5143 not of the usual size: not worth keeping
            free_stack::<MANAGED>((*gp).stack);
            (*gp).stack.lo = 0;
            (*gp).stack.hi = 0;
            (*gp).stackguard0.set(0);
        }

        // :5149
        let (free, _) = lists::<MANAGED>(pp);
        (*free).list.push(gp);
        (*free).n.bump(1);
        if (*free).n.get() >= 64 {
            gfput_batch::<MANAGED>(pp);
        }
    }
}

/// The overflow of [`gfput`].
#[cold]
#[inline(never)]
unsafe fn gfput_batch<const MANAGED: bool>(pp: *mut P) {
    // SAFETY: as gfput.
    unsafe {
        let (free, global) = lists::<MANAGED>(pp);
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
        lock(&raw mut (*global).lock);
        (*global).no_stack.push_all(no_stack_q);
        (*global).stack.push_all(stack_q);
        (*global).n.bump(inc);
        // :5171
        unlock(&raw mut (*global).lock);
    }
}

/// Takes a dead G with a stack from the free list of `pp`, which is filled from the global one when
/// it is empty. Nil if both are.
///
/// # Safety
/// `pp` is this M's P, and stays so.
///
/// Go: proc.go:5177 gfget
pub unsafe fn gfget(pp: *mut P) -> *mut G {
    // SAFETY: the same contract.
    unsafe { gfget_in::<false>(pp) }
}

/// [`gfget`] of one kind.
///
/// # Safety
/// As there.
///
/// Go: proc.go:5177 gfget
#[inline(always)]
pub(crate) unsafe fn gfget_in<const MANAGED: bool>(pp: *mut P) -> *mut G {
    // SAFETY: the P's list is ours, the global one is guarded by its lock; the looks at it before
    // that are racy reads of atomic cells, and only hints.
    unsafe {
        let (free, global) = lists::<MANAGED>(pp);
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
        // gort's own: what the next two calls will write. The next one's G was asked for one call
        // ago.
        #[cfg(not(gort_inside))]
        let next = (*free).list.head.ptr();
        #[cfg(not(gort_inside))]
        if !MANAGED && !next.is_null() {
            let top = (*next).stack.hi.wrapping_sub(FIRST_FRAME + stack_color((*next).stack.lo));
            prefetch(top as *const u8);
            let second = (*next).schedlink.ptr();
            prefetch_g(second);
            prefetch(second.cast::<u8>().wrapping_add(64 * 4));
            prefetch(second.cast::<u8>().wrapping_add(64 * 5));
        }
        if (*gp).stack.lo != 0 && (*gp).stack.hi - (*gp).stack.lo != usual::<MANAGED>() as usize {
            // :5207 the usual size has changed since it was put here
            systemstack(|| {
                free_stack::<MANAGED>((*gp).stack);
                (*gp).stack.lo = 0;
                (*gp).stack.hi = 0;
                (*gp).stackguard0.set(0);
            });
        }
        // :5214
        if (*gp).stack.lo == 0 {
            systemstack(|| {
                (*gp).stack = alloc_stack::<MANAGED>();
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
    // SAFETY: the same contract.
    unsafe {
        gfpurge_in::<false>(pp);
        #[cfg(not(gort_inside))]
        gfpurge_in::<true>(pp);
    }
}

/// [`gfpurge`] of one kind.
unsafe fn gfpurge_in<const MANAGED: bool>(pp: *mut P) {
    // SAFETY: as gfput.
    unsafe {
        let (free, global) = lists::<MANAGED>(pp);
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
        lock(&raw mut (*global).lock);
        (*global).no_stack.push_all(no_stack_q);
        (*global).stack.push_all(stack_q);
        (*global).n.bump(inc);
        // :5255
        unlock(&raw mut (*global).lock);
    }
}

/// Notes the time in goroutines that are blocked and have not been seen so before, for tracebacks.
/// A step of Go's `markroot`, in each cycle of the collector; here sysmon does it.
#[doc(alias = "markroot")]
#[cfg(not(gort_inside))]
pub fn markroot_waitsince(tstart: i64) {
    // SAFETY: Gs are type-stable. One that runs again meanwhile keeps a wrong time until it is
    // switched to the next time: it is in no scan state, as in Go.
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

/// Frees the stacks of at most `max` Gs in the global list, so that what a burst of goroutines has
/// touched goes back to the system. Returns whether there are more. Go's collector does it in each
/// cycle, for the whole list at once; here sysmon does, bit by bit.
///
/// # Safety
/// On the system stack.
///
/// Go: mgcmark.go:291 markrootFreeGStacks
#[doc(alias = "markrootFreeGStacks")]
#[cfg(not(gort_inside))]
pub unsafe fn markroot_free_g_stacks(max: usize) -> bool {
    // SAFETY: the same contract.
    unsafe { markroot_free_g_stacks_in::<false>(max) | markroot_free_g_stacks_in::<true>(max) }
}

/// [`markroot_free_g_stacks`] of one kind.
#[cfg(not(gort_inside))]
unsafe fn markroot_free_g_stacks_in<const MANAGED: bool>(max: usize) -> bool {
    // SAFETY: the lists are used under their lock; the Gs are in none of them in between.
    unsafe {
        // mgcmark.go:293
        let global = if MANAGED { &raw mut (*sched()).m_free } else { &raw mut (*sched()).g_free };
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
            free_stack::<MANAGED>((*gp).stack);
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
