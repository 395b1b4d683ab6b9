//! A select over cases that are known at run time only.

use crate::__select::{RecvChan, SendChan};
use crate::chan_::{SendError, Slot};
use core::ffi::c_void;
use core::fmt;
use gort_proc::Hchan;
use gort_select::{RuntimeSelect, SelectDir, reflect_rselect_checked};
use std::time::Duration;

/// A [`select!`](crate::select) whose cases are added at run time, any number of them. Go's
/// `reflect.Select`.
///
/// Each case has a function that makes the result: of what was received (`None` if the channel is
/// closed), or of what became of a send. All that can go ahead are equally likely. The values of
/// sends that were not chosen are dropped.
///
/// ```
/// # gort::run(|| {
/// let chans: Vec<_> = (0..100).map(|_| gort::chan::<u32>(1)).collect();
/// chans[42].send(7);
/// let mut s = gort::Select::new();
/// for (i, c) in chans.iter().enumerate() {
///     s = s.recv(c, move |v| (i, v));
/// }
/// assert_eq!(s.wait(), (42, Some(7)));
/// # })
/// ```
#[must_use = "nothing happens before `wait`"]
pub struct Select<'a, R> {
    cases: Vec<Box<dyn Case<R> + 'a>>,
    default: Option<Box<dyn FnOnce() -> R + 'a>>,
}

/// What [`Select`] needs to know of a case.
trait Case<R> {
    /// Direction, channel, and the element's place, which stays where it is.
    fn raw(&mut self) -> (SelectDir, *mut Hchan, *mut c_void);
    /// It was chosen, and `moved` says whether the element has moved.
    fn finish(self: Box<Self>, moved: bool) -> R;
}

struct Recv<C: RecvChan, F> {
    chan: C,
    slot: Slot<C::T>,
    f: F,
}

impl<R, C: RecvChan, F: FnOnce(Option<C::T>) -> R> Case<R> for Recv<C, F> {
    fn raw(&mut self) -> (SelectDir, *mut Hchan, *mut c_void) {
        (SelectDir::Recv, self.chan.raw(), self.slot.ptr())
    }
    fn finish(mut self: Box<Self>, moved: bool) -> R {
        // SAFETY: `moved` says that the slot has been filled.
        let v = moved.then(|| unsafe { self.slot.take() });
        (self.f)(v)
    }
}

struct Send<C: SendChan, F> {
    chan: C,
    value: Value<C::T>,
    f: F,
}

/// A value that goes, or is dropped.
struct Value<T> {
    slot: Slot<T>,
    full: bool,
}

impl<T> Value<T> {
    fn take(&mut self) -> Option<T> {
        // SAFETY: the slot is full, and is not after this.
        core::mem::take(&mut self.full).then(|| unsafe { self.slot.take() })
    }
}

impl<T> Drop for Value<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<R, C: SendChan, F: FnOnce(Result<(), SendError<C::T>>) -> R> Case<R> for Send<C, F> {
    fn raw(&mut self) -> (SelectDir, *mut Hchan, *mut c_void) {
        (SelectDir::Send, self.chan.raw(), self.value.slot.ptr())
    }
    fn finish(mut self: Box<Self>, moved: bool) -> R {
        let r = if moved {
            self.value.full = false;
            Ok(())
        } else {
            self.value.take().map_or(Ok(()), |v| Err(SendError(v)))
        };
        (self.f)(r)
    }
}

impl<'a, R> Select<'a, R> {
    /// No case yet: [`wait`](Self::wait) would wait for ever.
    ///
    /// ```
    /// # gort::run(|| {
    /// let r = gort::Select::new().default(|| "nothing to wait for").wait();
    /// assert_eq!(r, "nothing to wait for");
    /// # })
    /// ```
    pub fn new() -> Self {
        Self { cases: Vec::new(), default: None }
    }

