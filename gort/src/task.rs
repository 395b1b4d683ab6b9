//! Goroutines whose end can be waited for, and what Go programs take from `golang.org/x/sync`:
//! groups, weighted semaphores, calls that are shared; besides, values that are passed on to many.
//!
//! | | |
//! |---|---|
//! | [`spawn`] | a goroutine with a result: [`JoinHandle::join`] |
//! | [`scope`] | goroutines that borrow, and end before the scope does |
//! | [`Group`] | several goroutines, the first error, a limit. Go's `errgroup` |
//! | [`Semaphore`] | a number of permits, taken in the order of arrival. Go's `semaphore.Weighted` |
//! | [`Shared`] | calls with the same key made once. Go's `singleflight` |
//! | [`Broadcast`] | each value to each subscriber |
//! | [`Watch`] | the newest value, and when it changes |
//!
//! Work is cancelled by a [`Context`](crate::context::Context).

mod group;
mod pass;
mod scope;
mod semaphore;
mod shared;

pub use group::Group;
pub use pass::{Broadcast, Subscription, Watch, Watcher};
pub use scope::{Scope, ScopedJoinHandle, scope};
pub use semaphore::{Permit, Semaphore};
pub use shared::Shared;

use crate::chan_::Receiver;
use crate::time::now;
use crate::{chan, go_, runtime};
use core::any::Any;
use core::fmt;
use gort_panic::{Payload, catch_all, recover};
use gort_proc::getpcspbp;
use gort_stack::has_goroutine;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard};
use std::time::{Duration, Instant};

/// The error of a task that ended by [`runtime::goexit`]: what [`JoinHandle::join`] gives, as the
/// value of a panic that it is not.
///
/// ```
/// # gort::run(|| {
/// let e = gort::task::spawn(|| gort::runtime::goexit()).join().unwrap_err();
/// assert!(e.is::<gort::task::Goexit>());
/// # })
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Goexit;

impl fmt::Display for Goexit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the goroutine ended by runtime.Goexit")
    }
}
impl std::error::Error for Goexit {}

/// How a task ended.
enum Outcome<T> {
    Value(T),
    Panic(Payload),
    Goexit,
}

impl<T> Outcome<T> {
    fn of(f: impl FnOnce() -> T) -> Self {
        match catch_all(AssertUnwindSafe(|| recover(f))) {
            Ok(Ok(v)) => Outcome::Value(v),
            Ok(Err(p)) => Outcome::Panic(p),
            Err(_) => Outcome::Goexit, // all else is recovered
        }
    }
    fn into_result(self) -> std::thread::Result<T> {
        match self {
            Outcome::Value(v) => Ok(v),
            Outcome::Panic(p) => Err(p.into_value()),
            Outcome::Goexit => Err(Box::new(Goexit) as Box<dyn Any + Send>),
        }
    }
}

/// What a task and its handle share.
struct Packet<T> {
    /// Closed when the task has ended.
    done: Receiver<()>,
    /// std's lock: held for a move only.
    state: StdMutex<PacketState<T>>,
}

struct PacketState<T> {
    outcome: Option<Outcome<T>>,
    /// Nobody will ask.
    detached: bool,
}

impl<T> Packet<T> {
    fn new() -> Arc<Self> {
        let state = StdMutex::new(PacketState { outcome: None, detached: false });
        Arc::new(Self { done: chan(0).into(), state })
    }
    fn lock(&self) -> MutexGuard<'_, PacketState<T>> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// The task has ended. What nobody wants comes back.
    fn end(&self, o: Outcome<T>) -> Option<Outcome<T>> {
        let mut st = self.lock();
        if st.detached {
            return Some(o);
        }
        st.outcome = Some(o);
        drop(st);
        self.done.chan().close();
        None
    }
    fn take(&self) -> Option<Outcome<T>> {
        self.lock().outcome.take()
    }
    /// The handle goes. What it has not fetched comes back.
    fn detach(&self) -> Option<Outcome<T>> {
        let mut st = self.lock();
        st.detached = true;
        st.outcome.take()
    }
    fn wait(&self) -> std::thread::Result<T> {
        self.done.recv();
        // The channel is closed once the outcome is there, and only a handle that is used up takes
        // it.
        self.take()
            .map_or_else(|| Err(Box::new(Goexit) as Box<dyn Any + Send>), Outcome::into_result)
    }
    fn wait_timeout(&self, d: Duration) -> Option<std::thread::Result<T>> {
        match self.done.recv_timeout(d) {
            Err(crate::RecvTimeoutError::Timeout) => None,
            _ => Some(self.wait()),
        }
    }
}

