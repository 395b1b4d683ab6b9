//! Go 1.25's synctest.go: bubbles, whose clock moves when all their goroutines are durably blocked.
//! And gort's own kind of the same thing, tests: groups of goroutines with the real clock that are
//! told when all of them are asleep.
//!
//! Not part of Go 1.23: the lines are those of 1.25.5, and not checked by `cargo xtask portmap`.
//!
//! What keeps a goroutine without a bubble as fast as it was: its `bubble` is nil, and that is all
//! that is looked at.

use crate::*;
use gort_runtime2::WaitReason;
use std::sync::Mutex as StdMutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The last number given to a bubble.
///
/// Go 1.25: synctest.go line 171 bubbleGen
static BUBBLE_GEN: AtomicU32 = AtomicU32::new(0);

/// Where the clock of a bubble begins: midnight UTC, 2000-01-01, in nanoseconds of Unix time.
///
/// Go 1.25: synctest.go line 189 synctestBaseTime
pub const SYNCTEST_BASE_TIME: i64 = 946_684_800_000_000_000;

/// A list through `link`.
struct List(*mut SynctestBubble);

// SAFETY: bubbles are type-stable; the list is behind a lock.
unsafe impl Send for List {}

/// Bubbles that can be used again.
static FREE: StdMutex<List> = StdMutex::new(List(core::ptr::null_mut()));

/// Tests that go on.
static GROUPS: StdMutex<List> = StdMutex::new(List(core::ptr::null_mut()));

/// A bubble in its first state, but for `now`. `real`: a test.
fn new_bubble(real: bool) -> *mut SynctestBubble {
    let free = {
        let mut l = FREE.lock().unwrap_or_else(|e| e.into_inner());
        let b = l.0;
        if !b.is_null() {
            // SAFETY: in the list, so nobody else's.
            l.0 = unsafe { (*b).link };
        }
        b
    };
    let b = if free.is_null() {
        Box::into_raw(Box::new(SynctestBubble {
            mu: Mutex::default(),
            timers: Timers::default(),
            id: atomic::Uint32::default(),
            now: atomic::Int64::default(),
            root: core::ptr::null_mut(),
            waiter: core::ptr::null_mut(),
            main: core::ptr::null_mut(),
            waiting: false,
            done: false,
            total: 0,
            running: 0,
            active: 0,
            real,
            root_waits: false,
            failed: false,
            epoch: 0,
            quiet: 0,
            group: core::ptr::null_mut(),
            report: core::ptr::null_mut(),
            link: core::ptr::null_mut(),
        }))
    } else {
        free
    };
    // SAFETY: nobody else's; the counters are 0 in a free one.
    unsafe {
        // Nothing is locked while this lock is held, and it is taken from many places: a leaf.
        lock_init(&raw mut (*b).mu, LOCK_RANK_LEAF_RANK);
        lock_init(&raw mut (*b).timers.mu, LOCK_RANK_TIMERS);
        let mut id = 0;
        while id == 0 {
            id = BUBBLE_GEN.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        }
        (*b).root = getg();
        (*b).waiter = core::ptr::null_mut();
        (*b).main = core::ptr::null_mut();
        (*b).waiting = false;
        (*b).done = false;
        (*b).real = real;
        (*b).root_waits = false;
        (*b).failed = false;
        (*b).epoch = 1;
        (*b).quiet = 0;
        (*b).group = core::ptr::null_mut();
        (*b).report = core::ptr::null_mut();
        (*b).link = core::ptr::null_mut();
        (*b).now.set(SYNCTEST_BASE_TIME);
        (*b).id.set(id);
    }
    b
}

/// Gives a bubble back, if it has no goroutine any more. One that has stays as it is, like its
/// goroutines, for ever.
///
/// # Safety
/// By its root, which is done with it.
pub unsafe fn free_bubble(b: *mut SynctestBubble) {
    // SAFETY: the caller's contract; the lock orders this behind the last goroutine's end.
    unsafe {
        lock(&raw mut (*b).mu);
        let left = (*b).total != 0 || (*b).active != 0;
        unlock(&raw mut (*b).mu);
        if left {
            return;
        }
        linkname::timers_drain(&raw mut (*b).timers);
        (*b).id.set(0);
        (*b).running = 0;
        let mut l = FREE.lock().unwrap_or_else(|e| e.into_inner());
        (*b).link = l.0;
        l.0 = b;
    }
}

