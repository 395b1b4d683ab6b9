//! The mutex and the note on real threads. Models of the same code are checked by loom elsewhere.
#![cfg(not(loom))]

mod support;
#[path = "support/print.rs"]
mod support_print;

use gort_asm::getg;
use gort_lock_futex::*;
use gort_runtime2::*;
use std::cell::UnsafeCell;
use std::sync::Arc;
use std::thread;
use support::with_m;

#[derive(Default)]
struct Shared {
    l: Mutex,
    n: UnsafeCell<u64>,
    note: Note,
    back: Note,
}
// SAFETY: `n` is used under `l` only.
unsafe impl Sync for Shared {}

impl Shared {
    fn lock(&self) -> *mut Mutex {
        (&raw const self.l).cast_mut()
    }
    fn note(&self) -> *mut Note {
        (&raw const self.note).cast_mut()
    }
    fn back(&self) -> *mut Note {
        (&raw const self.back).cast_mut()
    }
}

#[test]
fn mutual_exclusion() {
    for ncpu in [1, 4] {
        NCPU.set(ncpu);
        let s = Arc::new(Shared::default());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let s = s.clone();
                thread::spawn(move || {
                    with_m(|mp| {
                        for _ in 0..20_000 {
                            // SAFETY: this thread has an M; `n` is used under the lock.
                            unsafe {
                                lock(s.lock());
                                assert_eq!((*mp).locks.get(), 1);
                                *s.n.get() += 1;
                                unlock(s.lock());
                            }
                        }
                        // SAFETY: the M is alive.
                        assert_eq!(unsafe { (*mp).locks.get() }, 0);
                    })
                })
            })
            .collect();
        for t in threads {
            t.join().unwrap();
        }
        // SAFETY: the threads have ended.
        assert_eq!(unsafe { *s.n.get() }, 80_000);
        assert_eq!(s.l.key.get(), MUTEX_UNLOCKED);
    }
}

#[test]
fn unlock_restores_a_request_to_preempt() {
    with_m(|_| {
        let s = Shared::default();
        // SAFETY: this thread has an M.
        unsafe {
            let gp = getg();
            lock(s.lock());
            assert!(!mutex_contended(s.lock()));
            (*gp).preempt.set(true);
            (*gp).stackguard0.set(0);
            unlock(s.lock());
            assert_eq!((*gp).stackguard0.get(), STACK_PREEMPT);
        }
    });
}

#[test]
fn notes_wake_once_each() {
    let s = Arc::new(Shared::default());
    let t = {
        let s = s.clone();
        thread::spawn(move || {
            with_m(|_| {
                for _ in 0..2_000 {
                    // SAFETY: this thread has an M, and runs on its g0.
                    unsafe {
                        notesleep(s.note());
                        noteclear(s.note());
                        notewakeup(s.back());
                    }
                }
            })
        })
    };
    with_m(|mp| {
        for _ in 0..2_000 {
            // SAFETY: as above.
            unsafe {
                notewakeup(s.note());
                assert!(notetsleep(s.back(), -1));
                noteclear(s.back());
            }
        }
        // SAFETY: the M is alive.
        assert!(!unsafe { (*mp).blocked.get() });
    });
    t.join().unwrap();
}

#[test]
fn a_note_that_nobody_wakes_times_out() {
    with_m(|_| {
        let s = Shared::default();
        // SAFETY: this thread has an M, and runs on its g0.
        unsafe {
            let t0 = gort_os_linux::nanotime();
            assert!(!notetsleep(s.note(), 2_000_000));
            assert!(gort_os_linux::nanotime() - t0 >= 2_000_000);
            notewakeup(s.note());
            assert!(notetsleep(s.note(), 0));
            assert!(notetsleep(s.note(), 1_000_000_000_000));
        }
    });
}

/// What a child process, told by `GORT_TEST_CHILD` what to do wrong, writes on standard error.
fn child(what: &str) -> String {
    let out = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_process", "--nocapture", "--test-threads=1"])
        .env("GORT_TEST_CHILD", what)
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    String::from_utf8(out.stderr).unwrap()
}

#[test]
fn child_process() {
    let Ok(what) = std::env::var("GORT_TEST_CHILD") else { return };
    with_m(|_| {
        let (a, b) = (Shared::default(), Shared::default());
        // SAFETY: this thread has an M. What is wrong here is wrong on purpose.
        unsafe {
            lock_init(a.lock(), LOCK_RANK_SCHED);
            lock_init(b.lock(), LOCK_RANK_HCHAN);
            match what.as_str() {
                "order" => {
                    lock(a.lock());
                    lock(b.lock());
                }
                "unlock" => unlock(a.lock()),
                "note" => {
                    notewakeup(a.note());
                    notewakeup(a.note());
                }
                "held" => assert_lock_held(a.lock()),
                "world" => assert_world_stopped(),
                _ => panic!(),
            }
        }
    });
}

#[test]
fn double_wakeup_is_fatal() {
    let err = child("note");
    assert!(
        err.contains("notewakeup - double wakeup (1)\nfatal error: notewakeup - double wakeup\n"),
        "{err}"
    );
}

#[cfg(debug_assertions)]
#[test]
fn broken_lock_order_is_fatal() {
    let err = child("order");
    assert!(err.contains("1000  ======\n0 : sched 20 0x"), "{err}");
    assert!(err.contains("\n1 : hchan 17 0x"), "{err}");
    assert!(err.ends_with("fatal error: lock ordering problem\n"), "{err}");
}

#[cfg(debug_assertions)]
#[test]
fn wrong_claims_are_fatal() {
    let err = child("held");
    assert!(
        err.contains("(rank sched), holding:\n<none>\nfatal error: not holding required lock!\n"),
        "{err}"
    );
    assert!(child("world").ends_with("fatal error: world not stopped\n"));
    assert!(child("unlock").ends_with("fatal error: unlock without matching lock acquire\n"));
}

#[test]
fn ranks_have_names() {
    assert_eq!(lock_rank_string(LOCK_RANK_UNKNOWN), "UNKNOWN");
    assert_eq!(lock_rank_string(LOCK_RANK_LEAF_RANK), "LEAF");
    assert_eq!(lock_rank_string(LOCK_RANK_SCHED), "sched");
    assert_eq!(lock_rank_string(LOCK_RANK_TEST_RINTERNAL), "testRInternal");
    assert_eq!(lock_rank_string(LockRank(59)), "BAD RANK");
    assert_eq!(lock_rank_string(LockRank(-1)), "BAD RANK");
}
