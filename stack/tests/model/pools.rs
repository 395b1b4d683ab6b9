//! The pools and the caches of two Ps against a plain model: each cache is a stack of stacks. What
//! the model does not know is which stacks a refill brings: they must be nobody's. Both pools: that
//! of native code and that of managed code, each beside the other.

use super::*;
use gort_asm::getg;
use gort_runtime2::{NUM_STACK_ORDERS, StackKind};
use proptest::prelude::*;

/// The two pools.
const KINDS: [StackKind; 2] = [StackKind::Native, StackKind::Copying];

#[derive(Clone, Copy, Debug)]
enum Op {
    /// By this P, of this pool: a stack of the fixed size, doubled so many times.
    Alloc(usize, usize, u32),
    /// By this P: the live stack of that number, modulo their count.
    Free(usize, usize),
    /// This P's cache is given back.
    Clear(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    // A few sizes beyond those that are pooled.
    let doublings = prop_oneof![4 => Just(0u32), 4 => 1..NUM_STACK_ORDERS as u32, 1 => 4..6u32];
    // Runs of one kind fill and empty the caches.
    let run = prop_oneof![
        6 => (0..2usize, 0..2usize, doublings, 1..40usize).prop_map(|(p, k, d, n)| vec![Op::Alloc(p, k, d); n]),
        6 => (0..2usize, any::<usize>(), 1..40usize)
            .prop_map(|(p, k, n)| (0..n).map(|i| Op::Free(p, k.wrapping_add(i * 7))).collect()),
        1 => (0..2usize).prop_map(|p| vec![Op::Clear(p)]),
    ];
    proptest::collection::vec(run, 1..30).prop_map(|v| v.concat())
}

/// One order of a P's cache, the next one last; `None` came with a refill.
type Cache = Vec<Option<usize>>;

struct Model {
    /// By P, pool and order.
    cache: [[[Cache; NUM_STACK_ORDERS]; 2]; 2],
    /// Stacks in use, with their pool, and what was written to both of their ends.
    live: Vec<(Stack, usize, u64)>,
}

/// The size of a pool's stacks of order 0.
fn fixed(kind: usize) -> usize {
    [fixed_stack(), FIXED_STACK][kind]
}

/// How many stacks of an order a cache holds at most.
fn room(kind: usize, order: usize) -> usize {
    [stack_cache_size(), MANAGED_CACHE_SIZE][kind] / (fixed(kind) << order)
}

impl Model {
    /// What the next allocation gives, if it is known.
    fn alloc(&mut self, p: usize, kind: usize, order: usize) -> Option<usize> {
        let c = &mut self.cache[p][kind][order];
        if c.is_empty() {
            *c = vec![None; room(kind, order) / 2];
        }
        c.pop().expect("filled")
    }

    fn free(&mut self, p: usize, kind: usize, order: usize, lo: usize) {
        let c = &mut self.cache[p][kind][order];
        if c.len() == room(kind, order) {
            c.truncate(room(kind, order) / 2);
        }
        c.push(Some(lo));
    }

    /// Whether this stack lies in one of the caches.
    fn cached(&self, lo: usize) -> bool {
        self.cache.iter().flatten().flatten().flatten().any(|x| *x == Some(lo))
    }
}

unsafe fn ends(s: Stack, kind: usize) -> [*mut u64; 2] {
    let guard = [guard_size(s.hi - s.lo), 0][kind];
    [(s.lo + guard) as *mut u64, (s.hi - 8) as *mut u64]
}

fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let ps = [become_m(), Box::into_raw(Box::<P>::default())];
    let mut m = Model { cache: Default::default(), live: Vec::new() };
    let mut tag = 0;
    // SAFETY: on a fake g0; both Ps are this thread's, one after the other; only live stacks are
    // written, and each is freed once.
    unsafe {
        let mp = (*getg()).m;
        for op in ops {
            match op {
                Op::Alloc(p, kind, doublings) => {
                    (*mp).p.set(ps[p]);
                    let n = fixed(kind) << doublings;
                    let s = stackalloc_kind(n as u32, KINDS[kind]);
                    prop_assert_eq!(s.hi - s.lo, n);
                    prop_assert_eq!(s.lo % n.min(4096), 0);
                    prop_assert_eq!(stack_of(s.lo), Some((s, kind == 0)));
                    prop_assert_eq!(stack_of(s.hi - 1), Some((s, false)));
                    for (o, ..) in &m.live {
                        prop_assert!(s.hi <= o.lo || o.hi <= s.lo, "{:x?} overlaps {:x?}", s, o);
                    }
                    let order = doublings as usize;
                    if order < NUM_STACK_ORDERS
                        && let Some(want) = m.alloc(p, kind, order)
                    {
                        prop_assert_eq!(s.lo, want);
                    }
                    prop_assert!(!m.cached(s.lo), "{:x?} is in a cache as well", s);
                    tag += 1;
                    ends(s, kind).into_iter().for_each(|e| e.write_volatile(tag));
                    m.live.push((s, kind, tag));
                }
                Op::Free(p, k) if !m.live.is_empty() => {
                    (*mp).p.set(ps[p]);
                    let (s, kind, tag) = m.live.swap_remove(k % m.live.len());
                    prop_assert_eq!(ends(s, kind).map(|e| e.read_volatile()), [tag; 2]);
                    let order = ((s.hi - s.lo) / fixed(kind)).trailing_zeros() as usize;
                    stackfree_kind(s, KINDS[kind]);
                    if order < NUM_STACK_ORDERS {
                        m.free(p, kind, order, s.lo);
                    }
                }
                Op::Free(..) => {}
                Op::Clear(p) => {
                    stackcache_clear(ps[p]);
                    m.cache[p] = Default::default();
                }
            }
            for (p, caches) in ps.iter().zip(&m.cache) {
                for (i, c) in caches.iter().flatten().enumerate() {
                    let (kind, order) = (i / NUM_STACK_ORDERS, i % NUM_STACK_ORDERS);
                    let real = (&raw const (**p).stackcache[kind][order]).read();
                    prop_assert_eq!(real.size, c.len() * (fixed(kind) << order));
                    prop_assert_eq!(real.list == 0, c.is_empty());
                    if let Some(Some(next)) = c.last() {
                        prop_assert_eq!(real.list, *next);
                    }
                }
            }
        }
        m.live.iter().for_each(|(s, kind, _)| stackfree_kind(*s, KINDS[*kind]));
        ps.iter().for_each(|p| stackcache_clear(*p));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn pools_match_a_model(ops in ops()) {
        let before = stack_address_space();
        std::thread::spawn(|| run(ops)).join().unwrap()?;
        prop_assert!(stack_address_space() - before <= 1 << 31, "address space is not used again");
    }
}
