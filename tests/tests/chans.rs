//! Channels beyond Go's: sends that tell of a closed channel, and waits that end.

use gort::RecvTimeoutError::{Closed, Timeout};
use gort::{Chan, SendTimeoutError, TrySendCheckedError, chan, go, sync::WaitGroup, time};
use gort_tests::in_child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn closed_channels_give_values_back() {
    in_child!(|| {
        let c = chan::<String>(1);
        assert_eq!(c.try_send_checked("a".into()), Ok(()));
        assert_eq!(c.try_send_checked("b".into()), Err(TrySendCheckedError::Full("b".into())));
        assert_eq!(c.send_timeout("c".into(), ms(1)), Err(SendTimeoutError::Timeout("c".into())));
        c.close();
        assert_eq!(c.send_checked("d".into()).unwrap_err().0, "d");
        assert_eq!(c.try_send_checked("e".into()), Err(TrySendCheckedError::Closed("e".into())));
        assert_eq!(c.send_timeout("f".into(), ms(1)), Err(SendTimeoutError::Closed("f".into())));
        assert_eq!(c.recv_timeout(ms(1)), Ok("a".into()));
        assert_eq!(c.recv_timeout(ms(1)), Err(Closed));
        assert_eq!(Chan::<u8>::nil().recv_timeout(ms(1)), Err(Timeout));
        assert_eq!(Chan::nil().send_timeout(1, ms(1)), Err(SendTimeoutError::Timeout(1)));
    })
    .ok();
}

/// A value that counts how many there are.
struct Counted(Arc<AtomicUsize>);
impl Counted {
    fn new(n: &Arc<AtomicUsize>) -> Self {
        n.fetch_add(1, SeqCst);
        Self(n.clone())
    }
}
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Senders and receivers whose time runs out at about the moment when the other side comes, while
/// the channel is closed: each value is received, or comes back, or is in the buffer; none is lost,
/// none is there twice.
fn race(cap: usize) {
    const N: usize = 2000;
    let (alive, wg) = (Arc::new(AtomicUsize::new(0)), Arc::new(WaitGroup::new()));
    let (sent, back, got) = (chan::<usize>(8), chan::<usize>(8), chan::<usize>(8));
    let c = chan::<Counted>(cap);
    for who in 0..4 {
        wg.add(2);
        let (c, w, alive, sent, back) =
            (c.clone(), wg.clone(), alive.clone(), sent.clone(), back.clone());
        go(move || {
            let (mut ok, mut no) = (0, 0);
            for i in 0..N {
                let d = Duration::from_nanos(((i * 7919 + who * 104_729) % 3000) as u64);
                match c.send_timeout(Counted::new(&alive), d) {
                    Ok(()) => ok += 1,
                    Err(e) => {
                        let _value = e.into_inner();
                        no += 1;
                    }
                }
            }
            sent.send(ok);
            back.send(no);
            w.done();
        });
    }
    for who in 0..4 {
        let (c, w, got) = (c.clone(), wg.clone(), got.clone());
        go(move || {
            let mut n = 0;
            for i in 0..N {
                let d = Duration::from_nanos(((i * 6007 + who * 99_991) % 3000) as u64);
                n += usize::from(c.recv_timeout(d).is_ok());
                if who == 0 && i == N / 2 {
                    c.close();
                }
            }
            got.send(n);
            w.done();
        });
    }
    wg.wait();
    let sum = |c: &Chan<usize>| (0..4).map(|_| c.recv().unwrap()).sum::<usize>();
    let (sent, back, got) = (sum(&sent), sum(&back), sum(&got));
    assert_eq!(sent + back, 4 * N);
    assert_eq!(sent, got + c.len());
    assert_eq!(alive.load(SeqCst), c.len());
    drop(c);
    assert_eq!(alive.load(SeqCst), 0);
}

#[test]
fn nothing_is_lost_when_time_runs_out_1() {
    in_child!(.procs(1), || race(0)).ok();
}
#[test]
fn nothing_is_lost_when_time_runs_out_2() {
    in_child!(.procs(2), || race(0)).ok();
}
#[test]
fn nothing_is_lost_when_time_runs_out_8() {
    in_child!(.procs(8), || race(3)).ok();
}
#[test]
fn a_function_is_called_once() {
    let o = in_child!(|| {
        // new_select_errors: once
        let (s, c) = (String::from("late"), chan::<String>(1));
        let tx = c.clone();
        let t = time::after_func(ms(1), move || tx.send(s));
        println!("{:?}", c.recv());
        t.reset(ms(1));
        c.recv();
    });
    o.exited(2).stdout_is("Some(\"late\")\n").stderr_has("after_func calls its function once");
}
