//! Values that are made once: std's `OnceLock` and `LazyLock` for goroutines.

use crate::runtime::goid;
use crate::time::nanos;
use core::cell::{Cell, UnsafeCell};
use core::convert::Infallible;
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

/// A cell that is written once: std's `OnceLock` for goroutines. (`OnceLock` lets those who wait
/// for its initialiser wait with their threads, of which the initialiser may need one.)
///
/// The initialiser may do whatever a goroutine may: sleep, dial, receive. If it panics, or ends its
/// goroutine, the cell stays empty, and the next caller tries again, as with std.
///
/// ```
/// use gort::sync::OnceCell;
/// static CONFIG: OnceCell<String> = OnceCell::new();
/// assert!(CONFIG.get().is_none());
/// assert_eq!(CONFIG.get_or_init(|| "from a file".into()), "from a file");
/// assert_eq!(CONFIG.set("another".into()), Err("another".into()));
/// ```
pub struct OnceCell<T> {
    /// The value is there. Stored with release order after it, loaded with acquire order before it
    /// is looked at.
    there: AtomicBool,
    /// Who runs an initialiser; 0: nobody.
    owner: AtomicU64,
    /// Held while an initialiser runs.
    m: gort_sync::Mutex,
    v: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: who looks at the value shares it with the others (Sync), and it may be dropped elsewhere
// than where it was made (Send).
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}
// SAFETY: the cell owns its value.
unsafe impl<T: Send> Send for OnceCell<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceCell<T> {}
impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceCell<T> {}

/// A number of this goroutine, or of this thread if it runs none.
fn me() -> u64 {
    match goid() {
        // SAFETY: it has no contract.
        0 => 1 << 63 | unsafe { libc::gettid() } as u64,
        id => id,
    }
}

/// The lock of a cell while its initialiser runs.
struct Initialising<'a, T>(&'a OnceCell<T>);

impl<T> Drop for Initialising<'_, T> {
    fn drop(&mut self) {
        self.0.owner.store(0, Ordering::Relaxed);
        // SAFETY: `lock` has locked it, for this goroutine.
        unsafe { self.0.m.unlock() }
    }
}

impl<T> OnceCell<T> {
    /// An empty cell.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::OnceCell;
    /// static NAME: OnceCell<String> = OnceCell::new();
    /// assert_eq!(NAME.get(), None);
    /// # })
    /// ```
    pub const fn new() -> Self {
        Self {
            there: AtomicBool::new(false),
            owner: AtomicU64::new(0),
            m: gort_sync::Mutex::new(),
            v: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if there is one. Never waits.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::sync::OnceCell::new();
    /// assert_eq!(c.get(), None);
    /// c.set(5).unwrap();
    /// assert_eq!(c.get(), Some(&5));
    /// # })
    /// ```
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: it was written before the store that is seen here, and is not written again while
        // the cell is shared.
        self.there.load(Ordering::Acquire).then(|| unsafe { (*self.v.get()).assume_init_ref() })
    }

    /// The value, if there is one.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut c = gort::sync::OnceCell::from(1);
    /// *c.get_mut().unwrap() += 1;
    /// assert_eq!(c.get(), Some(&2));
    /// # })
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the cell is borrowed by nobody else.
        (*self.there.get_mut()).then(|| unsafe { self.v.get_mut().assume_init_mut() })
    }

