//! The treap of waiters against a model, and the arithmetic of tickets. No scheduler runs.

use gort as _;
use gort_proc::atomic::Uint32;
use gort_proc::*;
use gort_sema::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

fn leak<T: Default>() -> *mut T {
    Box::into_raw(Box::default())
}

/// Makes this thread an M on its g0: random numbers come from the M.
fn world() {
    let (gp, mp) = (leak::<G>(), leak::<M>());
    // SAFETY: fresh memory, leaked; the thread had no G, and now has this one.
    unsafe {
        (*gp).m = mp;
        (*mp).g0 = gp;
        (*mp).cheaprand = 88172645463325252;
        setg(gp);
    }
}

/// Checks order, heap and links of the tree at `s`; returns the addresses in order with the lengths
/// of their lists.
unsafe fn check(s: *mut Sudog, parent: *mut Sudog, out: &mut Vec<(usize, usize)>) {
    if s.is_null() {
        return;
    }
    // SAFETY: sudogs of the test.
    unsafe {
        assert_eq!((*s).parent, parent);
        assert_eq!((*s).ticket & 1, 1);
        if !parent.is_null() {
            assert!((*parent).ticket <= (*s).ticket, "not a heap");
        }
        check((*s).prev, s, out);
        let (mut n, mut last) = (0, s);
        while !(*last).waitlink.is_null() {
            last = (*last).waitlink;
            assert_eq!((*last).elem, (*s).elem);
            assert!((*last).parent.is_null() && (*last).prev.is_null() && (*last).next.is_null());
            n += 1;
        }
        assert_eq!((*s).waittail, if n == 0 { std::ptr::null_mut() } else { last });
        out.push(((*s).elem.addr(), n + 1));
        check((*s).next, s, out);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Queue(usize, bool),
    Dequeue(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0usize..40, any::<bool>()).prop_map(|(a, lifo)| Op::Queue(a, lifo)),
        2 => (0usize..40).prop_map(Op::Dequeue),
    ]
}

proptest! {
    #[test]
    fn treap(ops in prop::collection::vec(op(), 1..300)) {
        world();
        let sems: Vec<Uint32> = (0..40).map(|_| Uint32::new(0)).collect();
        let mut root = SemaRoot { lock: Mutex::default(), treap: std::ptr::null_mut(), nwait: Uint32::new(0) };
        let root = &raw mut root;
        let mut model: BTreeMap<usize, VecDeque<*mut Sudog>> = BTreeMap::new();
        // SAFETY: the root and the sudogs are our own.
        unsafe {
            for op in ops {
                match op {
                    Op::Queue(a, lifo) => {
                        let s = leak::<Sudog>();
                        queue(root, &raw const sems[a], s, lifo);
                        prop_assert_eq!((*s).g, getg());
                        let q = model.entry((&raw const sems[a]).addr()).or_default();
                        if lifo { q.push_front(s) } else { q.push_back(s) }
                    }
                    Op::Dequeue(a) => {
                        let (s, now, tailtime) = dequeue(root, &raw const sems[a]);
                        prop_assert_eq!((now, tailtime), (0, 0));
                        let addr = (&raw const sems[a]).addr();
                        let want = model.get_mut(&addr).and_then(|q| q.pop_front());
                        prop_assert_eq!(s, want.unwrap_or(std::ptr::null_mut()));
                        if model.get(&addr).is_some_and(|q| q.is_empty()) {
                            model.remove(&addr);
                        }
                        if !s.is_null() {
                            prop_assert_eq!((*s).ticket, 0);
                            prop_assert!((*s).elem.is_null() && (*s).parent.is_null() && (*s).waitlink.is_null());
                            drop(Box::from_raw(s));
                        }
                    }
                }
                let mut got = Vec::new();
                check((*root).treap, std::ptr::null_mut(), &mut got);
                let want: Vec<_> = model.iter().map(|(a, q)| (*a, q.len())).collect();
                prop_assert_eq!(got, want);
            }
        }
    }

    /// Tickets compare as if they did not wrap around.
    #[test]
    fn tickets(a: u32, d in 1u32..1 << 31) {
        prop_assert!(less(a, a.wrapping_add(d)));
        prop_assert!(!less(a.wrapping_add(d), a));
        prop_assert!(!less(a, a));
    }
}

/// The head of a list knows its length, up to 65535 others; later ones only look at whether it is
/// 0.
#[test]
fn waiters() {
    world();
    let sem = Uint32::new(0);
    let mut root =
        SemaRoot { lock: Mutex::default(), treap: std::ptr::null_mut(), nwait: Uint32::new(0) };
    let root = &raw mut root;
    // SAFETY: the root and the sudogs are our own.
    unsafe {
        for i in 0..70_000u32 {
            queue(root, &raw const sem, leak::<Sudog>(), i % 2 == 1);
            assert_eq!(u32::from((*(*root).treap).waiters), i.min(65535));
        }
        for i in 1..70_000u32 {
            assert!(!dequeue(root, &raw const sem).0.is_null());
            let n = u32::from((*(*root).treap).waiters);
            assert_eq!(n, 65535u32.saturating_sub(i).max(1), "after {i}");
        }
        assert!(!dequeue(root, &raw const sem).0.is_null());
        assert!((*root).treap.is_null());
        assert!(dequeue(root, &raw const sem).0.is_null());
    }
}

/// Random priorities keep the tree flat.
#[test]
fn balanced() {
    unsafe fn depth(s: *mut Sudog) -> usize {
        if s.is_null() {
            return 0;
        }
        // SAFETY: sudogs of the test.
        unsafe { 1 + depth((*s).prev).max(depth((*s).next)) }
    }
    world();
    let sems: Vec<Uint32> = (0..10_000).map(|_| Uint32::new(0)).collect();
    let mut root =
        SemaRoot { lock: Mutex::default(), treap: std::ptr::null_mut(), nwait: Uint32::new(0) };
    let root = &raw mut root;
    // SAFETY: the root and the sudogs are our own.
    unsafe {
        for s in &sems {
            queue(root, s, leak::<Sudog>(), false);
        }
        let d = depth((*root).treap);
        assert!(d < 60, "{d} levels for 10000 ascending addresses");
    }
}

#[test]
fn counting() {
    world();
    let sem = Uint32::new(2);
    // SAFETY: our own.
    unsafe {
        assert!(cansemacquire(&raw const sem));
        assert!(cansemacquire(&raw const sem));
        assert!(!cansemacquire(&raw const sem));
        // Nobody waits: only the count goes up.
        semrelease1(&raw const sem, false, 0);
        assert_eq!(sem.load(), 1);
        let l = leak::<NotifyList>();
        assert_eq!(notify_list_add(l), 0);
        assert_eq!(notify_list_add(l), 1);
        notify_list_notify_one(l);
        // The first ticket has been called, so its wait returns at once.
        notify_list_wait(l, 0);
        notify_list_notify_all(l);
        notify_list_wait(l, 1);
        assert_eq!(((*l).wait.load(), (*l).notify.load()), (2, 2));
    }
}

#[test]
fn table() {
    let a = Uint32::new(0);
    assert_eq!(size_of::<SemaRoot>(), 64);
    assert_eq!(root_for(&raw const a).addr() % 64, 0);
    let p = (&raw const a).addr() >> 3;
    let q = root_for(std::ptr::without_provenance(8 * (p / 251 * 251))).addr();
    assert_eq!(root_for(&raw const a).addr() - q, p % 251 * 64);
}
