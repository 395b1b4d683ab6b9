//! Models of a stop of the world, and of functions run at safe points, against Ms that run
//! goroutines, look for work, go idle, and enter and leave system calls. While the world is stopped
//! nobody else runs; afterwards nothing is left lying.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_stw`
#![cfg(loom)]

use gort_proc::model::{Ptr, Role, as_g, check, new_g, scene};
use gort_proc::*;
use gort_runtime2::mutant;
use loom::cell::UnsafeCell;

/// What goroutine `i` does; the first stops the world.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Uses its processor, and ends.
    Work,
    /// A system call that is over when it likes.
    ShortCall,
    /// A system call that is over once the world has been stopped.
    CallUntilStopped,
}

/// What the first goroutine stops the others with.
#[derive(Clone, Copy)]
enum How {
    /// The world is stopped, another goroutine is queued meanwhile, and it is started.
    Stop,
    /// A function runs on every P.
    ForEachP,
}

const PS: i32 = 2;

#[derive(Default)]
struct Shared {
    /// Used by whoever runs with that P; loom reports who does so at the same time as another.
    ps: [UnsafeCell<u32>; PS as usize],
    stopped: Note,
    done: [Note; 3],
    ended: atomic::Uint32,
    over: atomic::Uint32,
    never: [Note; 3],
}

#[derive(Clone, Copy)]
struct Scene {
    g: [Ptr<G>; 3],
    s: Ptr<Shared>,
    how: How,
    does: Does,
    /// There is a third goroutine, which becomes runnable during the stop.
    late: bool,
    /// Who has run once the world goes on keeps its M and its P, and does not look for work.
    keep: bool,
}

impl Scene {
    fn n(&self) -> usize {
        if self.late { 3 } else { 2 }
    }

    fn use_p(&self, pp: *mut P) {
        // SAFETY: Ps are not freed; loom checks that nobody else uses the cell.
        unsafe { (&(*self.s.0).ps)[(*pp).id as usize].with_mut(|n| *n += 1) };
    }

    fn use_my_p(&self) {
        // SAFETY: on an M with a P.
        self.use_p(unsafe { (*(*getg()).m).p.ptr() });
    }

    fn body(&self, gp: *mut G) {
        let s = self.s.0;
        // SAFETY: `gp` is running on this M; notes are leaked.
        unsafe {
            let i = self.g.iter().position(|g| g.0 == gp).unwrap();
            let again = (*gp).sleep_when != 0;
            (*gp).sleep_when = 1;
            self.use_my_p();
            match (i, self.does) {
                (0, _) => {
                    match self.how {
                        How::Stop => self.stop_and_start(),
                        How::ForEachP => self.for_each(),
                    }
                    // Keeps its P: the others are not its affair.
                    (1..self.n()).for_each(|i| notesleep(&raw mut (*s).done[i]));
                }
                (1, call) if call != Does::Work && !again => {
                    as_g(gp, || reentersyscall(0, 0, 0));
                    if call == Does::CallUntilStopped {
                        notesleep(&raw mut (*s).stopped);
                    }
                    loom::thread::yield_now();
                    as_g(gp, || exitsyscall_frame(0));
                    self.use_my_p();
                }
                _ => {}
            }
            notewakeup(&raw mut (*s).done[i]);
            (*s).ended.add(1);
            if self.keep && (*s).over.load() != 0 {
                notesleep(&raw mut (*s).never[i]);
            }
        }
    }

    unsafe fn stop_and_start(&self) {
        // SAFETY: the one stopper, on g0.
        unsafe {
            let w = stop_the_world_with_sema(StwReason::Unknown);
            for i in 0..(*allp()).len {
                self.use_p(*(*allp()).at(i));
            }
            notewakeup(&raw mut (*self.s.0).stopped);
            if self.late {
                lock(&raw mut (*sched()).lock);
                globrunqput(self.g[2].0);
                unlock(&raw mut (*sched()).lock);
            }
            start_the_world_with_sema(0, w);
            (*self.s.0).over.store(1);
        }
    }

