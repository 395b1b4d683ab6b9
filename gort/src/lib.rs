//! # gort: Go's goroutine scheduler for Rust programs
//!
//! Goroutines, channels, `select!`, timers and Go's `sync` types on a line-by-line port of Go
//! 1.23's runtime.
//!
//! ```
//! use gort::{chan, go};
//!
//! fn main() {
//!     gort::run(|| {
//!         let c = chan::<u32>(0);
//!         let tx = c.clone();
//!         go(move || {
//!             for i in 0..3 {
//!                 tx.send(i);
//!             }
//!             tx.close();
//!         });
//!         for v in &c {
//!             println!("{v}");
//!         }
//!     })
//! }
//! ```
//!
//! What Go does, gort does: a deadlock ends the program with Go's message, a panic that leaves a
//! goroutine ends it with a traceback and status 2. [`run`] returns what its function returns, and
//! a panic of that function comes back to the caller; with [`run_main`], or the attribute
//! [`main`](macro@main), the program ends when the function returns, as in Go. [`start`] gives a
//! handle on the runtime to a program that has a main loop of its own.
//!
//! # Threads
//! Every operation works on any thread. One that the runtime did not start (`std::thread::spawn`, a
//! thread of a C library) is a goroutine of its own, locked to it, while the operation lasts; the
//! first operation of all starts the runtime. [`blocking`] is a plain call there.
//!
//! # The rule about threads
//! A goroutine may continue on another thread after any operation of this crate that can wait
//! ([`runtime::gosched`], a send, a lock, [`blocking`] ...), with all that is on its stack. The
//! compiler does not know of that, and does not check it. So:
//! * **A function that does such an operation must not use a `thread_local!` directly**, its own or
//!   one that is inlined into it, not even before *and* after the operation: the compiler computes
//!   the address once and keeps it. [`local::with`] is right anywhere, and so is a function that is
//!   marked `#[inline(never)]` and does no such operation itself. [`goroutine_local!`] declares
//!   variables that follow the goroutine. The same goes for C's `errno` and `__thread` (gort.h).
//! * No reference into a thread-local, and no value out of one that is not `Send`, is kept across
//!   such an operation (a clone of an `Rc` that stays in the thread-local is then used by two
//!   threads at once).
//! * No guard that is not `Send` is kept across one: those of std's locks, `StdoutLock`, a span of
//!   `tracing` that was entered (the crate `gort-tracing` has a registry for that, and `gort-log` a
//!   context for the crate `log`).
//!   [`debug::checked`] finds such places, and with `clippy/clippy.toml` of this crate clippy
//!   refuses std's types.
//! * Nothing that waits for *its* thread is used across one: `std::thread::scope`, `thread::park`.
//!   Inside of [`blocking`] they are fine.
//! * What blocks its thread (std's `sleep`, locks under contention, channels, `LazyLock`, reads of
//!   pipes) belongs into [`blocking`], or is replaced by what this crate has: [`time::sleep`],
//!   [`sync`], [`chan()`], [`sync::LazyLock`], [`net`]. sysmon reports a goroutine that keeps
//!   others waiting that way for a second.
//!
//! A goroutine that cannot keep the rule has [`runtime::lock_os_thread`].

#![warn(missing_docs)]

#[doc(hidden)]
#[path = "select_.rs"]
pub mod __select;
mod chan_;
mod chan_async;
pub mod context;
pub mod debug;
mod debugger;
mod future;
mod go_;
mod host;
pub mod iter;
pub mod local;
/// Managed code: compiled languages whose stacks move; see docs/managed-abi.md.
pub use gort_managed as managed;
pub mod net;
pub mod os;
pub mod pprof;
pub mod preempt;
pub mod process;
mod rt0;
pub mod runtime;
mod select_dyn;
pub mod signal;
pub mod stack;
pub mod sync;
pub mod task;
pub mod test;
pub mod time;
pub mod trace;

pub use chan_::{
    Chan, IntoIter, Iter, Receiver, RecvTimeoutError, SendError, SendTimeoutError, Sender,
    TryRecvError, TrySendCheckedError, TrySendError, chan,
};
pub use chan_async::{RecvAsync, SendAsync, SendAsyncError};
pub use future::{block_on, block_on_timeout};
pub use go_::{blocking, go, go_on, go_raw};
pub use gort_macros::{main, test};
pub use gort_panic::recover;
pub use gort_proc::StackKind;
#[doc(hidden)]
pub use host::on_goroutine;
pub use host::{Config, Runtime, run, start};
pub use rt0::{run_main, run_main_on};
pub use select_dyn::Select;
pub use task::Builder;

// The crates that only `linkname` refers to must be linked all the same.
use gort_deadlock as _;
use gort_mgc as _;
use gort_netpoll as _;
use gort_preempt as _;
use gort_signal as _;
use gort_sysmon as _;

/// Runs `f` as a test: on a goroutine of its own, with its own verdict. For use in `#[test]`
/// functions, of which many run at the same time on one runtime;
/// [`#[gort::test]`](macro@crate::test) does just that.
///
/// * What `f` returns is returned.
/// * A panic of `f` comes back to the caller, so that the harness sees it: `#[should_panic]` works.
///   Go's report, with the goroutine's stack, stands in the test's output.
/// * A panic of any other goroutine that was started in the test fails the test as well, at once.
///   That goroutine's stack has been unwound by then, as after [`runtime::goexit`], so nothing that
///   it owned is left half done; the others of the test go on, unseen, as nothing can stop them
///   soundly.
/// * If all goroutines of the test are asleep and nobody can wake them, the test fails with Go's
///   report of a deadlock, while other tests go on. If there is somebody else who might (another
///   thread, goroutines of other tests), that is believed only after ten seconds:
///   [`test::Config::grace`].
/// * Goroutines that are left when `f` has returned are told on standard error:
///   [`test::Config::leaks`].
///
/// `use gort::test` imports the attribute as well as the module: a plain `#[test]` then is this
/// one.
///
/// What goroutines print is not captured by the harness, which captures by thread. Fatal errors
/// (`unlock of unlocked mutex`, a stack overflow, a fault) still end the process, as in Go.
///
/// # Panics
/// If the test fails.
///
/// ```
/// gort::test(|| {
///     let c = gort::chan::<i32>(0);
///     let tx = c.clone();
///     gort::go(move || tx.send(1));
///     assert_eq!(c.recv(), Some(1));
/// });
/// ```
/// ```should_panic
/// gort::test(|| gort::chan::<i32>(0).recv()); // fatal error: all goroutines are asleep - deadlock!
/// ```
pub fn test<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    test::Config::new().run(f)
}

/// Starts a goroutine: `go!(f(x, y))` or `go!({ block })`. What it uses is moved into it.
///
/// ```
/// # gort::run(|| {
/// let c = gort::chan(0);
/// let tx = c.clone();
/// gort::go!(tx.send(6 * 7)); // the call is made on the new goroutine
/// assert_eq!(c.recv(), Some(42));
/// let tx = c.clone();
/// gort::go!({
///     let n = 1 + 1;
///     tx.send(n)
/// });
/// assert_eq!(c.recv(), Some(2));
/// # })
/// ```
#[macro_export]
macro_rules! go {
    ($($body:tt)*) => { $crate::go(move || { $($body)*; }) };
}
