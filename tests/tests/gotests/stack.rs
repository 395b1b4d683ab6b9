//! stack_test.go: what does not depend on stacks that move.

use crate::{deep, go_test};
use gort::sync::WaitGroup;
use gort::{chan, go, runtime, select};
use std::sync::Arc;

go_test! {
    /// Dead goroutines' stacks are used again: more batches of deep goroutines need no more memory.
    ///
    /// Go (runtime): stack_test.go:23 TestStackMem
    stacks_are_used_again, .procs(2) {
        const BATCH: usize = 32;
        let rss = || {
            let s = std::fs::read_to_string("/proc/self/statm").unwrap();
            s.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4
        };
        let mut first = 0;
        for b in 0..220 {
            let c = chan::<u64>(BATCH);
            for _ in 0..BATCH {
                let c = c.clone();
                go(move || c.send(deep(100))); // 100 KiB and more
            }
            (0..BATCH).for_each(|_| _ = c.recv());
            if b == 20 {
                first = rss();
            }
        }
        // One batch takes 4 MiB; each P keeps up to 64 dead goroutines with their stacks.
        assert!(rss() < first + 16384, "{} KiB, then {}", first, rss());
    }
}

go_test! {
    /// Native stacks have their size from the start; what a goroutine on each kind of M can use is
    /// the same.
    ///
    /// Go (runtime): stack_test.go:79 TestStackGrowth
    deep_calls_everywhere, {
        deep(100);
        let wg = Arc::new(WaitGroup::new());
        for locked in [false, true] {
            wg.add(1);
            let wg = wg.clone();
            go(move || {
                if locked {
                    runtime::lock_os_thread();
                }
                deep(100);
                wg.done();
            });
        }
        wg.wait();
    }
}

go_test! {
    /// Go (runtime): stack_test.go:427 TestStackCache
    nested_goroutines_that_go_deep, {
        const R: usize = 4;
        const G: usize = 200;
        const S: usize = 5;
        for _ in 0..R {
            let wg = Arc::new(WaitGroup::new());
            for _ in 0..G {
                wg.add(1);
                let wg = wg.clone();
                go(move || {
                    let inner = Arc::new(WaitGroup::new());
                    for _ in 0..S {
                        inner.add(1);
                        let inner = inner.clone();
                        go(move || {
                            deep(4);
                            inner.done();
                        });
                    }
                    inner.wait();
                    wg.done();
                });
            }
            wg.wait();
        }
    }
}

go_test! {
    /// Go (runtime): stack_test.go:459 TestStackOutput
    own_stack, {
        let s = runtime::stack(false);
        assert!(s.starts_with("goroutine 1 [running]:\n"), "{s}");
    }
}

go_test! {
    /// Go (runtime): stack_test.go:468 TestStackAllOutput
    all_stacks, {
        go(|| select! {});
        runtime::gosched();
        let s = runtime::stack(true);
        assert!(s.starts_with("goroutine 1 [running]:\n"), "{s}");
    }
}

go_test! {
    /// The stack of a panicking goroutine, written while it unwinds.
    ///
    /// Go (runtime): stack_test.go:477 TestStackPanic
    stack_in_a_panic, {
        struct Check;
        impl Drop for Check {
            fn drop(&mut self) {
                assert!(runtime::stack(true).contains("goroutine 1 [running"));
            }
        }
        let r = gort::recover(|| {
            let _c = Check;
            panic!("test panic");
        });
        assert!(r.is_err());
    }
}
