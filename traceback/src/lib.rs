//! Go's traceback.go: unwinding and printing goroutine stacks.
//!
//! Go's unwinder walks its own tables. This one walks the call frame information (`.eh_frame`) that
//! every Rust and C compiler emits, and falls back to frame pointers where there is none, so that
//! Rust, C, gccgo-compiled Go and generated code with frame pointers are all walked alike. Above
//! that layer it is Go's: the same rules for which frames and which goroutines are shown, in the
//! same order and format.
//!
//! | module | what | Go |
//! |---|---|---|
//! | [`modules`] | loaded modules, one step of unwinding | `findfunc`, `funcspdelta` (symtab.go) |
//! | `cfi` | a row of call frame information, applied | |
//! | `maps` | modules that the loader could not be asked for | |
//! | [`symtab`] | pc to function, file and line, inlined calls too | symtab.go, symtabinl.go |
//! | [`unwinder`] | `unwinder`, `callers` | traceback.go:54–654, 1092–1110 |
//! | [`fast`] | walks for the tracer | tracestack.go:38–125 |
//! | [`printing`] | tracebacks, headers, which frames to show | traceback.go:656–1330 |
//! | [`probe`] | the stack of what runs on another thread | |
//! | [`stack`] | the text of a stack, for the program | mprof.go:1687 |
//!
//! # What may be called where
//! Unwinding allocates only when it first meets a set of loaded modules ([`init`] takes that
//! forward); naming functions and lines allocates, which in a signal handler another thread does.
//! Both run on a system stack and are guarded against re-entry: a fault in the middle of them leads
//! to a report with bare addresses, not to a deadlock.

mod cfi;
pub mod fast;
mod helper;
mod maps;
pub mod modules;
pub mod printing;
pub mod probe;
pub mod stack;
pub mod symtab;
pub mod unwinder;

pub use cfi::{Regs, Step, Stop};
pub use helper::{help, in_signal_handler};
pub use modules::init;
pub use printing::*;
pub use stack::{record_string, stack_string, stacks_of};
pub use symtab::{FuncInfo, Symbol, findfunc, symbolize};
pub use unwinder::*;
