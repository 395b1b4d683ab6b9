//! Run queues, lists of Gs, masks of Ps, the order of stealing (proc.go:6462–7233) and the caches
//! of sudogs against simple models. No scheduler runs: this thread believes to be an M on its g0,
//! with a P.

use gort as _;
use gort_proc::*;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::ptr::null_mut;
use std::sync::{Mutex as StdMutex, MutexGuard};

/// The global queue is one per process, so the tests that use it take turns.
static TURN: StdMutex<()> = StdMutex::new(());

fn leak<T: Default>() -> *mut T {
    Box::into_raw(Box::default())
}

/// Makes this thread an M on its g0 with a P, and empties the global queue.
fn world() -> (MutexGuard<'static, ()>, *mut P) {
    let turn = TURN.lock().unwrap_or_else(|e| e.into_inner());
    let (gp, mp, pp) = (leak::<G>(), leak::<M>(), leak::<P>());
    // SAFETY: fresh memory, leaked; the thread had no G, and now has this one.
    unsafe {
        (*gp).m = mp;
        (*mp).g0 = gp;
        (*mp).p.set(pp);
        (*pp).m.set(mp);
        (*pp).status.store(PRUNNING);
        setg(gp);
        lock_init(&raw mut (*sched()).lock, LOCK_RANK_SCHED);
        GOMAXPROCS.set(4);
        locked(|| while !globrunqget(pp, 1).is_null() {});
    }
    (turn, pp)
}

fn locked<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: the lock is static and initialised by world().
    unsafe {
        lock(&raw mut (*sched()).lock);
        let r = f();
        unlock(&raw mut (*sched()).lock);
        r
    }
}

/// Gs without end, numbered from 1.
fn gs() -> impl Iterator<Item = *mut G> {
    (1..).map(|i| {
        let g = leak::<G>();
        // SAFETY: fresh memory.
        unsafe { (*g).goid = i };
        g
    })
}

fn id(g: *mut G) -> u64 {
    // SAFETY: Gs of gs() are leaked.
    if g.is_null() { 0 } else { unsafe { (*g).goid } }
}

/// All of a queue.
fn drain(q: &GQueue) -> Vec<u64> {
    let mut v = Vec::new();
    // SAFETY: our own queue.
    while let g = unsafe { q.pop() }
        && !g.is_null()
    {
        v.push(id(g));
    }
    v
}

#[derive(Clone, Debug)]
enum Op {
    Push,
    PushBack,
    Pop,
    /// Append a batch of so many.
    All(usize),
    PopList,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => Just(Op::Push),
        3 => Just(Op::PushBack),
        4 => Just(Op::Pop),
        1 => (0usize..5).prop_map(Op::All),
        1 => Just(Op::PopList),
    ]
}

