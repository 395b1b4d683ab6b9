//! Running a program on gort, and seeing what it does.

use crate::program::{Case, MUTEXES, Op, Program, value};
use crate::reference::{Observation, Res, Seen};
use gort::sync::{Cond, Mutex, MutexGuard, RwMutex, WaitGroup};
use gort::{Chan, chan, go, runtime};
use gort_proc::{G, GSCAN, GWAITING, StwReason, getg, readgstatus};
use gort_select::{Scase, selectgo};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64};

/// What the goroutines of one run share. Leaked: goroutines that are stuck keep it.
struct Shared {
    p: Program,
    chans: Vec<Chan<u32>>,
    mutex: [Mutex<()>; MUTEXES],
    cond: [Cond; MUTEXES],
    rw: RwMutex<()>,
    wg: WaitGroup,
    /// Counts beginnings and ends; without it nothing orders what the channels do not.
    clock: Option<AtomicU64>,
    seen: Vec<std::sync::Mutex<Vec<Seen>>>,
    g: Vec<AtomicPtr<G>>,
    done: Vec<AtomicBool>,
}

impl Shared {
    fn new(p: &Program, clock: bool) -> &'static Self {
        let n = p.goroutines.len();
        let wg = WaitGroup::new();
        wg.add(p.things() as isize);
        Box::leak(Box::new(Shared {
            p: p.clone(),
            chans: p.caps.iter().map(|&c| chan(c)).collect(),
            mutex: Default::default(),
            cond: [const { Cond::new() }; MUTEXES],
            rw: RwMutex::default(),
            wg,
            clock: clock.then(|| AtomicU64::new(1)),
            seen: (0..n).map(|_| Default::default()).collect(),
            g: (0..n).map(|_| AtomicPtr::new(null_mut())).collect(),
            done: (0..n).map(|_| AtomicBool::new(false)).collect(),
        }))
    }

    fn comm(&self, g: usize, pc: usize, cases: &[Case], poll: bool) -> Res {
        let r = catch_unwind(AssertUnwindSafe(|| match cases {
            [Case { send: true, chan: Some(c) }] if !poll => {
                self.chans[*c].send(value(g, pc, 0));
                Res::Sent(0)
            }
            [Case { send: false, chan: Some(c) }] if !poll => {
                self.chans[*c].recv().map_or(Res::Closed(0), |v| Res::Got(0, v))
            }
            [Case { send: true, chan: Some(c) }] => {
                self.chans[*c].try_send(value(g, pc, 0)).map_or(Res::NotReady, |()| Res::Sent(0))
            }
            [Case { send: false, chan: Some(c) }] => match self.chans[*c].try_recv() {
                Ok(v) => Res::Got(0, v),
                Err(gort::TryRecvError::Closed) => Res::Closed(0),
                Err(_) => Res::NotReady,
            },
            _ => self.select(g, pc, cases, poll),
        }));
        r.unwrap_or(Res::Panic)
    }

    /// The select statement itself has a fixed number of cases.
    fn select(&self, g: usize, pc: usize, cases: &[Case], poll: bool) -> Res {
        let mut v = [0u32; 4];
        let mut order = [0u16; 8];
        let mut scases = [Scase::default(); 4];
        for (i, c) in cases.iter().enumerate() {
            v[i] = value(g, pc, i);
            scases[i].c = c.chan.map_or(null_mut(), |c| self.chans[c].as_raw());
            scases[i].elem = (&raw mut v[i]).cast();
        }
        let sends = cases.iter().filter(|c| c.send).count();
        // SAFETY: on a goroutine; the arrays are large enough, and the elements have the channels'
        // type, which needs no drop.
        let (i, ok) = unsafe {
            selectgo(scases.as_mut_ptr(), order.as_mut_ptr(), sends, cases.len() - sends, !poll)
        };
        match usize::try_from(i) {
            Err(_) => Res::NotReady,
            Ok(i) if cases[i].send => Res::Sent(i),
            Ok(i) if ok => Res::Got(i, v[i]),
            Ok(i) => Res::Closed(i),
        }
    }

    fn time(&self, without: u64) -> u64 {
        self.clock.as_ref().map_or(without, |c| c.fetch_add(1, SeqCst))
    }

    fn goroutine(&'static self, g: usize) {
        self.g[g].store(getg(), SeqCst);
        let mut held: [Option<MutexGuard<'static, ()>>; MUTEXES] = Default::default();
        let (mut reading, mut writing) = (None, None);
        for (pc, op) in self.p.goroutines[g].iter().enumerate() {
            let begun = self.time(0);
            self.seen[g].lock().unwrap().push(Seen { begun, end: None });
            let mut res = Res::Done;
            match *op {
                Op::Comm { ref cases, poll } => res = self.comm(g, pc, cases, poll),
                Op::Close(c) => {
                    if catch_unwind(AssertUnwindSafe(|| self.chans[c].close())).is_err() {
                        res = Res::Panic;
                    }
                }
                Op::Lock(m) => held[m] = Some(self.mutex[m].lock()),
                Op::Unlock(m) => held[m] = None,
                Op::CondWait(m) => held[m] = held[m].take().map(|h| self.cond[m].wait(h)),
                Op::Signal(m) => self.cond[m].signal(),
                Op::Broadcast(m) => self.cond[m].broadcast(),
                Op::RLock => reading = Some(self.rw.rlock()),
                Op::RUnlock => reading = None,
                Op::WLock => writing = Some(self.rw.lock()),
                Op::WUnlock => writing = None,
                Op::Done => self.wg.done(),
                Op::Wait => self.wg.wait(),
                Op::Yield => runtime::gosched(),
            }
            let end = Some((res, self.time(u64::MAX)));
            self.seen[g].lock().unwrap()[pc].end = end;
        }
        drop((reading, writing));
        self.done[g].store(true, SeqCst);
    }

    fn start(&'static self) {
        for g in 0..self.p.goroutines.len() {
            go(move || self.goroutine(g));
        }
    }

    fn finished(&self) -> bool {
        self.done.iter().all(|d| d.load(SeqCst))
    }

    /// Whether all goroutines that are left wait: nobody else could wake them, so they do so for
    /// ever. Looked at while nothing runs.
    fn stuck(&self) -> bool {
        // SAFETY: on a user goroutine that holds no lock of the runtime. Gs are never freed; one
        // that is not done is still the goroutine that has stored it.
        unsafe {
            let w = gort_proc::stop_the_world_gc(StwReason::GoroutineProfile);
            let waits = |g: usize| {
                let gp = self.g[g].load(Relaxed);
                self.done[g].load(Relaxed) || !gp.is_null() && readgstatus(gp) & !GSCAN == GWAITING
            };
            let all = (0..self.g.len()).all(waits);
            gort_proc::start_the_world_gc(w);
            all
        }
    }
}

/// Runs it until all goroutines have ended or wait for ever.
pub fn run(p: &Program, clock: bool) -> Observation {
    let s = Shared::new(p, clock);
    s.start();
    while !s.finished() && !s.stuck() {
        (0..20).for_each(|_| runtime::gosched());
    }
    s.seen.iter().map(|v| v.lock().unwrap().clone()).collect()
}

/// Runs it while the main goroutine does nothing but wait for the others to end.
pub fn run_alone(p: &Program) {
    let s = Shared::new(p, false);
    let all: &'static WaitGroup = Box::leak(Box::default());
    for g in 0..p.goroutines.len() {
        all.add(1);
        go(move || {
            s.goroutine(g);
            all.done();
        });
    }
    all.wait();
}
