//! The runtime as a value, and functions whose result a thread waits for.

use crate::rt0;
use gort_proc::atomic::Uint32;
use gort_proc::{HANDLES, has_goroutine, outside};
use std::fmt;
use std::sync::{Arc, Mutex as StdMutex};

/// How [`start`] starts the runtime. What is not set comes from the environment, as in Go
/// (`GOMAXPROCS`, `GORTSTACK`).
///
/// ```
/// let c = gort::Config::new().gomaxprocs(2);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use]
pub struct Config {
    pub(crate) gomaxprocs: Option<u32>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) library: bool,
}

impl Config {
    /// Everything as the environment says.
    ///
    /// ```
    /// let rt = gort::start(gort::Config::new());
    /// assert!(rt.block_on(|| gort::runtime::gomaxprocs(0)) >= 1);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }
    /// How many threads run goroutines at once. Go's `GOMAXPROCS`.
    ///
    /// ```
    /// let rt = gort::start(gort::Config::new().gomaxprocs(1));
    /// assert_eq!(rt.block_on(|| gort::runtime::gomaxprocs(0)), 1);
    /// ```
    pub fn gomaxprocs(mut self, n: u32) -> Self {
        self.gomaxprocs = Some(n);
        self
    }
    /// The size of a goroutine's stack in bytes, 16 KiB to 64 MiB; it is rounded up to a power of
    /// two.
    ///
    /// ```
    /// let rt = gort::start(gort::Config::new().stack_size(1 << 20));
    /// assert!(rt.block_on(gort::stack::remaining) > 900_000);
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }
    /// For `main`s of other languages: fatal errors abort, and most signals are the host's (Go's
    /// `-buildmode=c-shared`).
    #[doc(hidden)]
    pub fn library(mut self) -> Self {
        self.library = true;
        self
    }
}

/// A handle on the runtime of this process: see [`start`]. Clones are handles on the same one.
///
/// As long as there is a handle, somebody may call in at any time, so goroutines that all wait are
/// no deadlock.
///
/// ```
/// let rt: gort::Runtime = gort::start(gort::Config::new());
/// let same = rt.clone(); // for another part of the program
/// let (c, d) = (gort::chan(0), gort::chan(0));
/// let (rx, tx) = (c.receiver(), d.sender());
/// rt.spawn(move || rx.into_iter().for_each(|n: u32| tx.send(n + 1)));
/// std::thread::spawn(move || same.spawn(move || c.send(1)));
/// assert_eq!(d.recv(), Some(2));
/// ```
#[must_use = "without a handle nobody can call in, and goroutines that all wait are a deadlock"]
pub struct Runtime(());

/// Starts the runtime beside the calling thread, and returns when it runs. The caller's thread
/// stays what it is: it can use every operation of this crate, and so can all others; the process
/// ends when the program says so.
///
/// There is one runtime per process, as in Go. If it runs already this is one more handle on it,
/// and of `config` nothing is used.
///
/// ```
/// let rt = gort::start(gort::Config::new());
/// let c = gort::chan::<u32>(0);
/// let tx = c.clone();
/// rt.spawn(move || tx.send(7));
/// assert_eq!(c.recv(), Some(7)); // on this thread
/// assert_eq!(rt.block_on(|| gort::runtime::goid() > 0), true); // on a goroutine
/// ```
///
/// # Panics
/// If the settings make no sense, or if no thread can be made.
pub fn start(config: Config) -> Runtime {
    // Before it runs, so that there is no moment at which nobody seems to be there.
    HANDLES.add(1);
    let rt = Runtime(());
    rt0::start_beside(&config, None);
    rt
}

impl Runtime {
    /// Runs `f` on a new goroutine and returns what it returns; on a goroutine, right there. A
    /// panic of `f` comes back to the caller; it has been reported on standard error, as Go would,
    /// but for the end of the program.
    ///
    /// ```
    /// let rt = gort::start(gort::Config::new());
    /// let words = vec!["borrowed", "values"];
    /// assert_eq!(rt.block_on(|| words.join(" ")), "borrowed values");
    /// ```
    ///
    /// # Panics
    /// As `f`, and if `f` ends its goroutine with [`goexit`](crate::runtime::goexit).
    pub fn block_on<T: Send>(&self, f: impl FnOnce() -> T + Send) -> T {
        elsewhere("Runtime::block_on", f)
    }

    /// Stops the runtime: goroutines stop where they are, at their next operation of this crate or
    /// the end of a blocking section, and nothing of theirs is ever dropped. The threads of the
    /// runtime sleep from then on. For hosts that are about to end, or have no more use for what
    /// runs; a runtime is not started again, as Go's is not.
    ///
    /// An operation on any thread ends the program with `gort: ... after shutdown`. Other handles
    /// may still be dropped.
    ///
    /// ```
    /// let rt = gort::start(gort::Config::new());
    /// rt.spawn(|| loop { gort::runtime::gosched() });
    /// rt.shutdown(); // and the host goes on, alone
    /// ```
    ///
    /// # Panics
    /// On a goroutine, which cannot stop itself.
    pub fn shutdown(self) {
        assert!(gort_proc::getg().is_null(), "gort: Runtime::shutdown on a goroutine");
        rt0::shut_down();
    }

