//! oncefunc.go: functions that run once, however often they are called.

use crate::once::Once;
use core::any::Any;
use core::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

/// What has come of the one call.
enum Outcome<T> {
    /// It has not returned yet.
    Pending,
    /// Its result: Go's `valid`.
    Valid(T),
    /// It has panicked with this: Go's `p`. A payload can be thrown only once, so text is kept as
    /// text.
    Panicked(Payload),
}

/// A panic's payload, as far as it can be thrown again.
enum Payload {
    Str(&'static str),
    String(String),
    Other,
}

/// What all three functions of the file share.
struct Shared<F, T> {
    once: Once,
    f: UnsafeCell<Option<F>>,
    outcome: UnsafeCell<Outcome<T>>,
}

// SAFETY: `once` lets one goroutine in to `f` and to write `outcome`, which all others only read
// afterwards.
unsafe impl<F: Send, T: Send + Sync> Sync for Shared<F, T> {}

impl<F: FnOnce() -> T, T> Shared<F, T> {
    fn new(f: F) -> Self {
        Self {
            once: Once::new(),
            f: UnsafeCell::new(Some(f)),
            outcome: UnsafeCell::new(Outcome::Pending),
        }
    }

    /// The function that is returned: runs `f` if nobody has, then gives its result or panics as it
    /// did.
    ///
    /// # Safety
    /// On a user goroutine.
    ///
    /// Go (sync): oncefunc.go:11 OnceFunc
    unsafe fn get(&self) -> &T {
        // SAFETY: the closure runs alone and before any read of the outcome.
        unsafe {
            self.once.do_(|| {
                // :18
                let f = (*self.f.get()).take(); // no need to keep it alive
                let Some(f) = f else { return };
                // :20
                match catch_unwind(AssertUnwindSafe(f)) {
                    // :29
                    Ok(v) => *self.outcome.get() = Outcome::Valid(v),
                    Err(p) => {
                        *self.outcome.get() = Outcome::Panicked(keep(&*p));
                        // :24 in Go's order; here and not after `do_`, so that the first panic's
                        // traceback shows f's caller
                        resume_unwind(p);
                    }
                }
            });
            // :33
            match &*self.outcome.get() {
                Outcome::Valid(v) => v,
                Outcome::Panicked(Payload::Str(s)) => panic_any(*s),
                Outcome::Panicked(Payload::String(s)) => panic_any(s.clone()),
                // Also after Goexit in f, where Go panics with nil.
                Outcome::Panicked(Payload::Other) | Outcome::Pending => {
                    panic_any("sync: the function of a OnceFunc has panicked")
                }
            }
        }
    }
}

/// The text of a payload, if it is one.
fn keep(p: &(dyn Any + Send)) -> Payload {
    if let Some(s) = p.downcast_ref::<&'static str>() {
        Payload::Str(s)
    } else if let Some(s) = p.downcast_ref::<String>() {
        Payload::String(s.clone())
    } else {
        Payload::Other
    }
}

/// A function that calls `f` once, when it is called first. If `f` panics so does each call.
///
/// # Safety
/// The function is called on user goroutines only.
///
/// Go (sync): oncefunc.go:11 OnceFunc
#[doc(alias = "OnceFunc")]
pub unsafe fn once_func(f: impl FnOnce() + Send) -> impl Fn() + Send + Sync {
    let s = Shared::new(f); // :12
    // :31
    // SAFETY: the caller's contract.
    move || unsafe {
        s.get();
    }
}

/// A function that calls `f` once, when it is called first, and returns its result each time.
///
/// # Safety
/// As for [`once_func`].
///
/// Go (sync): oncefunc.go:43 OnceValue
#[doc(alias = "OnceValue")]
pub unsafe fn once_value<T: Clone + Send + Sync>(
    f: impl FnOnce() -> T + Send,
) -> impl Fn() -> T + Send + Sync {
    let s = Shared::new(f); // :44
    // :61
    // SAFETY: the caller's contract.
    move || unsafe { s.get().clone() }
}

/// The same for a function with two results.
///
/// # Safety
/// As for [`once_func`].
///
/// Go (sync): oncefunc.go:74 OnceValues
#[doc(alias = "OnceValues")]
pub unsafe fn once_values<T1, T2>(
    f: impl FnOnce() -> (T1, T2) + Send,
) -> impl Fn() -> (T1, T2) + Send + Sync
where
    T1: Clone + Send + Sync,
    T2: Clone + Send + Sync,
{
    let s = Shared::new(f); // :75
    // :93
    // SAFETY: the caller's contract.
    move || unsafe { s.get().clone() }
}
