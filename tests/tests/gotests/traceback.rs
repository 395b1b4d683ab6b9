//! traceback_test.go

use crate::go_test;
use gort::{chan, go, runtime};

go_test! {
    /// Go (runtime): traceback_test.go:700 TestTracebackParentChildGoroutines
    parent_and_child, {
        let parent = runtime::goid();
        let c = chan::<(u64, String)>(0);
        let c1 = c.clone();
        go(move || c1.send((runtime::goid(), runtime::stack(false))));
        let (child, stack) = c.recv().unwrap();
        assert!(stack.starts_with(&format!("goroutine {child} [running]:")), "{stack}");
        assert!(stack.contains(&format!(" in goroutine {parent}\n")), "{stack}");
    }
}
