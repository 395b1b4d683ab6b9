//! Package sync: cond_test.go

use crate::go_test;
use gort::sync::{Cond, Mutex};
use gort::{chan, go, runtime};
use std::sync::Arc;

fn pair<T>(v: T) -> Arc<(Mutex<T>, Cond)> {
    Arc::new((Mutex::new(v), Cond::new()))
}

go_test! {
    /// Go (sync): cond_test.go:14 TestCondSignal
    signal, {
        const N: usize = 2;
        let p = pair(());
        let (running, awake) = (chan::<()>(N), chan::<()>(N));
        for _ in 0..N {
            let (p, running, awake) = (p.clone(), running.clone(), awake.clone());
            go(move || {
                let g = p.0.lock();
                running.send(());
                let _g = p.1.wait(g);
                awake.send(());
            });
        }
        (0..N).for_each(|_| _ = running.recv());
        for _ in 0..N {
            assert!(awake.try_recv().is_err(), "not asleep");
            let g = p.0.lock();
            p.1.signal();
            drop(g);
            awake.recv();
            assert!(awake.try_recv().is_err(), "too many awake");
        }
        p.1.signal();
    }
}

go_test! {
    /// Go (sync): cond_test.go:52 TestCondSignalGenerations
    generations, {
        const N: usize = 100;
        let p = pair(());
        let (running, awake) = (chan::<()>(N), chan::<usize>(N));
        for i in 0..N {
            let (p1, running1, awake1) = (p.clone(), running.clone(), awake.clone());
            go(move || {
                let g = p1.0.lock();
                running1.send(());
                let _g = p1.1.wait(g);
                awake1.send(i);
            });
            if i > 0 {
                assert_eq!(awake.recv(), Some(i - 1), "the wrong one woke up");
            }
            running.recv();
            let g = p.0.lock();
            p.1.signal();
            drop(g);
        }
    }
}

go_test! {
    /// Go (sync): cond_test.go:79 TestCondBroadcast
    broadcast, {
        const N: usize = 200;
        let p = pair(false);
        let (running, awake) = (chan::<usize>(N), chan::<usize>(N));
        for k in 0..N {
            let (p, running, awake) = (p.clone(), running.clone(), awake.clone());
            go(move || {
                let mut g = p.0.lock();
                while !*g {
                    running.send(k);
                    g = p.1.wait(g);
                    awake.send(k);
                }
            });
        }
        for i in 0..N {
            (0..N).for_each(|_| _ = running.recv());
            if i == N - 1 {
                *p.0.lock() = true;
            }
            assert!(awake.try_recv().is_err(), "not asleep");
            let g = p.0.lock();
            p.1.broadcast();
            drop(g);
            let mut seen = [false; N];
            for _ in 0..N {
                let k = awake.recv().unwrap();
                assert!(!std::mem::replace(&mut seen[k], true), "woke up twice");
            }
        }
        assert!(running.try_recv().is_err(), "did not end");
        p.1.broadcast();
    }
}

go_test! {
    /// Go (sync): cond_test.go:131 TestRace
    three_stages, {
        let p = pair(0);
        let done = chan::<()>(0);
        let (p1, done1) = (p.clone(), done.clone());
        go(move || {
            let mut g = p1.0.lock();
            *g = 1;
            g = p1.1.wait(g);
            assert_eq!(*g, 2);
            *g = 3;
            p1.1.signal();
            drop(g);
            done1.send(());
        });
        let (p1, done1) = (p.clone(), done.clone());
        go(move || {
            loop {
                let mut g = p1.0.lock();
                if *g == 1 {
                    *g = 2;
                    p1.1.signal();
                    break;
                }
                drop(g);
                runtime::gosched();
            }
            done1.send(());
        });
        let done1 = done.clone();
        go(move || {
            loop {
                let g = p.0.lock();
                if *g == 2 {
                    let g = p.1.wait(g);
                    assert_eq!(*g, 3);
                    break;
                }
                if *g == 3 {
                    break;
                }
                drop(g);
                runtime::gosched();
            }
            done1.send(());
        });
        (0..3).for_each(|_| _ = done.recv());
    }
}

go_test! {
    /// Go (sync): cond_test.go:187 TestCondSignalStealing
    a_broadcast_reaches_those_who_came_first, {
        for _ in 0..1000 {
            let p = pair(false);
            let c = chan::<()>(0);
            let (p1, c1) = (p.clone(), c.clone());
            go(move || {
                let g = p1.0.lock();
                c1.send(());
                drop(p1.1.wait(g));
                c1.send(());
            });
            c.recv();
            drop(p.0.lock()); // now it waits
            let p1 = p.clone();
            go(move || p1.1.broadcast());
            let p1 = p.clone();
            go(move || {
                let mut g = p1.0.lock();
                while !*g {
                    g = p1.1.wait(g);
                }
            });
            c.recv();
            *p.0.lock() = true;
            p.1.broadcast();
        }
    }
}

go_test! {
    /// Go (sync): cond_test.go:275 BenchmarkCond32
    rounds_of_32, {
        const WAITERS: usize = 32;
        const ROUNDS: usize = 300;
        let p = pair((0usize, 0usize)); // the round, and who has arrived
        let done = chan::<()>(0);
        for _ in 0..=WAITERS {
            let (p, done) = (p.clone(), done.clone());
            go(move || {
                for r in 0..ROUNDS {
                    let mut g = p.0.lock();
                    assert_eq!(g.0, r);
                    g.1 += 1;
                    if g.1 == WAITERS + 1 {
                        *g = (r + 1, 0);
                        p.1.broadcast();
                    } else {
                        while g.0 == r {
                            g = p.1.wait(g);
                        }
                    }
                }
                done.send(());
            });
        }
        (0..=WAITERS).for_each(|_| _ = done.recv());
    }
}
