//! For loom models only: what stands in for the parts of the runtime that models do not have.
//!
//! Two kinds of models use it. In both, the code that is checked is the code that ships.
//!
//! * **Ms** ([`run_m`]): each loom thread is an M that runs the real `schedule` and `find_runnable`. A goroutine is a
//!   function that runs to its end on whichever M takes it. The model is over when all Ms sleep.
//! * **Goroutines** ([`run_g`]): each loom thread is one goroutine, tied to an M and a P of its own. `gopark` and
//!   `goready` are the real ones up to where the scheduler would look for something else to run
//!   ([`schedule_hook`]) and where the readied goroutine would be queued ([`ready_hook`]): there the thread sleeps
//!   on its M's note and is woken through it.

use crate::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

loom::lazy_static! {
    /// Nobody crashes in a model.
    pub static ref FREEZING: atomic::Bool = atomic::Bool::default();
    /// See the real one.
    pub static ref CASGSTATUS_ALWAYS_TRACK: atomic::Bool = atomic::Bool::default();
    static ref STEAL_ORDER: StealOrder = StealOrder(Box::into_raw(Box::new(RandomOrder {
        count: 0,
        coprimes: Slice::nil(),
    })));
}

struct StealOrder(*mut RandomOrder);
// SAFETY: set before the threads start, then only read.
unsafe impl Sync for StealOrder {}
// SAFETY: the same.
unsafe impl Send for StealOrder {}

/// See the real one.
pub fn steal_order() -> *mut RandomOrder {
    STEAL_ORDER.0
}

/// What a goroutine of [`run_m`] does, on g0: it must not park.
pub type Body = unsafe fn(*mut G);

/// Makes an M with its g0. Everything that models make is leaked.
pub fn new_m(id: i64) -> *mut M {
    let mp: *mut M = Box::leak(Box::default());
    let g0: *mut G = Box::leak(Box::default());
    // SAFETY: both are new.
    unsafe {
        (*mp).id = id;
        (*mp).cheaprand = id as u64 + 1;
        (*mp).g0 = g0;
        (*g0).m = mp;
        (*g0).sched.g.set(g0);
    }
    mp
}

/// Makes a G in the given state.
pub fn new_g(status: u32) -> *mut G {
    let gp: *mut G = Box::leak(Box::default());
    // SAFETY: it is new. No latency is measured: every eighth transition would be.
    unsafe {
        (*gp).sched.g.set(gp);
        (*gp).atomicstatus.set(status);
        (*gp).tracking_seq = 1;
    }
    gp
}

/// Makes `n` Ps, all idle and on the idle list. On an M.
///
/// # Safety
/// Once in an execution, before other threads start.
pub unsafe fn init_ps(n: i32) {
    // SAFETY: no other threads yet.
    unsafe {
        let words = (n as usize).div_ceil(32);
        for m in [idlep_mask(), timerp_mask()] {
            (0..words).for_each(|_| (*m).append(atomic::Uint32::default()));
        }
        (*sched()).maxmcount.set(10);
        lock(&raw mut (*sched()).lock);
        for i in 0..n {
            let pp: *mut P = Box::leak(Box::default());
            p_init(pp, i);
            (*pp).status.set(PIDLE);
            (*allp()).append(pp);
        }
        for i in (0..n).rev() {
            pidleput(*(*allp()).at(i as usize), 1);
        }
        unlock(&raw mut (*sched()).lock);
        (*steal_order()).reset(n as u32);
        GOMAXPROCS.store(n);
    }
}

/// Takes an idle P. On an M without one.
///
/// # Safety
/// Like [`acquirep`].
pub unsafe fn take_p() -> *mut P {
    // SAFETY: the P is nobody else's.
    unsafe {
        lock(&raw mut (*sched()).lock);
        let (pp, _) = pidleget(1);
        unlock(&raw mut (*sched()).lock);
        acquirep(pp);
        pp
    }
}

/// Calls `f` on the g0 of `mp`.
///
/// # Safety
/// `mp` is nobody else's.
pub unsafe fn on_m<R>(mp: *mut M, f: impl FnOnce() -> R) -> R {
    // SAFETY: the caller's contract.
    unsafe {
        setg((*mp).g0);
        let r = f();
        setg(core::ptr::null_mut());
        r
    }
}

