//! Go's package `sync`, with the data inside the locks, as Rust likes it.
//!
//! Each of these blocks goroutines, not threads. The algorithms (starvation mode, hand-off, wake-up
//! orders) are Go's. A lock held by a goroutine that panics is released by its guard; there is no
//! poisoning, as a panic that nobody recovers ends the program.

mod lazy;

pub use lazy::{LazyLock, OnceCell};

use crate::chan_::TakesAndGives;
use crate::time::nanos;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use gort_stack::has_goroutine;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// Go's `sync.Mutex`, around the data that it guards.
///
/// ```
/// # gort::run(|| {
/// use gort::{sync::{Mutex, WaitGroup}, go};
/// use std::sync::Arc;
/// let (m, wg) = (Arc::new(Mutex::new(0)), Arc::new(WaitGroup::new()));
/// for _ in 0..10 {
///     wg.add(1);
///     let (m, wg) = (m.clone(), wg.clone());
///     go(move || {
///         *m.lock() += 1;
///         wg.done();
///     });
/// }
/// wg.wait();
/// assert_eq!(*m.lock(), 10);
/// # })
/// ```
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    m: gort_sync::Mutex,
    v: UnsafeCell<T>,
}

// SAFETY: the lock lets one goroutine at a time reach the value.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: the same.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// An unlocked mutex around `v`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::Mutex;
    /// static TOTAL: Mutex<u64> = Mutex::new(0);
    /// *TOTAL.lock() += 5;
    /// assert_eq!(*TOTAL.lock(), 5);
    /// # })
    /// ```
    pub const fn new(v: T) -> Self {
        Self { m: gort_sync::Mutex::new(), v: UnsafeCell::new(v) }
    }
    /// The value; nobody else has the mutex any more.
    ///
    /// ```
    /// # gort::run(|| {
    /// let m = gort::sync::Mutex::new(String::from("a"));
    /// m.lock().push('b');
    /// assert_eq!(m.into_inner(), "ab");
    /// # })
    /// ```
    pub fn into_inner(self) -> T {
        self.v.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks, waiting until it is free; unlocks when the guard is dropped.
    ///
    /// ```
    /// # gort::run(|| {
    /// let words = gort::sync::Mutex::new(vec!["one"]);
    /// gort::task::scope(|s| {
    ///     s.spawn(|| words.lock().push("two"));
    /// });
    /// assert_eq!(words.lock().len(), 2);
    /// # })
    /// ```
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.lock() };
        MutexGuard { m: self }
    }
    /// Locks if that is possible at once.
    ///
    /// ```
    /// # gort::run(|| {
    /// let m = gort::sync::Mutex::new(1);
    /// let held = m.lock();
    /// assert!(m.try_lock().is_none());
    /// drop(held);
    /// assert_eq!(m.try_lock().map(|n| *n), Some(1));
    /// # })
    /// ```
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.m.try_lock().then(|| MutexGuard { m: self })
    }
    /// Locks, waiting at most for `d`. Who gives up leaves the queue as if it had never been there.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let m = gort::sync::Mutex::new(1);
    /// let held = m.lock();
    /// assert!(m.lock_timeout(Duration::from_millis(1)).is_none());
    /// drop(held);
    /// assert_eq!(*m.lock_timeout(Duration::from_millis(1)).unwrap(), 1);
    /// # })
    /// ```
    pub fn lock_timeout(&self, d: Duration) -> Option<MutexGuard<'_, T>> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.lock_timeout(nanos(d)) }.then(|| MutexGuard { m: self })
    }
    /// The value; `&mut` proves that nobody else is there.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut m = gort::sync::Mutex::new(1);
    /// *m.get_mut() += 1; // without a lock
    /// assert_eq!(m.into_inner(), 2);
    /// # })
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.v.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "Mutex", if has_goroutine() { self.try_lock() } else { None })
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(v: T) -> Self {
        Self::new(v)
    }
}

