//! proc.go: 2144–2686. Making an M, and the spare Ms that foreign threads borrow.
//!
//! A thread that the runtime did not start has no M. To run goroutines it takes one from a list of
//! *extra* Ms ([`needm`]) and gives it back when it ends ([`dropm`], through a pthread key's
//! destructor). The list always holds one more than needed, or soon will: who takes the last one
//! has a new one made as soon as it can.

use crate::*;
use core::sync::atomic::{AtomicPtr, Ordering};
use gort_print::{Hex, print};
use gort_runtime2::atomic::{Pointer, Uint32, Uintptr};

/// Makes an M that no thread runs yet. It will start with `f`, if that is given. `id` is -1 or
/// comes from [`m_reserve_id`].
///
/// # Safety
/// `pp` belongs to the caller; it may be nil if the caller's M has a P.
///
/// Go: proc.go:2161 allocm
pub unsafe fn allocm(pp: *mut P, f: Option<unsafe fn()>, id: i64) -> *mut M {
    // SAFETY: the new M is nobody else's until mcommoninit publishes it; sched.freem is touched
    // under sched.lock.
    unsafe {
        let sched = sched();
        // :2162
        (*allocm_lock()).rlock();

        // :2167 pp may be wired to this M for a while: a preemption now would lose it
        acquirem();

        let gp = getg();
        // :2170
        if (*(*gp).m).p.is_null() {
            acquirep(pp); // borrowed
        }

        // :2176 Ms that have ended; read without the lock first
        if !(*sched).freem.get().is_null() {
            lock(&raw mut (*sched).lock);
            // gort: what stays on the list stays in its place (Go makes another list): who ends a
            // process with a trace walks it without the lock.
            let mut prev: *mut M = core::ptr::null_mut();
            let mut freem = (*sched).freem.get();
            while !freem.is_null() {
                // :2181
                let wait = (*freem).free_wait.load();
                let next = (*freem).freelink;
                if wait == FREE_M_WAIT {
                    // the thread still uses its stack
                    prev = freem;
                    freem = next;
                    continue;
                }
                // :2192 the M may write events until here
                if trace_enabled() && !trace_thread_destroy(freem) {
                    // gort: the process ends
                    prev = freem;
                    freem = next;
                    continue;
                }
                // :2198
                if wait == FREE_M_STACK {
                    // :2202
                    systemstack(|| stackfree((*(*freem).g0).stack));
                }
                // :2206 gort: nothing collects the M
                if prev.is_null() {
                    (*sched).freem.store(next);
                } else {
                    // Release: as in mexit.
                    AtomicPtr::from_ptr(&raw mut (*prev).freelink).store(next, Ordering::Release);
                }
                free_m(freem);
                freem = next;
            }
            unlock(&raw mut (*sched).lock);
        }

        // :2212
        let mp = alloc_m();
        (*mp).mstartfn = f;
        mcommoninit(mp, id);

        // :2218 a pthread brings its own stack
        (*mp).g0 = malg(-1);
        // :2223
        (*(*mp).g0).m = mp;

        // :2225
        if pp == (*(*gp).m).p.ptr() {
            releasep();
        }

        releasem((*gp).m);
        (*allocm_lock()).runlock();
        // :2231
        mp
    }
}

/// Ms that [`free_m`] was given, linked through `freelink`; under `sched.lock`.
static DEAD_MS: Pointer<M> = Pointer::null();

/// Keeps an M whose thread is done with it for [`alloc_m`]. gort's own: Go leaves it to the garbage
/// collector.
///
/// # Safety
/// Under `sched.lock`. The M is on no list, and its thread does not touch it any more.
unsafe fn free_m(mp: *mut M) {
    // SAFETY: nobody but racy readers of atomics knows this M.
    unsafe {
        free_g((*mp).g0);
        (*mp).freelink = DEAD_MS.get();
        DEAD_MS.set(mp);
    }
}

/// Memory for an M, initialised: that of one that has ended, or new. gort's own.
///
/// Who has read a pointer to an M just before that ended (`preemptone` from `p.m`, a walk of allm)
/// may still use it, as in Go, where it would keep the dead M alive. Here it can meet the next life
/// instead: a preemption then hits the wrong goroutine, which is harmless, and what is read so is
/// atomic and therefore not overwritten but stored to.
///
/// # Safety
/// Not under `sched.lock`.
unsafe fn alloc_m() -> *mut M {
    // SAFETY: the list is under the lock; what is taken from it is the caller's.
    unsafe {
        let mut mp: *mut M = core::ptr::null_mut();
        if !DEAD_MS.get().is_null() {
            let sched = sched();
            lock(&raw mut (*sched).lock);
            mp = DEAD_MS.get();
            if !mp.is_null() {
                DEAD_MS.set((*mp).freelink);
            }
            unlock(&raw mut (*sched).lock);
        }
        if mp.is_null() {
            return Box::into_raw(Box::default());
        }
        M::recycle(mp);
        mp
    }
}

