//! chan_test.go

use crate::{Procs, deep, gc, go_test, us};
use gort::sync::{Mutex, WaitGroup};
use gort::{Chan, chan, go, runtime, select, time};
use gort_proc::WaitReason;
use gort_tests::until_waiting;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// One capacity of [`all_capacities`].
fn one(cap: usize) {
    {
        // Receiving from an empty channel blocks, with and without the second result.
        let c = chan::<i32>(cap);
        let got = Arc::new(AtomicUsize::new(0));
        let done = chan::<()>(2);
        for _ in 0..2 {
            let (c, got, done) = (c.clone(), got.clone(), done.clone());
            go(move || {
                c.recv();
                got.fetch_add(1, SeqCst);
                done.send(());
            });
        }
        until_waiting(2, WaitReason::ChanReceive);
        assert_eq!(got.load(SeqCst), 0, "chan[{cap}]: received from an empty channel");
        assert!(c.try_recv().is_err());
        select! {
            recv(c) -> _ => panic!("chan[{cap}]: received from an empty channel"),
            default => {}
        }
        c.send(0);
        c.send(0);
        done.recv();
        done.recv();
    }
    {
        // Sending to a full one blocks.
        let c = chan(cap);
        for i in 0..cap {
            c.send(i);
        }
        let sent = Arc::new(AtomicBool::new(false));
        let done = chan::<()>(1);
        let (c1, sent1, done1) = (c.clone(), sent.clone(), done.clone());
        go(move || {
            c1.send(0);
            sent1.store(true, SeqCst);
            done1.send(());
        });
        until_waiting(1, WaitReason::ChanSend);
        assert!(!sent.load(SeqCst), "chan[{cap}]: sent to a full channel");
        assert!(c.try_send(0).is_err());
        select! {
            send(c, 0) => panic!("chan[{cap}]: sent to a full channel"),
            default => {}
        }
        c.recv();
        done.recv();
    }
    {
        // A closed one gives what it holds, then nothing.
        let c = chan(cap);
        for i in 0..cap {
            c.send(i);
        }
        c.close();
        for i in 0..cap {
            assert_eq!(c.recv(), Some(i), "chan[{cap}]");
        }
        assert_eq!(c.recv(), None);
        assert_eq!(c.recv(), None);
    }
    {
        // Closing ends a receive.
        let c = chan::<i32>(cap);
        let done = chan::<bool>(0);
        let (c1, done1) = (c.clone(), done.clone());
        go(move || done1.send(c1.recv().is_none()));
        until_waiting(1, WaitReason::ChanReceive);
        c.close();
        assert_eq!(done.recv(), Some(true));
    }
    {
        // In order, nothing lost.
        let c = chan(cap);
        for _ in 0..2 {
            let c1 = c.clone();
            go(move || (0..100).for_each(|i| c1.send(i)));
            for i in 0..100 {
                assert_eq!(c.recv(), Some(i), "chan[{cap}]");
            }
        }
        const P: usize = 4;
        const L: usize = 1000;
        let done = chan::<HashMap<usize, usize>>(0);
        for _ in 0..P {
            let c1 = c.clone();
            go(move || (0..L).for_each(|i| c1.send(i)));
        }
        for _ in 0..P {
            let (c, done) = (c.clone(), done.clone());
            go(move || {
                let mut m = HashMap::new();
                for _ in 0..L {
                    *m.entry(c.recv().unwrap()).or_default() += 1;
                }
                done.send(m);
            });
        }
        let mut all = HashMap::<usize, usize>::new();
        for _ in 0..P {
            for (k, n) in done.recv().unwrap() {
                *all.entry(k).or_default() += n;
            }
        }
        assert_eq!(all.len(), L, "chan[{cap}]");
        assert!(all.values().all(|&n| n == P), "chan[{cap}]");
    }
    {
        let c = chan(cap);
        assert_eq!((c.len(), c.cap()), (0, cap));
        for i in 0..cap {
            c.send(i);
        }
        assert_eq!((c.len(), c.cap()), (cap, cap));
    }
}

go_test! {
    /// Go (runtime): chan_test.go:17 TestChan
    all_capacities, {
        let _p = Procs::set(4);
        (0..60).for_each(one);
    }
}

go_test! {
    /// Go (runtime): chan_test.go:203 TestNonblockRecvRace
    closed_channel_gives_its_value_to_a_poll, {
        for _ in 0..10_000 {
            let c = chan(1);
            c.send(1);
            let c1 = c.clone();
            go(move || {
                // The value, or the close: never "not ready".
                select! {
                    recv(c1) -> _ => {}
                    default => panic!("not ready"),
                }
            });
            c.close();
            c.recv();
        }
    }
}