/// A lock and what it guards, if that can be looked at now.
fn debug<T: ?Sized + fmt::Debug>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    guard: Option<impl Deref<Target = T>>,
) -> fmt::Result {
    let mut d = f.debug_struct(name);
    match guard {
        Some(v) => d.field("data", &&*v).finish(),
        None => d.field("data", &format_args!("<locked>")).finish(),
    }
}

/// What these types are beside: safe to be used after a panic that was recovered (what a lock
/// guards is for the program to look after, as in Go: there is no poisoning), and printable, if
/// what they lead to is.
macro_rules! unwind_safe {
    ($($t:ident $(<$p:ident>)?),*) => { $(
        impl $(<$p: ?Sized>)? UnwindSafe for $t $(<$p>)? {}
        impl $(<$p: ?Sized>)? RefUnwindSafe for $t $(<$p>)? {}
    )* };
}
unwind_safe!(Mutex<T>, RwMutex<T>, WaitGroup, Cond, Once);
impl<T> UnwindSafe for Pool<T> {}
impl<T> RefUnwindSafe for Pool<T> {}

macro_rules! guard {
    ($($t:ident)*) => { $(
        impl<T: ?Sized + fmt::Debug> fmt::Debug for $t<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
        impl<T: ?Sized + fmt::Display> fmt::Display for $t<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    )* };
}
guard!(MutexGuard RwReadGuard RwWriteGuard);

/// A locked [`Mutex`].
///
/// ```
/// # gort::run(|| {
/// use gort::sync::{Mutex, MutexGuard};
/// fn grow(mut n: MutexGuard<'_, u32>) {
///     *n += 1;
/// } // unlocked here
/// let m = Mutex::new(1);
/// grow(m.lock());
/// assert_eq!(*m.lock(), 2);
/// # })
/// ```
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    m: &'a Mutex<T>,
}

// SAFETY: the lock may be released by another goroutine or thread, as in Go.
unsafe impl<T: ?Sized + Send> Send for MutexGuard<'_, T> {}
// SAFETY: gives out &T only.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this guard holds the lock.
        unsafe { self.m.m.unlock() }
    }
}
impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard holds the lock.
        unsafe { &*self.m.v.get() }
    }
}
impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard holds the lock.
        unsafe { &mut *self.m.v.get() }
    }
}

/// Go's `sync.RWMutex`, around the data that it guards: many readers or one writer. A waiting
/// writer keeps new readers out.
///
/// ```
/// # gort::run(|| {
/// let m = gort::sync::RwMutex::new(vec![1]);
/// m.lock().push(2);
/// let (a, b) = (m.rlock(), m.try_rlock().unwrap());
/// assert_eq!(a.len() + b.len(), 4);
/// # })
/// ```
#[derive(Default)]
pub struct RwMutex<T: ?Sized> {
    m: gort_sync::RwMutex,
    v: UnsafeCell<T>,
}

// SAFETY: the lock orders all access to the value.
unsafe impl<T: ?Sized + Send> Send for RwMutex<T> {}
// SAFETY: readers share `&T` between threads, hence Sync.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwMutex<T> {}

impl<T> RwMutex<T> {
    /// An unlocked lock around `v`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::RwMutex;
    /// static NAMES: RwMutex<Vec<&str>> = RwMutex::new(Vec::new());
    /// NAMES.lock().push("ann");
    /// assert_eq!(NAMES.rlock().as_slice(), ["ann"]);
    /// # })
    /// ```
    pub const fn new(v: T) -> Self {
        Self { m: gort_sync::RwMutex::new(), v: UnsafeCell::new(v) }
    }
    /// The value; nobody else has the lock any more.
    ///
    /// ```
    /// # gort::run(|| {
    /// let m = gort::sync::RwMutex::new(5);
    /// *m.lock() *= 2;
    /// assert_eq!(m.into_inner(), 10);
    /// # })
    /// ```
    pub fn into_inner(self) -> T {
        self.v.into_inner()
    }
}

