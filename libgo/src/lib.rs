//! The runtime that Go programs find when gccgo has compiled them: the symbols its code and libgo's
//! packages refer to, as adapters on gort's own crates.
//!
//! Goroutines, channels, select, semaphores, notify lists, timers, the network poller and system
//! calls go straight to `proc`, `chan`, `select`, `sema`, `time` and `netpoll`: nothing of the
//! scheduler is written twice. What is not scheduling stands here: maps, strings, interfaces,
//! hashing, slices, printing, panics with deferred calls, reflection's entries. A part that must
//! have Go types (runtime errors, package `runtime` as programs see it) is Go, in `go/runtime.go`.
//!
//! There is no garbage collector: memory is handed out and never taken back. A symbol that is
//! missing here is missing when the program is linked, by its name.
//!
//! # The one contract
//! Nearly every function here is called by compiled Go code, under the name that its doc line
//! gives, with the arguments that Go's type system vouches for: pointers are nil where Go allows
//! nil and valid otherwise, a type descriptor describes the value that comes with it. Repeating
//! this four hundred times would say nothing, so bodies of unsafe functions are unsafe as a whole
//! in this crate.
//!
//! | module | what |
//! |---|---|
//! | [`types`] | layouts that the compiler knows too |
//! | [`init`] | `main`, package initialisation, arguments and environment |
//! | [`goroutine`] | `go`, `Gosched`, `GOMAXPROCS`, ... |
//! | [`mem`] | memory |
//! | [`chan`], [`sync`], [`time`], [`poll`], [`syscall`] | adapters |
//! | [`map`], [`mod@str`], [`mod@slice`], [`iface`], [`alg`] | the language's own data |
//! | [`mod@print`], [`mod@panic`], [`unwind`], [`fault`] | printing, panics and what raises them |
//! | [`reflect`] | what package reflect asks for |
//! | [`symtab`] | callers and names |
//! | [`debug`], [`os_signal`] | what packages `runtime/...`, `testing` and `os/signal` ask for |

#![allow(unsafe_op_in_unsafe_fn)]
// Structures of the scheduler pass through C signatures as opaque pointers.
#![allow(improper_ctypes_definitions, improper_ctypes)]

pub mod alg;
pub mod chan;
pub mod debug;
pub mod fault;
pub mod goroutine;
pub mod iface;
pub mod init;
pub mod map;
pub mod mem;
pub mod os_signal;
pub mod panic;
pub mod poll;
pub mod print;
pub mod reflect;
pub mod slice;
pub mod str;
pub mod symtab;
pub mod sync;
pub mod syscall;
pub mod time;
pub mod types;
pub mod unwind;