    /// Fills the cell, or gives the value back if it is full. Waits for an initialiser that is
    /// running.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::OnceCell;
    /// static PORT: OnceCell<u16> = OnceCell::new();
    /// assert_eq!(PORT.set(80), Ok(()));
    /// assert_eq!(PORT.set(8080), Err(8080));
    /// # })
    /// ```
    ///
    /// # Errors
    /// The value, if the cell has one already.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    /// [`set`](Self::set) that waits at most for `d` for an initialiser that is running.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::OnceCell;
    /// use std::time::Duration;
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.set_timeout(Duration::from_millis(1), "first"), Ok(()));
    /// assert_eq!(cell.set_timeout(Duration::from_millis(1), "second"), Err("second"));
    /// # })
    /// ```
    ///
    /// # Errors
    /// The value, if the cell has one already, or the time has passed: [`get`](Self::get) tells.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    pub fn set_timeout(&self, d: Duration, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init_timeout(d, || value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    /// The value; if there is none yet `f` makes it, while others that call this wait.
    ///
    /// ```
    /// # gort::run(|| {
    /// let page = gort::sync::OnceCell::new();
    /// let fetch = || {
    ///     gort::time::sleep(std::time::Duration::from_millis(1)); // it may wait
    ///     "<html>"
    /// };
    /// assert_eq!(page.get_or_init(fetch), &"<html>");
    /// assert_eq!(page.get_or_init(|| unreachable!()), &"<html>");
    /// # })
    /// ```
    ///
    /// # Panics
    /// With what `f` panics with; the cell stays empty then. If `f` asks for this very cell: that
    /// could only wait for itself.
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(|| Ok::<T, Infallible>(f())) {
            Ok(v) => v,
            Err(e) => match e {},
        }
    }

    /// [`get_or_init`](Self::get_or_init) with an initialiser that may fail; then the cell stays
    /// empty.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::sync::OnceCell::new();
    /// assert!(c.get_or_try_init(|| "x".parse::<u32>()).is_err());
    /// assert_eq!(c.get_or_try_init(|| "7".parse::<u32>()), Ok(&7)); // tried again
    /// # })
    /// ```
    ///
    /// # Errors
    /// What `f` returned.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    #[inline]
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(v) => Ok(v),
            None => Ok(self.init(None, f)?.expect("waited for")),
        }
    }

    /// [`get_or_init`](Self::get_or_init) that waits at most for `d` for another's initialiser;
    /// None if that has not returned by then. A call of `f` itself takes its time.
    ///
    /// ```
    /// # gort::run(|| {
    /// use std::time::Duration;
    /// let cell = gort::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_init_timeout(Duration::from_millis(1), || 1), Some(&1));
    /// assert_eq!(cell.get_or_init_timeout(Duration::ZERO, || unreachable!()), Some(&1));
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    pub fn get_or_init_timeout(&self, d: Duration, f: impl FnOnce() -> T) -> Option<&T> {
        match self.get_or_try_init_timeout(d, || Ok::<T, Infallible>(f())) {
            Ok(v) => v,
            Err(e) => match e {},
        }
    }

    /// [`get_or_try_init`](Self::get_or_try_init) that waits at most for `d` for another's
    /// initialiser; `Ok(None)` if that has not returned by then.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::sync::OnceCell::new();
    /// let d = std::time::Duration::from_millis(1);
    /// assert!(c.get_or_try_init_timeout(d, || "x".parse::<u32>()).is_err());
    /// assert_eq!(c.get_or_try_init_timeout(d, || "7".parse::<u32>()), Ok(Some(&7)));
    /// # })
    /// ```
    ///
    /// # Errors
    /// What `f` returned.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    pub fn get_or_try_init_timeout<E>(
        &self,
        d: Duration,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        match self.get() {
            Some(v) => Ok(Some(v)),
            None => self.init(Some(nanos(d)), f),
        }
    }

    /// Waits at most for so many nanoseconds, if there is a limit; then it may return `Ok(None)`.
    #[cold]
    #[inline(never)]
    fn init<E>(
        &self,
        limit: Option<i64>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<Option<&T>, E> {
        let me = me();
        assert!(
            self.owner.load(Ordering::Relaxed) != me,
            "gort: the initialiser of a OnceCell or LazyLock asks for the same cell, and would wait for itself"
        );
        match limit {
            // SAFETY: on a user goroutine.
            None => unsafe { self.m.lock() },
            // SAFETY: on a user goroutine.
            Some(ns) if !unsafe { self.m.lock_timeout(ns) } => return Ok(self.get()),
            Some(_) => {}
        }
        let lock = Initialising(self);
        self.owner.store(me, Ordering::Relaxed);
        if let Some(v) = self.get() {
            return Ok(Some(v));
        }
        let v = f()?;
        // SAFETY: the lock is held and the cell is empty, so nobody looks at the place.
        unsafe { (*self.v.get()).write(v) };
        self.there.store(true, Ordering::Release);
        drop(lock);
        // SAFETY: just written.
        Ok(Some(unsafe { (*self.v.get()).assume_init_ref() }))
    }

    /// The value, taken out: the cell is empty again.
    ///
    /// ```
    /// # gort::run(|| {
    /// let mut c = gort::sync::OnceCell::from("first");
    /// assert_eq!(c.take(), Some("first"));
    /// assert_eq!(c.set("second"), Ok(()));
    /// # })
    /// ```
    pub fn take(&mut self) -> Option<T> {
        // SAFETY: the value is moved out, and marked as gone.
        core::mem::take(self.there.get_mut())
            .then(|| unsafe { self.v.get_mut().assume_init_read() })
    }

    /// The value.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::sync::OnceCell::new();
    /// c.get_or_init(|| vec![1, 2]);
    /// assert_eq!(c.into_inner(), Some(vec![1, 2]));
    /// # })
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }
}