impl<T: ?Sized> RwMutex<T> {
    /// Locks for writing.
    ///
    /// ```
    /// # gort::run(|| {
    /// let m = gort::sync::RwMutex::new(1);
    /// {
    ///     let mut n = m.lock();
    ///     *n += 1;
    ///     assert!(m.try_rlock().is_none()); // nobody else is in
    /// }
    /// assert_eq!(*m.rlock(), 2);
    /// # })
    /// ```
    #[inline]
    pub fn lock(&self) -> RwWriteGuard<'_, T> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.lock() };
        RwWriteGuard { m: self }
    }
    /// Locks for writing if that is possible at once.
    ///
    /// ```
    /// # gort::run(|| {
    /// let m = gort::sync::RwMutex::new(1);
    /// let reader = m.rlock();
    /// assert!(m.try_lock().is_none());
    /// drop(reader);
    /// assert!(m.try_lock().is_some());
    /// # })
    /// ```
    pub fn try_lock(&self) -> Option<RwWriteGuard<'_, T>> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.try_lock() }.then(|| RwWriteGuard { m: self })
    }
    /// Locks for writing, waiting at most for `d`. Who gives up lets those in who waited for it, as
    /// if it had never been there.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let m = gort::sync::RwMutex::new(1);
    /// let reader = m.rlock();
    /// assert!(m.lock_timeout(Duration::from_millis(1)).is_none());
    /// drop(reader);
    /// *m.lock_timeout(Duration::from_millis(1)).unwrap() += 1;
    /// # })
    /// ```
    pub fn lock_timeout(&self, d: Duration) -> Option<RwWriteGuard<'_, T>> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.lock_timeout(nanos(d)) }.then(|| RwWriteGuard { m: self })
    }
    /// Locks for reading. Not to be nested: a writer that comes in between waits for the first, and
    /// the second for the writer.
    ///
    /// ```
    /// # gort::run(|| {
    /// let table = gort::sync::RwMutex::new([1, 2, 3]);
    /// let sums = gort::task::scope(|s| {
    ///     let sum = || table.rlock().iter().sum::<i32>();
    ///     let (a, b) = (s.spawn(sum), s.spawn(sum)); // at the same time
    ///     (a.join().unwrap(), b.join().unwrap())
    /// });
    /// assert_eq!(sums, (6, 6));
    /// # })
    /// ```
    #[inline]
    pub fn rlock(&self) -> RwReadGuard<'_, T> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.rlock() };
        RwReadGuard { m: self }
    }
    /// Locks for reading if that is possible at once.
    ///
    /// ```
    /// # gort::run(|| {
    /// let m = gort::sync::RwMutex::new(1);
    /// let writer = m.lock();
    /// assert!(m.try_rlock().is_none());
    /// drop(writer);
    /// assert_eq!(m.try_rlock().map(|n| *n), Some(1));
    /// # })
    /// ```
    pub fn try_rlock(&self) -> Option<RwReadGuard<'_, T>> {
        self.m.try_rlock().then(|| RwReadGuard { m: self })
    }
    /// Locks for reading, waiting at most for `d`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let m = gort::sync::RwMutex::new(1);
    /// let writer = m.lock();
    /// assert!(m.rlock_timeout(Duration::from_millis(1)).is_none());
    /// drop(writer);
    /// assert_eq!(*m.rlock_timeout(Duration::from_millis(1)).unwrap(), 1);
    /// # })
    /// ```
    pub fn rlock_timeout(&self, d: Duration) -> Option<RwReadGuard<'_, T>> {
        // SAFETY: on a user goroutine.
        unsafe { self.m.rlock_timeout(nanos(d)) }.then(|| RwReadGuard { m: self })
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "RwMutex", if has_goroutine() { self.try_rlock() } else { None })
    }
}

impl<T> From<T> for RwMutex<T> {
    fn from(v: T) -> Self {
        Self::new(v)
    }
}

