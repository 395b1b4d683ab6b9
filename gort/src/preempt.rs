//! Preemption of Rust code: what Go's compiler arranges for all code, and here a program asks for.
//!
//! A goroutine is preempted at its calls into the runtime, when it has run for 10 ms and others
//! wait. Between those it runs on: Rust code may at any moment hold a lock of the standard or the C
//! library, and whoever wants it next would wait for ever if its goroutine were switched out. A
//! loop that computes for long without calling the runtime has three ways to let others run:
//!
//! * [`scope()`], inside which any instruction may be interrupted, at no cost to the loop;
//! * [`gosched`](crate::runtime::gosched) now and then;
//! * [`blocking`](crate::blocking), if it calls foreign code that takes its time.
//!
//! A goroutine that has kept others waiting for a second is reported, once, on standard error:
//!
//! ```text
//! gort: goroutine 5 has run for 1000 ms without calling the runtime, and keeps others waiting
//! created by main::spin in goroutine 1
//!     src/main.rs:12 +0x80
//! gort: gosched() in its loop, blocking() or preempt::scope() would let them run (GODEBUG=preemptreport=0: no such report)
//! ```
//!
//! `GODEBUG=asyncpreemptoff=1` turns interruption off, as in Go.

pub use gort_preempt::scope;
