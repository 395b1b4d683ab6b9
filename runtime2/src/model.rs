//! How a loom model is run: the bound on what is looked at, and what it says of itself.

use loom::model::Builder;
use loom::sync::atomic::{AtomicUsize, Ordering};
use std::cell::Cell;

/// Checks `f` in every order of its atomic operations that takes at most `bound` preemptions
/// (switches away from a thread that could go on). Switches where a thread blocks, ends or yields
/// are free.
pub fn check(bound: usize, f: impl Fn() + Sync + Send + 'static) {
    run(bound, None, f);
}

/// As [`check`], but the first `n` executions only, in loom's order, which is the same in every
/// run: depth first, so that it is the late part of an execution that is varied. For models that
/// have too many.
pub fn check_first(bound: usize, n: usize, f: impl Fn() + Sync + Send + 'static) {
    run(bound, Some(n), f);
}

fn run(bound: usize, limit: Option<usize>, f: impl Fn() + Sync + Send + 'static) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    let executions = Arc::new(AtomicUsize::new(0));
    let _report = Report { bound, limit, executions: executions.clone(), start: cpu_ms() };
    let mut b = Builder::new();
    b.preemption_bound = Some(bound);
    b.max_branches = 100_000;
    if let Some(n) = limit {
        // loom looks at its limit once in so many executions, before it runs that one.
        b.max_permutations = Some(n + 1);
        b.checkpoint_interval = n + 1;
    }
    b.check(move || {
        executions.fetch_add(1, Relaxed);
        DISTURBED.set(None);
        f();
    });

    /// Prints a line, also when the model fails: mutants are found by failing.
    struct Report {
        bound: usize,
        limit: Option<usize>,
        executions: Arc<AtomicUsize>,
        start: u64,
    }
    impl Drop for Report {
        fn drop(&mut self) {
            let n = self.executions.load(Relaxed);
            let end = match self.limit {
                _ if std::thread::panicking() => "failed",
                Some(limit) if n >= limit => "limit",
                _ => "all",
            };
            let name = std::thread::current().name().unwrap_or_default().to_string();
            let ms = cpu_ms() - self.start;
            print!("model\t{name}\t{}\t{n}\t{end}\t{ms}\n", self.bound);
        }
    }
}

std::thread_local! {
    // In an execution with `disturb`: how many of its chances have come. All threads of a model are
    // one OS thread.
    static DISTURBED: Cell<Option<usize>> = const { Cell::new(None) };
}

loom::lazy_static! {
    static ref CHANCES: AtomicUsize = AtomicUsize::new(0);
}

/// In the rest of this execution `n` weak compare-and-swaps fail, or sleeps on a futex return,
/// without a reason, wherever in the program that may be: what loom does not do by itself (its weak
/// compare-and-swap is the strong one). A thread of the model stores numbers that nothing orders; a
/// load that sees a new one is such a failure. For the model to wait for that thread at the end.
pub fn disturb(n: usize) -> loom::thread::JoinHandle<()> {
    DISTURBED.set(Some(0));
    loom::thread::spawn(move || (1..=n).for_each(|i| CHANCES.store(i, Ordering::Relaxed)))
}

/// Whether this operation fails without a reason.
pub fn chance() -> bool {
    let Some(seen) = DISTURBED.get() else { return false };
    let now = CHANCES.load(Ordering::Relaxed);
    DISTURBED.set(Some(seen.max(now)));
    now > seen
}

std::thread_local! {
    static LIGHT_FENCES: Cell<bool> = const { Cell::new(false) };
}

/// In the models of this test `light_fence` is a fence: for those of the protocols that rely on it.
/// Elsewhere it is nothing, so that the other models show that nothing else relies on it.
pub fn set_light_fences() {
    LIGHT_FENCES.set(true);
}

/// Whether [`set_light_fences`] has been called.
pub fn light_fences() -> bool {
    LIGHT_FENCES.get()
}

/// Milliseconds of processor that this thread has used; a model's threads are loom's, all of them
/// on this one.
fn cpu_ms() -> u64 {
    // SAFETY: the structure is plain data.
    let mut t: libc::timespec = unsafe { core::mem::zeroed() };
    // SAFETY: `t` is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as u64 * 1000 + t.tv_nsec as u64 / 1_000_000
}