/// A [`RwMutex`] locked for writing.
///
/// ```
/// # gort::run(|| {
/// use gort::sync::{RwMutex, RwWriteGuard};
/// let m = RwMutex::new(vec![3, 1, 2]);
/// let mut v: RwWriteGuard<'_, Vec<i32>> = m.lock();
/// v.sort();
/// drop(v); // others may come in
/// assert_eq!(*m.rlock(), [1, 2, 3]);
/// # })
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwWriteGuard<'a, T: ?Sized> {
    m: &'a RwMutex<T>,
}

impl<T: ?Sized> Drop for RwWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this guard holds the lock.
        unsafe { self.m.m.unlock() }
    }
}
impl<T: ?Sized> Deref for RwWriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: this guard holds the lock.
        unsafe { &*self.m.v.get() }
    }
}
impl<T: ?Sized> DerefMut for RwWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard holds the lock.
        unsafe { &mut *self.m.v.get() }
    }
}

/// A [`RwMutex`] locked for reading.
///
/// ```
/// # gort::run(|| {
/// use gort::sync::{RwMutex, RwReadGuard};
/// fn first(v: &RwReadGuard<'_, Vec<u8>>) -> u8 {
///     v[0]
/// }
/// let m = RwMutex::new(vec![7]);
/// assert_eq!(first(&m.rlock()), 7);
/// # })
/// ```
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwReadGuard<'a, T: ?Sized> {
    m: &'a RwMutex<T>,
}

impl<T: ?Sized> Drop for RwReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this guard holds the lock.
        unsafe { self.m.m.runlock() }
    }
}
impl<T: ?Sized> Deref for RwReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: this guard holds a read lock.
        unsafe { &*self.m.v.get() }
    }
}

/// Go's `sync.WaitGroup`: waits until a number of things are done.
///
/// ```
/// # gort::run(|| {
/// let wg = std::sync::Arc::new(gort::sync::WaitGroup::new());
/// for _ in 0..3 {
///     wg.add(1);
///     let wg = wg.clone();
///     gort::go(move || wg.done());
/// }
/// wg.wait();
/// # })
/// ```
#[derive(Default)]
pub struct WaitGroup(gort_sync::WaitGroup);

impl WaitGroup {
    /// A group with nothing to wait for.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::WaitGroup;
    /// static READY: WaitGroup = WaitGroup::new();
    /// READY.add(1);
    /// gort::go(|| READY.done());
    /// READY.wait();
    /// # })
    /// ```
    pub const fn new() -> Self {
        Self(gort_sync::WaitGroup::new())
    }
    /// There are `n` more things (fewer, if negative) to wait for.
    ///
    /// ```
    /// # gort::run(|| {
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.add(3);
    /// wg.add(-3);
    /// wg.wait(); // not at all
    /// assert!(gort::recover(|| wg.add(-1)).is_err());
    /// # })
    /// ```
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`;
    /// `sync: WaitGroup misuse: Add called concurrently with Wait`
    #[inline]
    pub fn add(&self, n: isize) {
        // SAFETY: on a goroutine.
        unsafe { self.0.add(n) }
    }
    /// One thing is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.add(1);
    /// assert!(!wg.wait_timeout(std::time::Duration::ZERO));
    /// wg.done();
    /// assert!(wg.wait_timeout(std::time::Duration::ZERO));
    /// # })
    /// ```
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`
    #[inline]
    pub fn done(&self) {
        // SAFETY: on a goroutine.
        unsafe { self.0.done() }
    }
    /// Waits until all is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// let (wg, n) = (gort::sync::WaitGroup::new(), AtomicU32::new(0));
    /// gort::task::scope(|s| {
    ///     wg.add(5);
    ///     for _ in 0..5 {
    ///         s.spawn(|| {
    ///             n.fetch_add(1, Relaxed);
    ///             wg.done();
    ///         });
    ///     }
    ///     wg.wait();
    ///     assert_eq!(n.load(Relaxed), 5);
    /// });
    /// # })
    /// ```
    ///
    /// # Panics
    /// `sync: WaitGroup is reused before previous Wait has returned`
    #[inline]
    pub fn wait(&self) {
        // SAFETY: on a user goroutine.
        unsafe { self.0.wait() }
    }
    /// [`wait`](Self::wait) that waits at most for `d`; whether all is done.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let wg = gort::sync::WaitGroup::new();
    /// wg.add(1);
    /// assert!(!wg.wait_timeout(Duration::from_millis(1)));
    /// wg.done();
    /// assert!(wg.wait_timeout(Duration::from_millis(1)));
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, d: Duration) -> bool {
        // SAFETY: on a user goroutine.
        unsafe { self.0.wait_timeout(nanos(d)) }
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitGroup(..)")
    }
}