/// Gives this thread, which the runtime did not start, an M: afterwards it is on that M's g0, with
/// all signals set up. `signal`: called from a signal handler.
///
/// # Safety
/// The thread has no M. Nothing here may need one before it is installed: no locks of the runtime,
/// no prints.
///
/// Go: proc.go:2273 needm
#[cold]
pub unsafe fn needm(signal: bool) {
    // SAFETY: the extra M belongs to this thread from get_extra_m on.
    unsafe {
        // :2274
        if ISCGO.get() && !CGO_HAS_EXTRA_M.get() {
            // :2281 too early to throw
            write_err(b"fatal error: cgo callback before cgo call\n");
            exit(1);
        }

        // :2293 a signal handler may need an M too, and signals cannot be handled before minit is
        // through
        let mut sigmask: Sigset = 0;
        linkname::sigsave(&raw mut sigmask);
        linkname::sigblock(false);

        // :2300 there is one, or soon will be
        let (mp, last) = get_extra_m();

        // :2309 the list is empty now: the callback makes another one when it may allocate
        (*mp).needextram = last;

        // :2312 for minit
        (*mp).sigmask = sigmask;

        // :2316 osSetupTLS does nothing here. The pthread's number: see newosproc.
        (*mp).pthread.store(libc::pthread_self() as u64);

        // :2320
        setg((*mp).g0);
        let (_, sp, _) = getpcspbp();
        callback_update_system_stack(mp, sp, signal);

        // :2327 before any signal can come, which would look for another extra M
        (*mp).is_extra_in_c = false;

        // :2330 asminit does nothing on amd64.
        linkname::minit();

        let curg = (*mp).curg.ptr();
        // :2344 curg is a real goroutine from now on
        let alive = || {
            casgstatus(curg, GDEAD, GSYSCALL);
            (*sched()).ngsys.add(-1);
        };
        // :2338 order: what is between acquire and release, first. No events in a signal handler
        if signal {
            alive();
        } else {
            trace_around(alive, |t| t.go_create_syscall(curg)); // :2347
        }

        // :2353
        (*mp).is_extra_in_sig = signal;
    }
}

