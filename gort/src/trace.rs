//! Execution traces, as Go's package `runtime/trace` makes them: a file that `gort trace` and
//! `go tool trace` show.
//!
//! ```
//! # gort::run(|| {
//! let recording = gort::trace::start(Vec::new())?;
//! let c = gort::chan(0);
//! let tx = c.clone();
//! gort::go(move || gort::trace::region("answer", || tx.send(42)));
//! c.recv();
//! let bytes: Vec<u8> = recording.stop()?;
//! assert!(bytes.starts_with(b"go 1.23 trace"));
//! # Ok::<(), std::io::Error>(())
//! # }).unwrap()
//! ```
//!
//! Recorded are goroutines, system calls, Ps and stops of the world, and what the program adds:
//! [`task`], [`region`] and [`log`]. They cost one load of a byte while nothing is recorded.
//!
//! # Beside `GORT_TRACE`
//! As in Go a goroutine writes the trace, and another one ends a generation every second
//! (`GODEBUG=traceadvanceperiod=NANOSECONDS`). They take numbers and turns, and while a trace is
//! recorded a deadlock is not found, as there is a timer to wait for. `gort run --trace FILE` and
//! `GORT_TRACE=FILE` record without any of that, from the start of the program to its end; then
//! [`start`] says that tracing is enabled already, and tasks, regions and messages go there.
//!
//! Go: `runtime/trace`

use crate::task::{JoinHandle, spawn};
use gort_proc::*;
use std::fmt::Display;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Records a trace into `w`, until [`Recording::stop`], or until what it returns is dropped.
///
/// `w` is written by a goroutine, so it may be one of gort's own, such as
/// [`net::TcpStream`](crate::net::TcpStream). One that blocks its thread, as a file does, keeps a
/// processor meanwhile; [`start_file`] and [`start_blocking`] do not.
///
/// ```
/// # gort::run(|| {
/// let recording = gort::trace::start(Vec::new()).unwrap(); // in memory
/// gort::runtime::gosched();
/// assert!(recording.stop().unwrap().starts_with(b"go 1."));
/// # })
/// ```
///
/// # Errors
/// `AlreadyExists` if a trace is being recorded, be it that of `GORT_TRACE`.
///
/// Go (runtime/trace): trace.go:121 Start
pub fn start<W: Write + Send + 'static>(w: W) -> io::Result<Recording<W>> {
    record(w, |w, data| w.write_all(data))
}

/// Records a trace into a new file, or over an old one.
///
/// # Errors
/// Those of [`start`] and of opening the file; the file is there in any case but the latter.
///
/// ```no_run
/// # gort::run(|| {
/// let recording = gort::trace::start_file("trace.out")?;
/// // ...
/// recording.stop()?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap()
/// ```
pub fn start_file(path: impl AsRef<Path>) -> io::Result<Recording<std::fs::File>> {
    if is_enabled() {
        return Err(enabled());
    }
    start_blocking(std::fs::File::create(path)?)
}

/// [`start`] for a writer that blocks its thread: `w` is called in a [`blocking`](crate::blocking)
/// section.
///
/// ```
/// # gort::run(|| {
/// let (mut r, w) = std::io::pipe().unwrap(); // writing it would block the thread
/// let reader = std::thread::spawn(move || std::io::copy(&mut r, &mut std::io::sink()).unwrap());
/// drop(gort::trace::start_blocking(w).unwrap().stop().unwrap());
/// assert!(gort::blocking(|| reader.join()).unwrap() > 0);
/// # })
/// ```
///
/// # Errors
/// Those of [`start`].
pub fn start_blocking<W: Write + Send + 'static>(w: W) -> io::Result<Recording<W>> {
    record(w, |w, data| crate::blocking(|| w.write_all(data)))
}

fn enabled() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "tracing is already enabled")
}