/// Go's `sync.Cond`: waiting for a change of what a [`Mutex`] guards. Waiters are woken in their
/// order.
///
/// ```
/// # gort::run(|| {
/// use gort::sync::{Cond, Mutex};
/// static READY: Mutex<bool> = Mutex::new(false);
/// static CHANGED: Cond = Cond::new();
/// gort::go(|| {
///     *READY.lock() = true;
///     CHANGED.broadcast();
/// });
/// let mut ready = READY.lock();
/// while !*ready {
///     ready = CHANGED.wait(ready);
/// }
/// # })
/// ```
pub struct Cond(gort_sync::TimedCond);

impl Cond {
    /// A condition that nobody waits for.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::Cond;
    /// static CHANGED: Cond = Cond::new();
    /// CHANGED.signal(); // nobody waits: nothing happens
    /// # })
    /// ```
    pub const fn new() -> Self {
        Self(gort_sync::TimedCond::new())
    }
    /// Unlocks, waits for a signal, and locks again. Another goroutine may have been faster to the
    /// lock: check the condition in a loop.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::{Cond, Mutex};
    /// let (queue, filled) = (Mutex::new(Vec::new()), Cond::new());
    /// gort::task::scope(|s| {
    ///     s.spawn(|| {
    ///         queue.lock().push(1);
    ///         filled.signal();
    ///     });
    ///     let mut q = queue.lock();
    ///     while q.is_empty() {
    ///         q = filled.wait(q);
    ///     }
    ///     assert_eq!(q.pop(), Some(1));
    /// });
    /// # })
    /// ```
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        // SAFETY: the guard holds the lock, and is given back holding it.
        unsafe { self.0.wait(&guard.m.m) };
        guard
    }
    /// [`wait`](Self::wait) that waits at most for `d` for the signal; whether there was one. A
    /// signal is never lost on a goroutine whose time has run out.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::{Cond, Mutex};
    /// let (m, c) = (Mutex::new(()), Cond::new());
    /// let (_guard, signalled) = c.wait_timeout(m.lock(), std::time::Duration::from_millis(1));
    /// assert!(!signalled);
    /// # })
    /// ```
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        d: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        // SAFETY: the guard holds the lock, and is given back holding it.
        let signalled = unsafe { self.0.wait_timeout(&guard.m.m, nanos(d)) };
        (guard, signalled)
    }
    /// Wakes the goroutine that has waited longest.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::{Cond, Mutex};
    /// let (tokens, came) = (Mutex::new(0), Cond::new());
    /// gort::task::scope(|s| {
    ///     for _ in 0..2 {
    ///         s.spawn(|| {
    ///             let mut n = tokens.lock();
    ///             while *n == 0 {
    ///                 n = came.wait(n);
    ///             }
    ///             *n -= 1;
    ///         });
    ///     }
    ///     for _ in 0..2 {
    ///         *tokens.lock() += 1;
    ///         came.signal(); // one token, one goroutine
    ///     }
    /// });
    /// assert_eq!(*tokens.lock(), 0);
    /// # })
    /// ```
    pub fn signal(&self) {
        // SAFETY: on a goroutine.
        unsafe { self.0.signal() }
    }
    /// Wakes all.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::{Cond, Mutex};
    /// let (open, changed) = (Mutex::new(false), Cond::new());
    /// let passed = gort::task::scope(|s| {
    ///     let guests: Vec<_> = (0..3)
    ///         .map(|_| {
    ///             s.spawn(|| {
    ///                 let mut o = open.lock();
    ///                 while !*o {
    ///                     o = changed.wait(o);
    ///                 }
    ///             })
    ///         })
    ///         .collect();
    ///     *open.lock() = true;
    ///     changed.broadcast(); // to all of them
    ///     guests.into_iter().filter(|g| g.done().recv().is_none()).count()
    /// });
    /// assert_eq!(passed, 3);
    /// # })
    /// ```
    pub fn broadcast(&self) {
        // SAFETY: on a goroutine.
        unsafe { self.0.broadcast() }
    }
}

