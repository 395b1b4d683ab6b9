//! Values that are passed on to many.

use crate::chan_::{Chan, Receiver};
use crate::sync::Mutex;
use crate::time::now;
use crate::{TrySendCheckedError, chan};
use core::fmt;
use gort_stack::has_goroutine;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Gives each value to each subscriber, on a channel of its own. Clones are handles of the same.
///
/// A subscriber that is too slow keeps nobody waiting: what finds its channel full it misses, and
/// [`missed`](Subscription::missed) counts that.
///
/// ```
/// # gort::run(|| {
/// let news = gort::task::Broadcast::new();
/// let (a, b) = (news.subscribe(8), news.subscribe(1));
/// assert_eq!(news.send(1), 2);
/// assert_eq!(news.send(2), 1);
/// news.close();
/// assert_eq!(a.into_iter().collect::<Vec<_>>(), [1, 2]);
/// assert_eq!((b.c().recv(), b.missed(), b.c().recv()), (Some(1), 1, None));
/// # })
/// ```
pub struct Broadcast<T>(Arc<Mutex<Subscribers<T>>>);

struct Subscribers<T> {
    all: BTreeMap<u64, (Chan<T>, Arc<AtomicU64>)>,
    next: u64,
    closed: bool,
}

impl<T: Clone + Send + 'static> Broadcast<T> {
    /// Nobody listens yet.
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::<u32>::new();
    /// assert_eq!(news.send(1), 0); // nobody listens
    /// # })
    /// ```
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Subscribers { all: BTreeMap::new(), next: 0, closed: false })))
    }

    /// A subscriber of what is sent from now on, with room for `cap` values that it has not
    /// received yet (at least 1). After [`close`](Self::close): a closed channel.
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::new();
    /// news.send("before");
    /// let s = news.subscribe(4);
    /// news.send("after");
    /// assert_eq!(s.c().recv(), Some("after"));
    /// # })
    /// ```
    pub fn subscribe(&self, cap: usize) -> Subscription<T> {
        let (c, missed) = (chan(cap.max(1)), Arc::new(AtomicU64::new(0)));
        let mut s = self.0.lock();
        let id = s.next;
        s.next += 1;
        if s.closed {
            c.close();
        } else {
            s.all.insert(id, (c.clone(), missed.clone()));
        }
        drop(s);
        Subscription { c: c.into(), missed, id, of: self.0.clone() }
    }

    /// Gives a clone of `v` to each subscriber that has room; to how many. It never waits for one.
    ///
    /// All subscribers see values in the same order.
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::new();
    /// let (fast, slow) = (news.subscribe(2), news.subscribe(1));
    /// assert_eq!((news.send('a'), news.send('b')), (2, 1)); // the slow one misses b
    /// assert_eq!((fast.c().len(), slow.missed()), (2, 1));
    /// # })
    /// ```
    pub fn send(&self, v: T) -> usize {
        let s = self.0.lock();
        let mut n = 0;
        for (c, missed) in s.all.values() {
            match c.try_send_checked(v.clone()) {
                Ok(()) => n += 1,
                Err(TrySendCheckedError::Full(_)) => _ = missed.fetch_add(1, Relaxed),
                Err(TrySendCheckedError::Closed(_)) => {} // by whoever has the receiver's channel
            }
        }
        n
    }

    /// How many listen.
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::<u32>::new();
    /// let s = news.subscribe(1);
    /// assert_eq!(news.subscribers(), 1);
    /// drop(s);
    /// assert_eq!(news.subscribers(), 0);
    /// # })
    /// ```
    pub fn subscribers(&self) -> usize {
        self.0.lock().all.len()
    }

    /// No more values: subscribers receive what they have not received yet, then the end. Again:
    /// nothing happens.
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::new();
    /// let s = news.subscribe(1);
    /// news.send("last");
    /// news.close();
    /// assert_eq!(s.collect::<Vec<_>>(), ["last"]);
    /// # })
    /// ```
    pub fn close(&self) {
        let mut s = self.0.lock();
        s.closed = true;
        let all = core::mem::take(&mut s.all);
        for (c, _) in all.values() {
            c.close();
        }
        drop(s);
    }
}

