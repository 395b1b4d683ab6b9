//! `GODEBUG=deadlockgraph=1`: what the report of a deadlock says about who waits for what.
//! Addresses are made A, B, C in the order in which they appear.

use gort::sync::{Cond, Mutex, RwMutex, WaitGroup};
use gort::{Chan, chan, go, runtime, select};
use gort_tests::{Outcome, in_child};
use std::sync::Arc;

/// The report, with names for addresses; before it nothing, after it Go's message.
#[track_caller]
fn report(out: &Outcome, expected: &str) {
    out.exited(2);
    let (graph, rest) = out.stderr.split_once("\n\n").unwrap_or_else(|| panic!("no report\n{out}"));
    assert!(
        rest.starts_with("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 ["),
        "{out}"
    );
    let mut seen: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut rest = graph;
    while let Some(i) = rest.find("0x") {
        let hex =
            rest[i + 2..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len() - i - 2);
        let addr = &rest[i..i + 2 + hex];
        let n = seen.iter().position(|a| a == addr).unwrap_or_else(|| {
            seen.push(addr.into());
            seen.len() - 1
        });
        text += &rest[..i];
        text.push((b'A' + n as u8) as char);
        rest = &rest[i + 2 + hex..];
    }
    text += rest;
    assert_eq!(text.trim(), expected.trim(), "{out}");
}

macro_rules! deadlock {
    ($f:expr) => { in_child!(.procs(1).env("GODEBUG", "deadlockgraph=1"), $f) };
}

fn settle() {
    for _ in 0..20 {
        runtime::gosched();
    }
}

