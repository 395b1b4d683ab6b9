//! Models of a goroutine that sleeps on a note (`notetsleepg`): its P goes to others meanwhile, the
//! wake-up may come before, during and after the sleep's time limit, and the note is used again.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-proc --test loom_note`
#![cfg(loom)]

use gort_lock_futex::notetsleepg;
use gort_os_linux::{set_nanotime, set_time_passes};
use gort_proc::model::{Ptr, Role, as_g, check, check_first, new_g, scene};
use gort_proc::*;
use gort_runtime2::linkname::{Upward, set_upward};
use gort_runtime2::mutant;
use loom::cell::UnsafeCell;

/// Nobody sleeps, nobody has promised to wake.
const IDLE: u32 = 0;
/// The sleeper wants to be woken.
const SLEEPS: u32 = 1;
/// The waker will call `notewakeup`, or has.
const WAKES: u32 = 2;

/// What sleeper and waker agree by, as the users of notes in the runtime do (`sched.sysmonwait`,
/// sigqueue's `sig.state`).
#[derive(Default)]
struct Shared {
    note: Note,
    state: atomic::Uint32,
    /// Handed over by the wake-up; loom checks that.
    value: UnsafeCell<u32>,
    woken: atomic::Uint32,
}

/// One sleeps, another one wakes it.
#[derive(Clone, Copy)]
struct Scene {
    s: Ptr<Shared>,
    /// The limit of the sleep, or none.
    ns: i64,
    rounds: u32,
}

impl Scene {
    /// Sleeps once. True if the note says so; a goroutine that changes its M here does not come
    /// back: the model calls it again.
    fn sleep(&self, gp: *mut G, ns: i64) -> bool {
        // SAFETY: the note is leaked; on the goroutine.
        unsafe { as_g(gp, || notetsleepg(&raw mut (*self.s.0).note, ns)) }
    }

    fn sleeper(&self, gp: *mut G) {
        // SAFETY: `gp` is running on this M, and what is its own is not shared.
        unsafe {
            let s = &*self.s.0;
            // How far it has come: the round, and whether its sleep with a limit is over.
            let step = &mut (*gp).sleep_when;
            while *step < 2 * i64::from(self.rounds) {
                if *step % 2 == 0 {
                    s.state.store(SLEEPS);
                    *step += 1;
                    let woken = self.sleep(gp, self.ns);
                    assert!(!woken || s.state.load() == WAKES, "woken by nobody");
                    assert!(woken || self.ns >= 0, "the sleep without a limit is over");
                }
                // Whether the time is over or not: is somebody on the way to wake it?
                if s.state.cas(SLEEPS, IDLE) {
                    assert_eq!(s.note.key.load(), 0);
                } else {
                    // Then the note is not to be touched before he has.
                    if s.note.key.load() == 0
                        && !mutant!("a note is cleared under its waker's hands")
                    {
                        self.sleep(gp, -1);
                    }
                    s.value.with_mut(|v| *v += 1);
                    noteclear((&raw const s.note).cast_mut());
                    s.woken.add(1);
                    s.state.store(IDLE);
                }
                *step += 1;
            }
        }
    }

    fn waker(&self) {
        // SAFETY: the note is leaked.
        unsafe {
            let s = &*self.s.0;
            for _ in 0..self.rounds {
                if s.state.cas(SLEEPS, WAKES) {
                    s.value.with_mut(|v| *v += 1);
                    notewakeup((&raw const s.note).cast_mut());
                }
                // It is the other's turn, if he is there.
                loom::thread::yield_now();
            }
        }
    }
}

