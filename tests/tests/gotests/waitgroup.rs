//! Package sync: waitgroup_test.go

use crate::go_test;
use gort::sync::WaitGroup;
use gort::{chan, go, recover};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

fn barrier(wg1: &Arc<WaitGroup>, wg2: &Arc<WaitGroup>) {
    const N: usize = 16;
    wg1.add(N as isize);
    wg2.add(N as isize);
    let exited = chan::<()>(N);
    for _ in 0..N {
        let (wg1, wg2, exited) = (wg1.clone(), wg2.clone(), exited.clone());
        go(move || {
            wg1.done();
            wg2.wait();
            exited.send(());
        });
    }
    wg1.wait();
    for _ in 0..N {
        assert!(exited.try_recv().is_err(), "released too soon");
        wg2.done();
    }
    (0..N).for_each(|_| _ = exited.recv());
}

go_test! {
    /// Go (sync): waitgroup_test.go:39 TestWaitGroup
    barriers, {
        let (wg1, wg2) = (Arc::new(WaitGroup::new()), Arc::new(WaitGroup::new()));
        (0..8).for_each(|_| barrier(&wg1, &wg2));
    }
}

go_test! {
    /// Go (sync): waitgroup_test.go:49 TestWaitGroupMisuse
    misuse, {
        let p = recover(|| {
            let wg = WaitGroup::new();
            wg.add(1);
            wg.done();
            wg.done();
        });
        assert_eq!(p.unwrap_err().to_string(), "sync: negative WaitGroup counter");
    }
}

go_test! {
    /// Go (sync): waitgroup_test.go:63 TestWaitGroupRace
    wait_sees_all_that_was_done, {
        for _ in 0..3000 {
            let wg = Arc::new(WaitGroup::new());
            let n = Arc::new(AtomicI32::new(0));
            for _ in 0..2 {
                wg.add(1);
                let (wg, n) = (wg.clone(), n.clone());
                go(move || {
                    n.fetch_add(1, SeqCst);
                    wg.done();
                });
            }
            wg.wait();
            assert_eq!(n.load(SeqCst), 2, "woken too early");
        }
    }
}

go_test! {
    /// Go (sync): waitgroup_test.go:88 TestWaitGroupAlign
    beside_a_byte, {
        #[repr(C)]
        struct X {
            x: u8,
            wg: WaitGroup,
        }
        let x = Arc::new(X { x: 1, wg: WaitGroup::new() });
        x.wg.add(x.x as isize);
        let x1 = x.clone();
        go(move || x1.wg.done());
        x.wg.wait();
    }
}

go_test! {
    /// Go (sync): waitgroup_test.go:163 BenchmarkWaitGroupActuallyWait
    wait_that_waits, {
        for _ in 0..5_000 {
            let wg = Arc::new(WaitGroup::new());
            wg.add(1);
            let wg1 = wg.clone();
            go(move || wg1.done());
            wg.wait();
        }
    }
}
