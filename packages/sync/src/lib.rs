//! Go's package `sync`: mutexes, wait groups, conditions, once, pools, without data and without
//! guards. The typed layer (`gort::sync`) puts those on top.
//!
//! All types are usable from statics (`const fn new()`), need no initialisation at run time and
//! must not be moved while somebody uses them: goroutines sleep on the addresses of their fields.
//!
//! | module | Go |
//! |---|---|
//! | [`mutex`] | mutex.go |
//! | [`rwmutex`] | rwmutex.go |
//! | [`waitgroup`] | waitgroup.go |
//! | [`cond`] | cond.go |
//! | [`once`], [`oncefunc`] | once.go, oncefunc.go |
//! | [`pool`], [`poolqueue`] | pool.go, poolqueue.go |
//! | `timed` | gort's own: waits that end after a time |
//! | [`owner`] | gort's own: who holds which lock, for reports of deadlocks |
//!
//! Everything here runs on goroutines only: a method called on a thread that has none has no one to
//! park.

pub mod cond;
pub mod mutex;
pub mod once;
pub mod oncefunc;
pub mod owner;
pub mod pool;
pub mod poolqueue;
pub mod rwmutex;
#[cfg(not(loom))]
mod timed;
pub mod waitgroup;

pub use cond::{Cond, TimedCond};
pub use mutex::{Locker, Mutex};
pub use once::Once;
pub use oncefunc::{once_func, once_value, once_values};
pub use pool::Pool;
pub use poolqueue::Eface;
pub use rwmutex::RwMutex;
pub use waitgroup::WaitGroup;
