//! For loom models only: what stands in for the parts of the runtime that models do not have.
//!
//! Two kinds of models use it. In both, the code that is checked is the code that ships.
//!
//! * **Ms** ([`run_m`]): each loom thread is an M that runs the real `schedule` and
//!   `find_runnable`. A goroutine is a function that runs to its end, or until it leaves its M by
//!   `mcall`, on whichever M takes it; then it is called again for the rest. New Ms are threads
//!   that sleep until they are made ([`unborn`]). The model is over when all Ms sleep.
//! * **Goroutines** ([`run_g`]): each loom thread is one goroutine, tied to an M and a P of its
//!   own. `gopark` and `goready` are the real ones up to where the scheduler would look for
//!   something else to run ([`schedule_hook`]) and where the readied goroutine would be queued
//!   ([`ready_hook`]): there the thread sleeps on its M's note and is woken through it.

use crate::*;
pub use gort_runtime2::model::{check, check_first};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

loom::lazy_static! {
    /// Nobody crashes in a model.
    pub static ref FREEZING: atomic::Bool = atomic::Bool::default();
    /// See the real one.
    pub static ref CASGSTATUS_ALWAYS_TRACK: atomic::Bool = atomic::Bool::default();
    /// See the real one.
    pub static ref WORLDSEMA: atomic::Uint32 = atomic::Uint32::new(1);
    /// See the real one.
    pub static ref GCSEMA: atomic::Uint32 = atomic::Uint32::new(1);
    static ref UNBORN: loom::sync::Mutex<Vec<usize>> = loom::sync::Mutex::new(Vec::new());
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

/// A pointer for the threads of a model.
pub struct Ptr<T>(pub *mut T);
// SAFETY: what is behind it is shared by the rules under test.
unsafe impl<T> Send for Ptr<T> {}
impl<T> Copy for Ptr<T> {}
impl<T> Clone for Ptr<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Default> Ptr<T> {
    /// To a new value, leaked.
    pub fn new() -> Self {
        Self(Box::leak(Box::default()))
    }
}
impl<T: Default> Default for Ptr<T> {
    fn default() -> Self {
        Self::new()
    }
}
impl<T> Ptr<T> {
    /// The pointer: a closure that calls this captures all of `self`.
    pub fn get(&self) -> *mut T {
        self.0
    }
}

/// How an M of a [`scene`] begins.
#[derive(Clone, Copy)]
pub enum Role {
    /// With a P, in `schedule`.
    Busy,
    /// Asleep, on the list of idle Ms.
    Idle,
    /// To be made by `newm`.
    Unborn,
    /// Without a P: calls this on its g0, then sleeps.
    Alone(unsafe fn()),
}

/// Ms that run the goroutines which `prepare` puts into queues, each by calling `body`, until all
/// of them sleep. `prepare` is given the Ps of those that begin with one.
///
/// A goroutine is called again after it has left its M in the middle (`mcall`). The first M is the
/// calling thread.
///
/// # Safety
/// Once in an execution. What `prepare` and `body` do is right for their goroutines.
pub unsafe fn scene(
    ps: i32,
    roles: &[Role],
    prepare: impl FnOnce(&[*mut P]),
    body: impl Fn(*mut G) + Copy + Send + 'static,
) {
    // SAFETY: one thread per M; Ps are taken before the threads start.
    unsafe {
        set_participants(roles.len());
        let ms: Vec<_> = (0..roles.len()).map(|i| new_m(i as i64)).collect();
        on_m(ms[0], || init_ps(ps));
        let mut busy = Vec::new();
        for (&mp, role) in ms.iter().zip(roles) {
            on_m(mp, || match role {
                Role::Busy => busy.push(take_p()),
                Role::Idle => {
                    // What stopm does before mPark.
                    lock(&raw mut (*sched()).lock);
                    mput(mp);
                    unlock(&raw mut (*sched()).lock);
                }
                Role::Unborn => unborn(mp),
                Role::Alone(_) => {}
            });
        }
        on_m(ms[0], || prepare(&busy));
        let run = move |mp: *mut M, role: Role| {
            let start = || match role {
                Role::Busy => {}
                Role::Idle => {
                    m_park();
                    acquirep((*mp).nextp.ptr());
                    (*mp).nextp.set(core::ptr::null_mut());
                }
                Role::Unborn => birth(),
                Role::Alone(f) => {
                    f();
                    m_park();
                    throw("the M that is alone was woken")
                }
            };
            on_m(mp, || run_m(start, body))
        };
        let threads: Vec<_> = (1..ms.len())
            .map(|i| {
                let (mp, role) = (Ptr(ms[i]), roles[i]);
                loom::thread::spawn(move || run(mp.get(), role))
            })
            .collect();
        run(ms[0], roles[0]);
        threads.into_iter().for_each(|t| t.join().unwrap());
    }
}

/// Calls `f` as the goroutine `gp` of a [`scene`] itself, not on g0 for it. `f` may leave the M.
///
/// # Safety
/// In the body of `gp`.
pub unsafe fn as_g<R>(gp: *mut G, f: impl FnOnce() -> R) -> R {
    // SAFETY: what leaves the M sets g0 first.
    unsafe {
        let g0 = getg();
        setg(gp);
        let r = f();
        setg(g0);
        r
    }
}

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
        (*gp).atomicstatus.store(status);
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

/// Says that `mp`, whose thread is there, may be used where the scheduler makes a new M.
pub fn unborn(mp: *mut M) {
    UNBORN.lock().unwrap().push(mp as usize);
}

/// The `start` of the thread of an [`unborn`] M: waits to be made, then does what `mstart1` does.
///
/// # Safety
/// On its g0.
pub unsafe fn birth() {
    // SAFETY: `newm` has written the fields before it woke the thread.
    unsafe {
        let mp = (*getg()).m;
        m_park();
        if let Some(f) = (*mp).mstartfn {
            f();
        }
        acquirep((*mp).nextp.ptr());
        (*mp).nextp.set(core::ptr::null_mut());
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

/// The life of an M: `start` (which leaves it with a P), then `schedule`, until all threads of the
/// model sleep. `body` is what the goroutines do that it runs.
///
/// # Safety
/// On g0 of an M.
pub unsafe fn run_m(start: impl FnOnce(), body: impl Fn(*mut G)) {
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
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn dumpgstatus(_gp: *mut G) {}

/// Deadlocks are loom's to detect.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn checkdead() {}

/// The real one counts for [`checkdead`].
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn incidlelocked(_v: i32) {}

/// Ms of models have their numbers.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn m_reserve_id() -> i64 {
    -1
}

/// Wakes a thread for the new M: there must be one that is [`unborn`].
///
/// # Safety
/// As the real one.
pub unsafe fn newm(f: Option<unsafe fn()>, pp: *mut P, _id: i64) {
    let mp = UNBORN.lock().unwrap().pop();
    let Some(mp) = mp else { throw("more new Ms than the model has") };
    let mp = mp as *mut M;
    // SAFETY: the thread sleeps until it is woken here.
    unsafe {
        (*mp).mstartfn = f;
        (*mp).nextp.set(pp);
        notewakeup(&raw mut (*mp).park);
    }
}

/// As the real one.
pub fn badctxt() -> ! {
    throw("ctxt != 0")
}

/// There are no dead goroutines to purge.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn gfpurge(_pp: *mut P) {}

/// A goroutine that ends: see the real one.
///
/// # Safety
/// As the real one.
pub unsafe fn gdestroy(gp: *mut G) {
    // SAFETY: the goroutine is this M's.
    unsafe {
        casgstatus(gp, GRUNNING, GDEAD);
        dropg();
    }
}

/// Nobody unwinds in models.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn leaving(_gp: *mut G) {}

/// No C++ in models.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn arriving(_gp: *mut G) {}

/// There are none.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn is_system_goroutine(_gp: *mut G, _fixed: bool) -> bool {
    false
}

/// Nobody unwinds in models.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn lock_os_thread_int() {}