#[test]
fn one_channel() {
    let out = deadlock!(|| {
        chan::<i32>(0).recv();
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [chan receive]: receive from chan A (len 0, cap 0)
",
    );
}

#[test]
fn channels() {
    let out = deadlock!(|| {
        let (a, b) = (chan::<i32>(2), chan::<i32>(0));
        for _ in 0..2 {
            let a = a.clone();
            go(move || {
                loop {
                    a.send(1);
                }
            });
        }
        settle();
        let (a2, b2) = (a.clone(), b.clone());
        go(move || {
            select! {
                send(a2, 1) => {}
                recv(b2) -> _v => {}
            }
        });
        settle();
        go(|| {
            Chan::<i32>::nil().recv();
        });
        settle();
        b.recv();
        drop(a);
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [chan receive]: receive from chan A (len 0, cap 0), as does goroutine 7
goroutine 5 [chan send]: send to chan B (len 2, cap 2), as do goroutine 6 and goroutine 7
goroutine 6 [chan send]: send to chan B (len 2, cap 2), as do goroutine 5 and goroutine 7
goroutine 7 [select]: send to chan B (len 2, cap 2), as do goroutine 5 and goroutine 6 or receive from chan A (len 0, cap 0), as does goroutine 1
goroutine 8 [chan receive (nil chan)]: a nil channel, for ever
",
    );
}

#[test]
fn mutex_cycle() {
    let out = deadlock!(|| {
        let (a, b) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let wg = Arc::new(WaitGroup::new());
        wg.add(2);
        for (x, y) in [(a.clone(), b.clone()), (b, a)] {
            let wg = wg.clone();
            go(move || {
                let _x = x.lock();
                runtime::gosched();
                let _y = y.lock();
                wg.done();
            });
        }
        wg.wait();
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [sync.WaitGroup.Wait]: wait group A (counter 2)
goroutine 5 [sync.Mutex.Lock]: mutex B, locked by goroutine 6
goroutine 6 [sync.Mutex.Lock]: mutex C, locked by goroutine 5
cycle: goroutine 5 -> mutex B -> goroutine 6 -> mutex C -> goroutine 5
",
    );
}

#[test]
fn mutex_of_one() {
    let out = deadlock!(|| {
        let a = Mutex::new(0);
        let _x = a.lock();
        let _y = a.lock();
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [sync.Mutex.Lock]: mutex A, locked by goroutine 1
cycle: goroutine 1 -> mutex A -> goroutine 1
",
    );
}

/// A chain of locks whose end has died, and one that was unlocked and locked again by others.
#[test]
fn holder_has_ended() {
    let out = deadlock!(|| {
        let a = Arc::new(Mutex::new(0));
        drop(a.lock());
        let b = a.clone();
        go(move || std::mem::forget(b.lock()));
        settle();
        assert!(a.try_lock().is_none());
        drop(a.lock());
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [sync.Mutex.Lock]: mutex A, locked by goroutine 5; goroutine 5 has ended
",
    );
}

/// A reader that locks again while a writer waits.
#[test]
fn recursive_reader() {
    let out = deadlock!(|| {
        let a = Arc::new(RwMutex::new(0));
        let b = a.clone();
        go(move || {
            let _r = b.rlock();
            settle();
            let _again = b.rlock();
        });
        runtime::gosched();
        let _w = a.lock();
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [sync.RWMutex.Lock]: rwmutex A, read by goroutine 5
goroutine 5 [sync.RWMutex.RLock]: rwmutex A, locked by goroutine 1
cycle: goroutine 1 -> rwmutex A -> goroutine 5 -> rwmutex A -> goroutine 1
",
    );
}

#[test]
fn cond() {
    let out = deadlock!(|| {
        let c = Arc::new((Mutex::new(false), Cond::new()));
        let d = c.clone();
        go(move || {
            let mut g = d.0.lock();
            while !*g {
                g = d.1.wait(g);
            }
        });
        settle();
        // Not locked by who waits on the condition.
        let _held = c.0.lock();
        select! {}
    });
    report(
        &out,
        "
deadlock graph:
goroutine 1 [select (no cases)]: nothing, for ever
goroutine 5 [sync.Cond.Wait]: cond A
",
    );
}

/// Without the setting there is no report.
#[test]
fn off() {
    let out = in_child!(.procs(1), || {
        chan::<i32>(0).recv();
    });
    out.exited(2);
    assert!(
        out.stderr.starts_with("fatal error: all goroutines are asleep - deadlock!\n"),
        "{out}"
    );
}

/// A chain of 20,000 goroutines, each of which waits for a mutex of the next, and the last for the
/// first.
#[test]
fn long_cycle() {
    const N: usize = 20_000;
    let out = in_child!(.procs(1).env("GODEBUG", "deadlockgraph=1").env("GOTRACEBACK", "none"), || {
        let m: Arc<Vec<Mutex<()>>> = Arc::new((0..N).map(|_| Mutex::new(())).collect());
        let all = Arc::new(WaitGroup::new());
        all.add(N as isize);
        for i in 0..N {
            let (m, all) = (m.clone(), all.clone());
            go(move || {
                let _a = m[i].lock();
                all.done();
                all.wait();
                let _b = m[(i + 1) % N].lock();
            });
        }
        select! {}
    });
    out.exited(2);
    let cycles: Vec<_> = out.stderr.lines().filter(|l| l.starts_with("cycle: ")).collect();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0].matches("goroutine ").count(), N + 1);
}

/// A failed attempt to lock leaves the lock as it is.
#[test]
fn try_lock_fails() {
    in_child!(.procs(1), || {
        let m = Mutex::new(0);
        let g = m.lock();
        assert!(m.try_lock().is_none());
        assert!(m.try_lock().is_none(), "the first attempt has unlocked it");
        drop(g);
        assert!(m.try_lock().is_some());
        let m = RwMutex::new(0);
        let g = m.rlock();
        assert!(m.try_lock().is_none() && m.try_rlock().is_some());
        drop(g);
        let g = m.lock();
        assert!(m.try_lock().is_none() && m.try_rlock().is_none() && m.try_lock().is_none());
        drop(g);
        assert!(m.try_lock().is_some());
    })
    .ok();
}
