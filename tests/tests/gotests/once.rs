//! Package sync: once_test.go

use crate::go_test;
use gort::sync::Once;
use gort::{chan, go, recover, runtime};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

go_test! {
    /// Go (sync): once_test.go:26 TestOnce
    once, {
        for _ in 0..500 {
            let o = Arc::new((Once::new(), AtomicUsize::new(0)));
            let c = chan::<()>(0);
            for _ in 0..10 {
                let (o, c) = (o.clone(), c.clone());
                go(move || {
                    o.0.call(|| {
                        runtime::gosched();
                        o.1.fetch_add(1, SeqCst);
                    });
                    assert_eq!(o.1.load(SeqCst), 1);
                    c.send(());
                });
            }
            (0..10).for_each(|_| _ = c.recv());
        }
    }
}

go_test! {
    /// Go (sync): once_test.go:42 TestOncePanic
    after_a_panic, {
        let o = Once::new();
        assert_eq!(recover(|| o.call(|| panic!("failed"))).unwrap_err().to_string(), "failed");
        o.call(|| panic!("called twice"));
    }
}