/// Go (runtime/trace): trace.go:121 Start
fn record<W: Write + Send + 'static>(
    mut w: W,
    write: impl Fn(&mut W, &[u8]) -> io::Result<()> + Send + 'static,
) -> io::Result<Recording<W>> {
    if getg().is_null() {
        return outside("trace::start", || record(w, write));
    }
    // :125
    // SAFETY: on a goroutine, which holds no lock; the goroutine below reads to the end.
    unsafe { gort_trace::start_trace() }.map_err(|_| enabled())?;
    let reader = spawn(move || {
        // :130
        let mut result = Ok(());
        // SAFETY: on a goroutine, the only one that reads.
        while let Some(data) = unsafe { gort_trace::read_trace() } {
            if result.is_ok() {
                // The trace is read to its end whatever becomes of what is read: who stops it waits
                // for that, and so does a panic.
                result =
                    catch_unwind(AssertUnwindSafe(|| write(&mut w, data))).unwrap_or_else(|_| {
                        Err(io::Error::other("the writer of the trace has panicked"))
                    });
            }
        }
        result.and_then(|()| w.flush()).map(|()| w)
    });
    Ok(Recording { reader: Some(reader) })
}

/// A trace that is being recorded. Dropping it is [`stop`](Self::stop), without the result.
///
/// ```
/// # gort::run(|| {
/// use gort::trace::{Recording, is_enabled, start};
/// let r: Recording<Vec<u8>> = start(Vec::new()).unwrap();
/// assert!(is_enabled());
/// drop(r);
/// assert!(!is_enabled());
/// # })
/// ```
#[must_use = "recording ends when this is dropped"]
pub struct Recording<W> {
    reader: Option<JoinHandle<io::Result<W>>>,
}

impl<W> Recording<W> {
    /// Ends the trace. When it returns all of it has been written.
    ///
    /// ```
    /// # gort::run(|| {
    /// let recording = gort::trace::start(Vec::new()).unwrap();
    /// gort::task::spawn(|| ()).join().unwrap();
    /// let trace: Vec<u8> = recording.stop().unwrap();
    /// assert!(trace.len() > 16);
    /// # })
    /// ```
    ///
    /// # Errors
    /// The first one of the writer, after which nothing was written any more.
    ///
    /// Go (runtime/trace): trace.go:143 Stop
    pub fn stop(mut self) -> io::Result<W> {
        // :148
        match self.end() {
            Some(r) => r,
            // Taken by `end` only, which takes `self` in the end.
            None => unreachable!(),
        }
    }

    fn end(&mut self) -> Option<io::Result<W>> {
        let reader = self.reader.take()?;
        // SAFETY: on a goroutine that holds no lock of the runtime; the reader's is another one.
        let stop = || unsafe { gort_trace::stop_trace() };
        if getg().is_null() {
            outside("trace::stop", stop);
        } else {
            stop();
        }
        Some(
            reader
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the writer of the trace has panicked"))),
        )
    }
}

impl<W> Drop for Recording<W> {
    fn drop(&mut self) {
        _ = self.end();
    }
}

impl<W> std::fmt::Debug for Recording<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recording")
    }
}

/// Whether a trace is being recorded.
///
/// ```
/// # gort::run(|| {
/// let recording = gort::trace::start(std::io::sink())?;
/// assert!(gort::trace::is_enabled());
/// recording.stop()?;
/// assert!(!gort::trace::is_enabled());
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap()
/// ```
///
/// Go (runtime/trace): annotation.go:180 IsEnabled
#[inline]
pub fn is_enabled() -> bool {
    // :181
    trace_enabled()
}

/// A logical operation of the program, such as a request: it may be worked on by several
/// goroutines, one after the other or at the same time. It begins with [`task`] and ends when it is
/// dropped. Regions and messages belong to a task by its methods.
///
/// ```
/// # gort::run(|| {
/// let request = gort::trace::task("request");
/// request.region("parse", || ());
/// request.log("path", "/index.html");
/// let part = request.task("query");
/// gort::task::spawn(move || part.region("wait", gort::runtime::gosched)).join().unwrap();
/// # })
/// ```
///
/// Go (runtime/trace): annotation.go:73 Task
#[derive(Debug)]
#[must_use = "a task ends when it is dropped"]
pub struct Task {
    id: u64,
}

/// Begins a task of that kind.
///
/// ```
/// # gort::run(|| {
/// let t = gort::trace::task("upload");
/// t.log("file", "a.txt");
/// drop(t); // its end
/// # })
/// ```
///
/// Go (runtime/trace): annotation.go:38 NewTask
pub fn task(kind: &str) -> Task {
    // :39
    Task::new(0, kind)
}