proptest! {
    #[test]
    fn gqueue(ops in prop::collection::vec(op(), 1..200)) {
        let mut fresh = gs();
        let q = GQueue::default();
        let mut model = VecDeque::new();
        // SAFETY: queues and Gs are our own; no G is in two lists.
        unsafe {
            for op in ops {
                match op {
                    Op::Push => {
                        let g = fresh.next().unwrap();
                        q.push(g);
                        model.push_front(id(g));
                    }
                    Op::PushBack => {
                        let g = fresh.next().unwrap();
                        q.push_back(g);
                        model.push_back(id(g));
                    }
                    Op::Pop => prop_assert_eq!(id(q.pop()), model.pop_front().unwrap_or(0)),
                    Op::All(n) => {
                        let q2 = GQueue::default();
                        for g in fresh.by_ref().take(n) {
                            q2.push_back(g);
                            model.push_back(id(g));
                        }
                        q.push_back_all(q2);
                    }
                    Op::PopList => {
                        let l = q.pop_list();
                        prop_assert!(q.tail.is_null());
                        for want in model.drain(..) {
                            prop_assert_eq!(id(l.pop()), want);
                        }
                        prop_assert!(l.empty() && l.pop().is_null());
                    }
                }
                prop_assert_eq!(q.empty(), model.is_empty());
                prop_assert_eq!(q.tail.is_null(), model.is_empty());
            }
        }
        prop_assert_eq!(drain(&q), Vec::from(model));
    }

    #[test]
    fn glist(ops in prop::collection::vec(op(), 1..200)) {
        let mut fresh = gs();
        let l = GList::default();
        let mut model = Vec::new();
        // SAFETY: lists and Gs are our own; no G is in two lists.
        unsafe {
            for op in ops {
                match op {
                    Op::Push | Op::PushBack => {
                        let g = fresh.next().unwrap();
                        l.push(g);
                        model.push(id(g));
                    }
                    Op::All(n) => {
                        let q = GQueue::default();
                        let ids: Vec<_> = fresh.by_ref().take(n).map(|g| { q.push_back(g); id(g) }).collect();
                        l.push_all(q);
                        model.extend(ids.into_iter().rev());
                    }
                    Op::Pop | Op::PopList => prop_assert_eq!(id(l.pop()), model.pop().unwrap_or(0)),
                }
                prop_assert_eq!(l.empty(), model.is_empty());
            }
            while let Some(want) = model.pop() {
                prop_assert_eq!(id(l.pop()), want);
            }
        }
    }

    #[test]
    fn pmask(ops in prop::collection::vec((0i32..200, any::<bool>()), 1..300)) {
        let mut m = PMask::nil();
        // SAFETY: our own slice.
        (0..200usize.div_ceil(32)).for_each(|_| unsafe { m.append(atomic::Uint32::default()) });
        let mut model = [false; 200];
        for (i, on) in ops {
            if on { m.set(i) } else { m.clear(i) }
            model[i as usize] = on;
        }
        for (i, on) in model.into_iter().enumerate() {
            prop_assert_eq!(m.read(i as u32), on);
        }
    }

    /// Each order visits every P once, whatever the seed.
    #[test]
    fn random_order(counts in prop::collection::vec(1u32..100, 1..4), seed: u32) {
        let mut ord = RandomOrder { count: 0, coprimes: Slice::nil() };
        for count in counts {
            // SAFETY: our own.
            unsafe { ord.reset(count) };
            let mut seen = vec![false; count as usize];
            let mut e = ord.start(seed);
            while !e.done() {
                prop_assert!(!std::mem::replace(&mut seen[e.position() as usize], true));
                e.next();
            }
            prop_assert!(seen.into_iter().all(|s| s));
        }
    }

    #[test]
    fn gcd_divides(a in 1u32..10000, b in 1u32..10000) {
        let d = gcd(a, b);
        prop_assert!(a % d == 0 && b % d == 0);
        prop_assert_eq!(gcd(a / d, b / d), 1);
    }
}

/// A local queue as it ought to be.
#[derive(Default)]
struct Model {
    next: Option<u64>,
    q: VecDeque<u64>,
}

impl Model {
    /// What does not fit goes to `global`: half of the queue, and the newcomer.
    fn put(&mut self, g: u64, next: bool, global: &mut VecDeque<u64>) {
        let mut g = g;
        if next {
            match self.next.replace(g) {
                None => return,
                Some(old) => g = old,
            }
        }
        if self.q.len() < RUNQ_LEN {
            self.q.push_back(g);
        } else {
            global.extend(self.q.drain(..RUNQ_LEN / 2));
            global.push_back(g);
        }
    }

    fn get(&mut self) -> (u64, bool) {
        match self.next.take() {
            Some(g) => (g, true),
            None => (self.q.pop_front().unwrap_or(0), false),
        }
    }
}

#[derive(Clone, Debug)]
enum RunqOp {
    /// So many Gs, each to runnext or not.
    Put(usize, bool),
    Get(usize),
    Batch(usize),
    Global(i32),
    /// The other P, whose queue is empty, steals; then gives all back through the global queue.
    Steal(bool),
    Drain,
}

fn runq_op() -> impl Strategy<Value = RunqOp> {
    prop_oneof![
        4 => (1usize..200, any::<bool>()).prop_map(|(n, next)| RunqOp::Put(n, next)),
        3 => (1usize..200).prop_map(RunqOp::Get),
        2 => (0usize..400).prop_map(RunqOp::Batch),
        2 => (0i32..40).prop_map(RunqOp::Global),
        2 => any::<bool>().prop_map(RunqOp::Steal),
        1 => Just(RunqOp::Drain),
    ]
}