/// Puts `gp` into a bubble or test, or, with nil, out of one.
///
/// # Safety
/// `gp` is the running goroutine, or g0, or is dead; its state does not change meanwhile.
#[cold]
#[inline(never)]
pub unsafe fn set_bubble(gp: *mut G, b: *mut SynctestBubble) {
    // SAFETY: the caller's contract.
    unsafe {
        (*gp).bubble = b;
        (*gp).raceignore = i8::from(!b.is_null());
    }
}

/// The number of the bubble, not of the test, that `gp` is in; 0: none.
///
/// # Safety
/// `gp` is the running goroutine, or g0, and its `bubble` is not nil.
#[cold]
#[inline(never)]
pub unsafe fn bubble_id(gp: *mut G) -> u32 {
    // SAFETY: bubbles are type-stable, and this one has a goroutine.
    unsafe { if (*(*gp).bubble).real { 0 } else { (*(*gp).bubble).id.get() } }
}

/// The bubble, not the test, that the current goroutine (or a timer's function) is in; nil: none.
#[inline(always)]
pub fn synctest_bubble() -> *mut SynctestBubble {
    let gp = getg();
    // SAFETY: this thread's own g.
    unsafe {
        if gp.is_null() || (*gp).raceignore == 0 || (*(*gp).bubble).real {
            return core::ptr::null_mut();
        }
        (*gp).bubble
    }
}

/// The time for package time: that of the bubble, if there is one.
///
/// Go 1.25: time.go line 33 time_runtimeNano
#[doc(alias = "time_runtimeNano")]
#[inline]
pub fn time_runtime_nano() -> i64 {
    let b = synctest_bubble();
    if b.is_null() {
        return nanotime();
    }
    // SAFETY: the bubble of a running goroutine.
    unsafe { (*b).now.get() }
}

/// The same as a point in time of std's, whose clock it is outside of bubbles.
///
/// Go 1.25: time.go line 16 time_runtimeNow
pub fn synctest_instant() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    let b = synctest_bubble();
    if b.is_null() {
        return Instant::now();
    }
    // SAFETY: the bubble of a running goroutine, or of the timer that is just fired.
    let t = unsafe { (*b).now.get() } - SYNCTEST_BASE_TIME;
    *BASE.get_or_init(Instant::now) + Duration::from_nanos(t as u64)
}

/// casgstatus's part for goroutines in a bubble, out of line.
///
/// # Safety
/// As for [`casgstatus`], which has just changed the state; `gp.bubble` is not nil.
#[cold]
#[inline(never)]
pub(crate) unsafe fn casgstatus_bubble(gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the caller's contract. Go 1.25: proc.go line 1310
    unsafe { systemstack(|| changegstatus((*gp).bubble, gp, oldval, newval)) }
}

