//! Weighted semaphores: golang.org/x/sync/semaphore.

use crate::context::{Context, Error};
use crate::sync::{Mutex, MutexGuard};
use crate::{Chan, chan, select};
use core::fmt;
use core::ops::Deref;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A number of permits, of which each taker takes as many as it needs. Go's `semaphore.Weighted`.
///
/// Who comes first is served first: a taker of many is not overtaken by takers of few.
///
/// ```
/// use gort::{context::Context, task::Semaphore};
/// # gort::run(|| {
/// let s = Semaphore::new(3);
/// let two = s.acquire(&Context::background(), 2).unwrap();
/// assert!(s.try_acquire(2).is_none());
/// drop(two);
/// assert!(s.try_acquire(3).is_some());
/// # })
/// ```
///
/// Go (cmd/vendor/golang.org/x/sync/semaphore): semaphore.go:28 Weighted
pub struct Semaphore {
    size: u64,
    mu: Mutex<State>,
}

#[derive(Default)]
struct State {
    cur: u64,
    /// In the order of arrival: how many each wants, and what is closed when it has them.
    waiters: BTreeMap<u64, (u64, Chan<()>)>,
    arrivals: u64,
}

impl Semaphore {
    /// `n` permits. Go's `semaphore.NewWeighted`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::task::Semaphore::new(2);
    /// let (_a, _b) = (s.try_acquire(1).unwrap(), s.try_acquire(1).unwrap());
    /// assert!(s.try_acquire(1).is_none());
    /// # })
    /// ```
    ///
    /// Go (cmd/vendor/golang.org/x/sync/semaphore): semaphore.go:21 NewWeighted
    pub fn new(n: u64) -> Self {
        Self { size: n, mu: Mutex::default() } // :22
    }

    /// Takes `n` permits, waiting for them until the context is done. They are given back when the
    /// result is dropped.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::{context::Context, task::Semaphore};
    /// let s = Semaphore::new(1);
    /// let permit = s.acquire(&Context::background(), 1).unwrap();
    /// let (short, _cancel) = Context::background().with_timeout(std::time::Duration::from_millis(1));
    /// assert_eq!(s.acquire(&short, 1).unwrap_err().to_string(), "context deadline exceeded");
    /// drop(permit);
    /// assert!(s.acquire(&Context::background(), 1).is_ok());
    /// # })
    /// ```
    ///
    /// # Errors
    /// The context's, and no permits have been taken then. More permits than there are: when the
    /// context is done.
    pub fn acquire(&self, ctx: &Context, n: u64) -> Result<Permit<&Self>, Error> {
        self.take(ctx, n).map(|()| Permit { s: self, n })
    }

    /// [`acquire`](Self::acquire) with a result that can be handed to another goroutine.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::{context::Context, task::Semaphore};
    /// let s = std::sync::Arc::new(Semaphore::new(2));
    /// for _ in 0..5 {
    ///     let permit = s.acquire_owned(&Context::background(), 1).unwrap();
    ///     gort::go(move || drop(permit)); // two at a time
    /// }
    /// # })
    /// ```
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(
        self: &Arc<Self>,
        ctx: &Context,
        n: u64,
    ) -> Result<Permit<Arc<Self>>, Error> {
        self.take(ctx, n).map(|()| Permit { s: self.clone(), n })
    }

    /// Takes `n` permits, waiting for them at most for `d`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let s = gort::task::Semaphore::new(2);
    /// let one = s.acquire_timeout(Duration::from_millis(1), 1).unwrap();
    /// assert!(s.acquire_timeout(Duration::from_millis(1), 2).is_none());
    /// drop(one);
    /// assert_eq!(s.acquire_timeout(Duration::ZERO, 2).unwrap().count(), 2);
    /// # })
    /// ```
    pub fn acquire_timeout(&self, d: Duration, n: u64) -> Option<Permit<&Self>> {
        self.take_within(d, n).then(|| Permit { s: self, n })
    }

    /// [`acquire_timeout`](Self::acquire_timeout) with a result that can be handed to another
    /// goroutine.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::task::{self, Semaphore};
    /// use std::{sync::Arc, time::Duration};
    /// let s = Arc::new(Semaphore::new(1));
    /// let permit = s.acquire_owned_timeout(Duration::from_millis(1), 1).unwrap();
    /// assert!(s.acquire_owned_timeout(Duration::from_millis(1), 1).is_none());
    /// task::spawn(move || drop(permit)).join().unwrap();
    /// assert!(s.try_acquire(1).is_some());
    /// # })
    /// ```
    pub fn acquire_owned_timeout(
        self: &Arc<Self>,
        d: Duration,
        n: u64,
    ) -> Option<Permit<Arc<Self>>> {
        self.take_within(d, n).then(|| Permit { s: self.clone(), n })
    }

    /// Whether they were there in time, and are taken.
    fn take_within(&self, d: Duration, n: u64) -> bool {
        if self.try_take(n) {
            return true;
        }
        let (ctx, cancel) = Context::background().with_timeout(d);
        let r = self.take_or(&ctx, n, true);
        cancel.cancel();
        r.is_ok()
    }

    /// Takes `n` permits if they are there, and nobody waits for any.
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::task::Semaphore::new(3);
    /// let two = s.try_acquire(2).unwrap();
    /// assert!(s.try_acquire(2).is_none());
    /// drop(two);
    /// assert!(s.try_acquire(3).is_some());
    /// # })
    /// ```
    pub fn try_acquire(&self, n: u64) -> Option<Permit<&Self>> {
        self.try_take(n).then(|| Permit { s: self, n })
    }

