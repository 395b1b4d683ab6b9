//! Go's time.go: timers.
//!
//! Every P has a [`Timers`]: a 4-ary heap of pointers to [`Timer`]s, ordered by the time that the
//! heap knows. A timer that is stopped or reset by another P stays where it is and is only marked;
//! the heap's owner (or a thief) puts things right when it next looks.
//!
//! # State of a timer
//! | bits | meaning |
//! |---|---|
//! | none | in no heap: inactive, or a channel timer that nobody waits for (`when` may lie in the future) |
//! | `HEAPED` | in the heap of `ts`, under the right time |
//! | `HEAPED MODIFIED` | in the heap, but under an outdated time |
//! | `HEAPED ZOMBIE` | in the heap, to be thrown out: a channel timer nobody waits for any more |
//! | `HEAPED MODIFIED ZOMBIE` | in the heap, to be thrown out: stopped |
//!
//! # Locks
//! `send_lock` before `timers.mu` before `timer.mu` (ranks timerSend, timers, timer). A channel's
//! lock comes before the latter two. A timer's function runs with both heap and timer unlocked, on
//! g0: it must not block.
//!
//! # Time travels in pairs
//! The time at which a P must wake is the smaller of `min_when_heap` and `min_when_modified`, and
//! both are read without a lock. [`adjust`] says in which order they are written so that the
//! smaller one is never too late.
//!
//! # Who owns a timer's memory
//! Its maker, and any heap that holds it: `heap_ref`, if set, is called with true before the heap
//! takes the timer and with false once both locks have been released after it let go. The callback
//! may free raw memory, count, and start a goroutine; it must not block, or run a program's code
//! itself: a channel's lock may be held.

use core::ffi::c_void;
use core::mem::{offset_of, take};
use core::ptr::{null_mut, read_volatile};
use gort_asm::{getg, systemstack};
use gort_lock_futex::{
    assert_lock_held, assert_world_stopped, assert_world_stopped_or_lock_held, lock, lock_init,
    unlock,
};
use gort_os_linux::nanotime;
use gort_proc::find_runnable::wake_net_poller;
use gort_proc::park::{gopark, goready};
#[cfg(not(loom))]
use gort_proc::synctest_bubble;
use gort_runtime1::{DEBUG, acquirem, releasem};
use gort_runtime2::atomic::Uint32;
use gort_runtime2::linkname::{fatal, netpoll_generic_init, netpollinited, throw, timerchandrain};
use gort_runtime2::{
    G, Hchan, LOCK_RANK_TIMER, LOCK_RANK_TIMER_SEND, SynctestBubble, Timer, TimerFn, TimerWhen,
    Timers, WaitReason, allp, allp_lock, mutant,
};

/// Prepares a timer that has just been allocated; needed before anything else. `f` and `arg` may
/// also come later, with [`timer_modify`].
///
/// # Safety
/// `t` is a valid timer that nobody uses yet.
///
/// Go: time.go:77 init
#[doc(alias = "init")]
pub unsafe fn timer_init(t: *mut Timer, f: Option<TimerFn>, arg: *mut c_void) {
    // SAFETY: the caller's contract.
    unsafe {
        lock_init(&raw mut (*t).mu, LOCK_RANK_TIMER); // :78
        (*t).f = f;
        (*t).arg = arg; // :80
    }
}

/// The heap's vector.
///
/// # Safety
/// `ts.mu` is held or the world is stopped, and the reference ends before the next call that asks
/// for it.
#[inline(always)]
unsafe fn heap<'a>(ts: *mut Timers) -> &'a mut Vec<TimerWhen> {
    // SAFETY: exclusive by the caller's contract.
    unsafe { &mut *(*ts).heap.get() }
}

/// Notes that `t` has left the heap of `ts`: its `heap_ref` is told when `ts` is unlocked.
///
/// # Safety
/// `ts.mu` is held or the world is stopped; `t.mu` has been released for good.
#[inline(always)]
unsafe fn let_go(ts: *mut Timers, t: *mut Timer) {
    // SAFETY: the caller's contract; t is alive, as its reference is given back no sooner than at
    // the unlock.
    unsafe {
        if (*t).heap_ref.is_some() {
            released(ts).push(t);
        }
    }
}

/// The list of what has been let go, made at its first use: heaps are never freed.
///
/// # Safety
/// `ts.mu` is held or the world is stopped.
unsafe fn released<'a>(ts: *mut Timers) -> &'a mut Vec<*mut Timer> {
    // SAFETY: the caller's contract makes the access exclusive; what it points to comes from
    // `Box::into_raw` and stays.
    unsafe {
        let list = (*ts).released.get();
        if (*list).is_null() {
            *list = Box::into_raw(Box::default());
        }
        &mut **list
    }
}

/// Gives back the references of the timers that left a heap.
///
/// # Safety
/// No lock of a timer or heap is held.
#[cold]
#[inline(never)]
unsafe fn drop_released(released: Vec<*mut Timer>) {
    for t in released {
        // SAFETY: the heap's reference keeps t alive until this very call; `heap_ref` never
        // changes.
        unsafe {
            if let Some(f) = (*t).heap_ref {
                f(t, false);
            }
        }
    }
}

/// # Safety
/// `ts` is a valid heap whose lock the caller does not hold.
///
/// Go: time.go:120 lock
#[doc(alias = "lock")]
#[inline(always)]
pub unsafe fn timers_lock(ts: *mut Timers) {
    // SAFETY: the caller's contract.
    unsafe { lock(&raw mut (*ts).mu) } // :121
}

/// Publishes the length of the heap and unlocks it. Only here, so that a heap whose single timer is
/// taken out and put back never looks empty to `pidleput`. Says whether a timer was let go: that
/// may have started a goroutine.
///
/// # Safety
/// The caller holds the lock.
///
/// Go: time.go:124 unlock
#[doc(alias = "unlock")]
#[inline(always)]
pub unsafe fn timers_unlock(ts: *mut Timers) -> bool {
    // SAFETY: the caller holds ts.mu until the unlock below.
    unsafe {
        // :132
        (*ts).len.store(heap(ts).len() as u32);
        let list = *(*ts).released.get();
        if list.is_null() || (*list).is_empty() {
            unlock(&raw mut (*ts).mu); // :134
            return false;
        }
        let released = take(&mut *list);
        unlock(&raw mut (*ts).mu);
        drop_released(released);
        true
    }
}

/// In a heap.
///
/// Go: time.go:140 timerHeaped
pub const TIMER_HEAPED: u8 = 1 << 0;
/// `when` differs from what the heap knows. Only together with [`TIMER_HEAPED`].
///
/// Go: time.go:147 timerModified
pub const TIMER_MODIFIED: u8 = 1 << 1;
/// To be thrown out of the heap. Only together with [`TIMER_HEAPED`].
///
/// Go: time.go:157 timerZombie
pub const TIMER_ZOMBIE: u8 = 1 << 2;

/// Locks a timer.
///
/// # Safety
/// `t` is a valid timer whose lock the caller does not hold.
///
/// Go: time.go:192 lock
#[doc(alias = "lock")]
#[inline(always)]
pub unsafe fn timer_lock(t: *mut Timer) {
    // SAFETY: the caller's contract.
    unsafe { lock(&raw mut (*t).mu) } // :193
}