impl<T: Clone + Send + 'static> Default for Broadcast<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Broadcast<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Broadcast(..)")
    }
}

/// One who listens to a [`Broadcast`]. It no longer does when this is dropped.
///
/// ```
/// # gort::run(|| {
/// use gort::task::{Broadcast, Subscription};
/// let ticks = Broadcast::new();
/// let mut s: Subscription<u32> = ticks.subscribe(1);
/// gort::task::spawn(move || _ = ticks.send(7)).join().unwrap();
/// assert_eq!(s.next(), Some(7));
/// # })
/// ```
#[must_use = "dropping it ends the subscription"]
pub struct Subscription<T> {
    c: Receiver<T>,
    missed: Arc<AtomicU64>,
    id: u64,
    of: Arc<Mutex<Subscribers<T>>>,
}

impl<T> Subscription<T> {
    /// The channel that the values come from, for [`select!`](crate::select) as well. It is closed
    /// by [`Broadcast::close`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::new();
    /// let (s, quit) = (news.subscribe(1), gort::chan::<()>(0));
    /// news.send("a value");
    /// gort::select! {
    ///     recv(s.c()) -> v => assert_eq!(v, Some("a value")),
    ///     recv(quit) => unreachable!(),
    /// }
    /// # })
    /// ```
    pub fn c(&self) -> &Receiver<T> {
        &self.c
    }
    /// How many values found the channel full.
    ///
    /// ```
    /// # gort::run(|| {
    /// let news = gort::task::Broadcast::new();
    /// let s = news.subscribe(1);
    /// (0..5).for_each(|n| _ = news.send(n));
    /// assert_eq!((s.c().recv(), s.missed()), (Some(0), 4));
    /// # })
    /// ```
    pub fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

impl<T> Iterator for Subscription<T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        self.c.recv()
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        // A lock for goroutines; elsewhere it stays, and misses all that does not fit.
        if has_goroutine() {
            let gone = self.of.lock().all.remove(&self.id);
            drop(gone);
        }
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("missed", &self.missed()).finish_non_exhaustive()
    }
}

/// A value of which only the newest matters, and those who wait for the next one. Clones are
/// handles of the same.
///
/// ```
/// # gort::run(|| {
/// let config = gort::task::Watch::new("old");
/// let mut w = config.watcher();
/// assert_eq!(w.get(), "old");
/// let c = config.clone();
/// gort::go(move || _ = c.set("new"));
/// assert_eq!(w.changed(), Some("new"));
/// # })
/// ```
pub struct Watch<T>(Arc<Mutex<Watched<T>>>);

struct Watched<T> {
    value: T,
    version: u64,
    /// Closed by the next change.
    changed: Chan<()>,
    closed: bool,
}

