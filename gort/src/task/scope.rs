//! Goroutines that borrow: std's `thread::scope`.

use super::{Outcome, Packet};
use crate::chan_::Receiver;
use crate::go_;
use crate::sync::WaitGroup;
use crate::time::now;
use core::fmt;
use core::marker::PhantomData;
use gort_panic::{Payload, catch_all, recover, resume_unwind};
use gort_proc::getpcspbp;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

/// Where goroutines can be started that borrow what lives longer than the scope. See [`scope`].
///
/// ```
/// # gort::run(|| {
/// use gort::task::{Scope, scope};
/// fn start<'s>(s: &'s Scope<'s, '_>, sum: &'s std::sync::atomic::AtomicU32) {
///     s.spawn(|| sum.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
/// }
/// let sum = Default::default();
/// scope(|s| (0..3).for_each(|_| start(s, &sum)));
/// assert_eq!(sum.into_inner(), 3);
/// # })
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    data: Arc<Data>,
    /// Neither lifetime may be stretched or shortened.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// What a scope and its goroutines share. It is not on the scope's stack, so the last of them may
/// still be leaving [`WaitGroup::done`] when the scope has gone.
#[derive(Default)]
struct Data {
    running: WaitGroup,
    /// The first panic that nobody has fetched.
    panic: StdMutex<Option<Payload>>,
}

impl Data {
    fn keep(&self, p: Payload) {
        self.panic.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(p);
    }
}

/// Runs `f`, which may start goroutines in its scope: they may borrow what `f` may, as all of them
/// have ended when `scope` returns, or unwinds by a panic or [`goexit`](crate::runtime::goexit).
///
/// ```
/// # gort::run(|| {
/// let (mut sum, words) = (0, vec!["a".to_string(), "b".to_string()]);
/// let n = gort::task::scope(|s| {
///     s.spawn(|| sum += 1);
///     s.spawn(|| words.len()).join().unwrap()
/// });
/// assert_eq!((sum, n), (1, 2));
/// # })
/// ```
///
/// # Panics
/// With what `f` panicked with; else with what the first of its goroutines panicked with that
/// nobody has joined.
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let s = Scope { data: Arc::default(), scope: PhantomData, env: PhantomData };
    // Whatever way out `f` takes comes by here, and nothing between here and the wait can unwind.
    let r = catch_all(AssertUnwindSafe(|| recover(|| f(&s))));
    s.data.running.wait();
    let unfetched = s.data.panic.lock().unwrap_or_else(|e| e.into_inner()).take();
    match r {
        Err(goexit) => resume_unwind(goexit),
        Ok(Err(p)) => p.resume(),
        Ok(Ok(v)) => match unfetched {
            Some(p) => p.resume(),
            None => v,
        },
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a goroutine that ends before the scope does.
    ///
    /// ```
    /// # gort::run(|| {
    /// let text = String::from("a b c");
    /// let words = gort::task::scope(|s| {
    ///     let n = s.spawn(|| text.split(' ').count()); // borrows it
    ///     n.join().unwrap()
    /// });
    /// assert_eq!((words, text.len()), (3, 5));
    /// # })
    /// ```
    #[inline(always)]
    pub fn spawn<T: Send + 'scope, F: FnOnce() -> T + Send + 'scope>(
        &'scope self,
        f: F,
    ) -> ScopedJoinHandle<'scope, T> {
        let (pc, _, _) = getpcspbp();
        self.spawn_pc(f, pc)
    }

    fn spawn_pc<T: Send + 'scope, F: FnOnce() -> T + Send + 'scope>(
        &'scope self,
        f: F,
        pc: usize,
    ) -> ScopedJoinHandle<'scope, T> {
        /// Says that the goroutine has ended, last of all.
        struct Done(Arc<Data>);
        impl Drop for Done {
            fn drop(&mut self) {
                self.0.running.done();
            }
        }
        let packet = Packet::new();
        let (p, data) = (packet.clone(), self.data.clone());
        data.running.add(1);
        let body = move || {
            let done = Done(data);
            // `f` is gone when this returns, and so is the result when `p` is, unless a handle has
            // it: that one does not outlive the scope. A result that nobody wants may borrow too,
            // so its destructor runs before `done`'s.
            match p.end(Outcome::of(f)) {
                Some(Outcome::Panic(e)) => done.0.keep(e),
                unwanted => drop(unwanted),
            }
            drop(p);
            drop(done);
        };
        // SAFETY: `scope` does not go on before `running` is 0, that is before this goroutine has
        // dropped all that it borrows.
        unsafe { go_::go_borrowing(body, pc) };
        ScopedJoinHandle { packet, data: self.data.clone(), _scope: PhantomData }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope(..)")
    }
}