/// Publishes the state bits for those who look without the lock, and unlocks.
///
/// # Safety
/// The caller holds the lock.
///
/// Go: time.go:198 unlock
#[doc(alias = "unlock")]
#[inline(always)]
pub unsafe fn timer_unlock(t: *mut Timer) {
    // SAFETY: the caller holds t.mu.
    unsafe {
        // :202
        (*t).astate.store((*t).state);
        unlock(&raw mut (*t).mu); // :203
    }
}

/// The channel of a channel timer: its argument.
///
/// # Safety
/// `t` is a channel timer and locked, or its `arg` does not change.
///
/// Go: time.go:208 hchan
#[inline(always)]
pub unsafe fn hchan(t: *mut Timer) -> *mut Hchan {
    // SAFETY: the caller's contract.
    unsafe {
        // :209
        if !(*t).is_chan {
            bad_timer();
        }
        // :215 the argument is the channel itself: no interface to look into
        (*t).arg.cast()
    }
}

/// Brings the head of the heap in line with the state of `t`, which is that head: throws it out if
/// it is a zombie, moves it if its time has changed. Says whether it did anything.
///
/// # Safety
/// `t` and `t.ts` are locked and `t` is the head.
///
/// Go: time.go:225 updateHeap
#[doc(alias = "updateHeap")]
unsafe fn update_heap(t: *mut Timer) -> bool {
    // SAFETY: both locks are held, so the plain fields and the heap are ours.
    unsafe {
        assert_world_stopped_or_lock_held(&raw mut (*t).mu); // :226
        let ts = (*t).ts; // :228
        if ts.is_null() || heap(ts).is_empty() || t != heap(ts)[0].timer {
            bad_timer();
        }
        assert_lock_held(&raw mut (*ts).mu); // :232
        if (*t).state & TIMER_ZOMBIE != 0 {
            // :235 out of the heap
            (*t).state &= !(TIMER_HEAPED | TIMER_ZOMBIE | TIMER_MODIFIED);
            (*ts).zombies.add(-1);
            delete_min(ts);
            return true;
        }

        // :241
        if (*t).state & TIMER_MODIFIED != 0 {
            // :243 to its new place
            (*t).state &= !TIMER_MODIFIED;
            heap(ts)[0].when = (*t).when;
            sift_down(ts, 0);
            update_min_when_heap(ts);
            return true;
        }

        false // :250
    }
}

/// The latest time there is.
///
/// Go: time.go:254 maxWhen
pub const MAX_WHEN: i64 = i64::MAX;

/// Set it to true to have every adjustment checked.
///
/// Go: time.go:258 verifyTimers
const VERIFY_TIMERS: bool = false;

/// Puts the calling goroutine to sleep for at least `ns`: `time.Sleep`.
///
/// # Safety
/// On a user goroutine, with no runtime lock held.
///
/// Go: time.go:268 timeSleep
#[doc(alias = "timeSleep")]
pub unsafe fn time_sleep(ns: i64) {
    // SAFETY: the fields of our own G; the timer stays with the G for ever, like the G itself.
    unsafe {
        // :269
        if ns <= 0 {
            return;
        }

        gort_proc::entry_here!("sleep", time_sleep(ns));
        let gp = getg(); // :273
        let t = sleep_timer(gp);
        if (*gp).raceignore != 0 && time_sleep_bubble(gp, t, ns) {
            return;
        }
        sleep_when(gp, ns);
        gopark(Some(reset_for_sleep), null_mut(), WaitReason::Sleep);
    }
}

/// The timer of `gp`, which is made when it sleeps first.
///
/// # Safety
/// `gp` is the goroutine that this M runs.
#[inline(always)]
unsafe fn sleep_timer(gp: *mut G) -> *mut Timer {
    // SAFETY: the fields of our own G; the timer stays with the G for ever, like the G itself.
    unsafe {
        let mut t = (*gp).timer;
        if t.is_null() {
            // :276
            t = Box::into_raw(Box::default());
            timer_init(t, Some(goroutine_ready), gp.cast());
            (*gp).timer = t;
        }
        t
    }
}

/// Notes until when `gp` sleeps.
///
/// # Safety
/// As for [`sleep_timer`].
#[inline(always)]
unsafe fn sleep_when(gp: *mut G, ns: i64) {
    // SAFETY: the caller's contract.
    unsafe {
        // :280
        let mut when = nanotime().wrapping_add(ns);
        if when < 0 {
            when = MAX_WHEN;
        }
        (*gp).sleep_when = when; // :284
    }
}

/// [`time_sleep`] of a managed goroutine, up to where it parks: with [`reset_for_sleep`], and the
/// reason `Sleep`. False: there is nothing to wait for.
///
/// # Safety
/// On g0; `gp` is the goroutine that this M runs.
///
/// Go: time.go:268 timeSleep
#[cfg(not(loom))]
pub unsafe fn time_sleep_begin(gp: *mut G, ns: i64) -> bool {
    // :269
    if ns <= 0 {
        return false;
    }
    // SAFETY: the caller's contract.
    unsafe {
        if (*gp).raceignore != 0 {
            throw("gort: managed code sleeps in a bubble");
        }
        sleep_timer(gp);
        sleep_when(gp, ns);
    }
    true
}

/// [`time_sleep`] in a bubble; false if the goroutine is not in one, but in a test.
///
/// # Safety
/// `gp` is the current goroutine, and `t` its timer, which is in no heap.
///
/// Go 1.25: time.go line 357 timeSleep
#[cfg(not(loom))]
#[cold]
#[inline(never)]
unsafe fn time_sleep_bubble(gp: *mut G, t: *mut Timer, ns: i64) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        let b = synctest_bubble();
        if b.is_null() {
            return false;
        }
        (*t).is_fake = true;
        (*t).bubble = (*b).id.get();
        (*gp).sleep_when = (*b).now.get().saturating_add(ns);
        // Go 1.25: time.go line 356 it cannot fire before we have parked: time stands still until
        // then
        reset_for_sleep(gp, null_mut());
        gopark(None, null_mut(), WaitReason::Sleep);
        // The timer stays with this G, which is another goroutine's one day: see
        // docs/deviations.md.
        (*t).is_fake = false;
        (*t).bubble = 0;
        true
    }
}

/// Models have no bubbles.
#[cfg(loom)]
unsafe fn time_sleep_bubble(_: *mut G, _: *mut Timer, _: i64) -> bool {
    false
}

/// Arms the timer of a goroutine that sleeps. Only once it is parked: a short sleep could otherwise
/// end before it began.
///
/// # Safety
/// `gp` is parked by [`time_sleep`] or [`time_sleep_begin`]; on g0.
///
/// Go: time.go:292 resetForSleep
#[doc(alias = "resetForSleep")]
pub unsafe fn reset_for_sleep(gp: *mut G, _: *mut c_void) -> bool {
    // SAFETY: nobody readies gp before its timer has been set, so its fields are ours.
    unsafe {
        // :293
        timer_reset((*gp).timer, (*gp).sleep_when, 0);
        true
    }
}

/// What package time calls a Timer or a Ticker.
///
/// gort's own: `refs` and `on_free`, in place of the collector. It starts with one reference, the
/// maker's; heaps that hold the timer have one each ([`time_timer_ref`]).
///
/// Go: time.go:300 timeTimer
#[repr(C)]
#[derive(Default)]
pub struct TimeTimer {
    /// The channel, for package time.
    pub c: *mut c_void,
    /// Made by [`new_timer`].
    pub init: bool,
    /// The runtime's part.
    pub timer: Timer,
    /// References.
    pub refs: Uint32,
    /// Called when the last reference goes, under the rules for `heap_ref`; it must free the
    /// memory. Nil: a `Box` is freed.
    pub on_free: Option<unsafe fn(*mut TimeTimer)>,
}

