//! Models of a P that is lent to a system call: sysmon takes it while the M comes back. One of the two gets it, and what
//! waits in the P's queue runs while the call lasts.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-sysmon --test loom_retake`
#![cfg(loom)]

use gort_proc::model::{Ptr, Role, as_g, check as model, new_g, scene};
use gort_proc::*;
use gort_sysmon::retake;
use loom::cell::UnsafeCell;
use loom::thread::yield_now;

#[derive(Default)]
struct Shared {
    /// Used by whoever runs with the P; loom reports who does so at the same time as another.
    p: UnsafeCell<u32>,
    done: Note,
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

#[derive(Clone, Copy)]
struct Scene {
    g: [Ptr<G>; 2],
    s: Ptr<Shared>,
    call: Call,
}

impl Scene {
    fn use_p(&self) {
        // SAFETY: loom checks that nobody else uses the cell. There is one P.
        unsafe { (*self.s.0).p.with_mut(|n| *n += 1) };
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

/// One P, whose M enters a call while another goroutine is in its queue.
fn call(call: Call, sysmon: unsafe fn()) {
    model(1, move || {
        let sc = Scene { g: std::array::from_fn(|_| Ptr(new_g(GRUNNABLE))), s: Ptr::new(), call };
        // SAFETY: each goroutine is in one queue.
        unsafe {
            let prepare = |busy: &[*mut P]| {
                runqput(busy[0], sc.g[0].0, false);
                runqput(busy[0], sc.g[1].0, false);
            };
            let roles = [Role::Busy, Role::Alone(sysmon), Role::Unborn];
            scene(1, &roles, prepare, move |gp| sc.body(gp));
            for (i, gp) in sc.g.iter().enumerate() {
                assert_eq!(readgstatus(gp.0), GDEAD, "goroutine {i} was left lying");
            }
            assert_eq!((*sched()).npidle.load(), 1);
        }
    });
}

fn short() {
    call(Call::Short, once);
}

#[test]
fn a_short_call() {
    short();
}

#[test]
fn a_long_call() {
    call(Call::Long, until_taken);
}

#[test]
fn a_call_that_hands_its_p_off() {
    call(Call::Blocking, once);
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
