//! Go's own tests of its scheduler, channels, locks, timers and coroutines, thought again for gort:
//! one module per `_test.go` file, the tests in its order. Each doc line names the Go test whose
//! idea it has; `docs/go-tests.md` lists all, with those that were left out.
//!
//! Every test that needs the runtime runs in a child process. `GOMAXPROCS` in the environment holds
//! for the tests that do not set it.

mod chan;
mod chanbarrier;
mod cond;
mod coro;
mod crash;
mod histogram;
mod lfstack;
mod lockrank;
mod metrics;
mod mutex;
mod norace;
mod once;
mod oncefunc;
mod pool;
mod proc;
mod pull;
mod rand;
mod runtime_rwmutex;
mod rwmutex;
mod sema;
mod semasleep;
mod sleep;
mod stack;
mod tick;
mod traceback;
mod waitgroup;

use gort_proc::{StwReason, WaitReason};
use std::time::Duration;

/// A test: its body runs as the main goroutine of a child process and must end with status 0 within
/// five minutes. Leading method calls configure the child.
macro_rules! go_test {
    ($(#[$m:meta])* $name:ident, $(. $s:ident ( $($a:expr),* ))* $body:block) => {
        $(#[$m])*
        #[test]
        fn $name() {
            gort_tests::in_child!(.limit(std::time::Duration::from_secs(300))$(.$s($($a),*))*, || $body).ok();
        }
    };
}
pub(crate) use go_test;

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn us(n: u64) -> Duration {
    Duration::from_micros(n)
}

/// Sets the number of Ps until it is dropped.
pub(crate) struct Procs(i32);

impl Procs {
    pub(crate) fn set(n: i32) -> Self {
        Procs(gort::runtime::gomaxprocs(n))
    }
}

impl Drop for Procs {
    fn drop(&mut self) {
        gort::runtime::gomaxprocs(self.0);
    }
}

/// What a collection does to the scheduler, where Go's test calls `runtime.GC`: two stops of the
/// world, and a safe point on every P.
pub(crate) fn gc() {
    // SAFETY: on a user goroutine that holds no lock of the runtime; worldsema is held for
    // for_each_p.
    unsafe {
        let w = gort_proc::stop_the_world_gc(StwReason::GCSweepTerm);
        gort_proc::start_the_world_gc(w);
        gort_sema::semacquire(&gort_proc::WORLDSEMA);
        gort_proc::for_each_p(WaitReason::GCMarkTermination, &|_| ());
        gort_sema::semrelease(&gort_proc::WORLDSEMA);
        let w = gort_proc::stop_the_world_gc(StwReason::GCMarkTerm);
        gort_proc::start_the_world_gc(w);
    }
}

/// The number of goroutines, once it has been the same for a hundred yields on one P.
pub(crate) fn stable_num_goroutine() -> usize {
    let _p = Procs::set(1);
    let mut n = gort::runtime::num_goroutine();
    let mut same = 0;
    for _ in 0..1000 {
        let now = gort::runtime::num_goroutine();
        if now == n {
            same += 1;
        } else {
            (n, same) = (now, 0);
        }
        if same >= 100 {
            return n;
        }
        gort::runtime::gosched();
    }
    panic!("the number of goroutines does not come to rest");
}

/// Uses some KiB of stack.
#[inline(never)]
pub(crate) fn deep(n: usize) -> u64 {
    let pad = std::hint::black_box([n as u64; 128]);
    if n == 0 { pad[7] } else { pad[n % 128] + deep(n - 1) }
}