/// A select with a default over two channels, of which one is ready at any moment. `second` makes
/// the second one ready.
fn poll_of_two(second: fn(&Chan<i32>), cap: usize) {
    let done = chan::<bool>(1);
    for _ in 0..30_000 {
        let (c1, c2) = (chan::<i32>(1), chan::<i32>(cap));
        c1.send(1);
        let (d1, d2, done1) = (c1.clone(), c2.clone(), done.clone());
        go(move || {
            let ready = select! {
                recv(d1) -> _ => true,
                recv(d2) -> _ => true,
                default => false,
            };
            done1.send(ready);
        });
        second(&c2);
        select! {
            recv(c1) -> _ => {}
            default => {}
        }
        assert_eq!(done.recv(), Some(true), "no channel is ready");
    }
}

go_test! {
    /// Go (runtime): chan_test.go:240 TestNonblockSelectRace
    one_of_two_is_always_ready, {
        poll_of_two(|c| c.send(1), 1);
    }
}

go_test! {
    /// Go (runtime): chan_test.go:272 TestNonblockSelectRace2
    one_of_two_is_always_ready_by_close, {
        poll_of_two(Chan::close, 0);
    }
}

go_test! {
    /// Go (runtime): chan_test.go:303 TestSelfSelect
    select_on_both_sides_of_one_channel, {
        let _p = Procs::set(2);
        for cap in [0, 10] {
            let wg = Arc::new(WaitGroup::new());
            wg.add(2);
            let c = chan::<usize>(cap);
            for p in 0..2 {
                let (wg, c) = (wg.clone(), c.clone());
                go(move || {
                    let check = |v: Option<usize>| assert!(cap > 0 || v != Some(p), "received from itself");
                    for i in 0..1000 {
                        if p == 0 || i % 2 == 0 {
                            select! {
                                send(c, p) => {}
                                recv(c) -> v => check(v),
                            }
                        } else {
                            select! {
                                recv(c) -> v => check(v),
                                send(c, p) => {}
                            }
                        }
                    }
                    wg.done();
                });
            }
            wg.wait();
        }
    }
}

go_test! {
    /// Go (runtime): chan_test.go:342 TestSelectStress
    selects_and_plain_operations_mixed, {
        let _p = Procs::set(10);
        const N: usize = 20_000;
        let c = [chan::<i32>(0), chan(0), chan(2), chan(3)];
        let wg = Arc::new(WaitGroup::new());
        wg.add(10);
        for c in &c {
            let (c1, wg1) = (c.clone(), wg.clone());
            go(move || {
                (0..N).for_each(|_| c1.send(0));
                wg1.done();
            });
            let (c1, wg1) = (c.clone(), wg.clone());
            go(move || {
                (0..N).for_each(|_| _ = c1.recv());
                wg1.done();
            });
        }
        // A channel that has had its N becomes the nil channel.
        let count = |c: &mut [Chan<i32>; 4], n: &mut [usize; 4], k: usize| {
            n[k] += 1;
            if n[k] == N {
                c[k] = Chan::nil();
            }
        };
        let (mut c1, wg1) = (c.clone(), wg.clone());
        go(move || {
            let mut n = [0; 4];
            for _ in 0..4 * N {
                let k = select! {
                    send(c1[3], 0) => 3,
                    send(c1[2], 0) => 2,
                    send(c1[0], 0) => 0,
                    send(c1[1], 0) => 1,
                };
                count(&mut c1, &mut n, k);
            }
            wg1.done();
        });
        let (mut c1, wg1) = (c.clone(), wg.clone());
        go(move || {
            let mut n = [0; 4];
            for _ in 0..4 * N {
                let k = select! {
                    recv(c1[0]) -> _ => 0,
                    recv(c1[1]) -> _ => 1,
                    recv(c1[2]) -> _ => 2,
                    recv(c1[3]) -> _ => 3,
                };
                count(&mut c1, &mut n, k);
            }
            wg1.done();
        });
        wg.wait();
        assert!(c.iter().all(Chan::is_empty));
    }
}