    /// Go (cmd/vendor/golang.org/x/sync/semaphore): semaphore.go:111 TryAcquire
    #[doc(alias = "TryAcquire")]
    fn try_take(&self, n: u64) -> bool {
        let mut st = self.mu.lock(); // :112
        let success = self.size - st.cur >= n && st.waiters.is_empty();
        if success {
            st.cur += n; // :115
        }
        drop(st); // :117
        success
    }

    /// Go (cmd/vendor/golang.org/x/sync/semaphore): semaphore.go:38 Acquire
    fn take(&self, ctx: &Context, n: u64) -> Result<(), Error> {
        self.take_or(ctx, n, false)
    }

    /// `keep`: permits that were given before the context was done stay taken, though the goroutine
    /// finds them after that. Go gives them back.
    fn take_or(&self, ctx: &Context, n: u64, keep: bool) -> Result<(), Error> {
        let mut st = self.mu.lock(); // :41
        // :43
        if let Some(e) = ctx.err() {
            return Err(e);
        }
        // :52
        if self.size - st.cur >= n && st.waiters.is_empty() {
            st.cur += n;
            return Ok(());
        }
        let done = ctx.done();
        let err = || ctx.err().unwrap_or(Error::Canceled);
        // :62 it cannot be; it shall not keep others waiting
        if n > self.size {
            drop(st);
            done.recv();
            return Err(err());
        }
        let ready = chan::<()>(0); // :69
        let elem = st.arrivals;
        st.arrivals += 1;
        st.waiters.insert(elem, (n, ready.clone()));
        drop(st); // :72

        select! {
            recv(done) => {
                let mut st = self.mu.lock(); // :76
                let front = st.waiters.first_key_value().map(|(k, _)| *k);
                if st.waiters.remove(&elem).is_none() {
                    if keep {
                        return Ok(());
                    }
                    // :81 it has them: as if it had not
                    st.cur -= n;
                    self.notify_waiters(&mut st);
                } else if front == Some(elem) && self.size > st.cur {
                    self.notify_waiters(&mut st); // :88
                }
                Err(err()) // :92
            }
            recv(ready) => {
                // :99
                match ctx.err() {
                    Some(e) if !keep => {
                        self.release(n); // :101
                        Err(e)
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Gives back `n` permits that [`Permit::forget`] has kept.
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::task::Semaphore::new(1);
    /// s.try_acquire(1).unwrap().forget();
    /// s.release(1); // elsewhere, later
    /// assert!(s.try_acquire(1).is_some());
    /// assert!(gort::recover(|| s.release(1)).is_err());
    /// # })
    /// ```
    ///
    /// # Panics
    /// `semaphore: released more than held`
    ///
    /// Go (cmd/vendor/golang.org/x/sync/semaphore): semaphore.go:122 Release
    pub fn release(&self, n: u64) {
        let mut st = self.mu.lock(); // :123
        // :125
        if n > st.cur {
            drop(st);
            panic!("semaphore: released more than held");
        }
        st.cur -= n;
        self.notify_waiters(&mut st); // :129
    }

    /// Gives permits to those who wait, in their order.
    ///
    /// Go (cmd/vendor/golang.org/x/sync/semaphore): semaphore.go:133 notifyWaiters
    #[doc(alias = "notifyWaiters")]
    fn notify_waiters(&self, st: &mut MutexGuard<'_, State>) {
        // :135
        while let Some((_, (n, _))) = st.waiters.first_key_value() {
            // :141 nor does anybody behind it get any, or a large request would starve
            if self.size - st.cur < *n {
                break;
            }
            let Some((_, (n, ready))) = st.waiters.pop_first() else { break }; // :157
            st.cur += n;
            ready.close(); // :158
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Permits of a [`Semaphore`], given back when this is dropped.
///
/// ```
/// # gort::run(|| {
/// use gort::task::{Permit, Semaphore};
/// fn work(_p: Permit<&Semaphore>) {} // gives it back
/// let s = Semaphore::new(1);
/// work(s.try_acquire(1).unwrap());
/// assert!(s.try_acquire(1).is_some());
/// # })
/// ```
#[must_use = "the permits are given back when this is dropped"]
pub struct Permit<S: Deref<Target = Semaphore>> {
    s: S,
    n: u64,
}

impl<S: Deref<Target = Semaphore>> Permit<S> {
    /// How many they are.
    ///
    /// ```
    /// # gort::run(|| {
    /// assert_eq!(gort::task::Semaphore::new(8).try_acquire(5).unwrap().count(), 5);
    /// # })
    /// ```
    pub fn count(&self) -> u64 {
        self.n
    }
    /// Keeps the permits taken: for [`Semaphore::release`], somewhere else.
    ///
    /// ```
    /// # gort::run(|| {
    /// let s = gort::task::Semaphore::new(2);
    /// s.try_acquire(1).unwrap().forget(); // one less, from now on
    /// assert!(s.try_acquire(2).is_none() && s.try_acquire(1).is_some());
    /// # })
    /// ```
    pub fn forget(mut self) {
        self.n = 0;
    }
}

impl<S: Deref<Target = Semaphore>> Drop for Permit<S> {
    fn drop(&mut self) {
        if self.n > 0 {
            self.s.release(self.n);
        }
    }
}

impl<S: Deref<Target = Semaphore>> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.n).finish()
    }
}