/// The life of an M: `start` (which leaves it with a P), then `schedule`, until all threads of the model sleep.
/// `body` is what the goroutines do that it runs.
///
/// # Safety
/// On g0 of an M.
pub unsafe fn run_m(start: impl FnOnce(), body: Body) {
    // SAFETY: as mstart1 and goexit0 do.
    unsafe {
        let g0 = getg();
        let mut r = catch_unwind(AssertUnwindSafe(|| {
            start();
            schedule()
        }));
        loop {
            let Err(e) = r;
            let gp = match e.downcast::<Switch>() {
                Ok(s) => s.0,
                Err(e) if e.is::<Quiescent>() => return,
                Err(e) => resume_unwind(e),
            };
            r = catch_unwind(AssertUnwindSafe(|| {
                body(gp);
                casgstatus(gp, GRUNNING, GDEAD);
                dropg();
                schedule()
            }));
            setg(g0);
        }
    }
}

/// Calls `f` on a goroutine of its own, tied to this thread and to an M and a P made for it.
pub fn run_g<R>(id: i64, f: impl FnOnce(*mut G) -> R) -> R {
    let (mp, gp) = (new_m(id), new_g(GRUNNING));
    let pp: *mut P = Box::leak(Box::default());
    // SAFETY: all three are new.
    unsafe {
        (*pp).id = id as i32;
        setg((*mp).g0);
        (*pp).status.set(PIDLE);
        acquirep(pp);
        (*gp).m = mp;
        (*gp).lockedm.set(mp);
        (*mp).curg.set(gp);
        (*mp).lockedg.set(gp);
        (*gp).goid = id as u64 + 1;
        setg(gp);
        let r = f(gp);
        setg(core::ptr::null_mut());
        r
    }
}

/// In `schedule`: the goroutine of this thread, if it has one, goes on as soon as it is readied.
///
/// # Safety
/// On g0, where `schedule` has nothing to lose.
pub unsafe fn schedule_hook() {
    // SAFETY: the M is this thread's; its note is woken by `ready_hook` only.
    unsafe {
        let mp = (*getg()).m;
        let gp = (*mp).lockedg.ptr();
        if gp.is_null() {
            return;
        }
        // A goroutine that has yielded is on our queue.
        if runqget((*mp).p.ptr()).0 != gp {
            m_park();
        }
        execute(gp, false);
    }
}

/// In `ready`: true if the goroutine has a thread of its own, which is woken.
///
/// # Safety
/// `gp` has just become runnable, by us.
pub unsafe fn ready_hook(gp: *mut G) -> bool {
    // SAFETY: who readies wakes, once.
    unsafe {
        let mp = (*gp).lockedm.ptr();
        if mp.is_null() {
            return false;
        }
        notewakeup(&raw mut (*mp).park);
        true
    }
}

/// Who is in no state of the model's is none of a message's business.
///
/// # Safety
/// None.
pub unsafe fn dumpgstatus(_gp: *mut G) {}

/// Deadlocks are loom's to detect.
///
/// # Safety
/// None.
pub unsafe fn checkdead() {}

/// As the real one, but for [`checkdead`].
///
/// # Safety
/// None.
pub unsafe fn incidlelocked(_v: i32) {
    throw("no locked goroutines in models")
}

/// Models have all their Ms from the start.
///
/// # Safety
/// None.
pub unsafe fn m_reserve_id() -> i64 {
    throw("no new Ms in models")
}

/// Models have all their Ms from the start.
///
/// # Safety
/// None.
pub unsafe fn newm(_f: Option<unsafe fn()>, _pp: *mut P, _id: i64) {
    throw("no new Ms in models")
}

/// Nobody runs functions at safe points.
///
/// # Safety
/// None.
pub unsafe fn run_safe_point_fn() {
    throw("no safe point functions in models")
}

/// Nobody unwinds in models.
///
/// # Safety
/// None.
pub unsafe fn unlock_os_thread_int() {}

/// There are none.
///
/// # Safety
/// None.
pub unsafe fn is_system_goroutine(_gp: *mut G, _fixed: bool) -> bool {
    false
}

/// Nobody unwinds in models.
///
/// # Safety
/// None.
pub unsafe fn lock_os_thread_int() {}
