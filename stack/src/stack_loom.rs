//! What loom models need of stack.go: nothing grows, nobody preempts.

/// As the real one.
pub const STACK_GUARD: usize = 928;

/// Nobody asks a goroutine of a model to yield.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
#[inline(always)]
pub unsafe fn preempt_check() {}

/// A model's operations are always on a goroutine.
pub fn on_goroutine_for(_op: &'static str) {}

/// As the real one.
pub fn has_goroutine() -> bool {
    true
}

/// As [`preempt_check`].
#[macro_export]
macro_rules! entry {
    ($op:literal, $again:expr) => {};
}

/// As [`on_goroutine`].
#[macro_export]
macro_rules! entry_here {
    ($op:literal, $again:expr) => {};
    ($gp:ident, $op:literal, $again:expr) => {
        let $gp = getg();
    };
}

/// As the real one.
pub fn no_goroutine() -> ! {
    panic!("gort: operation outside of a goroutine")
}

/// Models have no stacks, hence no segments.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn segment_first(_gp: *mut gort_runtime2::G) -> usize {
    unreachable!()
}

/// As [`segment_first`].
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn segment_exit(_gp: *mut gort_runtime2::G) {}

/// As [`segment_first`].
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn segment_before_fork() {}

/// As [`segment_first`].
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn segment_after_fork() {}

/// There is no cache.
///
/// # Safety
/// The caller owes nothing: it is `unsafe` because what stands in its place elsewhere is.
pub unsafe fn stackcache_clear(_pp: *mut gort_runtime2::P) {}

/// A model's operations are always on a goroutine.
pub fn outside<R>(_op: &'static str, f: impl FnOnce() -> R) -> R {
    f()
}
