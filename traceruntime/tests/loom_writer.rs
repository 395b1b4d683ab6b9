//! Models of Ms that write events against the end of the trace: what an M has written while it held
//! a locker is in the trace, and nothing is written into a buffer that was taken.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-traceruntime --test loom_writer`
#![cfg(loom)]

use gort_asm::setg;
use gort_lock_futex::{lock, unlock};
use gort_runtime2::model::check;
use gort_runtime2::{ALLM, G, M, mutant, sched};
use gort_traceruntime::*;
use loom::thread;

#[derive(Clone, Copy)]
struct Ptr<T>(*mut T);
// SAFETY: what is behind it is shared by the rules under test.
unsafe impl<T> Send for Ptr<T> {}

/// A thread's M, with its g0 as the current goroutine.
unsafe fn new_m(id: u64) -> Ptr<G> {
    // SAFETY: leaked, and nobody else's yet.
    unsafe {
        let gp: *mut G = Box::leak(Box::default());
        let mp: *mut M = Box::leak(Box::default());
        (*mp).g0 = gp;
        (*mp).procid.set(id);
        (*gp).m = mp;
        (*mp).alllink.set(ALLM.load());
        ALLM.store(mp);
        Ptr(gp)
    }
}

/// Writes `n` events; how many of them were in time.
unsafe fn writer(gp: Ptr<G>, n: u32) -> usize {
    // SAFETY: on the thread of `gp`'s M.
    unsafe {
        setg(gp.0);
        let mut written = 0;
        for _ in 0..n {
            let tl = trace_acquire_enabled();
            if tl.ok() {
                tl.event_writer(TraceGoStatus::Bad, TraceProcStatus::Bad)
                    .commit(TraceEv::STWEnd, &[]);
                written += 1;
                trace_release(tl);
            }
        }
        setg(core::ptr::null_mut());
        written
    }
}

/// The events of a buffer: each is a byte for its kind and one for the time, as the clock stands
/// still.
unsafe fn events(buf: *mut TraceBuf) -> usize {
    // SAFETY: nobody writes into it any more.
    unsafe { ((*buf).pos - ((*buf).len_pos + TRACE_BYTES_PER_NUMBER)) / 2 }
}

fn model(bound: usize, writers: u64, n: u32) {
    check(bound, move || {
        // SAFETY: each M is one thread's.
        unsafe {
            let ms: Vec<_> = (0..writers).map(|i| new_m(i + 1)).collect();
            (*trace()).gen_.store(1);
            let threads: Vec<_> = ms
                .into_iter()
                .map(|m| {
                    thread::spawn(move || {
                        let m = m;
                        writer(m, n)
                    })
                })
                .collect();
            assert_eq!(stop_writing(), 1);
            let mut taken = Vec::new();
            finish_buffers(|| true, |buf| taken.push((buf, events(buf))));
            let written: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
            let found: usize = taken.iter().map(|t| t.1).sum();
            assert_eq!(found, written, "events that are not in the trace");
            for (buf, n) in taken {
                assert_eq!(events(buf), n, "written into a buffer that was taken");
            }
        }
    });
}

/// An M that has ended is freed while the process ends: its batch is in the trace once.
fn destroy() {
    check(3, || {
        // SAFETY: the M is this thread's until its writer has returned.
        unsafe {
            let m = new_m(1);
            (*trace()).gen_.store(1);
            (*trace()).quiet_fd.store(0);
            let mp = Ptr((*m.0).m);
            let written = writer(m, 2);
            let me = new_m(2);
            let t = thread::spawn(move || {
                let (mp, me) = (mp, me);
                setg(me.0);
                lock(&raw mut (*sched()).lock);
                trace_thread_destroy(mp.0);
                unlock(&raw mut (*sched()).lock);
                setg(core::ptr::null_mut());
            });
            assert_eq!(stop_writing(), 1);
            let mut found = 0;
            finish_buffers(|| true, |buf| found += events(buf));
            t.join().unwrap();
            // What was flushed; in models there is no file.
            loop {
                let buf = (*trace()).full[1].pop();
                if buf.is_null() {
                    break;
                }
                found += events(buf);
            }
            assert_eq!(found, written, "a batch twice, or not at all");
        }
    });
}

#[test]
fn an_m_is_freed() {
    destroy();
}

#[test]
#[should_panic(expected = "a batch twice, or not at all")]
fn mutant_the_buffers_of_an_m_that_has_ended_are_taken_twice() {
    mutant::set("the buffers of an M that has ended are taken twice");
    destroy();
}

#[test]
fn one_writer() {
    model(3, 1, 2);
}

#[test]
fn two_writers() {
    model(3, 2, 2);
}

#[test]
#[should_panic(expected = "events that are not in the trace")]
fn mutant_gen_is_read_before_the_seqlock() {
    mutant::set("gen is read before the seqlock");
    model(3, 1, 2);
}

#[test]
#[should_panic(expected = "events that are not in the trace")]
fn mutant_the_end_does_not_look_at_the_seqlocks() {
    mutant::set("the end does not look at the seqlocks");
    model(3, 1, 2);
}