    /// Starts a goroutine, as [`go`](crate::go()) does.
    ///
    /// ```
    /// let rt = gort::start(gort::Config::new());
    /// let c = gort::chan(1);
    /// let tx = c.clone();
    /// rt.spawn(move || tx.send(gort::runtime::goid() > 0));
    /// assert_eq!(c.recv(), Some(true));
    /// ```
    pub fn spawn(&self, f: impl FnOnce() + Send + 'static) {
        crate::go(f);
    }
}

impl Clone for Runtime {
    fn clone(&self) -> Self {
        HANDLES.add(1);
        Runtime(())
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        HANDLES.add(u32::MAX);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runtime")
    }
}

/// Starts the runtime, runs `f` as the main goroutine, and returns what it returns. A panic that
/// leaves `f` comes back to the caller; it has been reported on standard error, as Go would, but
/// for the end of the program.
///
/// Other goroutines go on when `f` has returned, until the program ends; one that panics ends it,
/// as in Go. While `f` runs, a deadlock ends the program with Go's report.
/// [`run_main`](crate::run_main) is for programs that end when `f` does.
///
/// If the runtime runs already `f` is run on a new goroutine of it, or, if the caller is one, right
/// there.
///
/// ```
/// let sum = gort::run(|| {
///     let c = gort::chan::<u32>(0);
///     let tx = c.clone();
///     gort::go!(tx.send(1); tx.send(2); tx.close());
///     c.iter().sum::<u32>()
/// });
/// assert_eq!(sum, 3);
/// ```
///
/// # Panics
/// As `f`, and if `f` ends its goroutine with [`goexit`](crate::runtime::goexit).
pub fn run<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    if has_goroutine() {
        return f();
    }
    let (slot, body) = carry(f);
    let rest = rt0::start_beside(&Config::new(), Some(body));
    outside("gort::run", || wait(&slot, rest));
    slot.take()
}

/// [`Runtime::block_on`] without a handle: starts the runtime if need be.
#[doc(hidden)]
pub fn on_goroutine<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    elsewhere("gort_call", f)
}

/// Runs `f` on a new goroutine while this thread waits.
fn elsewhere<T: Send>(op: &'static str, f: impl FnOnce() -> T + Send) -> T {
    if has_goroutine() {
        return f();
    }
    let (slot, body) = carry(f);
    outside(op, || wait(&slot, Some(body)));
    slot.take()
}

/// Where the result of a function that runs elsewhere is left.
struct Slot<T> {
    /// A semaphore of the runtime, 0 at first.
    done: Uint32,
    result: StdMutex<Option<std::thread::Result<T>>>,
}

impl<T> Slot<T> {
    /// What is there when the function has ended; panics as it did.
    fn take(&self) -> T {
        match self.result.lock().unwrap_or_else(|e| e.into_inner()).take() {
            Some(Ok(v)) => v,
            Some(Err(p)) => std::panic::resume_unwind(p),
            None => panic!("gort: the function ended its goroutine (runtime::goexit)"),
        }
    }
}

/// A function for a goroutine.
pub(crate) type Body = Box<dyn FnOnce() + Send>;

/// `f` as a function for a goroutine, which leaves its result in the slot.
///
/// The caller must [`wait`] for the slot before anything that `f` borrows ends.
fn carry<'a, T: Send + 'a>(f: impl FnOnce() -> T + Send + 'a) -> (Arc<Slot<T>>, Body) {
    struct Finish<T>(Arc<Slot<T>>);
    impl<T> Drop for Finish<T> {
        fn drop(&mut self) {
            // SAFETY: on a goroutine; the slot is alive through this handle.
            unsafe { gort_sema::semrelease(&raw const self.0.done) }
        }
    }
    let slot = Arc::new(Slot { done: Uint32::new(0), result: StdMutex::new(None) });
    let finish = Finish(slot.clone());
    let body: Box<dyn FnOnce() + Send + 'a> = Box::new(move || {
        let finish = finish;
        // `f` and all that it has borrowed are gone before the caller is told. A goexit passes, and
        // leaves nothing.
        let result = crate::recover(f).map_err(|p| {
            p.print();
            p.into_value()
        });
        *finish.0.result.lock().unwrap_or_else(|e| e.into_inner()) = Some(result);
    });
    // SAFETY: only the lifetime changes. The caller stays in `wait` until `Finish` has been
    // dropped, behind which nothing of lifetime 'a is left: `f` has been consumed, and its result
    // is the caller's.
    (slot, unsafe { core::mem::transmute::<Box<dyn FnOnce() + Send + 'a>, Body>(body) })
}

/// On this thread's own goroutine: starts `body`, unless it has been started, and waits until it
/// has ended.
fn wait<T>(slot: &Slot<T>, body: Option<Body>) {
    if let Some(body) = body {
        crate::go_::go_locked(body);
    }
    // SAFETY: on a goroutine; the slot is alive.
    unsafe { gort_proc::waits_for_others(|| gort_sema::semacquire(&raw const slot.done)) }
}