/// The `heap_ref` of a [`TimeTimer`]: takes a reference or gives one back.
///
/// # Safety
/// `t` is the `timer` of a live [`TimeTimer`]; giving back needs a reference to give.
pub unsafe fn time_timer_ref(t: *mut Timer, take: bool) {
    // SAFETY: t lies inside a TimeTimer, at the offset of that field; the count says that it is
    // alive.
    unsafe {
        let tt: *mut TimeTimer = t.byte_sub(offset_of!(TimeTimer, timer)).cast();
        if take {
            (*tt).refs.add(1);
        } else if (*tt).refs.add(u32::MAX) == 0 {
            match (*tt).on_free {
                Some(f) => f(tt),
                None => drop(Box::from_raw(tt)),
            }
        }
    }
}

/// Makes and starts a Timer or Ticker. With a channel, `arg` must be that channel: it then is a
/// channel timer.
///
/// # Safety
/// `f`, `arg` and `c` live as long as the timer does. With no runtime lock held.
///
/// Go: time.go:310 newTimer
#[doc(alias = "newTimer")]
pub unsafe fn new_timer(
    when: i64,
    period: i64,
    f: TimerFn,
    arg: *mut c_void,
    c: *mut Hchan,
) -> *mut TimeTimer {
    let t = Box::into_raw(Box::<TimeTimer>::default()); // :311
    // SAFETY: fresh memory of the right type; the rest is the caller's contract.
    unsafe {
        (*t).c = c.cast();
        start_timer(t, when, period, f, arg, c);
    }
    t
}

/// [`new_timer`] in memory of the caller, who may have set `on_free` (and `c`).
///
/// # Safety
/// `t` is a default [`TimeTimer`] but for these; the rest as for [`new_timer`].
pub unsafe fn start_timer(
    t: *mut TimeTimer,
    when: i64,
    period: i64,
    f: TimerFn,
    arg: *mut c_void,
    c: *mut Hchan,
) {
    // SAFETY: the caller's contract; nobody else knows the timer before it is started.
    unsafe {
        let tm = &raw mut (*t).timer;
        (*t).refs.set(1);
        (*tm).heap_ref = Some(time_timer_ref);
        timer_init(tm, None, null_mut()); // :312
        // :314 race detector
        if !c.is_null() {
            // :318
            lock_init(&raw mut (*tm).send_lock, LOCK_RANK_TIMER_SEND);
            (*tm).is_chan = true;
            (*c).timer = tm;
            // :321
            if (*c).dataqsiz == 0 {
                throw("invalid timer channel: no capacity");
            }
            // modify drains the channel, which in Go is t.arg; here hchan() needs it before that.
            (*tm).arg = c.cast();
        }
        // Go 1.25: time.go line 404
        if (*getg()).raceignore != 0 {
            mark_bubble(tm);
        }
        timer_modify(tm, when, period, Some(f), arg, 0); // :325
        (*t).init = true;
    }
}

/// A timer that is made in a bubble is on its clock; one that is made in a test remembers that.
///
/// # Safety
/// `t` is a new timer; the current g is in a bubble or test.
#[cold]
#[inline(never)]
unsafe fn mark_bubble(t: *mut Timer) {
    // SAFETY: the caller's contract.
    unsafe {
        let b = (*getg()).bubble;
        (*t).is_fake = !(*b).real;
        (*t).bubble = (*b).id.get();
    }
}

/// The bubble of the fake timer `t`, which must be the current one.
///
/// # Safety
/// `t` is alive.
#[cold]
#[inline(never)]
unsafe fn fake_bubble(t: *mut Timer, msg: &str) -> *mut SynctestBubble {
    // SAFETY: the caller's contract; this thread's own g.
    unsafe {
        let gp = getg();
        let b = if gp.is_null() { null_mut() } else { (*gp).bubble };
        if b.is_null() || (*b).real || (*b).id.get() != (*t).bubble {
            fatal(msg);
        }
        b
    }
}

/// Stops a Timer or Ticker; says whether it was still to fire.
///
/// # Safety
/// `t` came from [`new_timer`] and is alive. No lock of the channel or the runtime is held.
///
/// Go: time.go:334 stopTimer
#[doc(alias = "stopTimer")]
pub unsafe fn stop_timer(t: *mut TimeTimer) -> bool {
    // SAFETY: the caller's contract.
    unsafe {
        // Go 1.25: time.go line 417
        if (*t).timer.is_fake {
            fake_bubble(&raw mut (*t).timer, "stop of synctest timer from outside bubble");
        }
        timer_stop(&raw mut (*t).timer) // :335
    }
}

/// Sets a Timer or Ticker anew; says whether it was still to fire.
///
/// # Safety
/// As for [`stop_timer`].
///
/// Go: time.go:343 resetTimer
#[doc(alias = "resetTimer")]
pub unsafe fn reset_timer(t: *mut TimeTimer, when: i64, period: i64) -> bool {
    // :344 race detector
    // SAFETY: the caller's contract.
    unsafe {
        // Go 1.25: time.go line 432
        if (*t).timer.is_fake {
            fake_bubble(&raw mut (*t).timer, "reset of synctest timer from outside bubble");
        }
        timer_reset(&raw mut (*t).timer, when, period) // :347
    }
}

/// Readies the goroutine that is the argument: the function of a sleep's timer.
///
/// # Safety
/// `arg` is a G that [`time_sleep`] parked.
///
/// Go: time.go:353 goroutineReady
#[doc(alias = "goroutineReady")]
unsafe fn goroutine_ready(arg: *mut c_void, _: usize, _: i64) {
    // SAFETY: it waits for nothing but this timer.
    unsafe { goready(arg.cast()) } // :354
}

/// Adds `t`, which belongs there, to the heap. Whoever is not sure calls `maybe_add`, with other
/// locks held.
///
/// # Safety
/// `ts.mu` is held or the world is stopped; `t` is in no heap and marked as heaped.
///
/// Go: time.go:362 addHeap
#[doc(alias = "addHeap")]
pub unsafe fn add_heap(ts: *mut Timers, t: *mut Timer) {
    // SAFETY: the caller's contract.
    unsafe {
        assert_world_stopped_or_lock_held(&raw mut (*ts).mu); // :363
        // :366 the poller is where a P waits for its timers
        if !netpollinited() {
            netpoll_generic_init();
        }

        // :370
        if !(*t).ts.is_null() {
            throw("ts set in timer");
        }
        (*t).ts = ts;
        heap(ts).push(TimerWhen { timer: t, when: (*t).when }); // :374
        sift_up(ts, heap(ts).len() - 1);
        if t == heap(ts)[0].timer {
            update_min_when_heap(ts); // :377
        }
    }
}

/// Runs a channel timer that should have fired already but is in no heap, so that a receive after
/// the stop or reset finds the old value: `asynctimerchan=1` only.
///
/// # Safety
/// `t` is locked, and is so again on return; in between it may have been unlocked.
///
/// Go: time.go:386 maybeRunAsync
#[doc(alias = "maybeRunAsync")]
unsafe fn maybe_run_async(t: *mut Timer) {
    // SAFETY: t.mu is held.
    unsafe {
        assert_lock_held(&raw mut (*t).mu); // :387
        if (*t).state & TIMER_HEAPED == 0 && (*t).is_chan && (*t).when > 0 {
            // :396 blocked > 0 is possible here: a receiver that has yet to call maybe_add
            let now = nanotime();
            if (*t).when <= now {
                systemstack(|| unlock_and_run(t, now, null_mut())); // :397; it sets t.when
                timer_lock(t);
            }
        }
    }
}