    unsafe fn for_each(&self) {
        struct Use<'a>(&'a Scene, &'a [loom::sync::atomic::AtomicU32; PS as usize]);
        // SAFETY: the cells are checked by loom.
        unsafe impl Sync for Use<'_> {}
        impl Use<'_> {
            fn call(&self, pp: *mut P) {
                self.0.use_p(pp);
                // SAFETY: Ps are not freed.
                let id = unsafe { (*pp).id } as usize;
                self.1[id].fetch_add(1, loom::sync::atomic::Ordering::Relaxed);
            }
        }
        let calls = Default::default();
        let u = Use(self, &calls);
        // SAFETY: on g0 for the running goroutine, as `systemstack` would have it.
        unsafe { for_each_p(WaitReason::GCMarkTermination, &|pp| u.call(pp)) };
        for c in &calls[..PS as usize] {
            assert_eq!(c.load(loom::sync::atomic::Ordering::Relaxed), 1, "once on every P");
        }
        // SAFETY: the note is leaked.
        unsafe { notewakeup(&raw mut (*self.s.0).stopped) };
    }
}

/// Two Ps: the second M stops the first one, which has a goroutine of its own. It is the first one
/// that runs first, so that a single preemption brings the stop into the midst of what it does.
fn stop(how: How, does: Does, late: bool) {
    check(1, scenario(how, does, late, false));
}

fn scenario(how: How, does: Does, late: bool, keep: bool) -> impl Fn() + Send + Sync {
    move || {
        let g = std::array::from_fn(|_| Ptr(new_g(GRUNNABLE)));
        let sc = Scene { g, s: Ptr::new(), how, does, late, keep };
        // SAFETY: each goroutine is put into one queue.
        unsafe {
            let prepare = |busy: &[*mut P]| {
                (*sched()).lastpoll.store(1);
                runqput(busy[1], sc.g[0].0, false);
                runqput(busy[0], sc.g[1].0, false);
            };
            let roles = [Role::Busy, Role::Busy, Role::Unborn, Role::Unborn];
            scene(PS, &roles, prepare, move |gp| sc.body(gp));
            assert_eq!((*sc.s.0).ended.load() as usize, sc.n(), "a goroutine was left lying");
            assert_eq!((*sched()).nmspinning.load(), 0);
            if !keep {
                assert_eq!((*sched()).npidle.load(), PS);
            }
        }
    }
}

fn against_search() {
    stop(How::Stop, Does::Work, false);
}

/// The other M runs a goroutine, steals the next one, looks for work, goes idle.
#[test]
fn stop_an_m_that_looks_for_work() {
    against_search();
}

fn work_during_the_stop() {
    stop(How::Stop, Does::Work, true);
}

/// What became runnable during the stop is run after it, though who started the world goes on with
/// its own.
#[test]
fn work_of_a_stopped_world() {
    work_during_the_stop();
}

/// Without the search of the Ms that go idle at the end: there would be too many orders.
fn short_call() {
    check(1, scenario(How::Stop, Does::ShortCall, false, true));
}

#[test]
fn stop_against_a_short_system_call() {
    short_call();
}

fn long_call() {
    stop(How::Stop, Does::CallUntilStopped, false);
}

/// Who is in a system call need not come back for the world to stop.
#[test]
fn stop_during_a_system_call() {
    long_call();
}

fn safe_points() {
    stop(How::ForEachP, Does::Work, false);
}

#[test]
fn safe_point_of_an_m_that_looks_for_work() {
    safe_points();
}

#[test]
fn safe_point_of_a_short_system_call() {
    stop(How::ForEachP, Does::ShortCall, false);
}

#[test]
#[should_panic]
fn mutant_find_runnable_gives_its_p_back_during_a_stop() {
    mutant::set("find_runnable gives its P back without a look");
    against_search();
}

#[test]
#[should_panic]
fn mutant_the_world_starts_without_a_wakep() {
    mutant::set("the world starts without a wakep");
    work_during_the_stop();
}

#[test]
#[should_panic]
fn mutant_the_stop_ignores_who_has_got_the_p() {
    mutant::set("the stop ignores who has got the P");
    short_call();
}

#[test]
#[should_panic]
fn mutant_entersyscall_does_not_look_for_a_stop() {
    mutant::set("entersyscall does not look for a stop");
    long_call();
}

#[test]
#[should_panic]
fn mutant_find_runnable_gives_its_p_back_before_a_safe_point() {
    mutant::set("find_runnable gives its P back without a look");
    safe_points();
}
