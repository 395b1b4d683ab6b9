//! Iterators that pull from a function that pushes: Go's `iter.Pull`, on coroutines.

use core::ffi::c_void;
use gort_coro::{coroswitch, freecoro, newcoro_pc};
use gort_proc::{Coro, getpcspbp};
use gort_stack::has_goroutine;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

type Seq<V> = Box<dyn FnOnce(&mut dyn FnMut(V) -> bool) + Send>;

/// What both sides see. Only one of them runs at a time.
struct Shared<V> {
    c: *mut Coro,
    seq: Option<Seq<V>>,
    v: Option<V>,
    done: bool,
    yield_next: bool,
    /// The coroutine's goroutine has ended.
    exited: bool,
    panic_value: Option<Box<dyn Any + Send>>,
}

/// An iterator over the values that a function yields. See [`pull`].
///
/// ```
/// # gort::run(|| {
/// let mut words: gort::iter::Pull<&str> = gort::iter::pull(|yield_| {
///     let _ = "one two".split(' ').all(|w| yield_(w));
/// });
/// assert_eq!((words.next(), words.next(), words.next()), (Some("one"), Some("two"), None));
/// # })
/// ```
///
/// Go (iter): iter.go:241 Pull
#[must_use = "iterators do nothing unless they are asked"]
pub struct Pull<V> {
    /// From a Box, but not one: both sides write what is behind it, and a Box tells the compiler
    /// that nobody else does.
    s: *mut Shared<V>,
}

// SAFETY: the shared state moves with the handle; the coroutine touches it only while the handle's
// owner is blocked in a switch.
unsafe impl<V: Send> Send for Pull<V> {}

/// Turns a function that pushes values into an iterator that pulls them, one at a time. The
/// function runs on a goroutine of its own, but never at the same time as the caller, and without
/// the scheduler in between.
///
/// `seq` gets a `yield`: it passes a value on and returns whether to go on. Dropping the iterator
/// (or [`Pull::stop`]) makes `yield` return false; dropped in a blocking section, it is leaked. A
/// panic or Goexit in `seq` goes on in the caller of `next`.
///
/// ```
/// # gort::run(|| {
/// let squares = gort::iter::pull(|yield_| {
///     for i in 0u64.. {
///         if !yield_(i * i) {
///             return;
///         }
///     }
/// });
/// assert_eq!(squares.take(3).collect::<Vec<_>>(), [0, 1, 4]);
/// # })
/// ```
#[inline(always)]
pub fn pull<V: Send + 'static>(
    seq: impl FnOnce(&mut dyn FnMut(V) -> bool) + Send + 'static,
) -> Pull<V> {
    let (pc, _, _) = getpcspbp();
    pull_pc(Box::new(seq), pc)
}

fn pull_pc<V: Send + 'static>(seq: Seq<V>, pc: usize) -> Pull<V> {
    if gort_proc::getg().is_null() {
        return crate::host::on_goroutine(move || pull_pc(seq, pc)); // see `switch`
    }
    // :242
    let s = Box::into_raw(Box::new(Shared {
        c: core::ptr::null_mut(),
        seq: Some(seq),
        v: None,
        done: false,
        yield_next: false,
        exited: false,
        panic_value: None,
    }));
    // :251
    // SAFETY: the state outlives the coroutine: Pull's drop runs it to its end.
    unsafe { (*s).c = newcoro_pc(body::<V>, s.cast::<c_void>(), pc) };
    Pull { s }
}

/// The coroutine's goroutine.
unsafe fn body<V: Send + 'static>(c: *mut Coro) {
    // SAFETY: `arg` is the shared state; the other side is blocked in a switch while this runs.
    unsafe {
        let s = (*c).arg.cast::<Shared<V>>();
        let seq = (*s).seq.take();
        // :253
        if (*s).done {
            // Never run: what it owns is dropped here, and may panic or Goexit like anything that
            // it might have done.
            if let Err(p) = gort_panic::catch_all(AssertUnwindSafe(move || drop(seq))) {
                (*s).panic_value = Some(p);
            }
        } else if let Some(seq) = seq {
            let mut yield_ = |v: V| -> bool {
                // :258
                if (*s).done {
                    return false;
                }
                // :261
                if !(*s).yield_next {
                    panic!("iter.Pull: yield called again before next");
                }
                (*s).yield_next = false;
                (*s).v = Some(v); // :265
                coroswitch(c);
                !(*s).done // :269
            };
            // :272 in a deferred call there: a panic and a Goexit alike are caught here and go on
            // in the caller of next.
            if let Err(p) = gort_panic::catch_all(AssertUnwindSafe(|| {
                gort_panic::with_locals(|| seq(&mut yield_))
            })) {
                (*s).panic_value = Some(p);
            }
        }
        (*s).done = true; // :278
        (*s).exited = true;
    }
}