/// The state of `gp` has changed: does that change whether the bubble is blocked?
///
/// # Safety
/// On the system stack, with no lock that ranks above; by the owner of the transition.
///
/// Go 1.25: synctest.go line 42 changegstatus
unsafe fn changegstatus(bubble: *mut SynctestBubble, gp: *mut G, oldval: u32, newval: u32) {
    // SAFETY: the counters are under the lock; the wait reason is the owner's, who called us.
    unsafe {
        let blocked = |status| {
            status == GWAITING
                && if (*bubble).real {
                    (*gp).waitreason.is_asleep()
                } else {
                    (*gp).waitreason.is_idle_in_synctest()
                }
        };
        // Go 1.25: synctest.go line 50 most changes do not matter, and need no lock
        let mut total_delta = 0;
        let mut done = false;
        let mut was_running = !blocked(oldval);
        if oldval == GDEAD {
            was_running = false;
            total_delta += 1;
        }
        // Go 1.25: synctest.go line 61
        let mut is_running = !blocked(newval);
        if newval == GDEAD {
            is_running = false;
            total_delta -= 1;
            done = gp == (*bubble).main;
        }
        // Go 1.25: synctest.go line 76 both can be the same while the number changes: a goroutine
        // that is made parked
        if was_running == is_running && total_delta == 0 {
            return;
        }

        // Go 1.25: synctest.go line 80
        lock(&raw mut (*bubble).mu);
        (*bubble).epoch += 1;
        if done {
            (*bubble).done = true;
        }
        (*bubble).total += total_delta;
        if was_running != is_running {
            (*bubble).running += if is_running { 1 } else { -1 };
        }
        if (*bubble).total < 0 {
            fatal("total < 0");
        }
        if (*bubble).running < 0 {
            fatal("running < 0");
        }
        let wake = maybe_wake_locked(bubble);
        unlock(&raw mut (*bubble).mu);
        if !wake.is_null() {
            goready(wake);
        }
    }
}

/// Until [`dec_active`] the bubble does not count as blocked.
///
/// # Safety
/// On the system stack.
///
/// Go 1.25: synctest.go line 109 incActive
#[doc(alias = "incActive")]
#[cold]
#[inline(never)]
pub unsafe fn inc_active(bubble: *mut SynctestBubble) {
    // SAFETY: under the lock.
    unsafe {
        lock(&raw mut (*bubble).mu);
        (*bubble).active += 1;
        unlock(&raw mut (*bubble).mu);
    }
}

/// Undoes [`inc_active`].
///
/// # Safety
/// On the system stack, with a P.
///
/// Go 1.25: synctest.go line 116 decActive
#[doc(alias = "decActive")]
#[cold]
#[inline(never)]
pub unsafe fn dec_active(bubble: *mut SynctestBubble) {
    // SAFETY: under the lock.
    unsafe {
        lock(&raw mut (*bubble).mu);
        (*bubble).active -= 1;
        if (*bubble).active < 0 {
            throw("active < 0");
        }
        let wake = maybe_wake_locked(bubble);
        unlock(&raw mut (*bubble).mu);
        if !wake.is_null() {
            goready(wake);
        }
    }
}

/// Whom to wake, if the bubble is blocked.
///
/// # Safety
/// Under its lock.
///
/// Go 1.25: synctest.go line 130 maybeWakeLocked
#[doc(alias = "maybeWakeLocked")]
unsafe fn maybe_wake_locked(bubble: *mut SynctestBubble) -> *mut G {
    // SAFETY: under the lock.
    unsafe {
        let b = &mut *bubble;
        let blocked = b.running == 0 && b.active == 0;
        if b.real {
            // gort's own: the root of a test is told of its end, of a panic, and when all are
            // asleep
            if b.root_waits && (blocked && b.epoch != b.quiet || b.done || b.failed) {
                b.root_waits = false;
                return b.root;
            }
            return core::ptr::null_mut();
        }
        // Go 1.25: synctest.go line 131; a bubble that has failed is left as it is
        if !blocked || b.failed {
            return core::ptr::null_mut();
        }
        // Go 1.25: synctest.go line 145 counted for the one that is woken, who takes it back:
        // should a goroutine that we thought durably blocked wake now, there must not be a second
        // one
        b.active += 1;
        let next = linkname::timers_wake_time(&raw const b.timers);
        if next > 0 && next <= b.now.get() {
            // Go 1.25: synctest.go line 148 a timer is due: the root runs it
            b.root_waits = false;
            return b.root;
        }
        // Go 1.25: synctest.go line 150
        if !b.waiter.is_null() {
            return b.waiter;
        }
        b.root_waits = false;
        b.root // Go 1.25: synctest.go line 156
    }
}

/// How a bubble has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BubbleEnd {
    /// All its goroutines have.
    Done,
    /// All are blocked.
    AllBlocked,
    /// Its main goroutine has ended, and those that remain are blocked.
    MainExited,
    /// A goroutine has panicked: see `report`.
    Failed,
}

