//! A model of the switch of coroutines: two goroutines on two Ms switch to the one that is blocked
//! in the coro. Each of the three is run by one M at a time, and one of them is blocked in the coro
//! at the end. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-coro --test loom_coro`
#![cfg(loom)]

use gort_coro::coroswitch;
use gort_proc::model::{Ptr, Role, as_g, check as model, new_g, scene};
use gort_proc::*;
use loom::cell::UnsafeCell;

#[derive(Clone, Copy)]
struct Scene {
    g: [Ptr<G>; 3],
    /// What each goroutine uses while it runs; loom reports who does so at the same time as
    /// another.
    used: Ptr<[UnsafeCell<u32>; 3]>,
    c: Ptr<Coro>,
}

impl Scene {
    fn body(&self, gp: *mut G) {
        let i = self.g.iter().position(|g| g.0 == gp).unwrap();
        // SAFETY: `gp` is running on this M; loom checks the cells.
        unsafe {
            let used = &(*self.used.0)[i];
            used.with_mut(|n| *n += 1);
            let again = (*gp).sleep_when != 0;
            (*gp).sleep_when = 1;
            if i < 2 && !again {
                as_g(gp, || coroswitch(self.c.0));
            }
        }
    }
}

fn two_switch() {
    model(2, || {
        let g = std::array::from_fn(|i| Ptr(new_g(if i < 2 { GRUNNABLE } else { GWAITING })));
        let sc = Scene { g, used: Ptr::new(), c: Ptr::new() };
        // SAFETY: two goroutines are in queues, the third in the coro.
        unsafe {
            (*sc.c.0).gp.set(g[2].0);
            let prepare = |busy: &[*mut P]| (0..2).for_each(|i| runqput(busy[i], g[i].0, false));
            scene(2, &[Role::Busy, Role::Busy, Role::Unborn], prepare, move |gp| sc.body(gp));
            let left = (*sc.c.0).gp.ptr();
            for gp in g {
                let want = if gp.0 == left { GWAITING } else { GDEAD };
                assert_eq!(readgstatus(gp.0), want);
            }
        }
    });
}

#[test]
fn two_goroutines_switch_to_one() {
    two_switch();
}

#[test]
#[should_panic]
fn mutant_coroswitch_ignores_who_has_got_the_goroutine() {
    mutant::set("coroswitch ignores who has got the goroutine");
    two_switch();
}
