//! # gort: Go's goroutine scheduler for Rust programs
//!
//! Goroutines, channels, `select!`, timers and Go's `sync` types on a line-by-line port of Go 1.23's runtime.
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
//! What Go does, gort does: a deadlock ends the program with Go's message, a panic that leaves a goroutine ends
//! it with a traceback and status 2. [`run`] returns what its function returns, and a panic of that function comes back to the
//! caller; with [`run_main`], or the attribute [`main`](macro@main), the program ends when the function returns, as in Go.
//! [`start`] gives a handle on the runtime to a program that has a main loop of its own.
//!
//! # Threads
//! Every operation works on any thread. One that the runtime did not start (`std::thread::spawn`, a thread of a C library) is a goroutine of
//! its own, locked to it, while the operation lasts; the first operation of all starts the runtime. [`blocking`] is a plain call there.
//!
//! # The one rule about threads
//! A goroutine may continue on another thread after any operation of this crate that can block, with all that is on its
//! stack. What belongs to the thread must therefore not be held across such an operation, and the compiler does not check
//! that: no reference into a `thread_local!` (so no operation of this crate inside of `LocalKey::with`), no value out of
//! one that is not `Send` (a clone of an `Rc` that stays in the thread-local is then used by two threads at once), and
//! no guard that is not `Send`, such as those of std's mutexes and `StdoutLock`. A goroutine that needs them has
//! [`runtime::lock_os_thread`].

#![warn(missing_docs)]

#[doc(hidden)]
#[path = "select_.rs"]
pub mod __select;
mod chan_;
pub mod context;
mod debugger;
mod go_;
mod host;
pub mod iter;
pub mod net;
pub mod os;
pub mod preempt;
pub mod process;
mod rt0;
pub mod runtime;
mod select_dyn;
pub mod signal;
pub mod stack;
pub mod sync;
pub mod task;
pub mod time;

pub use chan_::{
    Chan, IntoIter, Iter, Receiver, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendCheckedError, TrySendError, chan,
};
pub use go_::{blocking, go, go_on, go_raw};
pub use gort_macros::main;
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

/// Starts a goroutine: `go!(f(x, y))` or `go!({ block })`. What it uses is moved into it.
#[macro_export]
macro_rules! go {
    ($($body:tt)*) => { $crate::go(move || { $($body)*; }) };
}