/// Runs `f` in a new bubble, and moves its clock, until all its goroutines have ended or are
/// blocked for good. The bubble is the caller's to give back, with [`free_bubble`].
///
/// # Safety
/// On a user goroutine that is in no bubble (but may be in a test), with no lock; `f` as for
/// [`newproc_pc`].
///
/// Go 1.25: synctest.go line 174 synctestRun
#[doc(alias = "synctestRun")]
pub unsafe fn synctest_run(f: *mut Funcval, callerpc: usize) -> (BubbleEnd, *mut SynctestBubble) {
    // SAFETY: the caller's contract; what the bubble holds is under its lock.
    unsafe {
        // Go 1.25: synctest.go line 175: the caller asks whether asynctimerchan is set, and that it
        // is in no bubble
        let gp = getg();
        let outer = (*gp).bubble;
        let bubble = new_bubble(false);
        (*bubble).total = 1;
        (*bubble).running = 1;
        (*bubble).group = outer;
        set_bubble(gp, bubble); // Go 1.25: synctest.go line 194

        // Go 1.25: synctest.go line 201
        systemstack(|| {
            let main = newproc1(f, gp, callerpc, false, WaitReason::Zero);
            (*bubble).main = main;
            let pp = (*(*getg()).m).p.ptr();
            runqput(pp, main, true);
            wakep();
        });

        // Go 1.25: synctest.go line 209
        let b = &raw mut *bubble;
        lock(&raw mut (*b).mu);
        (*b).active += 1;
        loop {
            unlock(&raw mut (*b).mu);
            systemstack(|| {
                // Go 1.25: synctest.go line 215 no goroutine while timers run
                let mp = (*gp).m;
                let curg = (*mp).curg.ptr();
                (*mp).curg.set(core::ptr::null_mut());
                linkname::timers_check_bubble(&raw mut (*b).timers, (*b).now.get(), b);
                (*mp).curg.set(curg);
            });
            gopark(Some(synctestidle_c), core::ptr::null_mut(), WaitReason::SynctestRun); // Go 1.25: line 220
            lock(&raw mut (*b).mu);
            if (*b).active < 0 {
                throw("active < 0");
            }
            if (*b).failed {
                break;
            }
            let next = linkname::timers_wake_time(&raw const (*b).timers);
            if next == 0 {
                break;
            }
            // Go 1.25: synctest.go line 229
            if next < (*b).now.get() {
                throw("time went backwards");
            }
            // Go 1.25: synctest.go line 232 time stops with the main goroutine's end
            if (*b).done {
                break;
            }
            (*b).now.set(next);
        }

        // Go 1.25: synctest.go line 239
        let total = (*b).total;
        let end = if (*b).failed {
            BubbleEnd::Failed
        } else if total == 1 {
            BubbleEnd::Done
        } else if (*b).done {
            BubbleEnd::MainExited
        } else {
            BubbleEnd::AllBlocked
        };
        // The root leaves: nobody wakes it any more, also if a goroutine that has been left goes on
        // after all.
        (*b).failed = true;
        (*b).total -= 1;
        (*b).running -= 1;
        (*b).active -= 1;
        (*b).root_waits = false;
        unlock(&raw mut (*b).mu);
        set_bubble(gp, outer);
        (end, bubble)
    }
}

/// Whether the root may park.
///
/// Go 1.25: synctest.go line 275 synctestidle_c
unsafe fn synctestidle_c(gp: *mut G, _: *mut c_void) -> bool {
    // SAFETY: under the lock.
    unsafe {
        let b = (*gp).bubble;
        lock(&raw mut (*b).mu);
        let mut can_idle = true;
        if (*b).running == 0 && (*b).active == 1 || (*b).failed {
            // Go 1.25: synctest.go line 279 all have blocked or ended
            can_idle = false;
        } else {
            (*b).active -= 1;
            (*b).root_waits = true;
        }
        unlock(&raw mut (*b).mu);
        can_idle
    }
}