impl<V> Pull<V> {
    /// Runs the coroutine until it yields or ends.
    fn switch(&mut self) {
        if gort_proc::getg().is_null() {
            // The goroutine of a foreign thread is locked to it, that of the coroutine is not: Go's
            // rule is that they match.
            struct There<V>(*mut Pull<V>);
            // SAFETY: `V: Send`, as only `pull` makes a Pull, and this thread waits meanwhile.
            unsafe impl<V> Send for There<V> {}
            impl<V> There<V> {
                fn switch(self) {
                    // SAFETY: see above.
                    unsafe { (*self.0).switch() }
                }
            }
            let there = There(self);
            return crate::host::on_goroutine(move || there.switch());
        }
        gort_stack::on_goroutine_for("iter.Pull");
        let s = self.s;
        // SAFETY: not exited, so its goroutine waits in the coro; when the switch returns it does
        // so again or has gone through coroexit, and this is the only handle.
        let panicked = unsafe {
            coroswitch((*s).c); // :297
            if (*s).exited && !(*s).c.is_null() {
                freecoro((*s).c);
                (*s).c = core::ptr::null_mut();
            }
            (&raw mut (*s).panic_value).replace(None)
        };
        // :301
        if let Some(p) = panicked {
            resume_unwind(p);
        }
    }

    /// Ends the iteration: `yield` returns false, and the function is expected to return.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut numbers = gort::iter::pull(|yield_| {
    ///     let mut n = 0;
    ///     while yield_(n) {
    ///         n += 1;
    ///     }
    ///     // here when it has been stopped
    /// });
    /// assert_eq!(numbers.next(), Some(0));
    /// numbers.stop();
    /// assert_eq!(numbers.next(), None);
    /// # })
    /// ```
    pub fn stop(&mut self) {
        // SAFETY: the coroutine does not run, so the state is this side's.
        unsafe {
            // :314
            if !(*self.s).done {
                (*self.s).done = true;
                self.switch();
            }
        }
    }
}

impl<V> Iterator for Pull<V> {
    type Item = V;
    fn next(&mut self) -> Option<V> {
        let s = self.s;
        // SAFETY: the coroutine does not run, so the state is this side's.
        unsafe {
            // :289 earlier in Go than stop
            if (*s).done {
                return None;
            }
            // :292
            if (*s).yield_next {
                panic!("iter.Pull: next called again before yield");
            }
            (*s).yield_next = true;
            self.switch();
            (&raw mut (*s).v).replace(None) // :309
        }
    }
}

impl<V> std::iter::FusedIterator for Pull<V> {}

impl<V> std::fmt::Debug for Pull<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pull(..)")
    }
}

impl<V> Drop for Pull<V> {
    fn drop(&mut self) {
        // The coroutine can only be ended from a goroutine. Elsewhere it stays where it is, as
        // nobody will ask it any more.
        // SAFETY: the coroutine does not run, so the state is this side's.
        if !gort_proc::getg().is_null() && !has_goroutine() && unsafe { !(*self.s).done } {
            return;
        }
        // A panic of the function during this last run has nowhere to go if one is under way
        // already.
        let r = catch_unwind(AssertUnwindSafe(|| self.stop()));
        // SAFETY: made by `pull_pc`; if the coroutine has not ended, which only a panic out of the
        // switch can bring about, its state stays.
        unsafe {
            if (*self.s).exited {
                drop(Box::from_raw(self.s));
            }
        }
        if let Err(p) = r
            && !std::thread::panicking()
        {
            resume_unwind(p);
        }
    }
}
