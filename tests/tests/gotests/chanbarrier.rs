//! chanbarrier_test.go

use crate::go_test;
use gort::sync::WaitGroup;
use gort::{chan, go, runtime, select};
use std::sync::Arc;

/// A request whose answer comes through a channel of its own.
fn request(with_select: bool) -> Result<Box<u32>, Box<u32>> {
    let (c, done) = (chan::<Result<Box<u32>, Box<u32>>>(0), chan::<()>(0));
    let c1 = c.clone();
    if with_select {
        go(move || {
            select! {
                send(c1, Err(Box::new(7))) => {}
                recv(done) -> _ => {}
            }
        });
    } else {
        go(move || c1.send(Err(Box::new(7))));
    }
    let r = c.recv().unwrap();
    runtime::gosched();
    r
}

fn barrier(with_select: bool) {
    let wg = Arc::new(WaitGroup::new());
    for _ in 0..50 {
        wg.add(1);
        let wg = wg.clone();
        go(move || {
            for _ in 0..1000 {
                assert_eq!(request(with_select), Err(Box::new(7)));
                drop(std::hint::black_box(vec![0u8; 1 << 10]));
            }
            wg.done();
        });
    }
    wg.wait();
}

go_test! {
    /// Go (runtime): chanbarrier_test.go:47 TestChanSendSelectBarrier
    select, {
        barrier(true);
    }
}

go_test! {
    /// Go (runtime): chanbarrier_test.go:52 TestChanSendBarrier
    plain, {
        barrier(false);
    }
}