/// Stops the timer; says whether it was still to fire. It may be in the heap of another P, so it is
/// only marked: that P throws it out in time.
///
/// # Safety
/// `t` is initialised and alive. No lock of the runtime is held (for a netpoll timer: but the
/// pollDesc's).
///
/// Go: time.go:409 stop
#[doc(alias = "stop")]
pub unsafe fn timer_stop(t: *mut Timer) -> bool {
    // SAFETY: `is_chan` never changes; the rest is touched under t.mu only, `seq` under send_lock
    // as well.
    unsafe {
        let async_ = DEBUG.asynctimerchan.load() != 0; // :410
        if !async_ && (*t).is_chan {
            lock(&raw mut (*t).send_lock);
        }

        timer_lock(t); // :415
        if async_ {
            maybe_run_async(t);
        }
        // :420
        if (*t).state & TIMER_HEAPED != 0 {
            (*t).state |= TIMER_MODIFIED;
            if (*t).state & TIMER_ZOMBIE == 0 {
                (*t).state |= TIMER_ZOMBIE;
                (*(*t).ts).zombies.add(1); // :424
            }
        }
        let mut pending = (*t).when > 0; // :427
        (*t).when = 0;

        // :430
        if !async_ && (*t).is_chan {
            // :433 a send that unlock_and_run has already decided on sees that it is stale
            (*t).seq = (*t).seq.wrapping_add(1);
        }
        timer_unlock(t);
        if !async_ && (*t).is_chan {
            unlock(&raw mut (*t).send_lock); // :437
            if timerchandrain(hchan(t)) {
                pending = true;
            }
        }

        pending // :443
    }
}

/// Takes the head out of the heap.
///
/// # Safety
/// `ts.mu` is held and the heap is not empty; the head's timer is locked.
///
/// Go: time.go:448 deleteMin
#[doc(alias = "deleteMin")]
pub unsafe fn delete_min(ts: *mut Timers) {
    // SAFETY: ts.mu is held.
    unsafe {
        assert_lock_held(&raw mut (*ts).mu); // :449
        let h = heap(ts);
        let t = h[0].timer;
        if (*t).ts != ts {
            throw("wrong timers"); // :452
        }
        (*t).ts = null_mut();
        // :455
        let last = h.len() - 1;
        if last > 0 {
            h[0] = h[last];
        }
        h.truncate(last); // :460
        if last > 0 {
            sift_down(ts, 0);
        }
        update_min_when_heap(ts); // :464
        if last == 0 {
            // :467 no timers, no modified ones
            (*ts).min_when_modified.store(0);
        }
    }
}

/// Sets the timer anew, whether it runs or not; says whether it was still to fire. Without an `f`
/// the function, argument and sequence number stay as they are.
///
/// # Safety
/// As for [`timer_stop`].
///
/// Go: time.go:475 modify
#[doc(alias = "modify")]
pub unsafe fn timer_modify(
    t: *mut Timer,
    when: i64,
    period: i64,
    f: Option<TimerFn>,
    arg: *mut c_void,
    seq: usize,
) -> bool {
    // SAFETY: as in timer_stop; t.ts stays valid while t is heaped and locked.
    unsafe {
        // :476
        if when <= 0 {
            throw("timer when must be positive");
        }
        if period < 0 {
            throw("timer period must be non-negative");
        }
        let async_ = DEBUG.asynctimerchan.load() != 0; // :482

        if !async_ && (*t).is_chan {
            lock(&raw mut (*t).send_lock);
        }

        timer_lock(t); // :488
        if async_ {
            maybe_run_async(t);
        }
        (*t).period = period; // :493
        if f.is_some() {
            (*t).f = f;
            (*t).arg = arg;
            (*t).seq = seq;
        }

        let mut wake = false; // :500
        let mut pending = (*t).when > 0;
        (*t).when = when;
        if (*t).state & TIMER_HEAPED != 0 {
            (*t).state |= TIMER_MODIFIED; // :504
            if (*t).state & TIMER_ZOMBIE != 0 {
                // :508 stopped before, runs again
                (*(*t).ts).zombies.add(-1);
                (*t).state &= !TIMER_ZOMBIE;
            }
            // :513 the heap learns of the new time later, in adjust or update_heap
            let min = (*(*t).ts).min_when_modified.load();
            if min == 0 || when < min {
                wake = true;
                // :517 the mark must be visible before the minimum is: adjust relies on it
                if !mutant!("modify marks the timer last") {
                    (*t).astate.store((*t).state);
                }
                update_min_when_modified((*t).ts, when);
            }
        }

        let add = needs_add(t); // :522

        // Go 1.25: time.go line 622 due at once: it runs now, not when the bubble is blocked next
        if add && (*t).is_fake {
            let b = fake_bubble(t, "fake timer executing with no bubble");
            if when <= (*b).now.get() {
                // Go's returns with send_lock held, which then is never released, for a channel
                // timer: none gets here, as it needs a goroutine that is blocked on it. gort's own,
                // all the same:
                if !async_ && (*t).is_chan {
                    unlock(&raw mut (*t).send_lock);
                }
                systemstack(|| unlock_and_run(t, (*b).now.get(), b));
                return pending;
            }
        }

        if !async_ && (*t).is_chan {
            // :527 as in timer_stop
            (*t).seq = (*t).seq.wrapping_add(1);
        }
        timer_unlock(t);
        // :530
        if !async_ && (*t).is_chan {
            if timerchandrain(hchan(t)) {
                pending = true;
            }
            unlock(&raw mut (*t).send_lock); // :534
        }

        if add {
            maybe_add(t); // :538
        }
        if wake {
            wake_net_poller(when);
        }

        pending // :544
    }
}

/// Whether the timer ought to be in a heap and is not.
///
/// # Safety
/// `t` is locked.
///
/// Go: time.go:549 needsAdd
#[doc(alias = "needsAdd")]
#[inline(always)]
unsafe fn needs_add(t: *mut Timer) -> bool {
    // SAFETY: t.mu is held.
    unsafe {
        assert_lock_held(&raw mut (*t).mu); // :550
        (*t).state & TIMER_HEAPED == 0 && (*t).when > 0 && (!(*t).is_chan || (*t).blocked > 0) // :551
    }
}

/// Adds the timer to the heap of the P we run on, if it ought to be in one. Two callers may race
/// for the same timer.
///
/// # Safety
/// `t` is alive; neither its lock nor that of any heap is held: the heap's comes before the
/// timer's.
///
/// Go: time.go:578 maybeAdd
#[doc(alias = "maybeAdd")]
unsafe fn maybe_add(t: *mut Timer) {
    // SAFETY: acquirem keeps us on this P, whose timers live as long as the P: for ever.
    unsafe {
        // :588 a timer in the heap of a P that has gone idle meanwhile might be overlooked
        let mp = acquirem();
        let mut ts = &raw mut (*(*mp).p.ptr()).timers;
        // Go 1.25: time.go line 720
        if (*t).is_fake {
            let b = fake_bubble(t, "invalid timer: fake time but no syncgroup");
            ts = &raw mut (*b).timers;
        }
        timers_lock(ts); // :590
        clean_head(ts);
        timer_lock(t);
        let mut when = 0; // :594
        let mut wake = false;
        if needs_add(t) {
            if let Some(f) = (*t).heap_ref {
                f(t, true);
            }
            (*t).state |= TIMER_HEAPED; // :597
            when = (*t).when;
            let wake_time = wake_time(ts);
            wake = wake_time == 0 || when < wake_time;
            add_heap(ts, t); // :601
        }
        timer_unlock(t);
        timers_unlock(ts);
        releasem(mp); // :605
        if wake {
            wake_net_poller(when);
        }
    }
}

