//! Models of the dance between spinning and idle Ms: the real `schedule`, `find_runnable`, `wakep`,
//! `stopm`. If a goroutine becomes runnable while a P is idle, some M runs it, even if whoever
//! readied it never schedules again. See README-spinning.md.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_spinning`
#![cfg(loom)]

use gort_proc::model::{Ptr, Role, check as model, new_g, scene};
use gort_proc::*;
use gort_runtime2::mutant;

/// The goroutines of an execution: the first readies the others and keeps its P and its thread
/// until they have run; with `chain` so does each of them until the one behind it has.
#[derive(Clone, Copy)]
struct Gs {
    g: [Ptr<G>; 3],
    done: [Ptr<Note>; 3],
    n: usize,
    next: bool,
    chain: bool,
}

impl Gs {
    fn body(&self, gp: *mut G) {
        // SAFETY: `gp` is running on this M; notes are leaked.
        unsafe {
            let i = self.g.iter().position(|g| g.0 == gp).unwrap();
            if i == 0 {
                for g in &self.g[1..self.n] {
                    ready(g.0, self.next);
                }
            }
            if i == 0 && !self.chain {
                (1..self.n).for_each(|i| notesleep(self.done[i].0));
            } else if i + 1 < self.n && self.chain {
                notesleep(self.done[i + 1].0);
            }
            notewakeup(self.done[i].0);
        }
    }
}

/// `ps` Ps; as many Ms with a P to begin with as `busy`, the first of them with the first
/// goroutine; one spare M, since an M that has given its P back is not yet on the list of idle
/// ones.
fn dance(ps: i32, busy: usize, n: usize, next: bool, chain: bool) {
    let gs = Gs {
        g: std::array::from_fn(|i| Ptr(new_g(if i == 0 { GRUNNABLE } else { GWAITING }))),
        done: std::array::from_fn(|_| Ptr::new()),
        n,
        next,
        chain,
    };
    let roles: Vec<_> =
        (0..=ps as usize).map(|i| if i < busy { Role::Busy } else { Role::Idle }).collect();
    // SAFETY: the first M has the first goroutine.
    unsafe {
        scene(ps, &roles, |busy| runqput(busy[0], gs.g[0].0, false), move |gp| gs.body(gp));
        for (i, gp) in gs.g[..n].iter().enumerate() {
            assert_eq!(readgstatus(gp.0), GDEAD, "goroutine {i}: lost wake-up");
        }
        assert_eq!((*sched()).nmspinning.load(), 0);
        assert_eq!((*sched()).npidle.load(), ps);
    }
}

/// The other M looks for work and gives up while the first hands some in.
fn going_idle() {
    model(2, || dance(2, 2, 2, false, false));
}

#[test]
fn work_for_an_m_that_goes_idle() {
    going_idle();
}

#[test]
fn work_in_runnext_for_an_m_that_goes_idle() {
    model(2, || dance(2, 2, 2, true, false));
}

/// Two at once: the second `wakep` may leave it to the first.
#[test]
fn more_work_for_an_m_that_goes_idle() {
    model(2, || dance(2, 2, 3, false, false));
}

/// The other M sleeps.
#[test]
fn work_for_an_idle_m() {
    model(2, || dance(2, 1, 2, false, false));
}

/// Two goroutines for two Ms: the one that is woken wakes the next.
fn chain() {
    model(1, || dance(3, 1, 3, false, true));
}

#[test]
fn the_woken_wakes_the_next() {
    chain();
}

#[test]
#[should_panic = "lost wake-up"]
fn mutant_wakep_without_its_fence() {
    mutant::set("wakep without its fence");
    going_idle();
}

#[test]
#[should_panic = "lost wake-up"]
fn mutant_find_runnable_does_not_look_again() {
    mutant::set("find_runnable does not look again");
    going_idle();
}

#[test]
#[should_panic = "lost wake-up"]
fn mutant_nobody_asks_for_a_spinning_m() {
    mutant::set("pidleget_spinning does not ask for a spinning M");
    going_idle();
}

#[test]
#[should_panic = "lost wake-up"]
fn mutant_resetspinning_wakes_nobody() {
    mutant::set("resetspinning wakes nobody");
    chain();
}