/// Runs `f`, and records when it began and ended, on this goroutine. Regions within are parts of
/// it.
///
/// ```
/// # gort::run(|| {
/// let n = gort::trace::region("sum", || (1..=10).sum::<u32>());
/// assert_eq!(n, 55);
/// # })
/// ```
///
/// Go (runtime/trace): annotation.go:122 WithRegion
pub fn region<R>(name: &str, f: impl FnOnce() -> R) -> R {
    // :138
    region_of(0, name, f)
}

/// Records a message. `category` says what kind it is; there should be only a few. The message is
/// made if a trace is being recorded.
///
/// ```
/// # gort::run(|| {
/// struct Costly;
/// impl std::fmt::Display for Costly {
///     fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         unreachable!("no trace is being recorded")
///     }
/// }
/// gort::trace::log("cache", Costly);
/// # })
/// ```
///
/// Go (runtime/trace): annotation.go:95 Log
pub fn log(category: &str, message: impl Display) {
    // :97
    log_of(0, category, &message);
}

impl Task {
    fn new(parent: u64, kind: &str) -> Self {
        /// Go (runtime/trace): annotation.go:83 lastTaskID
        static LAST_TASK_ID: AtomicU64 = AtomicU64::new(0);
        // :40
        // Relaxed: nothing but a number of its own. As in Go the task gets one also while nothing
        // is recorded: tracing may begin before it ends.
        let id = LAST_TASK_ID.fetch_add(1, Ordering::Relaxed) + 1;
        // SAFETY: `annotate` calls it on a goroutine.
        annotate("trace::task", || unsafe { trace_user_task_create(id, parent, kind) });
        Self { id }
    }

    /// For gort.h: the number, without the end.
    #[doc(hidden)]
    pub fn into_raw(self) -> u64 {
        std::mem::ManuallyDrop::new(self).id
    }

    /// For gort.h: the task of that number.
    #[doc(hidden)]
    pub fn from_raw(id: u64) -> Self {
        Self { id }
    }

    /// Begins a task that is a part of this one.
    ///
    /// ```
    /// # gort::run(|| {
    /// let request = gort::trace::task("request");
    /// let query = request.task("query");
    /// drop(query); // the request goes on
    /// request.log("status", 200);
    /// # })
    /// ```
    pub fn task(&self, kind: &str) -> Self {
        Self::new(self.id, kind)
    }

    /// [`region()`] as a part of this task.
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::trace::task("request");
    /// assert_eq!(t.region("parse", || "42".parse::<u32>()), Ok(42));
    /// # })
    /// ```
    pub fn region<R>(&self, name: &str, f: impl FnOnce() -> R) -> R {
        region_of(self.id, name, f)
    }

    /// [`log()`] as a part of this task.
    ///
    /// ```
    /// # gort::run(|| {
    /// let t = gort::trace::task("request");
    /// t.log("user", format_args!("number {}", 7));
    /// # })
    /// ```
    pub fn log(&self, category: &str, message: impl Display) {
        log_of(self.id, category, &message);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // SAFETY: as above.
        annotate("drop of a trace::Task", || unsafe { trace_user_task_end(self.id) });
    }
}

/// Calls `f` on a goroutine, if a trace is being recorded.
#[inline]
fn annotate(op: &'static str, f: impl FnOnce()) {
    if trace_enabled() {
        annotate_enabled(op, f);
    }
}

#[cold]
fn annotate_enabled(op: &'static str, f: impl FnOnce()) {
    let gp = getg();
    if gp.is_null() {
        return outside(op, f);
    }
    // SAFETY: this thread's own g.
    if unsafe { (*gp).throwsplit } {
        in_syscall(op);
    }
    f();
}

/// Go (runtime/trace): annotation.go:122 WithRegion
fn region_of<R>(id: u64, name: &str, f: impl FnOnce() -> R) -> R {
    /// The end also comes when `f` unwinds: regions of a goroutine are nested, or the trace is not
    /// valid.
    struct End<'a>(u64, &'a str);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            // SAFETY: as above.
            annotate("trace::region", || unsafe { trace_user_region(self.0, 1, self.1) });
        }
    }
    if !trace_enabled() {
        return f();
    }
    // :139
    // SAFETY: as above.
    annotate("trace::region", || unsafe { trace_user_region(id, 0, name) });
    let _end = End(id, name);
    // :141
    f()
}

fn log_of(id: u64, category: &str, message: &dyn Display) {
    // SAFETY: as above.
    annotate("trace::log", || unsafe { trace_user_log(id, category, &message.to_string()) });
}
