//! The list of segments against a plain model: a vector of what is in use. The test stands in for
//! `__morestack`, and for the code that would run on the segments; it stays on its own stack.

use super::*;
use gort_runtime2::{Segment, StackKind};
use proptest::prelude::*;

unsafe extern "C" {
    #[link_name = "gort.newsegment"]
    fn newsegment(need: usize) -> *mut Segment;
    #[link_name = "gort.oldsegment"]
    fn oldsegment();
}

/// A goroutine on a segmented stack, current on this thread. g0 gets a stack, as growing happens
/// there.
unsafe fn goroutine() -> *mut G {
    // SAFETY: all are new, and this thread's alone.
    unsafe {
        become_m();
        let g0 = gort_asm::getg();
        let mp = (*g0).m;
        let gp = Box::into_raw(Box::<G>::default());
        (*gp).stack = stackalloc(starting_stack_size());
        (*gp).m = mp;
        (*g0).sched.sp =
            Box::leak(vec![0u128; 1 << 14].into_boxed_slice()).as_mut_ptr_range().end as usize;
        segment_first(gp);
        (*mp).curg.set(gp);
        setg(gp);
        gp
    }
}

/// The goroutine is over: back on g0, its segments are freed.
unsafe fn end(gp: *mut G) {
    // SAFETY: made by `goroutine`.
    unsafe {
        setg((*(*gp).m).g0);
        segment_exit(gp);
        stackfree((*gp).stack);
    }
}

/// What `__morestack` does with a call that needs so many bytes.
unsafe fn call(gp: *mut G, need: usize) -> *mut Segment {
    // SAFETY: the goroutine's own list.
    unsafe {
        let cur = (*gp).seg;
        let mut s = (*cur).next;
        if s.is_null() || (*s).space < need {
            s = newsegment(need);
        }
        assert_eq!((*cur).next, s);
        (*gp).seg = s;
        (*gp).stack = (*s).stack;
        (*gp).split_guard = (*s).guard;
        s
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Call(usize),
    Return,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let size =
        prop_oneof![1..4096usize, 1..1usize << 20, Just(MIN_SEGMENT), Just(MIN_SEGMENT - HEADROOM)];
    let op = prop_oneof![3 => size.prop_map(Op::Call), 2 => Just(Op::Return)];
    proptest::collection::vec(op, 1..120)
}

/// The goroutine's segments are those of the model, oldest first.
unsafe fn compare(gp: *mut G, model: &[(*mut Segment, usize)]) -> Result<(), TestCaseError> {
    // SAFETY: as above.
    unsafe {
        let (mut s, mut total) = ((*gp).seg, 0);
        prop_assert_eq!((*gp).stack, (*s).stack);
        prop_assert_eq!((*gp).split_guard, (*s).guard);
        for &(m, need) in model.iter().rev() {
            prop_assert_eq!(s, m);
            let Stack { lo, hi } = (*s).stack;
            prop_assert!((*s).space >= need && (*s).guard >= lo + HEADROOM);
            prop_assert_eq!((*s).guard + (*s).space, s as usize);
            prop_assert!((s as usize) < hi && (s as usize).is_multiple_of(16));
            prop_assert_eq!(stack_of((*s).guard - 1), Some(((*s).stack, false)));
            // The memory is there, and nobody else's.
            let low = ((*s).guard.next_multiple_of(8)) as *mut usize;
            prop_assert_eq!(low.read_volatile(), m as usize);
            total += (*s).space;
            s = (*s).prev;
        }
        prop_assert!(s.is_null(), "the first has none before it");
        prop_assert_eq!((*(*gp).seg).total, total);
        // One at most is kept.
        let kept = (*(*gp).seg).next;
        prop_assert!(kept.is_null() || (*kept).next.is_null());
        Ok(())
    }
}

fn run(ops: Vec<Op>) -> Result<(), TestCaseError> {
    MAXSTACKSIZE.set(1 << 40);
    MAXSTACKCEILING.set(1 << 40);
    // SAFETY: the thread is an M of its own; the list is walked as the goroutine itself would.
    unsafe {
        let gp = goroutine();
        let mark = |s: *mut Segment| {
            ((*s).guard.next_multiple_of(8) as *mut usize).write_volatile(s as usize)
        };
        let mut model = vec![((*gp).seg, FIRST_SPACE)];
        mark((*gp).seg);
        for op in ops {
            match op {
                Op::Call(need) if model.len() < 9 => {
                    let s = call(gp, need);
                    mark(s);
                    model.push((s, need));
                }
                Op::Return if model.len() > 1 => {
                    oldsegment();
                    model.pop();
                }
                _ => continue,
            }
            compare(gp, &model)?;
        }
        let first = (*model[0].0).stack;
        end(gp);
        prop_assert_eq!((*gp).stack_kind, StackKind::Native);
        prop_assert_eq!((*gp).split_guard, 0);
        prop_assert_eq!((*gp).stack, first);
        stackcache_clear((*(*gp).m).p.ptr());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn segments_are_the_models(ops in ops()) {
        std::thread::spawn(|| run(ops)).join().unwrap()?;
    }
}

/// Whatever was used, all of it is there again for the next.
#[test]
fn segments_are_given_back() {
    if child_mode().is_none() {
        let o = child("segments::segments_are_given_back", "yes");
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stdout));
        return;
    }
    std::thread::spawn(|| {
        MAXSTACKSIZE.set(1 << 30);
        MAXSTACKCEILING.set(1 << 30);
        // SAFETY: as above.
        unsafe {
            let mut before = 0;
            for i in 0..100 {
                let gp = goroutine();
                for _ in 0..9 {
                    call(gp, 1000);
                }
                for _ in 0..i % 9 {
                    oldsegment();
                }
                end(gp);
                stackcache_clear((*(*gp).m).p.ptr());
                if i == 0 {
                    before = stack_address_space();
                }
            }
            assert_eq!(stack_address_space(), before);
        }
    })
    .join()
    .unwrap();
}

/// The limit is reached to within what a smallest segment wastes, with segments that get smaller;
/// and then Go's words.
#[test]
fn segments_end_at_the_limit() {
    const LIMIT: usize = 100_000_000;
    if child_mode().is_none() {
        let o = child("segments::segments_end_at_the_limit", "yes");
        let err = String::from_utf8_lossy(&o.stderr);
        assert_eq!(o.status.code(), Some(2), "{err}");
        assert!(
            err.contains("runtime: goroutine stack exceeds 100000000-byte limit\nruntime: sp=0x"),
            "{err}"
        );
        assert!(err.contains("\nfatal error: stack overflow"), "{err}");
        let total: usize =
            err.lines().filter_map(|l| l.strip_prefix("total ")?.parse().ok()).next_back().unwrap();
        assert!(total <= LIMIT && total > LIMIT - 1000, "{total}");
        return;
    }
    std::thread::spawn(|| {
        MAXSTACKSIZE.set(LIMIT);
        MAXSTACKCEILING.set(2 * LIMIT);
        // SAFETY: as above.
        unsafe {
            let gp = goroutine();
            loop {
                eprintln!("total {}", (*call(gp, 1000)).total);
            }
        }
    })
    .join()
    .unwrap();
}