/// Waits until all the other goroutines of the bubble are durably blocked.
///
/// # Errors
/// What the caller is to panic with.
///
/// # Safety
/// On a user goroutine.
///
/// Go 1.25: synctest.go line 289 synctestWait
#[doc(alias = "synctestWait")]
pub unsafe fn synctest_wait() -> Result<(), &'static str> {
    // SAFETY: under the lock.
    unsafe {
        let b = synctest_bubble();
        if b.is_null() {
            return Err("goroutine is not in a bubble"); // Go 1.25: synctest.go line 292
        }
        lock(&raw mut (*b).mu);
        // Go 1.25: synctest.go line 295 a flag of its own, as waiter is set only on the way to
        // sleep
        if (*b).waiting {
            unlock(&raw mut (*b).mu);
            return Err("wait already in progress");
        }
        (*b).waiting = true;
        unlock(&raw mut (*b).mu);
        gopark(Some(synctestwait_c), core::ptr::null_mut(), WaitReason::SynctestWait); // Go 1.25: line 304

        // Go 1.25: synctest.go line 306
        lock(&raw mut (*b).mu);
        (*b).active -= 1;
        if (*b).active < 0 {
            throw("active < 0");
        }
        (*b).waiter = core::ptr::null_mut();
        (*b).waiting = false;
        unlock(&raw mut (*b).mu);
        Ok(())
    }
}

/// Go 1.25: synctest.go line 322 synctestwait_c
unsafe fn synctestwait_c(gp: *mut G, _: *mut c_void) -> bool {
    // SAFETY: under the lock.
    unsafe {
        let b = (*gp).bubble;
        lock(&raw mut (*b).mu);
        if (*b).running == 0 && (*b).active == 0 {
            // Go 1.25: synctest.go line 325 park_m has counted itself in active
            throw("running == 0 && active == 0");
        }
        (*b).waiter = gp;
        unlock(&raw mut (*b).mu);
        true
    }
}

/// Whether the current goroutine is in a bubble.
///
/// Go 1.25: synctest.go line 335 synctest_isInBubble
#[doc(alias = "synctest_isInBubble")]
pub fn synctest_is_in_bubble() -> bool {
    !synctest_bubble().is_null()
}

/// A goroutine of `bubble` has panicked: its root is told, `report` is the crate `gort`'s. False if
/// it has been told of another one before, and `report` is still the caller's. gort's own.
///
/// # Safety
/// On a user goroutine that is in it.
pub unsafe fn bubble_fail(bubble: *mut SynctestBubble, report: *mut c_void) -> bool {
    // SAFETY: under the lock.
    unsafe {
        let wake = systemstack(|| {
            lock(&raw mut (*bubble).mu);
            if (*bubble).failed {
                unlock(&raw mut (*bubble).mu);
                return None;
            }
            (*bubble).failed = true;
            (*bubble).report = report;
            let wake = (*bubble).root_waits;
            (*bubble).root_waits = false;
            if wake && !(*bubble).real {
                (*bubble).active += 1; // as in maybe_wake_locked
            }
            unlock(&raw mut (*bubble).mu);
            Some(wake)
        });
        if wake == Some(true) {
            goready((*bubble).root);
        }
        wake.is_some()
    }
}

/// What has become of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupState {
    /// Its main goroutine has ended.
    pub done: bool,
    /// One of its goroutines has panicked.
    pub failed: bool,
    /// All of its goroutines are asleep.
    pub asleep: bool,
    /// Its goroutines.
    pub total: i32,
    /// Changes with any change of that.
    pub epoch: u64,
}

/// Starts a test: a goroutine that runs `f`, and those that it starts, with the caller as its root.
/// gort's own.
///
/// # Safety
/// On a user goroutine; `f` as for [`newproc_pc`].
pub unsafe fn group_start(f: *mut Funcval, callerpc: usize) -> *mut SynctestBubble {
    // SAFETY: the caller's contract.
    unsafe {
        let gp = getg();
        let b = new_bubble(true);
        let outer = (*gp).bubble;
        {
            let mut l = GROUPS.lock().unwrap_or_else(|e| e.into_inner());
            (*b).link = l.0;
            l.0 = b;
        }
        set_bubble(gp, b); // for newproc1 to hand on; no state changes meanwhile
        systemstack(|| {
            let main = newproc1(f, gp, callerpc, false, WaitReason::Zero);
            (*b).main = main;
            set_bubble(gp, outer);
            let pp = (*(*getg()).m).p.ptr();
            runqput(pp, main, true);
            wakep();
        });
        b
    }
}