/// Sets the time at which the timer fires, and its period; starts it if it was stopped. Says
/// whether it was still to fire.
///
/// # Safety
/// As for [`timer_stop`].
///
/// Go: time.go:614 reset
#[doc(alias = "reset")]
pub unsafe fn timer_reset(t: *mut Timer, when: i64, period: i64) -> bool {
    // SAFETY: the caller's contract.
    unsafe { timer_modify(t, when, period, None, null_mut(), 0) } // :615
}

/// Throws zombies out of head and tail of the heap and settles the head: programs that make and
/// stop many timers would otherwise pay for them in every heap operation.
///
/// # Safety
/// `ts.mu` is held, no timer's lock is.
///
/// Go: time.go:622 cleanHead
#[doc(alias = "cleanHead")]
unsafe fn clean_head(ts: *mut Timers) {
    // SAFETY: ts.mu is held, so every timer in the heap is alive and its `ts` does not change.
    unsafe {
        assert_lock_held(&raw mut (*ts).mu); // :624
        let gp = getg();
        loop {
            // :627
            let n = heap(ts).len();
            if n == 0 {
                return;
            }

            // :635 holding the lock we cannot be preempted: leave the rest for later
            if read_volatile(&raw const (*gp).preempt_stop) {
                return;
            }

            // :643 a zombie at the tail costs nothing, and a live one there is what the head needs
            let t = heap(ts)[n - 1].timer;
            if (*t).astate.load() & TIMER_ZOMBIE != 0 {
                timer_lock(t); // :645
                let zombie = (*t).state & TIMER_ZOMBIE != 0;
                if zombie {
                    (*t).state &= !(TIMER_HEAPED | TIMER_ZOMBIE | TIMER_MODIFIED);
                    (*t).ts = null_mut();
                    (*ts).zombies.add(-1); // :649
                    heap(ts).truncate(n - 1);
                }
                timer_unlock(t);
                if zombie {
                    let_go(ts, t);
                }
                continue; // :654
            }

            let t = heap(ts)[0].timer; // :657
            if (*t).ts != ts {
                throw("bad ts");
            }

            // :662
            if (*t).astate.load() & (TIMER_MODIFIED | TIMER_ZOMBIE) == 0 {
                return; // the head is as it should be
            }

            timer_lock(t); // :667
            let updated = update_heap(t);
            let left = (*t).ts.is_null();
            timer_unlock(t);
            if left {
                let_go(ts, t);
            }
            if !updated {
                return; // :672
            }
        }
    }
}

/// Moves all timers from `src`, whose P goes away, into `ts`.
///
/// # Safety
/// The world is stopped, and the caller has locked neither.
///
/// Go: time.go:682 take
#[doc(alias = "take")]
#[unsafe(export_name = "gort.timers_take")]
pub unsafe fn timers_take(ts: *mut Timers, src: *mut Timers) {
    // SAFETY: the world is stopped, so both heaps and their timers are ours.
    unsafe {
        assert_world_stopped(); // :684
        if !heap(src).is_empty() {
            // :689 without locks: they would rank above sched.lock
            for tw in take(heap(src)) {
                let t = tw.timer; // :690
                (*t).ts = null_mut();
                if (*t).state & TIMER_ZOMBIE != 0 {
                    (*t).state &= !(TIMER_HEAPED | TIMER_ZOMBIE | TIMER_MODIFIED);
                    // its reference goes when `ts` is unlocked next
                    let_go(ts, t);
                } else {
                    (*t).state &= !TIMER_MODIFIED; // :695
                    add_heap(ts, t);
                }
            }
            (*src).zombies.store(0); // :700
            (*src).min_when_heap.store(0);
            (*src).min_when_modified.store(0);
            (*src).len.store(0);
            (*ts).len.store(heap(ts).len() as u32); // :704
        }
        // References that `src` still owed: ts pays them.
        if !(*(*src).released.get()).is_null() {
            let owed = take(released(src));
            released(ts).extend(owed);
        }
    }
}

/// Looks through the whole heap for modified timers and zombies and restores its order; unless
/// forced, only once the earliest of the modified ones is due.
///
/// # Safety
/// `ts.mu` is held, no timer's lock is.
///
/// Go: time.go:713 adjust
unsafe fn adjust(ts: *mut Timers, now: i64, force: bool) {
    // SAFETY: ts.mu is held, so every timer in the heap is alive and its `ts` does not change.
    unsafe {
        assert_lock_held(&raw mut (*ts).mu); // :715
        // :721 programs that move timers to and fro without ever letting one expire pay nothing
        // here
        if !force {
            let first = (*ts).min_when_modified.load();
            if first == 0 || first > now {
                if VERIFY_TIMERS {
                    verify(ts);
                }
                return;
            }
        }

        // Others read wake_time() meanwhile and must never see it too late, and others modify
        // timers meanwhile, which must not get lost. So: (1) min_when_heap becomes the smaller of
        // the two; we hold its lock. (2) Only then min_when_modified is cleared, (3) then the heap
        // is looked through, (4) then min_when_heap is made exact. A modification that (2)
        // overwrites had set the mark in astate before, so (3) sees it.
        if !mutant!("adjust forgets the modified minimum") {
            (*ts).min_when_heap.store(wake_time(ts)); // :781
        }
        (*ts).min_when_modified.store(0);

        let mut changed = false; // :784
        let mut i = 0;
        while i < heap(ts).len() {
            let t = heap(ts)[i].timer;
            if (*t).ts != ts {
                throw("bad ts"); // :789
            }

            // :792
            if (*t).astate.load() & (TIMER_MODIFIED | TIMER_ZOMBIE) == 0 {
                i += 1;
                continue;
            }

            timer_lock(t); // :797
            let mut left = false;
            if (*t).state & TIMER_HEAPED == 0 {
                bad_timer();
            } else if (*t).state & TIMER_ZOMBIE != 0 {
                (*ts).zombies.add(-1); // :803
                (*t).state &= !(TIMER_HEAPED | TIMER_ZOMBIE | TIMER_MODIFIED);
                heap(ts).swap_remove(i);
                (*t).ts = null_mut(); // :809
                left = true; // and the same i again
                changed = true;
            } else if (*t).state & TIMER_MODIFIED != 0 {
                heap(ts)[i].when = (*t).when; // :814
                (*t).state &= !TIMER_MODIFIED;
                changed = true;
            }
            timer_unlock(t); // :818
            if left {
                let_go(ts, t);
            } else {
                i += 1;
            }
        }

        if changed {
            init_heap(ts); // :822
        }
        update_min_when_heap(ts);

        if VERIFY_TIMERS {
            verify(ts); // :827
        }
    }
}