impl<T> Drop for OnceCell<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(v: T) -> Self {
        let mut c = Self::new();
        c.v.get_mut().write(v);
        *c.there.get_mut() = true;
        c
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut t = f.debug_tuple("OnceCell");
        match self.get() {
            Some(v) => t.field(v),
            None => t.field(&format_args!("<uninit>")),
        };
        t.finish()
    }
}

/// A value that is made when it is first looked at: std's `LazyLock` for goroutines. Others wait
/// meanwhile, as goroutines do.
///
/// If the initialiser panics, or ends its goroutine, the value is poisoned: every later look
/// panics, as with std.
///
/// ```
/// use gort::sync::LazyLock;
/// static TABLE: LazyLock<Vec<u32>> = LazyLock::new(|| (0..10).map(|n| n * n).collect());
/// assert_eq!(TABLE[3], 9);
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    cell: OnceCell<T>,
    /// Taken by who holds the cell's lock.
    f: Cell<Option<F>>,
}

// SAFETY: the initialiser is called once, by whoever is first (Send), under the cell's lock.
unsafe impl<T: Send + Sync, F: Send> Sync for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}
impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `f` will make.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::LazyLock;
    /// let n = 6;
    /// let lazy = LazyLock::new(move || n * 7);
    /// assert_eq!(*lazy, 42);
    /// # })
    /// ```
    pub const fn new(f: F) -> Self {
        Self { cell: OnceCell::new(), f: Cell::new(Some(f)) }
    }

    /// The value, made now if it has not been; the same as `&*this`.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::LazyLock;
    /// static HOST: LazyLock<String> = LazyLock::new(|| "localhost".into());
    /// let host: &'static String = LazyLock::force(&HOST);
    /// assert_eq!(host, "localhost");
    /// # })
    /// ```
    ///
    /// # Panics
    /// With what the initialiser panics with; later: because it has. If the initialiser looks at
    /// this very value.
    #[inline]
    pub fn force(this: &Self) -> &T {
        this.cell.get_or_init(|| this.make())
    }

    /// [`force`](Self::force) that waits at most for `d` for another goroutine's call of the
    /// initialiser; None if that has not returned by then. Calling it takes its time.
    ///
    /// ```
    /// # gort::run(|| {
    /// use gort::sync::LazyLock;
    /// use std::time::Duration;
    /// static ANSWER: LazyLock<u32> = LazyLock::new(|| {
    ///     gort::time::sleep(Duration::from_millis(100)); // or dials
    ///     42
    /// });
    /// gort::go(|| drop(LazyLock::force(&ANSWER)));
    /// gort::time::sleep(Duration::from_millis(1));
    /// while LazyLock::force_timeout(&ANSWER, Duration::from_millis(1)).is_none() {
    ///     // something else
    /// }
    /// # })
    /// ```
    ///
    /// # Panics
    /// As [`force`](Self::force).
    pub fn force_timeout(this: &Self, d: Duration) -> Option<&T> {
        this.cell.get_or_init_timeout(d, || this.make())
    }

    /// What the initialiser makes; under the cell's lock.
    fn make(&self) -> T {
        match self.f.take() {
            Some(f) => f(),
            None => panic!("LazyLock instance has previously been poisoned"),
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut t = f.debug_tuple("LazyLock");
        match self.cell.get() {
            Some(v) => t.field(v),
            None => t.field(&format_args!("<uninit>")),
        };
        t.finish()
    }
}