/// The root knows that all are asleep in this `epoch`, and that this is not the end: [`group_park`]
/// waits for the next. gort's own.
///
/// # Safety
/// By the root.
pub unsafe fn group_quiet(b: *mut SynctestBubble, epoch: u64) {
    // SAFETY: under the lock.
    unsafe {
        systemstack(|| {
            lock(&raw mut (*b).mu);
            (*b).quiet = epoch;
            unlock(&raw mut (*b).mu);
        });
    }
}

/// Whether `gp` is the root of a test. gort's own.
pub fn group_is_root(gp: *mut G) -> bool {
    let l = GROUPS.lock().unwrap_or_else(|e| e.into_inner());
    let mut b = l.0;
    // SAFETY: what is in the list is in use.
    unsafe {
        while !b.is_null() {
            if (*b).root == gp {
                return true;
            }
            b = (*b).link;
        }
    }
    false
}

/// A test has been decided: timers that were made in it do not find it any more. What then happens
/// in it by goroutines that are left nobody wants to know. gort's own.
///
/// # Safety
/// By its root; the test is not used afterwards.
pub unsafe fn group_end(b: *mut SynctestBubble) {
    // SAFETY: it is in the list.
    unsafe {
        {
            let mut l = GROUPS.lock().unwrap_or_else(|e| e.into_inner());
            let mut at = &raw mut l.0;
            while *at != b {
                at = &raw mut (**at).link;
            }
            *at = (*b).link;
        }
        free_bubble(b);
    }
}

/// The test with that number, if it goes on, counted as active: for [`dec_active`]. gort's own.
///
/// # Safety
/// On the system stack.
pub unsafe fn group_enter(id: u32) -> *mut SynctestBubble {
    // SAFETY: a test in the list is not given back, and not while it is active.
    unsafe {
        let l = GROUPS.lock().unwrap_or_else(|e| e.into_inner());
        let mut b = l.0;
        while !b.is_null() && (*b).id.get() != id {
            b = (*b).link;
        }
        if !b.is_null() {
            inc_active(b);
        }
        b
    }
}

/// The state of a test. gort's own.
///
/// # Safety
/// `b` is from [`group_start`].
pub unsafe fn group_state(b: *mut SynctestBubble) -> GroupState {
    // SAFETY: under the lock.
    unsafe {
        systemstack(|| {
            lock(&raw mut (*b).mu);
            let s = GroupState {
                done: (*b).done,
                failed: (*b).failed,
                asleep: (*b).running == 0 && (*b).active == 0,
                total: (*b).total,
                epoch: (*b).epoch,
            };
            unlock(&raw mut (*b).mu);
            s
        })
    }
}

/// Parks the root of a test until there is something to decide: its main goroutine has ended, one
/// has panicked, or all are asleep. gort's own.
///
/// # Safety
/// By the root, on a user goroutine.
pub unsafe fn group_park(b: *mut SynctestBubble) {
    unsafe fn commit(_: *mut G, b: *mut c_void) -> bool {
        let b: *mut SynctestBubble = b.cast();
        // SAFETY: under the lock.
        unsafe {
            lock(&raw mut (*b).mu);
            let blocked = (*b).running == 0 && (*b).active == 0;
            let now = (*b).done || (*b).failed || blocked && (*b).epoch != (*b).quiet;
            (*b).root_waits = !now;
            unlock(&raw mut (*b).mu);
            !now
        }
    }
    // SAFETY: the root is readied by whoever takes root_waits back.
    unsafe { gopark(Some(commit), b.cast(), WaitReason::SynctestRun) }
}