/// Starts a goroutine whose result, or panic, can be fetched by [`JoinHandle::join`].
///
/// ```
/// # gort::run(|| {
/// let h = gort::task::spawn(|| 6 * 7);
/// assert_eq!(h.join().unwrap(), 42);
/// let h = gort::task::spawn(|| panic!("lost"));
/// assert_eq!(h.join().unwrap_err().downcast_ref(), Some(&"lost"));
/// # })
/// ```
///
/// Dropping the handle detaches the goroutine. Then a panic that leaves `f` ends the program, as
/// with [`go`](crate::go()); one that was already waiting to be fetched does so when the handle is
/// dropped. Panics are never lost.
#[inline(always)]
pub fn spawn<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(f: F) -> JoinHandle<T> {
    let (pc, _, _) = getpcspbp();
    spawn_pc(f, 0, pc)
}

pub(crate) fn spawn_pc<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
    f: F,
    stack: usize,
    pc: usize,
) -> JoinHandle<T> {
    let packet = Packet::new();
    let p = packet.clone();
    go_::go_sized(
        stack,
        move || {
            if let Some(Outcome::Panic(e)) = p.end(Outcome::of(f)) {
                e.resume();
            }
        },
        pc,
    );
    JoinHandle { packet }
}

/// The right to wait for a task of [`spawn`].
///
/// ```
/// # gort::run(|| {
/// use gort::task::{JoinHandle, spawn};
/// let jobs: Vec<JoinHandle<u32>> = (1..=3).map(|n| spawn(move || n * n)).collect();
/// assert_eq!(jobs.into_iter().map(|j| j.join().unwrap()).sum::<u32>(), 14);
/// # })
/// ```
#[must_use = "dropping it detaches the goroutine: `gort::go` does that with less"]
pub struct JoinHandle<T> {
    packet: Arc<Packet<T>>,
}

impl<T> JoinHandle<T> {
    /// Waits for the end of the task, and returns its result.
    ///
    /// ```
    /// # gort::run(|| {
    /// let job = gort::task::spawn(|| "12x".parse::<u32>());
    /// assert!(job.join().unwrap().is_err()); // its own result
    /// let job = gort::task::spawn(|| "12x".parse::<u32>().unwrap());
    /// assert!(job.join().is_err()); // it has panicked
    /// # })
    /// ```
    ///
    /// # Errors
    /// The value that it panicked with, as [`std::thread::JoinHandle::join`] gives it; [`Goexit`].
    pub fn join(self) -> std::thread::Result<T> {
        self.packet.wait()
    }

    /// [`join`](Self::join) that waits at most for `d`.
    ///
    /// ```
    /// # gort::run(|| {
    /// # use std::time::Duration;
    /// let c = gort::chan::<()>(0);
    /// let rx = c.clone();
    /// let h = gort::task::spawn(move || rx.recv());
    /// let h = h.join_timeout(Duration::from_millis(1)).unwrap_err();
    /// c.close();
    /// assert_eq!(h.join().unwrap(), None);
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives the handle back if the task has not ended in time.
    pub fn join_timeout(self, d: Duration) -> Result<std::thread::Result<T>, Self> {
        self.packet.wait_timeout(d).ok_or(self)
    }

    /// [`join`](Self::join) that waits at most until `t`.
    ///
    /// ```
    /// # gort::run(|| {
    /// let job = gort::task::spawn(|| 1);
    /// let minute = std::time::Duration::from_secs(60);
    /// assert_eq!(job.join_deadline(gort::time::now() + minute).unwrap().unwrap(), 1);
    /// # })
    /// ```
    ///
    /// # Errors
    /// Gives the handle back if the task has not ended in time.
    pub fn join_deadline(self, t: Instant) -> Result<std::thread::Result<T>, Self> {
        self.join_timeout(t.saturating_duration_since(now()))
    }

    /// A channel that is closed when the task has ended, for [`select!`](crate::select).
    ///
    /// ```
    /// # gort::run(|| {
    /// let job = gort::task::spawn(|| 5);
    /// gort::select! {
    ///     recv(job.done()) => assert_eq!(job.join().unwrap(), 5),
    ///     default(std::time::Duration::from_secs(60)) => panic!("too slow"),
    /// }
    /// # })
    /// ```
    pub fn done(&self) -> &Receiver<()> {
        &self.packet.done
    }