impl Default for Cond {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cond(..)")
    }
}

/// Go's `sync.Once`: something that is done once.
///
/// ```
/// # gort::run(|| {
/// let (once, mut n) = (gort::sync::Once::new(), 0);
/// once.call(|| n += 1);
/// once.call(|| n += 1);
/// assert_eq!(n, 1);
/// # })
/// ```
#[derive(Default)]
pub struct Once(gort_sync::Once);

impl Once {
    /// Nothing done yet.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::Once;
    /// static SET_UP: Once = Once::new();
    /// SET_UP.call(|| println!("setting up"));
    /// SET_UP.call(|| unreachable!());
    /// # })
    /// ```
    pub const fn new() -> Self {
        Self(gort_sync::Once::new())
    }
    /// Calls `f` if this is the first call; others wait until it has returned (or panicked). Go's
    /// `Do`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// let (once, n) = (gort::sync::Once::new(), AtomicU32::new(0));
    /// gort::task::scope(|s| {
    ///     for _ in 0..3 {
    ///         s.spawn(|| {
    ///             once.call(|| _ = n.fetch_add(1, Relaxed));
    ///             assert_eq!(n.load(Relaxed), 1); // whoever has made the call
    ///         });
    ///     }
    /// });
    /// # })
    /// ```
    #[inline]
    pub fn call(&self, f: impl FnOnce()) {
        // SAFETY: on a user goroutine.
        unsafe { self.0.do_(f) }
    }
    /// [`call`](Self::call) that waits at most for `d` for the call of another; false if that has
    /// not returned by then. The call of `f` itself, if it is the first, takes its time.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let once = gort::sync::Once::new();
    /// assert!(once.call_timeout(Duration::ZERO, || ()));
    /// assert!(once.call_timeout(Duration::ZERO, || unreachable!()));
    /// # })
    /// ```
    pub fn call_timeout(&self, d: Duration, f: impl FnOnce()) -> bool {
        // SAFETY: on a user goroutine.
        unsafe { self.0.do_timeout(nanos(d), f) }
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once(..)")
    }
}

/// Go's `sync.Pool`: free objects, kept for the next one that needs one. Each processor has its own
/// store, so that neither `get` nor `put` waits for anybody.
///
/// There is no collector that empties it: what is in it stays until it is taken or the pool is
/// dropped (on a goroutine: elsewhere it is leaked).
///
/// ```
/// # gort::run(|| {
/// let buffers = gort::sync::Pool::new(|| Vec::<u8>::with_capacity(4096));
/// let mut b = buffers.get();
/// b.extend_from_slice(b"work");
/// b.clear();
/// buffers.put(b);
/// # })
/// ```
///
/// As with channels, what is put in comes out again, so one type of object never passes for
/// another:
///
/// ```compile_fail
/// use gort::sync::Pool;
/// fn lengthen(p: &Pool<for<'a> fn(&'a str)>) -> &Pool<fn(&'static str)> {
///     p
/// }
/// ```
/// ```
/// use gort::sync::Pool;
/// fn same(p: &Pool<fn(&'static str)>) -> &Pool<fn(&'static str)> {
///     p
/// }
/// ```
pub struct Pool<T> {
    p: ManuallyDrop<Box<gort_sync::Pool>>,
    new: fn() -> T,
    _t: TakesAndGives<T>,
}