    /// Adds a receive from a channel or a reference to one.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (a, b) = (gort::chan::<u8>(1), gort::chan::<&str>(1)); // of different types
    /// b.send("text");
    /// let s = gort::Select::new();
    /// let r = s.recv(&a, |n| format!("{n:?}")).recv(&b, |t| t.unwrap().to_string()).wait();
    /// assert_eq!(r, "text");
    /// # })
    /// ```
    pub fn recv<C: RecvChan + 'a>(
        mut self,
        chan: C,
        f: impl FnOnce(Option<C::T>) -> R + 'a,
    ) -> Self {
        self.cases.push(Box::new(Recv { chan, slot: Slot::empty(), f }));
        self
    }

    /// Adds a send to a channel or a reference to one; a closed channel gives the value back.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(1);
    /// let sent = gort::Select::new().send(&c, 5, |r| r.is_ok()).wait();
    /// assert_eq!((sent, c.recv()), (true, Some(5)));
    /// c.close();
    /// let back = gort::Select::new().send(&c, 6, |r| r.unwrap_err().into_inner()).wait();
    /// assert_eq!(back, 6);
    /// # })
    /// ```
    pub fn send<C: SendChan + 'a>(
        mut self,
        chan: C,
        v: C::T,
        f: impl FnOnce(Result<(), SendError<C::T>>) -> R + 'a,
    ) -> Self {
        self.cases.push(Box::new(Send {
            chan,
            value: Value { slot: Slot::full(v), full: true },
            f,
        }));
        self
    }

    /// What to do if nothing can go ahead at once. A second one takes the place of the first.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(0);
    /// assert!(gort::Select::new().recv(&c, |_| false).default(|| true).wait());
    /// # })
    /// ```
    pub fn default(mut self, f: impl FnOnce() -> R + 'a) -> Self {
        self.default = Some(Box::new(f));
        self
    }

    /// Adds a case that goes ahead after `d`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<u8>(0);
    /// let d = std::time::Duration::from_millis(1);
    /// let r = gort::Select::new().recv(&c, |_| "a value").timeout(d, || "too late").wait();
    /// assert_eq!(r, "too late");
    /// # })
    /// ```
    pub fn timeout(self, d: Duration, f: impl FnOnce() -> R + 'a) -> Self {
        self.recv(crate::time::after(d), |_| f())
    }

    /// How many cases there are, `default` left out.
    ///
    /// ```
    /// # gort::run(|| {
    /// let chans = [gort::chan::<u8>(0), gort::chan(0)];
    /// let mut s = gort::Select::new();
    /// for c in &chans {
    ///     s = s.recv(c, drop);
    /// }
    /// assert_eq!(s.len(), 2);
    /// # })
    /// ```
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is no case but perhaps `default`.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert!(gort::Select::<()>::new().is_empty()); // its `wait` would be for ever
    /// # })
    /// ```
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Waits for the first case that can go ahead, and returns what its function makes of it.
    ///
    /// ```
    /// # gort::run(|| {
    /// let (jobs, quit) = (gort::chan(1), gort::chan::<()>(0));
    /// jobs.send(21);
    /// let r = gort::Select::new().recv(&jobs, |j| j.map(|n| 2 * n)).recv(&quit, |_| None).wait();
    /// assert_eq!(r, Some(42));
    /// # })
    /// ```
    ///
    /// # Panics
    /// `reflect.Select: too many cases (max 65536)`
    pub fn wait(mut self) -> R {
        assert!(self.cases.len() <= 65536, "reflect.Select: too many cases (max 65536)");
        let mut raw: Vec<RuntimeSelect> = Vec::with_capacity(self.cases.len() + 1);
        for case in &mut self.cases {
            let (dir, ch, val) = case.raw();
            raw.push(RuntimeSelect { dir, ch, val });
        }
        // Go looks for a second one
        if self.default.is_some() {
            let (ch, val) = (core::ptr::null_mut(), core::ptr::null_mut());
            raw.push(RuntimeSelect { dir: SelectDir::Default, ch, val });
        }
        // a send on a closed channel is its case's to tell
        // SAFETY: the cases are boxed and live to the end of this function; each slot is of its
        // channel's type, which the case keeps alive; there is at most one default.
        let (i, moved) = unsafe { reflect_rselect_checked(&raw) };
        if let Some(f) = self.default
            && i as usize == self.cases.len()
        {
            return f();
        }
        self.cases.swap_remove(i as usize).finish(moved)
    }
}

impl<R> Default for Select<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for Select<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("cases", &self.cases.len())
            .field("default", &self.default.is_some())
            .finish()
    }
}
