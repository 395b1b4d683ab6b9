//! Go's panic.go: panics, throw, fatal, Goexit.
//!
//! Rust code panics and unwinds by Rust's own means; this crate makes the outcome Go's. The
//! standard library's panic hook takes down where and why a goroutine panicked
//! ([`install_panic_hook`]); [`run_goroutine`], the outermost function of each goroutine, catches
//! what nobody else has caught and ends the program with Go's report; [`goexit`] unwinds with a
//! payload of its own that `run_goroutine` takes for a normal end; [`recover`] is Go's `recover`.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`value`] | panic values and runtime errors | error.go |
//! | [`unwind`] | gopanic, Goexit, recover | panic.go:617–1033, 1109 |
//! | [`mod@fatal`] | throw, fatal, the report | panic.go:1058–1441 |

pub mod fatal;
pub mod unwind;
pub mod value;

pub use fatal::*;
pub use unwind::*;
pub use value::*;