/// With one P the waker cannot run unless the sleeper gives it away; with two it runs beside it.
/// `spare` Ms may be made.
fn scenario(ps: usize, spare: usize, ns: i64, rounds: u32) -> impl Fn() + Send + Sync {
    set_upward(Upward {
        entersyscallblock: entersyscallblock_frame,
        exitsyscall: exitsyscall_frame,
        ..Upward::NONE
    });
    move || {
        set_nanotime(1);
        set_time_passes();
        let sc = Scene { s: Ptr::new(), ns, rounds };
        // The first sleeps, the second wakes it.
        let g: [_; 2] = std::array::from_fn(|_| Ptr(new_g(GRUNNABLE)));
        // SAFETY: each goroutine is in one queue.
        unsafe {
            let prepare =
                |busy: &[*mut P]| (0..2).for_each(|i| runqput(busy[i % ps], g[i].0, false));
            scene(
                ps as i32,
                &[&vec![Role::Busy; ps][..], &vec![Role::Unborn; spare]].concat(),
                prepare,
                move |gp| {
                    if gp == g[0].0 { sc.sleeper(gp) } else { sc.waker() }
                },
            );
            for (i, gp) in g.iter().enumerate() {
                assert_eq!(readgstatus(gp.0), GDEAD, "goroutine {i} was left lying");
            }
            let s = &*sc.s.0;
            assert!(ns >= 0 || s.woken.load() == rounds);
            assert_eq!(s.note.key.load(), 0);
            assert_eq!((*sched()).npidle.load(), ps as i32);
        }
    }
}

fn without_limit() {
    check(3, scenario(1, 1, -1, 1));
}

#[test]
fn a_goroutine_sleeps_until_it_is_woken() {
    without_limit();
}

fn twice() {
    check(1, scenario(1, 2, 10, 2));
}

/// The note is used again, after a wake-up or after a timeout.
#[test]
fn a_note_is_used_again() {
    twice();
}

/// The wake-up comes before the limit, after it, or while the sleeper looks for the last time.
#[test]
fn a_limit_against_the_wake_up() {
    check_first(1, 10_000, scenario(2, 2, 10, 1));
}

/// What the waker from outside works with.
struct Outside(Scene);
// SAFETY: all threads of a model may use it.
unsafe impl Sync for Outside {}

loom::lazy_static! {
    static ref OUTSIDE: Outside = Outside(Scene { s: Ptr::new(), ns: 10, rounds: 1 });
}

/// The waker has no P, as sysmon has none.
fn from_outside() {
    set_upward(Upward {
        entersyscallblock: entersyscallblock_frame,
        exitsyscall: exitsyscall_frame,
        ..Upward::NONE
    });
    check(1, || {
        set_nanotime(1);
        set_time_passes();
        let sc = OUTSIDE.0;
        let gp = Ptr(new_g(GRUNNABLE));
        // SAFETY: the goroutine is in one queue.
        unsafe {
            scene(
                1,
                &[Role::Busy, Role::Alone(|| OUTSIDE.0.waker()), Role::Unborn, Role::Unborn],
                |busy| runqput(busy[0], gp.0, false),
                move |gp| sc.sleeper(gp),
            );
            assert_eq!(readgstatus(gp.0), GDEAD, "it was left lying");
            assert_eq!((*sc.s.0).note.key.load(), 0, "a late wake-up");
            assert_eq!((*sched()).npidle.load(), 1);
        }
    });
}

#[test]
fn a_limit_against_a_wake_up_from_outside() {
    from_outside();
}

#[test]
#[should_panic = "left lying"]
fn mutant_notewakeup_wakes_nobody() {
    mutant::set("notewakeup wakes nobody");
    without_limit();
}

#[test]
#[should_panic = "left lying"]
fn mutant_notetsleepg_keeps_its_p() {
    mutant::set("notetsleepg keeps its P");
    without_limit();
}

#[test]
#[should_panic = "woken by nobody"]
fn mutant_notetsleep_takes_any_return_for_the_wake() {
    mutant::set("notetsleep takes any return for the wake");
    twice();
}

#[test]
#[should_panic = "a late wake-up"]
fn mutant_a_note_is_cleared_under_its_wakers_hands() {
    mutant::set("a note is cleared under its waker's hands");
    from_outside();
}