proptest! {
    #[test]
    fn runq(start in prop_oneof![Just(0u32), Just(u32::MAX - 300)], ops in prop::collection::vec(runq_op(), 1..60)) {
        let (_turn, pp) = world();
        let p2 = leak::<P>();
        let mut fresh = gs();
        let mut m = Model::default();
        let mut global = VecDeque::new();
        // SAFETY: we are the owner of both Ps, on one thread.
        unsafe {
            // The indices wrap around.
            (*pp).runqhead.set(start);
            (*pp).runqtail.set(start);
            for op in ops {
                match op {
                    RunqOp::Put(n, next) => for g in fresh.by_ref().take(n) {
                        runqput(pp, g, next);
                        m.put(id(g), next, &mut global);
                    }
                    RunqOp::Get(n) => for _ in 0..n {
                        let (g, inherit) = runqget(pp);
                        prop_assert_eq!((id(g), inherit), m.get());
                    }
                    RunqOp::Batch(n) => {
                        let mut q = GQueue::default();
                        for g in fresh.by_ref().take(n) {
                            q.push_back(g);
                            if m.q.len() < RUNQ_LEN { m.q.push_back(id(g)) } else { global.push_back(id(g)) }
                        }
                        runqputbatch(pp, &raw mut q, n as isize);
                        prop_assert!(q.empty());
                    }
                    RunqOp::Global(max) => {
                        // As in the scheduler: more than one only if there is room.
                        let max = if m.q.len() > RUNQ_LEN / 2 { 1 } else { max };
                        let g = locked(|| globrunqget(pp, max));
                        let len = global.len();
                        let mut n = (len / 4 + 1).min(len).min(RUNQ_LEN / 2);
                        if max > 0 { n = n.min(max as usize) }
                        prop_assert_eq!(id(g), global.pop_front().unwrap_or(0));
                        for _ in 1..n {
                            let g = global.pop_front().unwrap();
                            m.put(g, false, &mut global);
                        }
                    }
                    RunqOp::Steal(run_next) => {
                        let g = runqsteal(p2, pp, run_next);
                        let n = m.q.len() - m.q.len() / 2;
                        let mut want: Vec<_> = m.q.drain(..n).collect();
                        if n == 0 && run_next { want.extend(m.next.take()) }
                        prop_assert_eq!(id(g), want.pop().unwrap_or(0));
                        for want in want {
                            prop_assert_eq!(id(runqget(p2).0), want);
                        }
                        prop_assert!(runqempty(p2));
                    }
                    RunqOp::Drain => {
                        let (q, n) = runqdrain(pp);
                        let mut want: Vec<_> = m.next.take().into_iter().collect();
                        want.extend(m.q.drain(..));
                        prop_assert_eq!(n as usize, want.len());
                        prop_assert_eq!(drain(&q), want);
                    }
                }
                prop_assert_eq!(runqempty(pp), m.next.is_none() && m.q.is_empty());
                prop_assert_eq!((*pp).runqtail.get().wrapping_sub((*pp).runqhead.get()) as usize, m.q.len());
                prop_assert_eq!((*sched()).runqsize.get() as usize, global.len());
            }
        }
    }
}

#[test]
fn global_queue() {
    let (_turn, pp) = world();
    let g: Vec<_> = gs().take(5).collect();
    // SAFETY: under the lock; Gs of our own.
    unsafe {
        locked(|| {
            globrunqput(g[0]);
            globrunqput(g[1]);
            globrunqputhead(g[2]);
            let mut batch = GQueue::default();
            batch.push_back(g[3]);
            batch.push_back(g[4]);
            globrunqputbatch(&raw mut batch, 2);
            assert!(batch.empty() && batch.tail.is_null());
            assert_eq!((*sched()).runqsize.get(), 5);
        });
        // Five of them, four Ps: two each time; the second one goes to the local queue.
        assert_eq!(id(locked(|| globrunqget(pp, 0))), 3);
        assert_eq!(id(runqget(pp).0), 1);
        assert_eq!(id(locked(|| globrunqget(pp, 1))), 2);
        assert_eq!(id(locked(|| globrunqget(pp, 0))), 4);
        assert_eq!(id(locked(|| globrunqget(pp, 0))), 5);
        assert!(locked(|| globrunqget(pp, 0)).is_null());
    }
}

#[test]
fn idle_ps() {
    let (_turn, pp) = world();
    // SAFETY: under the lock; Ps of our own, and the masks are grown for them.
    unsafe {
        let p2 = leak::<P>();
        (*p2).id = 33;
        for m in [idlep_mask(), timerp_mask()] {
            while (*m).len < 2 {
                (*m).append(atomic::Uint32::default());
            }
        }
        let idle0 = (*sched()).idle_time.load();
        locked(|| {
            assert!(pidleget(0).0.is_null());
            (*sched()).needspinning.store(0);
            assert!(pidleget_spinning(7).0.is_null());
            assert_eq!((*sched()).needspinning.load(), 1);

            (*timerp_mask()).set(33);
            assert_eq!(pidleput(pp, 1000), 1000);
            assert!(pidleput(p2, 0) > 0);
            assert_eq!((*sched()).npidle.load(), 2);
            assert!(
                (*idlep_mask()).read(0) && (*idlep_mask()).read(33) && !(*idlep_mask()).read(1)
            );
            assert!(!(*timerp_mask()).read(33));

            // The last one first.
            let (got, now) = pidleget(i64::MAX >> 4);
            assert_eq!((got, now), (p2, i64::MAX >> 4));
            assert!((*timerp_mask()).read(33) && !(*idlep_mask()).read(33));
            let idle1 = (*sched()).idle_time.load();
            assert!(idle1 > idle0);
            assert_eq!(pidleget_spinning(1500), (pp, 1500));
            assert_eq!((*sched()).idle_time.load() - idle1, 500);
            assert_eq!((*sched()).npidle.load(), 0);
        });
    }
}

