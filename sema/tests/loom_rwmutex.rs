//! Models of readers and writers of package sync's `RwMutex` that give up: whoever holds the lock
//! holds it alone, or with readers only, nobody who stays waits for ever, and the counts are those
//! of a free lock in the end. `RUSTFLAGS="--cfg loom" cargo test --release -p gort-sema --test
//! loom_rwmutex`
#![cfg(loom)]
#![allow(dead_code)] // of what is included a part

// The code of package sync; the whole crate knows of tracebacks, which know nothing of loom.
mod mutex;
#[path = "../../packages/sync/src/rwmutex.rs"]
mod rwmutex;
/// Nothing is recorded.
mod owner {
    pub(crate) fn on() -> bool {
        false
    }
    pub(crate) fn rlocked<T>(_: *const T) {}
    pub(crate) fn runlocked<T>(_: *const T) {}
}

use gort_proc::WaitReason;
use gort_proc::atomic::Uint32;
use gort_proc::model::{check as model, run_g};
use gort_runtime2::mutant;
use gort_sema::{Token, sema_expire, semacquire_until, sync_runtime_semacquire_rwmutex_r};
use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle};
use rwmutex::RwMutex;
use std::sync::Arc;

#[derive(Default)]
struct S {
    l: RwMutex,
    v: UnsafeCell<u32>,
    /// One that is out of time.
    token: std::cell::UnsafeCell<Token>,
}
// SAFETY: `v` is used under the lock, loom checks that; the token under that of the semaphore's
// root.
unsafe impl Send for S {}
// SAFETY: the same.
unsafe impl Sync for S {}

/// A goroutine of the model.
type Part = fn(&S);

// SAFETY of all: on goroutines; the locks are held where the value is used, which loom checks.
impl S {
    fn look(&self) {
        self.v.with(|v| {
            thread::yield_now();
            // SAFETY: see above.
            unsafe { *v }
        });
        // SAFETY: see above.
        unsafe { self.l.runlock() };
    }
    fn change(&self) {
        // SAFETY: see above.
        self.v.with_mut(|v| unsafe { *v += 1 });
        // SAFETY: see above.
        unsafe { self.l.unlock() };
    }
    fn read(&self) {
        // SAFETY: see above.
        unsafe { self.l.rlock() };
        self.look();
    }
    fn write(&self) {
        // SAFETY: see above.
        unsafe { self.l.lock() };
        self.change();
    }
    fn write_twice(&self) {
        self.write();
        self.write();
    }
    /// Reads, or gives up.
    fn may_read(&self) {
        let token = self.token.get();
        // SAFETY: see above.
        if unsafe { self.l.rlock_or(|| self.l.rlock_until(token)) } {
            self.look();
        }
    }
    /// As `may_read`, but it goes when it has left the queue already, and nothing holds the writer
    /// up.
    fn may_read_and_leaves_late(&self) {
        let (token, sema): (_, *const Uint32) = (self.token.get(), &raw const self.l.reader_sem);
        let reason = WaitReason::SyncRWMutexRLock;
        // SAFETY: see above.
        let locked = unsafe {
            self.l.rlock_or(|| {
                semacquire_until(sema, false, reason, token, || true)
                    || !self.l.leave() && {
                        sync_runtime_semacquire_rwmutex_r(sema, false, 0);
                        true
                    }
            })
        };
        if locked {
            self.look();
        }
    }
    /// The time of `may_read` is over.
    fn no_more_reading(&self) {
        // SAFETY: roots are static, the token lives.
        unsafe { sema_expire(&raw const self.l.reader_sem, self.token.get(), || self.l.leave()) }
    }
    fn no_more_reading_late(&self) {
        // SAFETY: the same.
        unsafe { sema_expire(&raw const self.l.reader_sem, self.token.get(), || true) }
    }
    /// Writes, or gives up.
    fn may_write(&self) {
        // SAFETY: see above.
        unsafe {
            self.l.w.lock();
            if self.l.announce_or(|| self.l.lock_until(self.token.get())) {
                self.change();
            }
        }
    }
    /// The time of `may_write` is over.
    fn no_more_writing(&self) {
        // SAFETY: roots are static, the token lives.
        unsafe { sema_expire(&raw const self.l.writer_sem, self.token.get(), || true) }
    }
    fn is_free(&self) {
        // SAFETY: on a goroutine.
        assert!(unsafe { self.l.try_lock() });
        // SAFETY: on a goroutine.
        unsafe { self.l.unlock() };
        assert_eq!(self.l.reader_count.load() as u32, 0);
        assert_eq!(self.l.reader_wait.load(), 0);
        assert_eq!((self.l.reader_sem.load(), self.l.writer_sem.load()), (0, 0));
    }
}

/// The first runs on the thread of the model.
fn goroutines(bound: usize, parts: &'static [Part]) {
    model(bound, move || {
        let s = Arc::new(S::default());
        let others: Vec<JoinHandle<()>> = (1..parts.len())
            .map(|i| {
                let s = s.clone();
                thread::spawn(move || run_g(i as i64, |_| parts[i](&s)))
            })
            .collect();
        run_g(0, |_| parts[0](&s));
        others.into_iter().for_each(|t| t.join().unwrap());
        run_g(9, |_| s.is_free());
    });
}

#[test]
fn a_reader_and_a_writer() {
    goroutines(3, &[S::read, S::write]);
}

fn reader_gives_up(bound: usize) {
    goroutines(bound, &[S::write_twice, S::may_read, S::no_more_reading]);
}

#[test]
fn a_reader_gives_up() {
    reader_gives_up(3);
}

#[test]
fn a_reader_gives_up_beside_another() {
    goroutines(2, &[S::write, S::may_read, S::read, S::no_more_reading]);
}

#[test]
fn a_writer_gives_up() {
    goroutines(3, &[S::read, S::may_write, S::no_more_writing]);
}

fn writer_gives_up_beside_a_reader() {
    goroutines(2, &[S::read, S::may_write, S::read, S::no_more_writing]);
}

#[test]
fn a_writer_gives_up_beside_readers() {
    writer_gives_up_beside_a_reader();
}

#[test]
fn a_writer_gives_up_before_another() {
    goroutines(1, &[S::read, S::may_write, S::write, S::no_more_writing]);
}

#[test]
#[should_panic]
fn mutant_a_reader_leaves_without_a_look() {
    mutant::set("a reader leaves without a look");
    reader_gives_up(3);
}

/// Without the lock of the semaphore's root the writer who makes the ticket may have gone, and the
/// next be there.
#[test]
#[should_panic]
fn mutant_a_reader_leaves_late() {
    goroutines(3, &[S::write_twice, S::may_read_and_leaves_late, S::no_more_reading_late]);
}

#[test]
#[should_panic]
fn mutant_the_writer_leaves_as_it_unlocks() {
    mutant::set("the writer leaves as it unlocks");
    goroutines(3, &[S::read, S::may_write, S::no_more_writing]);
}

#[test]
#[should_panic]
fn mutant_the_writer_leaves_before_the_readers() {
    mutant::set("the writer leaves before the readers");
    writer_gives_up_beside_a_reader();
}