/// When the poller must wake for these timers; 0 if there are none. Takes no lock.
///
/// # Safety
/// `ts` is valid.
///
/// Go: time.go:837 wakeTime
#[doc(alias = "wakeTime")]
#[inline(always)]
pub unsafe fn wake_time(ts: *const Timers) -> i64 {
    // SAFETY: atomics.
    unsafe {
        // :843 in this order: if adjust has cleared the first, the second already includes it
        let next_when = (*ts).min_when_modified.load();
        let mut when = (*ts).min_when_heap.load();
        if when == 0 || (next_when != 0 && next_when < when) {
            when = next_when;
        }
        when // :848
    }
}

/// [`wake_time`] for the crates below.
///
/// # Safety
/// As for [`wake_time`].
#[unsafe(export_name = "gort.timers_wake_time")]
unsafe fn timers_wake_time(ts: *const Timers) -> i64 {
    // SAFETY: the caller's contract.
    unsafe { wake_time(ts) }
}

/// Runs the timers that are due. Takes the time, if the caller knows it (0: not), and hands it
/// back, so that the clock is read once; then the time of the next timer (0: none; else later than
/// now), then whether any timer ran.
///
/// # Safety
/// On g0, with a P, no runtime lock held.
///
/// Go: time.go:861 check
#[doc(alias = "check")]
#[unsafe(export_name = "gort.timers_check")]
pub unsafe fn timers_check(ts: *mut Timers, now: i64) -> (i64, i64, bool) {
    // SAFETY: the caller's contract.
    unsafe {
        // :865
        let next = wake_time(ts);
        if next == 0 {
            return (now, 0, false); // nothing to run or adjust
        }
        timers_check_next(ts, now, next)
    }
}

/// check's part for heaps that have timers, out of line; `next` is the time of the next one.
///
/// # Safety
/// As for [`timers_check`].
#[inline(never)]
unsafe fn timers_check_next(ts: *mut Timers, mut now: i64, next: i64) -> (i64, i64, bool) {
    // SAFETY: the P that we hold does not change on g0.
    unsafe {
        // :871
        if now == 0 {
            now = nanotime();
        }

        // :878 our own heap is also cleaned when a quarter of it is dead: only our own, to keep
        // contention down
        let zombies = (*ts).zombies.load();
        if zombies < 0 {
            bad_timer();
        }
        let pp = (*(*getg()).m).p.ptr();
        let mut force = ts == &raw mut (*pp).timers && zombies as i64 > (*ts).len.load() as i64 / 4; // :882

        if now < next && !force {
            return (now, next, false); // :886
        }

        let mut poll_until = 0;
        let mut ran = false;
        timers_lock(ts); // :889
        if !heap(ts).is_empty() {
            adjust(ts, now, false);
            while !heap(ts).is_empty() {
                // :894 unlocks ts for a while
                let tw = run(ts, now, null_mut());
                if tw != 0 {
                    if tw > 0 {
                        poll_until = tw;
                    }
                    break; // :898
                }
                ran = true;
                (*pp).stats.timers_run.bump(1); // gort's counter
            }

            // :908 after the run, not before: Go found that faster under contention
            force = ts == &raw mut (*pp).timers
                && (*ts).zombies.load() as i64 > (*ts).len.load() as i64 / 4;
            if force {
                adjust(ts, now, true);
            }
        }
        // :913 what was let go counts as run: the caller looks at its queue then
        ran |= timers_unlock(ts);

        (now, poll_until, ran)
    }
}

/// Looks at the head of the heap: runs it if it is due and returns 0; -1 if the heap is empty; else
/// the time of the head.
///
/// # Safety
/// On g0; `ts.mu` is held, and released for a while if a timer runs.
///
/// Go: time.go:926 run
unsafe fn run(ts: *mut Timers, now: i64, bubble: *mut SynctestBubble) -> i64 {
    // SAFETY: ts.mu is held but while a timer runs, after which nothing read before is used.
    unsafe {
        assert_lock_held(&raw mut (*ts).mu); // :928
        loop {
            // :930
            if heap(ts).is_empty() {
                return -1;
            }
            let tw = heap(ts)[0];
            let t = tw.timer;
            if (*t).ts != ts {
                throw("bad ts"); // :936
            }

            // :939
            if (*t).astate.load() & (TIMER_MODIFIED | TIMER_ZOMBIE) == 0 && tw.when > now {
                return tw.when; // not due
            }

            timer_lock(t); // :944
            if update_heap(t) {
                let left = (*t).ts.is_null();
                timer_unlock(t);
                if left {
                    let_go(ts, t);
                }
                continue; // :947
            }

            // :950
            if (*t).state & TIMER_HEAPED == 0 || (*t).state & TIMER_MODIFIED != 0 {
                bad_timer();
            }

            // :954
            if (*t).when > now {
                // :957 read before the unlock: after it another thread may write the field
                let when = (*t).when;
                timer_unlock(t);
                return when; // not due
            }

            unlock_and_run(t, now, bubble); // :960
            assert_lock_held(&raw mut (*ts).mu); // t is unlocked, ts is not
            return 0;
        }
    }
}

/// This M's g0 joins the bubble of the timer whose function it is about to run, so that the bubble
/// does not count as blocked meanwhile, and what is started there belongs to it. Returns nil if it
/// does not.
///
/// # Safety
/// On g0; `bubble` is that of a fake timer.
///
/// Go 1.25: time.go line 1195 unlockAndRun
#[cfg(not(loom))]
#[cold]
#[inline(never)]
unsafe fn enter_bubble(t: *mut Timer, bubble: *mut SynctestBubble) -> *mut SynctestBubble {
    // SAFETY: g0 is this thread's own.
    unsafe {
        let gp = getg();
        if !(*gp).bubble.is_null() {
            throw("unexpected syncgroup set");
        }
        if bubble.is_null() {
            let test = gort_proc::group_enter((*t).bubble);
            if !test.is_null() {
                gort_proc::set_bubble(gp, test);
            }
            return test;
        }
        if (*t).bubble != (*bubble).id.get() {
            throw("unexpected syncgroup set");
        }
        gort_proc::set_bubble(gp, bubble);
        gort_proc::inc_active(bubble);
        bubble
    }
}

/// Models have no bubbles.
#[cfg(loom)]
unsafe fn enter_bubble(_: *mut Timer, b: *mut SynctestBubble) -> *mut SynctestBubble {
    b
}

/// Undoes [`enter_bubble`].
///
/// # Safety
/// On the same g0.
#[cold]
#[inline(never)]
unsafe fn leave_bubble(_bubble: *mut SynctestBubble) {
    #[cfg(not(loom))]
    // SAFETY: g0 is this thread's own.
    unsafe {
        gort_proc::set_bubble(getg(), null_mut());
        gort_proc::dec_active(_bubble);
    }
}

/// [`timers_check`] for the timers of a bubble: runs those that are due at `now`.
///
/// # Safety
/// On g0, with a P, no runtime lock held; by the bubble's root.
///
/// Go 1.25: time.go line 1006 check
#[cfg(not(loom))]
#[unsafe(export_name = "gort.timers_check_bubble")]
pub unsafe fn timers_check_bubble(ts: *mut Timers, now: i64, bubble: *mut SynctestBubble) {
    // SAFETY: the caller's contract.
    unsafe {
        let next = wake_time(ts);
        if next == 0 || now < next {
            return;
        }
        timers_lock(ts);
        if !heap(ts).is_empty() {
            adjust(ts, now, false);
            while !heap(ts).is_empty() && run(ts, now, bubble) == 0 {}
        }
        timers_unlock(ts);
    }
}

