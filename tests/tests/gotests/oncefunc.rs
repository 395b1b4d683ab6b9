//! Package sync: oncefunc_test.go

use crate::go_test;
use gort::sync::WaitGroup;
use gort::{go, recover, runtime};
use gort_sync::{once_func, once_value, once_values};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static CALLS: AtomicUsize = AtomicUsize::new(0);

fn call() -> usize {
    CALLS.fetch_add(1, SeqCst) + 1
}

go_test! {
    /// Go (sync): oncefunc_test.go:20 TestOnceFunc
    func, {
        // SAFETY: on a user goroutine.
        let f = unsafe { once_func(|| _ = call()) };
        (0..10).for_each(|_| f());
        assert_eq!(CALLS.load(SeqCst), 1);
    }
}

go_test! {
    /// Go (sync): oncefunc_test.go:32 TestOnceValue
    value, {
        // SAFETY: on a user goroutine.
        let f = unsafe { once_value(call) };
        assert!((0..10).all(|_| f() == 1));
    }
}

go_test! {
    /// Go (sync): oncefunc_test.go:51 TestOnceValues
    values, {
        // SAFETY: on a user goroutine.
        let f = unsafe { once_values(|| (call(), 2)) };
        assert!((0..10).all(|_| f() == (1, 2)));
    }
}

fn panics(f: impl Fn()) {
    for _ in 0..2 {
        assert_eq!(recover(&f).unwrap_err().to_string(), "x");
    }
    assert_eq!(CALLS.load(SeqCst), 1);
}

go_test! {
    /// Go (sync): oncefunc_test.go:101 TestOnceFuncPanic
    func_panics, {
        // SAFETY: on a user goroutine.
        panics(unsafe { once_func(|| { call(); panic!("x") }) });
    }
}

go_test! {
    /// Go (sync): oncefunc_test.go:110 TestOnceValuePanic
    value_panics, {
        // SAFETY: on a user goroutine.
        let f = unsafe { once_value(|| -> usize { call(); panic!("x") }) };
        panics(|| _ = f());
    }
}

go_test! {
    /// Go (sync): oncefunc_test.go:119 TestOnceValuesPanic
    values_panics, {
        // SAFETY: on a user goroutine.
        let f = unsafe { once_values(|| -> (usize, usize) { call(); panic!("x") }) };
        panics(|| _ = f());
    }
}

go_test! {
    /// Go (sync): oncefunc_test.go:143 TestOnceFuncGoexit
    goexit, {
        // SAFETY: on a user goroutine.
        let f = Arc::new(unsafe { once_func(|| { call(); runtime::goexit() }) });
        for _ in 0..2 {
            struct Done(Arc<WaitGroup>);
            impl Drop for Done {
                fn drop(&mut self) {
                    self.0.done();
                }
            }
            let wg = Arc::new(WaitGroup::new());
            wg.add(1);
            let (f, done) = (f.clone(), Done(wg.clone()));
            go(move || {
                let _done = done;
                let _ = recover(|| f());
            });
            wg.wait();
        }
        assert_eq!(CALLS.load(SeqCst), 1);
    }
}