go_test! {
    /// Go (runtime): chan_test.go:437 TestSelectFairness
    select_is_fair, {
        const TRIALS: usize = 10_000;
        let (c1, c2) = (chan(TRIALS + 1), chan(TRIALS + 1));
        for _ in 0..=TRIALS {
            c1.send(1);
            c2.send(2);
        }
        let (out, done) = (chan::<i32>(0), chan::<()>(0));
        let wg = Arc::new(WaitGroup::new());
        wg.add(1);
        let (out1, done1, wg1) = (out.clone(), done.clone(), wg.clone());
        go(move || {
            let (c3, c4) = (chan::<i32>(0), chan::<i32>(0));
            loop {
                let b = select! {
                    recv(c3) -> b => b,
                    recv(c4) -> b => b,
                    recv(c1) -> b => b,
                    recv(c2) -> b => b,
                };
                select! {
                    send(out1, b.unwrap()) => {}
                    recv(done1) -> _ => break,
                }
            }
            wg1.done();
        });
        let mut n = [0i64; 2];
        for _ in 0..TRIALS {
            n[out.recv().unwrap() as usize - 1] += 1;
        }
        // Ten times the standard deviation, which is 50.
        assert!((n[0] - TRIALS as i64 / 2).abs() <= 500, "unfair: {n:?}");
        done.close();
        wg.wait();
    }
}

go_test! {
    /// Go (runtime): chan_test.go:497 TestChanSendInterface
    fat_elements, {
        trait Any: Send {}
        struct Unit;
        impl Any for Unit {}
        let c = chan::<Box<dyn Any>>(1);
        c.send(Box::new(Unit));
        select! {
            send(c, Box::new(Unit) as Box<dyn Any>) => panic!("full"),
            default => {}
        }
        select! {
            send(c, Box::new(Unit) as Box<dyn Any>) => panic!("full"),
            send(c, Box::new(Unit) as Box<dyn Any>) => panic!("full"),
            default => {}
        }
    }
}

go_test! {
    /// Go (runtime): chan_test.go:513 TestPseudoRandomSend
    sends_in_a_select_are_random, {
        const N: usize = 100;
        for cap in [0, N] {
            let c = chan::<usize>(cap);
            let l = Arc::new(Mutex::new(vec![]));
            let (c1, l1, done) = (c.clone(), l.clone(), chan::<()>(0));
            let done1 = done.clone();
            go(move || {
                for _ in 0..N {
                    runtime::gosched();
                    l1.lock().push(c1.recv().unwrap());
                }
                done1.close();
            });
            for _ in 0..N {
                select! {
                    send(c, 1) => {}
                    send(c, 0) => {}
                }
            }
            done.recv();
            let ones: usize = l.lock().iter().sum();
            assert!(ones > N / 10 && N - ones > N / 10, "{ones} ones, capacity {cap}");
        }
    }
}

go_test! {
    /// Go (runtime): chan_test.go:546 TestMultiConsumer
    many_consumers, {
        const WORKERS: usize = 23;
        const ITER: usize = 100_000;
        let pn = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
        let (q, r) = (chan::<u64>(WORKERS * 3), chan::<u64>(WORKERS * 3));
        let wg = Arc::new(WaitGroup::new());
        for w in 0..WORKERS {
            wg.add(1);
            let (q, r, wg) = (q.clone(), r.clone(), wg.clone());
            go(move || {
                for v in &q {
                    if pn[w % pn.len()] == v {
                        runtime::gosched(); // out of step
                    }
                    r.send(v);
                }
                wg.done();
            });
        }
        let (q1, r1, wg1) = (q.clone(), r.clone(), wg.clone());
        go(move || {
            (0..ITER).for_each(|i| q1.send(pn[i % pn.len()]));
            q1.close();
            wg1.wait();
            r1.close();
        });
        let expect: u64 = (0..ITER).map(|i| pn[i % pn.len()]).sum();
        let (mut n, mut s) = (0, 0);
        for v in &r {
            n += 1;
            s += v;
        }
        assert_eq!((n, s), (ITER, expect));
    }
}

go_test! {
    /// Without shrinking: native stacks are not moved. What stays is a world that stops while a
    /// sender is blocked.
    ///
    /// Go (runtime): chan_test.go:597 TestShrinkStackDuringBlockedSend
    stops_while_a_send_is_blocked, {
        const N: usize = 10;
        let (c, done) = (chan::<usize>(0), chan::<()>(0));
        let (c1, done1) = (c.clone(), done.clone());
        go(move || {
            for i in 0..N {
                c1.send(i);
                deep(20);
            }
            done1.send(());
        });
        for i in 0..N {
            assert_eq!(c.recv(), Some(i));
            until_waiting(1, WaitReason::ChanSend); // with the next one, or that it is done
            gc();
        }
        done.recv();
    }
}

go_test! {
    /// Go (runtime): chan_test.go:629 TestNoShrinkStackWhileParking
    stops_while_parking, {
        const N: usize = 10;
        for _ in 0..N * 20 {
            let (c, done) = (chan::<usize>(0), chan::<()>(0));
            let (c1, done1) = (c.clone(), done.clone());
            go(move || {
                for _ in 0..N {
                    time::sleep(us(10));
                    c1.recv();
                }
                done1.send(());
            });
            let done1 = done.clone();
            go(move || {
                for i in 0..N {
                    c.send(i);
                    deep(20);
                }
                done1.send(());
            });
            time::sleep(us(50));
            gc();
            done.recv();
            done.recv();
        }
    }
}

