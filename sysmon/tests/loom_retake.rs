//! Models of a P that is lent to a system call: sysmon takes it while the M comes back. One of the
//! two gets it, and what waits in the P's queue runs while the call lasts.
//!
//! Each is there twice: to the end, when all Ms have looked for work and gone idle, with one
//! preemption; and until the last goroutine has run, with two or three. The search at the end has
//! most of the steps, and is the affair of other models (`loom_spinning`).
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-sysmon --test loom_retake`
#![cfg(loom)]

use gort_os_linux::set_nanotime;
use gort_proc::model::{Ptr, Role, as_g, check as model, new_g, scene};
use gort_proc::*;
use gort_sysmon::retake;
use loom::cell::UnsafeCell;
use loom::thread::yield_now;

/// Ps at most.
const PS: usize = 2;

#[derive(Default)]
struct Shared {
    /// Used by whoever runs with that P; loom reports who does so at the same time as another.
    ps: [UnsafeCell<u32>; PS],
    done: Note,
    ended: atomic::Uint32,
    never: Note,
}

/// How the first goroutine leaves its P.
#[derive(Clone, Copy, PartialEq)]
enum Call {
    /// A system call that is over when it likes.
    Short,
    /// One that lasts until the second goroutine has run.
    Long,
    /// A call that hands the P off at once, and lasts as long.
    Blocking,
}

/// How long the model lasts.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    /// All Ms are idle.
    Idle,
    /// The last goroutine has run: it keeps its M and its P.
    Done,
}

#[derive(Clone, Copy)]
struct Scene {
    g: [Ptr<G>; 2],
    /// How many of them there are.
    n: u32,
    s: Ptr<Shared>,
    call: Call,
    until: Until,
}

impl Scene {
    fn use_p(&self) {
        // SAFETY: on an M with a P, which is not freed; loom checks that nobody else uses the cell.
        unsafe {
            let id = (*(*(*getg()).m).p.ptr()).id as usize;
            (&(*self.s.0).ps)[id].with_mut(|n| *n += 1);
        }
    }

    fn body(&self, gp: *mut G) {
        // SAFETY: `gp` is running on this M; notes are leaked.
        unsafe {
            let done = &raw mut (*self.s.0).done;
            let again = (*gp).sleep_when != 0;
            (*gp).sleep_when = 1;
            self.use_p();
            if gp == self.g[1].0 {
                notewakeup(done);
            } else if !again {
                match self.call {
                    Call::Blocking => as_g(gp, || entersyscallblock_frame(0, 0, 0)),
                    _ => as_g(gp, || reentersyscall(0, 0, 0)),
                }
                if self.call == Call::Short {
                    yield_now();
                } else {
                    notesleep(done);
                }
                as_g(gp, || exitsyscall_frame(0));
                self.use_p();
            }
            if (*self.s.0).ended.add(1) == self.n && self.until == Until::Done {
                notesleep(&raw mut (*self.s.0).never);
            }
        }
    }
}

/// One round of sysmon.
unsafe fn once() {
    // SAFETY: on an M without a P.
    unsafe { retake(nanotime()) };
}

/// Rounds until a P was taken.
unsafe fn until_taken() {
    // SAFETY: on an M without a P.
    while unsafe { retake(nanotime()) } == 0 {
        yield_now();
    }
}

/// `ps` Ps; the M of one enters a call, with another goroutine in the queue if there are two. The
/// clock says `now`, ns.
fn scenario(
    ps: i32,
    n: u32,
    now: i64,
    call: Call,
    until: Until,
    sysmon: unsafe fn(),
) -> impl Fn() + Send + Sync {
    move || {
        set_nanotime(now);
        let g = std::array::from_fn(|_| Ptr(new_g(GRUNNABLE)));
        let sc = Scene { g, n, s: Ptr::new(), call, until };
        // SAFETY: each goroutine is in one queue.
        unsafe {
            let prepare =
                |busy: &[*mut P]| (0..n as usize).for_each(|i| runqput(busy[0], g[i].0, false));
            let roles = [Role::Busy, Role::Alone(sysmon), Role::Unborn];
            scene(ps, &roles, prepare, move |gp| sc.body(gp));
            assert_eq!((*sc.s.0).ended.load(), n, "a goroutine was left lying");
            let idle = ps - i32::from(until == Until::Done);
            assert_eq!((*sched()).npidle.load(), idle);
        }
    }
}

/// One P.
fn call(bound: usize, call: Call, until: Until, sysmon: unsafe fn()) {
    model(bound, scenario(1, 2, 1, call, until, sysmon));
}

fn short() {
    call(2, Call::Short, Until::Done, once);
}

#[test]
fn a_short_call() {
    short();
}

#[test]
fn a_short_call_to_the_end() {
    call(1, Call::Short, Until::Idle, once);
}

#[test]
fn a_long_call() {
    call(2, Call::Long, Until::Done, until_taken);
}

#[test]
fn a_long_call_to_the_end() {
    call(1, Call::Long, Until::Idle, until_taken);
}

#[test]
fn a_call_that_hands_its_p_off() {
    call(2, Call::Blocking, Until::Done, once);
}

#[test]
fn a_call_that_hands_its_p_off_to_the_end() {
    call(1, Call::Blocking, Until::Idle, once);
}

/// Nothing waits, and there is an idle P: sysmon takes the P after 10 ms all the same, and who
/// comes back gets one of the two.
#[test]
fn a_call_beside_an_idle_p() {
    model(3, scenario(2, 1, 20_000_000, Call::Short, Until::Done, once));
}

#[test]
#[should_panic]
fn mutant_retake_ignores_who_has_got_the_p() {
    mutant::set("retake ignores who has got the P");
    short();
}

#[test]
#[should_panic]
fn mutant_exitsyscall_ignores_who_has_got_the_p() {
    mutant::set("exitsyscall ignores who has got the P");
    short();
}
