//! Models of the dance between spinning and idle Ms: the real `schedule`, `find_runnable`, `wakep`, `stopm`. If a
//! goroutine becomes runnable while a P is idle, some M runs it, even if whoever readied it never schedules again.
//! See README-spinning.md.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_spinning`
#![cfg(loom)]

use gort_proc::model::{init_ps, new_g, new_m, on_m, run_m, take_p};
use gort_proc::*;
use gort_runtime2::mutant;
use loom::thread;
use std::cell::Cell;

fn model(bound: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut b = loom::model::Builder::new();
    b.preemption_bound = Some(bound);
    b.max_branches = 100_000;
    b.check(f);
}

#[derive(Clone, Copy)]
struct Ptr<T>(*mut T);
// SAFETY: what is behind it is shared by the rules under test.
unsafe impl<T> Send for Ptr<T> {}
impl<T> Ptr<T> {
    fn get(&self) -> *mut T {
        self.0
    }
}

/// The goroutines of an execution: the first readies the others and keeps its P and its thread until they have run;
/// with `chain` so does each of them until the one behind it has.
#[derive(Clone, Copy)]
struct Gs {
    g: [*mut G; 3],
    done: [*mut Note; 3],
    n: usize,
    next: bool,
    chain: bool,
}

std::thread_local! {
    // Models of one test share an OS thread: set at the start of each execution, then only read.
    static GS: Cell<Option<Gs>> = const { Cell::new(None) };
}

unsafe fn body(gp: *mut G) {
    // SAFETY: `gp` is running on this M; notes are leaked.
    unsafe {
        let gs = GS.get().unwrap();
        let i = gs.g.iter().position(|&g| g == gp).unwrap();
        if i == 0 {
            for &g in &gs.g[1..gs.n] {
                ready(g, gs.next);
            }
        }
        if i == 0 && !gs.chain {
            (1..gs.n).for_each(|i| notesleep(gs.done[i]));
        } else if i + 1 < gs.n && gs.chain {
            notesleep(gs.done[i + 1]);
        }
        notewakeup(gs.done[i]);
    }
}

/// `ps` Ps; as many Ms with a P to begin with as `busy`, the first of them with the first goroutine; one spare M,
/// since an M that has given its P back is not yet on the list of idle ones.
fn dance(ps: i32, busy: i32, n: usize, next: bool, chain: bool) {
    // SAFETY: one thread per M; Ps are taken before the threads start.
    unsafe {
        let total = ps + 1;
        set_participants(total as usize);
        let ms: Vec<_> = (0..total).map(|i| new_m(i as i64)).collect();
        on_m(ms[0], || init_ps(ps));
        let gs = Gs {
            g: std::array::from_fn(|i| new_g(if i == 0 { GRUNNABLE } else { GWAITING })),
            done: std::array::from_fn(|_| Box::leak(Box::default()) as *mut Note),
            n,
            next,
            chain,
        };
        GS.set(Some(gs));
        for (i, &mp) in ms.iter().enumerate() {
            on_m(mp, || {
                if i < busy as usize {
                    let pp = take_p();
                    if i == 0 {
                        runqput(pp, gs.g[0], false);
                    }
                } else {
                    // Asleep already: what stopm does before mPark.
                    lock(&raw mut (*sched()).lock);
                    mput(mp);
                    unlock(&raw mut (*sched()).lock);
                }
            });
        }
        let run = move |mp: *mut M| {
            on_m(mp, || {
                let start = || {
                    if (*mp).p.is_null() {
                        m_park();
                        acquirep((*mp).nextp.ptr());
                        (*mp).nextp.set(std::ptr::null_mut());
                    }
                };
                run_m(start, body)
            })
        };
        let t: Vec<_> = ms[1..]
            .iter()
            .map(|&mp| {
                let mp = Ptr(mp);
                thread::spawn(move || run(mp.get()))
            })
            .collect();
        run(ms[0]);
        for t in t {
            t.join().unwrap();
        }
        for (i, &gp) in gs.g[..n].iter().enumerate() {
            assert_eq!(readgstatus(gp), GDEAD, "goroutine {i}: lost wake-up");
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