go_test! {
    /// Go (runtime): chan_test.go:692 TestSelectDuplicateChannel
    one_channel_twice_in_a_select, {
        let (c, d, e) = (chan::<i32>(0), chan::<i32>(0), chan::<i32>(0));
        let (c1, d1, e1) = (c.clone(), d.clone(), e.clone());
        go(move || {
            select! {
                recv(c1) -> _ => {}
                recv(c1) -> _ => {}
                recv(d1) -> _ => {}
            }
            e1.send(9);
        });
        until_waiting(1, WaitReason::Select); // it is in c's queue now, twice
        let (c1, e1) = (c.clone(), e.clone());
        go(move || {
            c1.recv();
            e1.send(10);
        });
        until_waiting(1, WaitReason::ChanReceive); // the other one is behind it
        d.send(7);
        assert_eq!(e.recv(), Some(9));
        c.send(8); // must reach the second one
        assert_eq!(e.recv(), Some(10));
    }
}

go_test! {
    /// Values that were evaluated for a select but not sent are left alone, and what a case
    /// received goes where it should, with stops of the world in between. (Go's test is about
    /// stacks that move.)
    ///
    /// Go (runtime): chan_test.go:721 TestSelectStackAdjust
    select_slots_across_a_stop, {
        let (c, d) = (chan::<Box<i32>>(0), chan::<Box<i32>>(0));
        let wg = Arc::new(WaitGroup::new());
        for dup in [false, true] {
            let (c, d, wg) = (c.clone(), d.clone(), wg.clone());
            wg.add(1);
            go(move || {
                deep(10);
                let (c2, d2) = if dup { (c.clone(), d.clone()) } else { (Chan::nil(), Chan::nil()) };
                let got = select! {
                    recv(c) -> _ => panic!("c"),
                    recv(c2) -> _ => panic!("c2"),
                    recv(d) -> v => v,
                    recv(d2) -> v => v,
                };
                assert_eq!(*got.unwrap(), 42);
                wg.done();
            });
        }
        until_waiting(2, WaitReason::Select);
        gc();
        d.send(Box::new(42));
        d.send(Box::new(42));
        wg.wait();
    }
}

go_test! {
    /// The pattern of a benchmark: one popular channel in the queues of a thousand selects.
    ///
    /// Go (runtime): chan_test.go:1168 BenchmarkChanPopular
    a_popular_channel, {
        const N: usize = 1000;
        let c = chan::<bool>(0);
        let wg = Arc::new(WaitGroup::new());
        let mut all = Vec::new();
        for _ in 0..N {
            let d = chan::<bool>(0);
            all.push(d.clone());
            wg.add(1);
            let (c, wg) = (c.clone(), wg.clone());
            go(move || {
                for _ in 0..10 {
                    select! {
                        recv(c) -> _ => panic!("nobody sends there"),
                        recv(d) -> _ => {}
                    }
                }
                wg.done();
            });
        }
        for _ in 0..10 {
            all.iter().for_each(|d| d.send(true));
        }
        wg.wait();
    }
}

go_test! {
    /// Producers and consumers that select between work and a common end.
    ///
    /// Go (runtime): chan_test.go:1074 BenchmarkSelectProdCons
    producers_and_consumers_with_select, {
        const P: usize = 8;
        const N: usize = 5_000;
        let (c, done, quit) = (chan::<usize>(128), chan::<usize>(2 * P), chan::<()>(0));
        for _ in 0..P {
            let (c1, quit1, done1) = (c.clone(), quit.clone(), done.clone());
            go(move || {
                for i in 0..N {
                    select! {
                        send(c1, i) => {}
                        recv(quit1) -> _ => panic!("closed early"),
                    }
                }
                done1.send(0);
            });
            let (c1, quit1, done1) = (c.clone(), quit.clone(), done.clone());
            go(move || {
                let mut sum = 0;
                loop {
                    select! {
                        recv(c1) -> v => sum += v.unwrap(),
                        recv(quit1) -> _ => break,
                    }
                }
                done1.send(sum);
            });
        }
        for _ in 0..P {
            assert_eq!(done.recv(), Some(0));
        }
        while !c.is_empty() {
            runtime::gosched();
        }
        quit.close();
        let sum: usize = (0..P).map(|_| done.recv().unwrap()).sum();
        assert_eq!(sum, P * (N * (N - 1) / 2));
    }
}
