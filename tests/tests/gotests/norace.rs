//! norace_test.go

use crate::{Procs, go_test};
use gort::{chan, go, runtime};
use std::hint::black_box;

/// `n` goroutines enter and leave system calls, with some work in between, and see their own
/// results.
fn calls(n: usize, work: u64) {
    let done = chan::<u64>(0);
    for i in 0..n as u64 {
        let done = done.clone();
        go(move || {
            let mut x = 42 + i;
            for _ in 0..2000 {
                gort::blocking(|| {
                    for _ in 0..work {
                        x = black_box(x * 2) / 2;
                    }
                });
            }
            done.send(x - i);
        });
    }
    (0..n).for_each(|_| assert_eq!(done.recv(), Some(42)));
}

go_test! {
    /// Go (runtime): norace_test.go:17 BenchmarkSyscall
    /// Go (runtime): norace_test.go:21 BenchmarkSyscallWork
    system_calls, {
        let _p = Procs::set(4);
        calls(4, 0);
        calls(4, 100);
    }
}

go_test! {
    /// Go (runtime): norace_test.go:25 BenchmarkSyscallExcess
    /// Go (runtime): norace_test.go:29 BenchmarkSyscallExcessWork
    system_calls_of_more_goroutines_than_ps, {
        for procs in [1, 4] {
            let _p = Procs::set(procs);
            calls(4 * procs as usize, 0);
            calls(4 * procs as usize, 100);
        }
        // They end soon after they have sent.
        while runtime::num_goroutine() > 1 {
            runtime::gosched();
        }
    }
}