impl<T: Clone> Watch<T> {
    /// Begins with this value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let level = gort::task::Watch::new("info");
    /// assert_eq!(level.get(), "info");
    /// # })
    /// ```
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Watched { value, version: 0, changed: chan(0), closed: false })))
    }

    /// The newest value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new(1);
    /// w.set(2);
    /// w.set(3);
    /// assert_eq!(w.get(), 3);
    /// # })
    /// ```
    pub fn get(&self) -> T {
        self.0.lock().value.clone()
    }

    /// A new value; returns the old one. All watchers are told.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new("old");
    /// let mut watcher = w.watcher();
    /// assert_eq!(w.set("new"), "old");
    /// assert_eq!(watcher.changed(), Some("new"));
    /// # })
    /// ```
    pub fn set(&self, value: T) -> T {
        self.update(|v| core::mem::replace(v, value))
    }

    /// Changes the value in place. All watchers are told.
    ///
    /// ```
    /// # gort::run(|| {
    /// let users = gort::task::Watch::new(vec!["ann"]);
    /// let n = users.update(|u| {
    ///     u.push("bob");
    ///     u.len()
    /// });
    /// assert_eq!((n, users.get()), (2, vec!["ann", "bob"]));
    /// # })
    /// ```
    pub fn update<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut s = self.0.lock();
        let r = f(&mut s.value);
        s.version += 1;
        if !s.closed {
            let old = core::mem::replace(&mut s.changed, chan(0));
            old.close();
        }
        r
    }

    /// No more changes: watchers that have seen the newest value are told so. Again: nothing
    /// happens.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new(1);
    /// let mut watcher = w.watcher();
    /// w.set(2);
    /// w.close();
    /// assert_eq!((watcher.changed(), watcher.changed()), (Some(2), None));
    /// # })
    /// ```
    pub fn close(&self) {
        let mut s = self.0.lock();
        if !core::mem::replace(&mut s.closed, true) {
            s.changed.close();
        }
    }

    /// One who has seen the newest value, and can wait for the next.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new(1);
    /// let (mut a, mut b) = (w.watcher(), w.watcher());
    /// w.set(2);
    /// assert_eq!((a.changed(), b.changed()), (Some(2), Some(2)));
    /// # })
    /// ```
    pub fn watcher(&self) -> Watcher<T> {
        Watcher { seen: self.0.lock().version, of: self.0.clone() }
    }
}

impl<T> Clone for Watch<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch(..)")
    }
}

/// One who waits for a [`Watch`] to change.
///
/// ```
/// # gort::run(|| {
/// use gort::task::{Watch, Watcher};
/// let progress = Watch::new(0);
/// let mut w: Watcher<u32> = progress.watcher();
/// gort::go(move || {
///     (1..=100).for_each(|n| _ = progress.set(n));
///     progress.close();
/// });
/// let mut last = 0;
/// while let Some(n) = w.changed() {
///     last = n; // not each of them
/// }
/// assert_eq!(last, 100);
/// # })
/// ```
pub struct Watcher<T> {
    seen: u64,
    of: Arc<Mutex<Watched<T>>>,
}

impl<T: Clone> Watcher<T> {
    /// The newest value, which counts as seen from now on.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new(1);
    /// let mut watcher = w.watcher();
    /// w.set(2);
    /// assert_eq!(watcher.get(), 2);
    /// assert!(!watcher.has_changed()); // it has been seen
    /// # })
    /// ```
    pub fn get(&mut self) -> T {
        let s = self.of.lock();
        self.seen = s.version;
        s.value.clone()
    }

    /// Whether there is a value that has not been seen.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new(1);
    /// let watcher = w.watcher();
    /// assert!(!watcher.has_changed());
    /// w.set(1);
    /// assert!(watcher.has_changed()); // set is set
    /// # })
    /// ```
    pub fn has_changed(&self) -> bool {
        self.of.lock().version != self.seen
    }

    /// A channel that is closed when there is a value that has not been seen, or none will come:
    /// for [`select!`](crate::select). It is good for one change: ask for it anew after
    /// [`get`](Self::get).
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new("a");
    /// let mut watcher = w.watcher();
    /// let other = w.clone();
    /// gort::go(move || _ = other.set("b"));
    /// gort::select! {
    ///     recv(watcher.c()) => assert_eq!(watcher.get(), "b"),
    ///     default(std::time::Duration::from_secs(60)) => panic!("too slow"),
    /// }
    /// # })
    /// ```
    pub fn c(&self) -> Receiver<()> {
        let s = self.of.lock();
        if s.version == self.seen || s.closed {
            return s.changed.receiver();
        }
        drop(s);
        let now = chan(0);
        now.close();
        now.into()
    }