    /// Whether the task has ended.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan::<()>(0);
    /// let rx = c.clone();
    /// let job = gort::task::spawn(move || rx.recv());
    /// assert!(!job.is_finished());
    /// c.close();
    /// job.done().recv();
    /// assert!(job.is_finished());
    /// # })
    /// ```
    pub fn is_finished(&self) -> bool {
        self.packet.lock().outcome.is_some()
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(Outcome::Panic(p)) = self.packet.detach() {
            unfetched(p);
        }
    }
}

/// A panic that nobody has fetched, and nobody can any more: the program's end, as with a plain
/// goroutine.
fn unfetched(p: Payload) {
    if has_goroutine() {
        crate::go(move || p.resume());
    } else {
        eprintln!("panic in a task that nobody has joined: {p}");
        std::process::exit(2);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish()
    }
}

/// A goroutine with something to set: [`Builder::spawn`], [`Builder::go`].
///
/// ```
/// # gort::run(|| {
/// fn depth(n: u32) -> u32 {
///     let frame = std::hint::black_box([0u8; 1024]);
///     if n == 0 { frame[0].into() } else { 1 + depth(n - 1) }
/// }
/// // The usual stack has 256 KiB.
/// let h = gort::Builder::new().stack_size(4 << 20).spawn(|| depth(1000));
/// assert_eq!(h.join().unwrap(), 1000);
/// # })
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing starts before `spawn` or `go`"]
pub struct Builder {
    stack: usize,
    name: Option<runtime::Name>,
}

impl Builder {
    /// As [`spawn`] and [`go`](crate::go()) have it.
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let tx = c.clone();
    /// gort::Builder::new().go(move || tx.send(1));
    /// assert_eq!(c.recv(), Some(1));
    /// # })
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// At least so many bytes of stack, rounded up to a power of two; at least as many as other
    /// goroutines have (256 KiB, or `GORTSTACK`), at most [`stack::MAX`](crate::stack::MAX). It is
    /// address space: memory is committed as it is touched. Stacks of another size than the usual
    /// are not kept for the next goroutine.
    ///
    /// ```
    /// # gort::run(|| {
    /// let job = gort::Builder::new().stack_size(1 << 20).spawn(gort::stack::remaining);
    /// assert!(job.join().unwrap() > 900_000);
    /// # })
    /// ```
    ///
    /// # Panics
    /// If it is more than that.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        crate::stack::check(bytes);
        self.stack = bytes;
        self
    }

    /// What the goroutine is called, in tracebacks: [`runtime::set_name`], which says more.
    ///
    /// ```
    /// # gort::run(|| {
    /// let h = gort::Builder::new().name("reader").spawn(gort::runtime::name);
    /// assert_eq!(h.join().unwrap(), Some("reader"));
    /// # })
    /// ```
    pub fn name(mut self, name: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.name = Some(runtime::intern(name.into()));
        self
    }

    /// See [`spawn`].
    ///
    /// ```
    /// # gort::run(|| {
    /// let deep = gort::Builder::new().name("deep").stack_size(1 << 20);
    /// let (a, b) = (deep.spawn(|| 1), deep.spawn(|| 2)); // two of the same kind
    /// assert_eq!(a.join().unwrap() + b.join().unwrap(), 3);
    /// # })
    /// ```
    #[inline(always)]
    pub fn spawn<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        f: F,
    ) -> JoinHandle<T> {
        let (pc, _, _) = getpcspbp();
        let name = self.name;
        let named = move || {
            if let Some(name) = name {
                runtime::set(name);
            }
            f()
        };
        spawn_pc(named, self.stack, pc)
    }

    /// See [`go`](crate::go()).
    ///
    /// ```
    /// # gort::run(|| {
    /// let c = gort::chan(0);
    /// let tx = c.clone();
    /// gort::Builder::new().name("writer").go(move || tx.send(gort::runtime::name()));
    /// assert_eq!(c.recv(), Some(Some("writer")));
    /// # })
    /// ```
    #[inline(always)]
    pub fn go<F: FnOnce() + Send + 'static>(&self, f: F) {
        let (pc, _, _) = getpcspbp();
        let name = self.name;
        let named = move || {
            if let Some(name) = name {
                runtime::set(name);
            }
            f();
        };
        go_::go_sized(self.stack, named, pc);
    }
}