/// The right to wait for a goroutine of a [`Scope`]. Dropping it leaves that to the scope.
///
/// ```
/// # gort::run(|| {
/// use gort::task::{ScopedJoinHandle, scope};
/// let numbers = [1, 2, 3, 4];
/// let sum: i32 = scope(|s| {
///     let halves: Vec<ScopedJoinHandle<'_, i32>> =
///         numbers.chunks(2).map(|h| s.spawn(move || h.iter().sum())).collect();
///     halves.into_iter().map(|h| h.join().unwrap()).sum()
/// });
/// assert_eq!(sum, 10);
/// # })
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    packet: Arc<Packet<T>>,
    data: Arc<Data>,
    _scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the end of the goroutine, and returns its result.
    ///
    /// ```
    /// # gort::run(|| {
    /// let r = gort::task::scope(|s| s.spawn(|| -> u32 { panic!("lost") }).join());
    /// assert!(r.is_err()); // fetched, so the scope does not panic
    /// # })
    /// ```
    ///
    /// # Errors
    /// The value that it panicked with; [`Goexit`](super::Goexit).
    pub fn join(self) -> std::thread::Result<T> {
        self.packet.wait()
    }

    /// [`join`](Self::join) that waits at most for `d`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// gort::task::scope(|s| {
    ///     let h = s.spawn(|| c.recv());
    ///     let h = h.join_timeout(std::time::Duration::from_millis(1)).unwrap_err(); // it waits
    ///     c.send(3);
    ///     assert_eq!(h.join().unwrap(), Some(3));
    /// });
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives the handle back if the goroutine has not ended in time.
    pub fn join_timeout(self, d: Duration) -> Result<std::thread::Result<T>, Self> {
        self.packet.wait_timeout(d).ok_or(self)
    }

    /// [`join`](Self::join) that waits at most until `t`.
    ///
    /// ```
    /// # gort::run(|| {
    /// gort::task::scope(|s| {
    ///     let minute = std::time::Duration::from_secs(60);
    ///     let h = s.spawn(|| 1);
    ///     assert_eq!(h.join_deadline(gort::time::now() + minute).unwrap().unwrap(), 1);
    /// });
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives the handle back if the goroutine has not ended in time.
    pub fn join_deadline(self, t: Instant) -> Result<std::thread::Result<T>, Self> {
        self.join_timeout(t.saturating_duration_since(now()))
    }

    /// A channel that is closed when the goroutine has ended, for [`select!`](crate::select).
    ///
    /// ```
    /// # gort::run(|| {
    /// let first = gort::task::scope(|s| {
    ///     let (quick, c) = (s.spawn(|| 1), gort::chan::<u8>(0));
    ///     gort::select! {
    ///         recv(quick.done()) => "the goroutine",
    ///         recv(c) => "a value",
    ///     }
    /// });
    /// assert_eq!(first, "the goroutine");
    /// # })
    /// ```
    pub fn done(&self) -> &Receiver<()> {
        &self.packet.done
    }

    /// Whether the goroutine has ended.
    ///
    /// ```
    /// # gort::run(|| {
    /// gort::task::scope(|s| {
    ///     let h = s.spawn(|| ());
    ///     while !h.is_finished() {
    ///         gort::runtime::gosched();
    ///     }
    /// });
    /// # })
    /// ```
    pub fn is_finished(&self) -> bool {
        self.packet.lock().outcome.is_some()
    }
}

impl<T> Drop for ScopedJoinHandle<'_, T> {
    fn drop(&mut self) {
        if let Some(Outcome::Panic(p)) = self.packet.detach() {
            self.data.keep(p);
        }
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").field("finished", &self.is_finished()).finish()
    }
}