    /// Waits for a value that has not been seen; None if the [`Watch`] has been closed and there is
    /// none.
    ///
    /// ```
    /// # gort::run(|| {
    /// let w = gort::task::Watch::new(0);
    /// let mut watcher = w.watcher();
    /// w.set(1);
    /// w.set(2);
    /// assert_eq!(watcher.changed(), Some(2)); // the newest only
    /// # })
    /// ```
    pub fn changed(&mut self) -> Option<T> {
        self.c().recv();
        let s = self.of.lock();
        if s.version == self.seen {
            return None; // closed
        }
        self.seen = s.version;
        Some(s.value.clone())
    }

    /// [`changed`](Self::changed) that waits at most for `d`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::RecvTimeoutError::Timeout;
    /// let w = gort::task::Watch::new(1);
    /// let mut watcher = w.watcher();
    /// let d = std::time::Duration::from_millis(1);
    /// assert_eq!(watcher.changed_timeout(d), Err(Timeout));
    /// w.set(2);
    /// assert_eq!(watcher.changed_timeout(d), Ok(2));
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Timeout` if nothing changed in time, `Closed` if nothing will.
    pub fn changed_timeout(&mut self, d: Duration) -> Result<T, crate::RecvTimeoutError> {
        match self.c().recv_timeout(d) {
            Err(crate::RecvTimeoutError::Timeout) => Err(crate::RecvTimeoutError::Timeout),
            _ => self.changed().ok_or(crate::RecvTimeoutError::Closed),
        }
    }

    /// Waits until the value is such that `f` says yes; None if the [`Watch`] was closed before.
    ///
    /// ```
    /// # gort::run(|| {
    /// let stock = gort::task::Watch::new(0);
    /// let mut watcher = stock.watcher();
    /// gort::go(move || (0..5).for_each(|_| stock.update(|n| *n += 10)));
    /// assert!(watcher.wait_for(|n| *n >= 30).unwrap() >= 30);
    /// # })
    /// ```
    pub fn wait_for(&mut self, mut f: impl FnMut(&T) -> bool) -> Option<T> {
        let mut v = Some(self.get());
        while v.as_ref().is_some_and(|v| !f(v)) {
            v = self.changed();
        }
        v
    }

    /// [`wait_for`](Self::wait_for) that waits at most for `d`. A value that is there when the time
    /// has passed is asked about, too. What was looked at counts as seen.
    ///
    /// ```
    /// use gort::RecvTimeoutError::{Closed, Timeout};
    /// use std::time::Duration;
    /// # gort::run(|| {
    /// let level = gort::task::Watch::new(1);
    /// let mut w = level.watcher();
    /// assert_eq!(w.wait_for_timeout(Duration::from_millis(1), |n| *n > 1), Err(Timeout));
    /// level.set(2);
    /// assert_eq!(w.wait_for_timeout(Duration::ZERO, |n| *n > 1), Ok(2));
    /// level.close();
    /// assert_eq!(w.wait_for_timeout(Duration::MAX, |n| *n > 2), Err(Closed));
    /// # })
    /// ```
    ///
    /// # Errors
    /// `Timeout` if there was no such value in time, `Closed` if there will be none.
    pub fn wait_for_timeout(
        &mut self,
        d: Duration,
        mut f: impl FnMut(&T) -> bool,
    ) -> Result<T, crate::RecvTimeoutError> {
        let end = now().checked_add(d); // a time that cannot be told never comes
        let (mut v, mut over) = (self.get(), false);
        while !f(&v) {
            if over {
                return Err(crate::RecvTimeoutError::Timeout);
            }
            let left = end.map_or(Duration::MAX, |t| t.saturating_duration_since(now()));
            over = left.is_zero();
            v = self.changed_timeout(left)?;
        }
        Ok(v)
    }
}

impl<T> Clone for Watcher<T> {
    fn clone(&self) -> Self {
        Self { seen: self.seen, of: self.of.clone() }
    }
}

impl<T> fmt::Debug for Watcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher(..)")
    }
}