/// A bubble has ended: its timers will never fire, and are let go. gort's own.
///
/// # Safety
/// No goroutine is in the bubble any more; no runtime lock is held.
#[cfg(not(loom))]
#[unsafe(export_name = "gort.timers_drain")]
pub unsafe fn timers_drain(ts: *mut Timers) {
    // SAFETY: under the lock of the heap, and of each timer.
    unsafe {
        timers_lock(ts);
        for tw in take(heap(ts)) {
            let t = tw.timer;
            timer_lock(t);
            (*t).state &= !(TIMER_HEAPED | TIMER_ZOMBIE | TIMER_MODIFIED);
            (*t).ts = null_mut();
            timer_unlock(t);
            let_go(ts, t);
        }
        (*ts).zombies.store(0);
        (*ts).min_when_heap.store(0);
        (*ts).min_when_modified.store(0);
        timers_unlock(ts);
    }
}

/// What a stale channel timer runs instead of its function.
fn stale(_: *mut c_void, _: usize, _: i64) {}

/// Runs the timer's function, with the timer and (for the call) its heap unlocked; works out when
/// it fires next.
///
/// # Safety
/// On g0. `t` is locked and so is the heap it is in, if any; on return `t` is unlocked and the heap
/// locked again.
///
/// Go: time.go:971 unlockAndRun
#[doc(alias = "unlockAndRun")]
unsafe fn unlock_and_run(t: *mut Timer, now: i64, bubble: *mut SynctestBubble) {
    // SAFETY: t.mu is held down to the unlock. After it only `is_chan`, `send_lock` and, under the
    // latter, `seq` are touched; a reference of the heap, or the caller's, keeps t alive until
    // let_go.
    unsafe {
        assert_lock_held(&raw mut (*t).mu); // :973
        if !(*t).ts.is_null() {
            assert_lock_held(&raw mut (*(*t).ts).mu);
        }
        // :977 race detector

        // :988
        if (*t).state & (TIMER_MODIFIED | TIMER_ZOMBIE) != 0 {
            bad_timer();
        }

        // :992
        let Some(f) = (*t).f else { bad_timer() };
        let mut f: TimerFn = f;
        let arg = (*t).arg;
        let seq = (*t).seq;
        let mut next;
        let delay = now.wrapping_sub((*t).when); // :996
        if (*t).period > 0 {
            // :999 stays in the heap; skips the periods it has missed
            next = (*t).when.wrapping_add((*t).period.wrapping_mul(1 + delay / (*t).period));
            if next < 0 {
                next = MAX_WHEN; // :1001
            }
        } else {
            next = 0;
        }
        let ts = (*t).ts; // :1006
        (*t).when = next;
        if (*t).state & TIMER_HEAPED != 0 {
            (*t).state |= TIMER_MODIFIED;
            if next == 0 {
                (*t).state |= TIMER_ZOMBIE; // :1011
                (*(*t).ts).zombies.add(1);
            }
            update_heap(t);
        }
        // gort's own: while the function runs, the heap's reference, if it has just left the heap,
        // or else another one keeps the timer alive; the heap may throw it out meanwhile.
        if !ts.is_null()
            && !(*t).ts.is_null()
            && let Some(r) = (*t).heap_ref
        {
            r(t, true);
        }
        timer_unlock(t); // :1016

        // :1018 race detector

        if !ts.is_null() {
            timers_unlock(ts); // :1028
        }
        // Go 1.25: time.go line 1195 the function runs in the bubble; gort's own: in the test, if
        // it still goes on
        let mut bubble = bubble;
        if (*t).bubble != 0 {
            bubble = enter_bubble(t, bubble);
        }

        let async_ = DEBUG.asynctimerchan.load() != 0; // :1031
        if !async_ && (*t).is_chan {
            // :1047 The send must not happen once a stop or modify has returned, but t.mu cannot be
            // held across it: the channel's lock comes first. So these two change t.seq under
            // send_lock as well, which is held across the send, and here it is compared with what
            // it was under t.mu.
            lock(&raw mut (*t).send_lock);
            if (*t).seq != seq {
                f = stale;
            }
        }

        f(arg, seq, delay); // :1053

        if !async_ && (*t).is_chan {
            unlock(&raw mut (*t).send_lock); // :1056
        }
        // Go 1.25: time.go line 1246
        if !bubble.is_null() {
            leave_bubble(bubble);
        }

        if !ts.is_null() {
            timers_lock(ts); // :1060
            let_go(ts, t);
        }
        // :1063 race detector
    }
}

/// Checks the order of the heap and its published length: for debugging.
///
/// # Safety
/// `ts.mu` is held.
///
/// Go: time.go:1072 verify
pub unsafe fn verify(ts: *mut Timers) {
    // SAFETY: ts.mu is held.
    unsafe {
        assert_lock_held(&raw mut (*ts).mu); // :1073
        let h = heap(ts);
        for (i, tw) in h.iter().enumerate() {
            if i == 0 {
                continue; // :1077 no parent
            }

            let p = (i - 1) / TIMER_HEAP_N; // :1081
            if tw.when < h[p].when {
                gort_print::print!("bad timer heap at {i}: {p}: {}, {i}: {}\n", h[p].when, tw.when);
                throw("bad timer heap"); // :1084
            }
        }
        let n = (*ts).len.load() as usize; // :1087
        if h.len() != n {
            gort_print::print!("timer heap len {} != atomic len {n}\n", h.len());
            throw("bad timer heap len");
        }
    }
}

/// Publishes the time of the head.
///
/// # Safety
/// `ts.mu` is held or the world is stopped.
///
/// Go: time.go:1095 updateMinWhenHeap
#[doc(alias = "updateMinWhenHeap")]
#[inline]
unsafe fn update_min_when_heap(ts: *mut Timers) {
    // SAFETY: the caller's contract.
    unsafe {
        assert_world_stopped_or_lock_held(&raw mut (*ts).mu); // :1096
        match heap(ts).first() {
            None => (*ts).min_when_heap.store(0),
            Some(tw) => (*ts).min_when_heap.store(tw.when), // :1100
        }
    }
}

/// Lowers `min_when_modified` to `when`, if it is not that low yet. Usually without the lock.
///
/// # Safety
/// `ts` is valid.
///
/// Go: time.go:1106 updateMinWhenModified
#[doc(alias = "updateMinWhenModified")]
unsafe fn update_min_when_modified(ts: *const Timers, when: i64) {
    // SAFETY: atomics.
    unsafe {
        loop {
            let old = (*ts).min_when_modified.load(); // :1108
            if old != 0 && old < when {
                return;
            }
            if (*ts).min_when_modified.cas(old, when) {
                return; // :1113
            }
        }
    }
}

/// When the next timer of any P fires; [`MAX_WHEN`] if there is none. For sysmon and checkdead.
///
/// # Safety
/// `allp_lock` is not held.
///
/// Go: time.go:1121 timeSleepUntil
#[doc(alias = "timeSleepUntil")]
#[unsafe(export_name = "gort.time_sleep_until")]
pub unsafe fn time_sleep_until() -> i64 {
    // SAFETY: allp does not change under its lock; Ps are never freed.
    unsafe {
        let mut next = MAX_WHEN; // :1122

        lock(allp_lock()); // :1125
        for &pp in (*allp()).as_slice() {
            if pp.is_null() {
                continue; // :1130 procresize has yet to make it
            }

            let w = wake_time(&raw const (*pp).timers); // :1133
            if w != 0 {
                next = next.min(w);
            }
        }
        unlock(allp_lock()); // :1137

        next
    }
}

