//! The size of stacks.
//!
//! A goroutine's stack does not grow, as code of Rust and C cannot be moved: it has 256 KiB
//! (`GORTSTACK=BYTES` for all), of which memory is committed as it is touched, and an end that is
//! guarded. [`Builder::stack_size`](crate::Builder) gives one goroutine another size; [`call_on`]
//! and [`grow`] give one call a stack of its own.

use crate::go_;
use gort_panic::{Payload, catch_all, recover, resume_unwind};
use gort_proc::{MAX_NATIVE_STACK, getg, getpcspbp};
use std::any::Any;
use std::panic::AssertUnwindSafe;

/// The largest stack that can be asked for.
pub const MAX: usize = MAX_NATIVE_STACK;

pub(crate) fn check(bytes: usize) {
    assert!(bytes <= MAX, "gort: a stack of {bytes} bytes: at most {MAX} can be asked for");
}

/// How many bytes are left of this goroutine's stack, its guard left out.
///
/// ```
/// # gort::run(|| {
/// assert!(gort::stack::remaining() > 100_000);
/// # })
/// ```
#[inline(never)]
pub fn remaining() -> usize {
    gort_stack::on_goroutine_for("stack::remaining");
    let (_, sp, _) = getpcspbp();
    // SAFETY: the bounds of the current goroutine's stack change only with the goroutine.
    let (lo, hi) = unsafe {
        let stack = (*(*(*getg()).m).curg.ptr()).stack;
        (stack.lo, stack.hi)
    };
    sp.saturating_sub(lo + gort_stack::guard_size(hi - lo))
}

/// Calls `f` on a stack of at least `size` bytes, which is freed afterwards. For a call that is
/// known to need much: a deep recursion, a large array.
///
/// ```
/// # gort::run(|| {
/// let sum = gort::stack::call_on(2 << 20, || {
///     let big = std::hint::black_box([1u8; 1_000_000]);
///     big.iter().map(|&b| u64::from(b)).sum::<u64>()
/// });
/// assert_eq!(sum, 1_000_000);
/// # })
/// ```
///
/// `f` runs on a goroutine of its own while this one waits: it may borrow, and its panic or
/// [`goexit`](crate::runtime::goexit) goes on here; a stack overflow is reported with its frames,
/// and where it was created. But what belongs to a goroutine is another's there: its number, and
/// the thread of [`lock_os_thread`](crate::runtime::lock_os_thread). Hence `Send`.
///
/// # Panics
/// If `size` is more than [`MAX`]; with what `f` panics with.
#[inline(always)]
pub fn call_on<R: Send, F: FnOnce() -> R + Send>(size: usize, f: F) -> R {
    let (pc, _, _) = getpcspbp();
    call_on_pc(size, f, pc)
}

fn call_on_pc<R: Send, F: FnOnce() -> R + Send>(size: usize, f: F, pc: usize) -> R {
    check(size);
    type Ended<R> = Result<Result<R, Payload>, Box<dyn Any + Send>>;
    let mut ended: Option<Ended<R>> = None;
    let done = crate::chan::<()>(0);
    let (slot, tx) = (Slot(&raw mut ended), done.clone());
    let body = move || {
        let slot = slot;
        let r = catch_all(AssertUnwindSafe(|| recover(f)));
        // SAFETY: the caller waits below until the channel is closed, so its variable is there and
        // nobody else's.
        unsafe { *slot.0 = Some(r) };
        tx.close();
    };
    // SAFETY: nothing between here and the receive can unwind; `f` and its result are gone, or in
    // the caller's hands, before the channel is closed.
    unsafe { go_::go_sized_borrowing(size, body, pc) };
    done.recv();
    match ended {
        Some(Ok(Ok(r))) => r,
        Some(Ok(Err(p))) => p.resume(),
        Some(Err(goexit)) => resume_unwind(goexit),
        None => unreachable!("the call has ended"),
    }
}

/// A variable of the waiting goroutine.
struct Slot<T>(*mut T);
// SAFETY: it is written by one goroutine, before the other looks; `T` moves between them.
unsafe impl<T: Send> Send for Slot<T> {}

/// Calls `f` here, if at least `red_zone` bytes of the stack are left, else on a stack of `size`
/// bytes: [`call_on`]. In a recursive function it makes the stack grow by pieces.
///
/// ```
/// # gort::run(|| {
/// fn depth(n: u64) -> u64 {
///     gort::stack::grow(32 << 10, 1 << 20, || {
///         let frame = std::hint::black_box([0u8; 1024]);
///         if n == 0 { frame[0].into() } else { 1 + depth(n - 1) }
///     })
/// }
/// assert_eq!(depth(10_000), 10_000);
/// # })
/// ```
///
/// # Panics
/// As [`call_on`].
#[inline(always)]
pub fn grow<R: Send, F: FnOnce() -> R + Send>(red_zone: usize, size: usize, f: F) -> R {
    if remaining() >= red_zone { f() } else { call_on(size, f) }
}
