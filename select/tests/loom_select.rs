//! Models of channels and select, on goroutines that really park: a value goes from one sender to
//! one receiver, and of several channels one wakes the select. A goroutine that nobody wakes is a
//! deadlock, which loom reports.
//! `RUSTFLAGS="--cfg loom" cargo test --release -p gort-select --test loom_select`
#![cfg(loom)]

use gort_chan::{chanrecv, chansend, closechan, makechan};
use gort_proc::model::{check as model, run_g};
use gort_runtime2::{ElemType, Hchan, mutant};
use gort_select::{Scase, selectgo};
use loom::thread::{self, JoinHandle};
use std::ptr::{from_mut, from_ref, null_mut};

#[derive(Clone, Copy)]
struct C(*mut Hchan);
// SAFETY: channels are for that.
unsafe impl Send for C {}

impl C {
    /// `n` channels in the order of their addresses: select locks them in that order, and
    /// executions are to be repeatable.
    fn new<const N: usize>(cap: isize) -> [C; N] {
        // SAFETY: a valid type.
        let mut c = [(); N].map(|_| unsafe { makechan(ElemType { size: 8, align: 8 }, cap) });
        c.sort();
        c.map(C)
    }
    fn send(self, v: u64) {
        // SAFETY: on a goroutine.
        assert!(unsafe { chansend(self.0, from_ref(&v).cast(), true) });
    }
    fn recv(self) -> Option<u64> {
        let mut v = 0u64;
        // SAFETY: on a goroutine.
        let (selected, ok) = unsafe { chanrecv(self.0, from_mut(&mut v).cast(), true) };
        assert!(selected);
        ok.then_some(v)
    }
    fn close(self) {
        // SAFETY: on a goroutine.
        unsafe { closechan(self.0) }
    }
}

/// Blocks until one of the cases happens, sends first: which, and the value if it is a receive.
fn select(sends: &[(C, u64)], recvs: &[C]) -> (usize, Option<u64>) {
    let mut v = [0u64; 4];
    let mut cases = [Scase { c: null_mut(), elem: null_mut() }; 4];
    let n = sends.len() + recvs.len();
    for i in 0..n {
        let (c, x) = if i < sends.len() { sends[i] } else { (recvs[i - sends.len()], 0) };
        v[i] = x;
        cases[i] = Scase { c: c.0, elem: (&raw mut v[i]).cast() };
    }
    let mut order = [0u16; 8];
    // SAFETY: on a goroutine; the arrays are large enough.
    let (i, ok) =
        unsafe { selectgo(cases.as_mut_ptr(), order.as_mut_ptr(), sends.len(), recvs.len(), true) };
    (i as usize, ok.then_some(v[i as usize]))
}

/// A goroutine.
fn go(id: i64, f: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::spawn(move || run_g(id, |_| f()))
}

#[test]
fn unbuffered() {
    model(3, || {
        let [c] = C::new(0);
        let t = go(1, move || c.send(7));
        run_g(0, |_| assert_eq!(c.recv(), Some(7)));
        t.join().unwrap();
    });
}

#[test]
fn buffered() {
    model(3, || {
        let [c] = C::new(1);
        let t = go(1, move || {
            c.send(1);
            c.send(2);
        });
        run_g(0, |_| assert_eq!((c.recv(), c.recv()), (Some(1), Some(2))));
        t.join().unwrap();
    });
}

/// The value that was sent before the close is received before the close.
#[test]
fn send_and_close() {
    model(3, || {
        let [c] = C::new(1);
        let t = go(1, move || {
            c.send(1);
            c.close();
        });
        run_g(0, |_| assert_eq!((c.recv(), c.recv()), (Some(1), None)));
        t.join().unwrap();
    });
}

#[test]
fn two_senders_one_channel() {
    model(2, || {
        let [c] = C::new(0);
        let t = [1, 2].map(|i| go(i as i64, move || c.send(i)));
        run_g(0, |_| assert_eq!(c.recv().unwrap() + c.recv().unwrap(), 3));
        t.into_iter().for_each(|t| t.join().unwrap());
    });
}

/// One select on two channels, a sender on each: one wins, and the other can still be received
/// from.
fn two_senders(bound: usize) {
    model(bound, || {
        let c: [C; 2] = C::new(0);
        let t = [0, 1].map(|i| go(1 + i as i64, move || c[i].send(i as u64)));
        run_g(0, |_| {
            let (i, v) = select(&[], &c);
            assert_eq!(v, Some(i as u64));
            assert_eq!(c[1 - i].recv(), Some(1 - i as u64));
        });
        t.into_iter().for_each(|t| t.join().unwrap());
    });
}

#[test]
fn one_sender_wins_a_select() {
    two_senders(2);
}

/// Two selects, each of which could go either way, meet on exactly one of the channels.
#[test]
fn two_selects() {
    model(3, || {
        let [a, b] = C::new(0);
        let t = go(1, move || {
            let (i, v) = select(&[(a, 10)], &[b]);
            assert!((i, v) == (0, None) || (i, v) == (1, Some(20)));
        });
        run_g(0, |_| {
            let (i, v) = select(&[(b, 20)], &[a]);
            assert!((i, v) == (0, None) || (i, v) == (1, Some(10)));
        });
        t.join().unwrap();
    });
}

/// A close wakes a select too, and a sender on the other channel loses or wins.
#[test]
fn close_or_send() {
    model(2, || {
        let c: [C; 2] = C::new(0);
        let t = [go(1, move || c[0].send(5)), go(2, move || c[1].close())];
        run_g(0, |_| match select(&[], &c) {
            (0, v) => assert_eq!((v, c[1].recv()), (Some(5), None)),
            (_, v) => assert_eq!((v, c[0].recv()), (None, Some(5))),
        });
        t.into_iter().for_each(|t| t.join().unwrap());
    });
}

#[test]
#[should_panic]
fn mutant_dequeue_does_not_ask_who_has_won() {
    mutant::set("dequeue does not ask who has won");
    two_senders(2);
}

#[test]
#[should_panic]
fn mutant_park_m_unlocks_first() {
    mutant::set("park_m unlocks first");
    two_senders(2);
}