/// Children of a node.
///
/// Go: time.go:1142 timerHeapN
pub const TIMER_HEAP_N: usize = 4;

/// Moves the timer at `i` up to where it belongs.
///
/// # Safety
/// `ts.mu` is held or the world is stopped.
///
/// Go: time.go:1154 siftUp
#[doc(alias = "siftUp")]
pub unsafe fn sift_up(ts: *mut Timers, mut i: usize) {
    // SAFETY: the heap is ours; i < len is checked and p < i.
    unsafe {
        let h = heap(ts).as_mut_slice(); // :1155
        if i >= h.len() {
            bad_timer();
        }
        let tw = *h.get_unchecked(i); // :1159
        let when = tw.when;
        if when <= 0 {
            bad_timer();
        }
        while i > 0 {
            let p = (i - 1) / TIMER_HEAP_N; // :1165
            if when >= h.get_unchecked(p).when || mutant!("timers do not rise") {
                break;
            }
            *h.get_unchecked_mut(i) = *h.get_unchecked(p);
            i = p; // :1170
        }
        if h.get_unchecked(i).timer != tw.timer {
            *h.get_unchecked_mut(i) = tw;
        }
    }
}

/// Moves the timer at `i` down to where it belongs.
///
/// # Safety
/// `ts.mu` is held or the world is stopped.
///
/// Go: time.go:1179 siftDown
#[doc(alias = "siftDown")]
pub unsafe fn sift_down(ts: *mut Timers, mut i: usize) {
    // SAFETY: the heap is ours; i < n is checked, and children are looked at only below n.
    unsafe {
        let h = heap(ts).as_mut_slice(); // :1180
        let n = h.len();
        if i >= n {
            bad_timer();
        }
        // :1185
        if i * TIMER_HEAP_N + 1 >= n {
            return;
        }
        let tw = *h.get_unchecked(i);
        let when = tw.when;
        if when <= 0 {
            bad_timer(); // :1191
        }
        loop {
            let left_child = i * TIMER_HEAP_N + 1; // :1194
            if left_child >= n {
                break;
            }
            let mut w = when;
            let mut c = usize::MAX; // :1199
            for j in left_child..n.min(left_child + TIMER_HEAP_N) {
                let cw = h.get_unchecked(j).when;
                if cw < w {
                    w = cw;
                    c = j; // :1203
                }
            }
            if c == usize::MAX {
                break;
            }
            *h.get_unchecked_mut(i) = *h.get_unchecked(c); // :1209
            i = c;
        }
        if h.get_unchecked(i).timer != tw.timer {
            *h.get_unchecked_mut(i) = tw; // :1213
        }
    }
}

/// Makes a heap of whatever order the vector is in; linear in its length.
///
/// # Safety
/// `ts.mu` is held or the world is stopped.
///
/// Go: time.go:1219 initHeap
#[doc(alias = "initHeap")]
pub unsafe fn init_heap(ts: *mut Timers) {
    // SAFETY: the caller's contract.
    unsafe {
        let n = heap(ts).len();
        if n <= 1 {
            return; // :1223
        }
        // :1225 from the parent of the last one
        for i in (0..=(n - 1 - 1) / TIMER_HEAP_N).rev() {
            sift_down(ts, i);
        }
    }
}

/// The timers are in a state that cannot be: somebody uses one in an unsynchronised way.
///
/// Go: time.go:1234 badTimer
#[doc(alias = "badTimer")]
#[cold]
#[inline(never)]
pub fn bad_timer() -> ! {
    throw("timer data corruption") // :1235
}

/// Fires a channel timer that is due but in no heap: called before every look at its channel.
///
/// # Safety
/// `t` is alive and not locked, nor is its channel.
///
/// Go: time.go:1243 maybeRunChan
#[doc(alias = "maybeRunChan")]
pub unsafe fn maybe_run_chan(t: *mut Timer) {
    // SAFETY: plain fields under t.mu only.
    unsafe {
        // :1244
        if (*t).astate.load() & TIMER_HEAPED != 0 {
            return; // whoever looks after the heap sends
        }

        timer_lock(t); // :1250
        let mut bubble = null_mut();
        let mut now = 0;
        if (*t).is_fake {
            // Go 1.25: time.go lines 1440 and 1453 checked by the caller already, as the channel is
            // the bubble's
            bubble = fake_bubble(t, "synctest timer accessed from outside bubble");
            now = (*bubble).now.get();
        }
        if now == 0 {
            now = nanotime();
        }
        if (*t).state & TIMER_HEAPED != 0 || (*t).when == 0 || (*t).when > now {
            timer_unlock(t); // :1255
            return;
        }
        systemstack(|| unlock_and_run(t, now, bubble)); // :1259
    }
}

/// A channel operation is about to block on `c`: its timer must be in a heap now.
///
/// # Safety
/// The lock of `c` is held, perhaps those of other channels too; `c` has a timer.
///
/// Go: time.go:1268 blockTimerChan
#[doc(alias = "blockTimerChan")]
pub unsafe fn block_timer_chan(c: *mut Hchan) {
    // SAFETY: `c.timer` never changes; the rest under t.mu.
    unsafe {
        let t = (*c).timer; // :1269
        timer_lock(t);
        if !(*t).is_chan {
            bad_timer();
        }

        (*t).blocked += 1; // :1276

        // :1281 still in the heap, as a zombie, from an earlier wait
        if (*t).state & TIMER_HEAPED != 0 && (*t).state & TIMER_ZOMBIE != 0 && (*t).when > 0 {
            (*t).state &= !TIMER_ZOMBIE;
            (*(*t).ts).zombies.add(-1);
        }

        // :1292 maybe_add wants it unlocked, and is not needed in most cases
        let add = needs_add(t);
        timer_unlock(t);
        if add {
            maybe_add(t); // :1295
        }
    }
}

/// A channel operation no longer blocks on `c`. Once per [`block_timer_chan`]; the last one takes
/// the timer out of its heap.
///
/// # Safety
/// As for [`block_timer_chan`].
///
/// Go: time.go:1305 unblockTimerChan
#[doc(alias = "unblockTimerChan")]
pub unsafe fn unblock_timer_chan(c: *mut Hchan) {
    // SAFETY: as in block_timer_chan.
    unsafe {
        let t = (*c).timer; // :1306
        timer_lock(t);
        if !(*t).is_chan || (*t).blocked == 0 {
            bad_timer();
        }
        (*t).blocked -= 1; // :1312
        if (*t).blocked == 0 && (*t).state & TIMER_HEAPED != 0 && (*t).state & TIMER_ZOMBIE == 0 {
            // :1317 but `when` stays: it is still to fire, if anybody looks
            (*t).state |= TIMER_ZOMBIE;
            (*(*t).ts).zombies.add(1);
        }
        timer_unlock(t); // :1320
    }
}

/// `adjust` alone, for the models.
///
/// # Safety
/// The lock of `ts` is held.
#[cfg(loom)]
pub unsafe fn adjust_for_model(ts: *mut Timers, now: i64) {
    // SAFETY: the caller's contract.
    unsafe { adjust(ts, now, false) }
}