impl<T: Send + 'static> Pool<T> {
    /// An empty pool; `new` makes an object when it has none.
    ///
    /// ```
    /// # gort::run(|| {
    /// let p = gort::sync::Pool::new(|| [0u8; 1024]);
    /// assert_eq!(p.get().len(), 1024);
    /// # })
    /// ```
    pub fn new(new: fn() -> T) -> Self {
        unsafe fn drop_value<T>(x: gort_sync::Eface) {
            // SAFETY: only boxes of T are put in.
            drop(unsafe { Box::from_raw(x.val.cast::<T>()) });
        }
        // SAFETY: `T: Send`, so its values may be used and dropped on any thread.
        let p = Box::new(unsafe { gort_sync::Pool::new(None, Some(drop_value::<T>)) });
        Self { p: ManuallyDrop::new(p), new, _t: PhantomData }
    }

    /// Takes an object out: one that was put in, in whatever state it was left, or a new one.
    ///
    /// ```
    /// # gort::run(|| {
    /// let p = gort::sync::Pool::new(String::new);
    /// let mut line = p.get();
    /// line.push_str("GET /");
    /// assert_eq!(*line, "GET /");
    /// # })
    /// ```
    pub fn get(&self) -> Box<T> {
        // SAFETY: on a user goroutine; the raw pool is boxed and does not move.
        let x = unsafe { self.p.get() };
        if x.is_nil() {
            return Box::new((self.new)());
        }
        // SAFETY: only boxes of T are put in, and this one is out now.
        unsafe { Box::from_raw(x.val.cast::<T>()) }
    }

    /// Puts an object in.
    ///
    /// ```
    /// # gort::run(|| {
    /// let p = gort::sync::Pool::new(Vec::<u8>::new);
    /// let mut buffer = p.get();
    /// buffer.reserve(4096);
    /// buffer.clear();
    /// p.put(buffer); // with its memory
    /// # })
    /// ```
    pub fn put(&self, x: Box<T>) {
        // The type word only has to be different from nil.
        let typ = core::ptr::NonNull::<T>::dangling().as_ptr().cast();
        let x = gort_sync::Eface { typ, val: Box::into_raw(x).cast() };
        // SAFETY: on a user goroutine; the raw pool is boxed and does not move.
        unsafe { self.p.put(x) }
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        // The list of pools has a lock for goroutines. Elsewhere the pool stays where it is, with
        // all that is in it.
        if gort_proc::getg().is_null() || has_goroutine() {
            // SAFETY: once, and the last thing that happens to it.
            unsafe { ManuallyDrop::drop(&mut self.p) };
        }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool(..)")
    }
}

/// A function that calls `f` the first time that it is called, and does nothing after that; all
/// callers wait for that first call. If `f` panics, each call panics with the same text. Go's
/// `sync.OnceFunc`.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(9);
/// let tx = c.clone();
/// let f = gort::sync::once_func(move || tx.send(1));
/// f();
/// f();
/// assert_eq!(c.len(), 1);
/// # })
/// ```
pub fn once_func(f: impl FnOnce() + Send) -> impl Fn() + Send + Sync {
    // SAFETY: called on user goroutines, as everything of this crate.
    unsafe { gort_sync::once_func(f) }
}

/// A function that calls `f` the first time that it is called and returns that result each time.
/// Go's `sync.OnceValue`.
///
/// ```
/// # gort::run(|| {
/// let answer = gort::sync::once_value(|| 6 * 7);
/// assert_eq!((answer(), answer()), (42, 42));
/// # })
/// ```
pub fn once_value<T: Clone + Send + Sync>(
    f: impl FnOnce() -> T + Send,
) -> impl Fn() -> T + Send + Sync {
    // SAFETY: called on user goroutines, as everything of this crate.
    unsafe { gort_sync::once_value(f) }
}