/// Bounds of g0's stack on a thread that calls into the runtime: `sp` is on it.
///
/// # Safety
/// `mp` is this thread's M, and its g0 the current goroutine.
///
/// Go: cgocall.go:231 callbackUpdateSystemStack
#[doc(alias = "callbackUpdateSystemStack")]
pub unsafe fn callback_update_system_stack(mp: *mut M, sp: usize, signal: bool) {
    // SAFETY: the g0 is this thread's.
    unsafe {
        // cgocall.go:232
        let g0 = (*mp).g0;

        // cgocall.go:234
        let in_bound = sp > (*g0).stack.lo && sp <= (*g0).stack.hi;
        if (*mp).ncgo > 0 && !in_bound {
            // cgocall.go:250 the foreign code has changed stacks under a call that is still in
            // progress. Bogus bounds that serve for printing:
            let hi = (*g0).stack.hi;
            let lo = (*g0).stack.lo;
            (*g0).stack.hi = sp + 1024;
            (*g0).stack.lo = sp - 32 * 1024;
            (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
            (*g0).stackguard1 = (*g0).stackguard0.get();

            // cgocall.go:257
            print!(
                "M {} procid {} runtime: cgocallback with sp={} out of bounds [{}, {}]",
                (*mp).id,
                (*mp).procid.get(),
                Hex(sp),
                Hex(lo),
                Hex(hi)
            );
            print!("\n");
            exit(2);
        }

        // cgocall.go:262 the stack of an M of our own is known
        if !(*mp).isextra {
            return;
        }

        // cgocall.go:287 always anew, as the thread may have changed stacks since the last call.
        // Unless we learn better, assume 32 KiB.
        (*g0).stack.hi = sp + 1024;
        (*g0).stack.lo = sp - 32 * 1024;
        if !signal {
            // cgocall.go:296 what the pthread says, if we are on its stack at all
            let bounds = thread_stack();
            if bounds.lo != 0 && sp > bounds.lo && sp <= bounds.hi {
                // cgocall.go:302
                (*g0).stack = bounds;
            }
        }
        // cgocall.go:307
        (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
        (*g0).stackguard1 = (*g0).stackguard0.get();
    }
}

/// [`needm`], and the M stays with the thread until that ends.
///
/// # Safety
/// As for [`needm`]; not in a signal handler.
///
/// Go: proc.go:2359 needAndBindM
#[doc(alias = "needAndBindM")]
pub unsafe fn need_and_bind_m() {
    // SAFETY: the caller's contract.
    unsafe {
        // :2360
        needm(false);

        // :2362
        if pthread_key_created() {
            cgo_bind_m();
        }
    }
}

/// Makes the extra Ms that threads wait for, and at least one if there is none.
///
/// # Safety
/// On an M with a P, as it allocates.
///
/// Go: proc.go:2370 newextram
pub unsafe fn newextram() {
    // SAFETY: the caller's contract.
    unsafe {
        // :2371
        let c = EXTRA_M_WAITERS.swap(0);
        if c > 0 {
            for _ in 0..c {
                one_new_extra_m();
            }
        } else if EXTRA_M_LENGTH.load() == 0 {
            // :2378
            one_new_extra_m();
        }
    }
}

/// Makes an M and puts it on the extra list.
///
/// # Safety
/// As for [`newextram`].
///
/// Go: proc.go:2383 oneNewExtraM
#[doc(alias = "oneNewExtraM")]
pub unsafe fn one_new_extra_m() {
    // SAFETY: both are new: nobody else's until they are on allgs and on the extra list.
    unsafe {
        // :2389 with a goroutine of its own, on which callbacks will run
        let mp = allocm(core::ptr::null_mut(), None, -1);
        finish_extra_m(mp);
    }
}

/// Makes an M on a thread that has none, and puts it on the extra list: with what [`allocm`] and
/// [`one_new_extra_m`] do, but on a g0 that is known to nobody yet, as m0 was. gort's own: a thread
/// need not wait until somebody has made an M.
///
/// # Safety
/// The thread has no M, and is in no signal handler. The runtime has started.
pub unsafe fn extra_m_alone() {
    // SAFETY: M and G are this thread's own until they are on the list; no signal can look at them
    // meanwhile.
    unsafe {
        let mut sigmask: Sigset = 0;
        linkname::sigsave(&raw mut sigmask);
        linkname::sigblock(false);
        let g0 = Box::leak(Box::<G>::default()) as *mut G;
        let mp = Box::leak(Box::<M>::default()) as *mut M;
        (*mp).g0 = g0;
        (*g0).m = mp;
        (*g0).stack = thread_stack();
        (*g0).stackguard0.set((*g0).stack.lo + STACK_GUARD);
        (*g0).stackguard1 = (*g0).stackguard0.get();
        setg(g0);
        (*allocm_lock()).rlock();
        mcommoninit(mp, -1);
        (*allocm_lock()).runlock();
        finish_extra_m(mp);
        setg(core::ptr::null_mut());
        (*g0).stack = Stack::default();
        linkname::msigrestore(sigmask);
    }
}

/// The second half of [`one_new_extra_m`].
unsafe fn finish_extra_m(mp: *mut M) {
    // SAFETY: as there.
    unsafe {
        let sched = sched();
        // :2390 gort: native code runs on it, so it has the size of any native stack
        let gp = malg(starting_stack_size() as i32);
        // :2391 nobody returns there; it marks the end of the stack
        (*gp).sched.pc = goexit_pc() + 1;
        (*gp).sched.sp = (*gp).stack.hi;
        (*gp).sched.sp -= 4 * size_of::<usize>();
        (*gp).sched.lr = 0;
        (*gp).sched.g.set(gp);
        (*gp).syscallpc = (*gp).sched.pc;
        (*gp).syscallsp = (*gp).sched.sp;
        (*gp).stktopsp = (*gp).sched.sp;
        // :2403 dead until needm takes it: hidden from tracebacks
        casgstatus(gp, GIDLE, GDEAD);
        (*gp).m = mp;
        (*mp).curg.set(gp);
        (*mp).isextra = true;
        // :2408
        (*mp).is_extra_in_c = true;
        (*mp).locked_int += 1;
        (*mp).lockedg.set(gp);
        (*gp).lockedm.set(mp);
        (*gp).goid = (*sched).goidgen.add(1);
        // :2413 no race detector.
        // :2417
        allgadd(gp);

        // :2423 gcount must not see it
        (*sched).ngsys.add(1);

        // :2426
        add_extra_m(mp);
    }
}

/// Gives this thread's extra M back.
///
/// # Safety
/// On the g0 of an extra M, without a P. The thread has no M afterwards.
///
/// Go: proc.go:2462 dropm
pub unsafe fn dropm() {
    // SAFETY: the M is this thread's until put_extra_m.
    unsafe {
        let sched = sched();
        // :2466
        let mp = (*getg()).m;

        let curg = (*mp).curg.ptr();
        // :2478
        let dead = || {
            casgstatus(curg, GSYSCALL, GDEAD);
            (*curg).preempt_stop = false;
            (*sched).ngsys.add(1);
        };
        // :2472 order: as in needm. No events in a signal handler
        if (*mp).is_extra_in_sig {
            dead();
        } else {
            trace_around(dead, |t| t.go_destroy_syscall()); // :2482
        }

        // :2502 whatever the next thread finds in oldp must not look like its own
        (*mp).syscalltick.bump(u32::MAX);

        // :2506 for the tracer the goroutine has ended
        (*curg).trace.reset();

        // :2511 the next thread has another number, so it must not go on in this one's buffers
        if trace_enabled() {
            lock(&raw mut (*sched).lock);
            // gort: false is the end of the process, which finds the buffers, as this M stays on
            // allm
            trace_thread_destroy(mp);
            unlock(&raw mut (*sched).lock);
        }
        // :2523
        (*mp).is_extra_in_sig = false;

        // :2529 no signal between unminit, which takes the signal stack away, and setg, which
        // disowns the thread
        let sigmask = (*mp).sigmask;
        linkname::sigblock(false);
        linkname::unminit();
        (*mp).pthread.store(0);

        // :2533
        setg(core::ptr::null_mut());

        // :2537 needm finds out anew
        let g0 = (*mp).g0;
        (*g0).stack.hi = 0;
        (*g0).stack.lo = 0;
        (*g0).stackguard0.set(0);
        (*g0).stackguard1 = 0;

        // :2543
        put_extra_m(mp);

        // :2545
        linkname::msigrestore(sigmask);
    }
}

/// Ties this M to its thread: [`dropm`] runs when the thread ends.
///
/// # Safety
/// On the g0 of an extra M.
///
/// Go: proc.go:2568 cgoBindM
#[doc(alias = "cgoBindM")]
pub unsafe fn cgo_bind_m() {
    // SAFETY: the key exists: need_and_bind_m saw to it.
    unsafe {
        // :2569 other systems left out.
        // :2572
        let g = getg();
        if (*(*g).m).g0 != g {
            fatal("the current g is not g0");
        }
        // :2576 runtime/cgo's x_cgo_bindm (gcc_libinit.c:123)
        libc::pthread_setspecific(PTHREAD_G.get() as libc::pthread_key_t, g.cast());
    }
}

/// The g0 of the M that this thread, which the runtime did not start, is bound to; nil if it has
/// none. gort's own.
pub fn bound_g0() -> *mut G {
    // The key once made stays, and its number was stored before (the pair of store and load is
    // sequentially consistent).
    if PTHREAD_KEY_CREATED.load() != 2 {
        return core::ptr::null_mut();
    }
    // SAFETY: the key exists.
    unsafe { libc::pthread_getspecific(PTHREAD_G.get() as libc::pthread_key_t).cast() }
}

/// The pthread key whose value in each foreign thread is the g0 of its extra M. Go
/// (runtime/cgo): gcc_libinit.c:30.
static PTHREAD_G: Uint32 = Uint32::new(0);

/// Whether [`PTHREAD_G`] exists: 0 nobody has tried yet, 1 somebody is at it, 2 yes, 3 the system
/// has no more keys.
///
/// As in runtime/cgo's gcc_libinit.c.
static PTHREAD_KEY_CREATED: Uint32 = Uint32::new(0);

/// Makes the key if need be, once per process, and says whether there is one.
unsafe fn pthread_key_created() -> bool {
    // SAFETY: one thread makes the key; the others wait for the result.
    unsafe {
        loop {
            match PTHREAD_KEY_CREATED.load() {
                2 => return true,
                3 => return false,
                0 if PTHREAD_KEY_CREATED.cas(0, 1) => {
                    let mut key: libc::pthread_key_t = 0;
                    if libc::pthread_key_create(&raw mut key, Some(pthread_key_destructor)) == 0 {
                        PTHREAD_G.set(key);
                        PTHREAD_KEY_CREATED.store(2);
                    } else {
                        PTHREAD_KEY_CREATED.store(3);
                    }
                }
                _ => osyield(),
            }
        }
    }
}

/// A foreign thread that was bound to an extra M ends. Go (runtime/cgo): gcc_libinit.c:170, and
/// asm_amd64.s:967 cgocallback with a nil function.
unsafe extern "C" fn pthread_key_destructor(g: *mut c_void) {
    // SAFETY: the value is the g0 that cgo_bind_m stored on this very thread.
    unsafe {
        if !getg().is_null() && getg() != g.cast() {
            // It ends between gort_enter and gort_leave.
            leave_for_good();
        }
        setg(g.cast());
        let mp = (*getg()).m;
        swap_back(mp);
        give_up_p(mp);
        dropm();
    }
}

/// This thread's M, as a number.
///
/// # Safety
/// On a thread with an M.
///
/// Go: proc.go:2592 getm
pub unsafe fn getm() -> usize {
    // SAFETY: the caller's contract.
    unsafe {
        // :2593
        (*getg()).m as usize
    }
}

/// The extra Ms, linked by `schedlink`; 1 while somebody holds the list. Only for [`lockextra`] and
/// [`unlockextra`].
///
/// Go: proc.go:2603 extraM
pub static EXTRA_M: Uintptr = Uintptr::new(0);
/// Ms in that list.
///
/// Go: proc.go:2605 extraMLength
pub static EXTRA_M_LENGTH: Uint32 = Uint32::new(0);
/// Threads that wait in [`lockextra`].
///
/// Go: proc.go:2607 extraMWaiters
pub static EXTRA_M_WAITERS: Uint32 = Uint32::new(0);
/// Extra Ms that threads have.
///
/// Go: proc.go:2610 extraMInUse
pub static EXTRA_M_IN_USE: Uint32 = Uint32::new(0);

/// Locks the list of extra Ms and returns its head, without needing an M for it. Unless `nilokay`,
/// waits until there is one.
///
/// # Safety
/// The caller unlocks the list with [`unlockextra`] soon, and signals must not interrupt it
/// meanwhile.
///
/// Go: proc.go:2620 lockextra
pub unsafe fn lockextra(nilokay: bool) -> *mut M {
    const LOCKED: usize = 1; // :2621

    let mut incr = false;
    loop {
        // :2625
        let old = EXTRA_M.load();
        if old == LOCKED {
            osyield();
            continue;
        }
        // :2630
        if old == 0 && !nilokay {
            if !incr {
                // :2635 newextram makes as many, and sets this to 0
                EXTRA_M_WAITERS.add(1);
                incr = true;
            }
            usleep(1);
            continue;
        }
        // :2641
        if EXTRA_M.cas(old, LOCKED) {
            return old as *mut M;
        }
        osyield();
    }
}

/// Unlocks the list; `mp` is its head from now on, and its length has changed by `delta`.
///
/// # Safety
/// After [`lockextra`].
///
/// Go: proc.go:2650 unlockextra
pub unsafe fn unlockextra(mp: *mut M, delta: i32) {
    // :2651
    EXTRA_M_LENGTH.add(delta as u32);
    EXTRA_M.store(mp as usize);
}

/// Takes an M off the list, making one if there is none, and says whether it was the last one.
///
/// # Safety
/// As for [`lockextra`].
///
/// Go: proc.go:2662 getExtraM
#[doc(alias = "getExtraM")]
pub unsafe fn get_extra_m() -> (*mut M, bool) {
    // SAFETY: the list is locked between the two calls; afterwards mp is ours.
    unsafe {
        // :2663 gort: if there is none this thread makes one, and waits for nobody
        let mut mp = lockextra(true);
        while mp.is_null() {
            unlockextra(mp, 0);
            extra_m_alone();
            mp = lockextra(true);
        }
        EXTRA_M_IN_USE.add(1);
        unlockextra((*mp).schedlink.ptr(), -1);
        // :2666
        (mp, (*mp).schedlink.is_null())
    }
}

/// Puts an M from [`get_extra_m`] back.
///
/// # Safety
/// Nobody uses it any more. Signals are blocked.
///
/// Go: proc.go:2673 putExtraM
#[doc(alias = "putExtraM")]
pub unsafe fn put_extra_m(mp: *mut M) {
    // SAFETY: the caller's contract.
    unsafe {
        // :2674
        EXTRA_M_IN_USE.add(u32::MAX);
        add_extra_m(mp);
    }
}

/// Puts an M on the list.
///
/// # Safety
/// It is in no other list, and nobody uses it.
///
/// Go: proc.go:2681 addExtraM
#[doc(alias = "addExtraM")]
pub unsafe fn add_extra_m(mp: *mut M) {
    // SAFETY: the list is locked between the two calls.
    unsafe {
        // :2682
        let mnext = lockextra(true);
        (*mp).schedlink.set(mnext);
        // :2684
        unlockextra(mp, 1);
    }
}