/// One owner, many thieves: every G is taken once.
#[test]
fn thieves() {
    const N: usize = 20_000;
    let (_turn, pp) = world();
    let all: Vec<_> = gs().take(N).collect();
    let seen: Vec<std::sync::atomic::AtomicU32> = (0..=N).map(|_| Default::default()).collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    let see = |g: *mut G| {
        if !g.is_null() {
            seen[id(g) as usize].fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let victim = pp.expose_provenance();
    std::thread::scope(|s| {
        for run_next in [false, true, true] {
            let (see, done) = (&see, &done);
            s.spawn(move || {
                let (gp, mp, p2) = (leak::<G>(), leak::<M>(), leak::<P>());
                let pp = std::ptr::with_exposed_provenance_mut::<P>(victim);
                // SAFETY: as in world(); the victim's queue may be robbed by anybody, and p2 is
                // ours.
                unsafe {
                    (*gp).m = mp;
                    (*mp).g0 = gp;
                    setg(gp);
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        see(runqsteal(p2, pp, run_next));
                        while let (g, _) = runqget(p2)
                            && !g.is_null()
                        {
                            see(g);
                        }
                    }
                    setg(null_mut());
                }
            });
        }
        // SAFETY: the owner of pp.
        unsafe {
            for (i, g) in all.iter().enumerate() {
                runqput(pp, *g, i % 3 == 0);
                if i % 7 == 0 {
                    see(runqget(pp).0);
                }
            }
            while !runqempty(pp) {
                see(runqget(pp).0);
            }
            while let g = locked(|| globrunqget(pp, 1))
                && !g.is_null()
            {
                see(g);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    });
    for (i, n) in seen.iter().enumerate().skip(1) {
        assert_eq!(n.load(std::sync::atomic::Ordering::Relaxed), 1, "G {i}");
    }
}

/// The caches of sudogs as they ought to be: each P's is a stack, and so is the central list.
#[derive(Default)]
struct Sudogs {
    cache: [Vec<*mut Sudog>; 2],
    central: Vec<*mut Sudog>,
}

const SUDOGS: usize = 128;

impl Sudogs {
    /// The one that comes next; `None` is a new one.
    fn acquire(&mut self, p: usize) -> Option<*mut Sudog> {
        if self.cache[p].is_empty() {
            let rest = self.central.len() - self.central.len().min(SUDOGS / 2);
            self.cache[p].extend(self.central.drain(rest..).rev());
        }
        self.cache[p].pop()
    }

    fn release(&mut self, p: usize, s: *mut Sudog) {
        if self.cache[p].len() == SUDOGS {
            // The one that was taken out first is on top.
            self.central.extend(self.cache[p].drain(SUDOGS / 2..));
        }
        self.cache[p].push(s);
    }
}

proptest! {
    /// No sudog is given out twice, and each comes from where it should.
    #[test]
    fn sudogs(ops in prop::collection::vec((0usize..2, any::<bool>(), 1usize..150), 1..60)) {
        let (_turn, pp) = world();
        let ps = [pp, leak::<P>()];
        let (mut model, mut held) = (Sudogs::default(), Vec::new());
        // SAFETY: both Ps are this thread's, one after the other.
        unsafe {
            lock_init(&raw mut (*sched()).sudoglock, LOCK_RANK_SUDOG);
            (*sched()).sudogcache = null_mut();
            for (p, acquire, n) in ops {
                (*(*getg()).m).p.set(ps[p]);
                for _ in 0..n {
                    if acquire {
                        let s = acquire_sudog();
                        match model.acquire(p) {
                            Some(want) => prop_assert_eq!(s, want),
                            None => prop_assert!(!held.contains(&s)),
                        }
                        held.push(s);
                    } else if let Some(s) = held.pop() {
                        release_sudog(s);
                        model.release(p, s);
                    }
                }
                prop_assert_eq!((*ps[p]).sudogcache.len, model.cache[p].len());
            }
        }
    }
}
